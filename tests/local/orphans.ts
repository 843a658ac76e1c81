/**
 * Starts what a stack has running: PostgreSQL, a container that has started a worker of its own.
 * Prints their ids and waits to be killed.
 *
 * Argument: folder, a place for all of it.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startPostgres } from '../../local/postgres.ts';
import { startContainer } from '../../local/sagemaker/container.ts';

const folder = process.argv[2] as string;
const postgres = await startPostgres(join(folder, 'postgres'));
const cwd = join(folder, 'jobs', 'running', 'Training', 'job', 'code');
mkdirSync(cwd, { recursive: true });
const container = startContainer({
  command: ['sh', '-c', 'sleep 1000 & echo $$ $!; wait'],
  cwd,
  env: {},
  log: join(folder, 'log'),
  onLine(line) {
    const [server] = readFileSync(join(postgres.folder, 'postmaster.pid'), 'utf8').split('\n');
    console.log(`${server} ${line}`);
  },
});
await container.exited;
