import { quoted } from './quoted.ts';

/** Where a command was told to work. */
type Place = { folder?: string | undefined; aws?: boolean | undefined; stage?: string | undefined };

/** Commands that work at a stage, which --stage names. */
export const STAGE_COMMANDS = [
  'start',
  'refresh',
  'watch',
  'list',
  'show',
  'open',
  'input',
  'logs',
  'compare',
  'stop',
  'redrive',
  'schema',
  'weights',
  'import',
  'doctor',
  'package',
  'deploy',
  'smoke',
  'models',
  'promote',
  'unpublish',
  'restore',
  'remove',
  'verify',
];
/** The rest of a command, up to the next one or the end of its line, holds none of these words. */
const without = (words: string): string => `(?!(?:(?!\\./fpe )[^\\n])*?${words})`;
const ANY = new RegExp(`\\./fpe(?=\\s)${without('--folder')}`, 'g');
/** An ARN says where, too. */
const AT_A_STAGE = new RegExp(
  `\\./fpe(\\s+)(${STAGE_COMMANDS.join('|')})(?![\\w-])${without('(?:--stage|--aws|--folder|arn:)')}`,
  'g',
);
/** What programs read is left alone. */
const JSON_TEXT = /^\s*[[{]/;

/** The text with commands that work where the command that prints it was told to: a hint that does not is worth nothing. */
export function withPlace(text: string, { folder, aws, stage }: Place): string {
  if (JSON_TEXT.test(text)) return text;
  const atStage =
    stage !== undefined
      ? text.replaceAll(AT_A_STAGE, `./fpe$1$2 --stage ${quoted(stage)}`)
      : aws
        ? text.replaceAll(AT_A_STAGE, './fpe --aws$1$2')
        : text;
  return folder === undefined ? atStage : atStage.replaceAll(ANY, `./fpe --folder ${quoted(folder)}`);
}

/** From now on, all that this process prints names this place in its commands. */
export function namePlace(place: Place): void {
  for (const name of ['log', 'error'] as const) {
    const print = console[name].bind(console);
    console[name] = (first: unknown, ...others: unknown[]) =>
      print(typeof first === 'string' ? withPlace(first, place) : first, ...others);
  }
}
