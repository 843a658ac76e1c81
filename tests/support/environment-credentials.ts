import type { Credentials } from '../../local/door.ts';

/** Those that the clients of this process sign with, for a server that is to answer them. */
export const environmentCredentials = (): Credentials => ({
  accessKeyId: process.env.AWS_ACCESS_KEY_ID as string,
  secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY as string,
});
