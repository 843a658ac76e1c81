import { CommanderError } from 'commander';
import { fpeProgram } from './program.ts';

try {
  const program = await fpeProgram(process.argv.slice(2));
  await program.parseAsync();
} catch (error) {
  // A command may have its own exit codes.
  process.exitCode ??= error instanceof CommanderError ? error.exitCode : 1;
  if (!(error instanceof CommanderError)) {
    const { describeError } = await import('./describe-error.ts');
    console.error(describeError(error));
  }
}
