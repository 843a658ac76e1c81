/** Serves S3 on the folder that its argument names, in a process of its own, so that limits and signals can meet it. */
import { startS3 } from '../../local/s3.ts';

const { endpoint } = await startS3(process.argv[2] as string, {
  buckets: ['photos'],
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
});
console.log(endpoint);
