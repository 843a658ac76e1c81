import { Command } from 'commander';
import type { Check } from '../deployment/check.ts';
import { preflight } from '../deployment/preflight.ts';
import { countOf } from '../shared/formats/numbers.ts';
import { compileQuietly } from './package.ts';
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
Before a deployment it asks about credentials, both buckets with their encryption and policies, photos as a browser reads
them, the database's secret, network, permissions boundary (every role of the template, simulated), quotas of SageMaker,
containers and ImageNet weights; once the stack is there also about the subscription of the e-mails, deliveries of
EventBridge and the GPU of the last training. ? is what could not be checked. The exit code is 1 if something is missing.`,
    )
    .action(async ({ stage, json }: { stage: string; json?: boolean }) => {
      const checks = await preflight(await connectToStage(stage), () => compileQuietly(stage));
      console.log(
        json
          ? JSON.stringify(checks, null, 2)
          : `Stage ${stage}\n${describeChecks(checks)}\n\n${verdict(checks)}`,
      );
      if (checks.some(({ status }) => status === 'failed')) process.exitCode = 1;
    });
}

/** A line for each check, and under what is not in order what is needed and what to do. */
export function describeChecks(checks: readonly Check[]): string {
  return checks
    .flatMap(({ name, status, needs, found, fix }) => [
      `${SIGNS[status]} ${name}: ${found}`,
      ...(status === 'ok' ? [] : [`    Needed: ${needs}.`]),
      ...(fix ? [`    To fix: ${fix}.`] : []),
    ])
    .join('\n');
}

export function verdict(checks: readonly Check[]): string {
  const failed = checks.filter(({ status }) => status === 'failed');
  if (failed.some(({ isForRuns }) => !isForRuns)) return 'It cannot be deployed yet.';
  if (failed.length > 0) return 'It can be deployed, but a run would fail, or nobody would hear of it.';
  const open = checks.filter(({ status }) => status === 'unknown').length;
  if (open > 0)
    return `Nothing speaks against it; what ${open} of ${checks.length} checks ask about is not known.`;
  const warnings = checks.filter(({ status }) => status === 'warning').length;
  if (warnings > 0)
    return `It can be deployed and run; see what ${countOf(warnings, 'check')} marked with ! ${warnings === 1 ? 'says' : 'say'}.`;
  return 'It can be deployed and run.';
}
