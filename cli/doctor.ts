import { Command } from 'commander';
import { type Check, preflight } from '../deployment/preflight.ts';
import { connectToStage, stageOption } from './stage.ts';

const SIGNS: Record<Check['status'], string> = { ok: '✔', warning: '!', failed: '✖', unknown: '?' };

/** `fpe doctor`: whether an account has what a stage needs. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Check whether the account has what a stage needs, and say what to do; changes nothing')
    .addOption(stageOption())
    .option('--json', 'the checks as JSON')
    .addHelpText(
      'after',
      `
It asks about credentials, buckets, the database's secret, network, permissions boundary, quotas of SageMaker, containers
and ImageNet weights. The exit code is 1 if something is missing.`,
    )
    .action(async ({ stage, json }: { stage: string; json?: boolean }) => {
      const checks = await preflight(await connectToStage(stage));
      console.log(
        json
          ? JSON.stringify(checks, null, 2)
          : `Stage ${stage}\n${describeChecks(checks)}\n\n${verdict(checks)}`,
      );
      if (checks.some(({ status }) => status === 'failed')) process.exitCode = 1;
    });
}

/** A line for each check, and under what is wrong what to do. */
export function describeChecks(checks: readonly Check[]): string {
  return checks
    .flatMap(({ name, status, found, fix }) => [
      `${SIGNS[status]} ${name}: ${found}`,
      ...(fix ? [`    To fix: ${fix}.`] : []),
    ])
    .join('\n');
}

function verdict(checks: readonly Check[]): string {
  const failed = checks.filter(({ status }) => status === 'failed');
  if (failed.some(({ isForRuns }) => !isForRuns)) return 'It cannot be deployed yet.';
  if (failed.length > 0) return 'It can be deployed, but a run would fail.';
  return 'It can be deployed and run.';
}
