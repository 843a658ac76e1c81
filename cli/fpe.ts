import { resolve } from 'node:path';
import { CommanderError } from 'commander';
import type { PlaceOptions } from './find-execution.ts';
import { printRemark } from './print.ts';
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
    const { folder, aws, stage } = command.optsWithGlobals<PlaceOptions>();
    if (folder === undefined && stage === undefined && !aws) return;
    const { namePlace } = await import('./place-name.ts');
    namePlace({ folder: folder && resolve(folder), aws, stage });
  });
  await program.parseAsync();
} catch (error) {
  // A command may have its own exit codes.
  process.exitCode ??= error instanceof CommanderError ? error.exitCode : 1;
  if (!(error instanceof CommanderError)) {
    const { describeError } = await import('./describe-error.ts');
    printRemark(describeError(error));
  }
}
