import { Command } from 'commander';
import type { Check } from '../deployment/check.ts';
import { preflight } from '../deployment/preflight.ts';
import { countOf } from '../shared/formats/numbers.ts';
import { compileQuietly } from './package.ts';
import { printJson, printText } from './print.ts';
import { connectToStage, stageOption } from './stage.ts';

const SIGNS: Record<Check['status'], string> = { ok: '✔', warning: '!', failed: '✖', unknown: '?' };

/** The command's effects. */
const EFFECTS = { connect: connectToStage, preflight, print: printText, printJson };
type Effects = typeof EFFECTS;

/** `fpe doctor`: whether an account has what a stage needs. */
export function doctorCommand({ connect, preflight, print, printJson }: Effects = EFFECTS): Command {
  return new Command('doctor')
    .addOption(stageOption())
    .option('--json', 'the checks as JSON')
    .addHelpText(
      'after',
      `
Before a deployment it checks credentials, both buckets with their encryption and policies, whether a browser can load photos,
the database secret, the network, the permissions boundary (by simulating every role of the template), SageMaker quotas,
containers and ImageNet weights. Once the stack exists, it also checks the e-mail subscription, EventBridge deliveries and the
GPU of the last training. ? marks what could not be checked. The exit code is 1 if something is missing.`,
    )
    .action(async ({ stage, json }: { stage: string; json?: boolean }) => {
      const checks = await preflight((await connect(stage)).stage, () => compileQuietly(stage));
      if (json) printJson(checks);
      else print(`Stage ${stage}\n${describeChecks(checks)}\n\n${verdict(checks)}`);
      if (checks.some(({ status }) => status === 'failed')) process.exitCode = 1;
    });
}

/** A line for each check, followed for each failure by what is needed and what to do. */
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
  if (failed.length > 0) return 'It can be deployed, but runs would fail, or no one would be notified.';
  const open = checks.filter(({ status }) => status === 'unknown').length;
  if (open > 0) return `No problems found, but ${open} of ${checks.length} checks could not be made.`;
  const warnings = checks.filter(({ status }) => status === 'warning').length;
  if (warnings > 0) return `It can be deployed and run; see ${countOf(warnings, 'check')} marked with !.`;
  return 'It can be deployed and run.';
}
