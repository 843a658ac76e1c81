import { resolve } from 'node:path';
import { CommanderError } from 'commander';
import type { GlobalOptions } from './find-execution.ts';
import { fpeProgram } from './program.ts';

// Whoever reads the output has seen enough, as in fpe list | head -1.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });

try {
  const program = await fpeProgram(process.argv.slice(2));
  program.hook('preAction', async (_, command) => {
    const { folder } = command.optsWithGlobals<GlobalOptions>();
    if (folder === undefined) return;
    const { nameFolder } = await import('./folder-name.ts');
    nameFolder(resolve(folder));
  });
  await program.parseAsync();
} catch (error) {
  // A command may have its own exit codes.
  process.exitCode ??= error instanceof CommanderError ? error.exitCode : 1;
  if (!(error instanceof CommanderError)) {
    const { describeError } = await import('./describe-error.ts');
    console.error(describeError(error));
  }
}
