import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Command } from 'commander';
import { readStage } from '../config/stage.ts';
import {
  hasScoringLibrary,
  MANIFEST_FILE,
  type Manifest,
  packageStage,
  TEMPLATE_FILE,
  type Template,
} from '../deployment/package.ts';
import { parseJson } from '../shared/formats/json.ts';
import { printText } from './print.ts';
import { stageOption } from './stage.ts';

const ROOT = join(import.meta.dirname, '..');
/** Folder of a stage's package. */
export const packageFolder = (stage: string): string => join(ROOT, 'dist', stage);

/** The command's effects. */
const EFFECTS = { packageStage: packageWithProgress };
type Effects = typeof EFFECTS;

/** `fpe package`: everything that a deployment needs, in one folder. */
export function packageCommand({ packageStage }: Effects = EFFECTS): Command {
  return new Command('package')
    .addOption(stageOption())
    .addHelpText(
      'after',
      `
The folder, dist/{stage}, is all that someone who may deploy needs; DEPLOY.md in it says how. Same sources give the same
checksums.`,
    )
    .action(async ({ stage }: { stage: string }) => {
      await packageStage(stage);
    });
}

/** Packages a stage and describes the result. @throws StageInvalid, Error */
export async function packageWithProgress(stage: string): Promise<Manifest> {
  readStage(stage);
  printText(`Packaging stage ${stage} (serverless.yml, config/${stage}.yml) …`);
  const folder = packageFolder(stage);
  const manifest = await packageStage(ROOT, stage, folder);
  const { template, archives } = manifest;
  const megabytes = archives.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20;
  printText(
    `Stack ${manifest.stack}: a template of ${Math.round(template.bytes / 1024)} KiB and ${archives.length} archives of ${megabytes.toFixed(1)} MiB in ${relative(process.cwd(), folder) || '.'}/; checksums in ${MANIFEST_FILE}`,
  );
  if (!hasScoringLibrary(ROOT))
    printText(
      'The library that scores quickest, ncnn, is not in it: scoring works, and takes about half as long again. To add it: npm run setup -- --without-python, then package again',
    );
  return manifest;
}

/** The template of a stage, to answer questions about it. @throws StageInvalid, Error */
export async function compileQuietly(stage: string): Promise<Template> {
  await packageStage(ROOT, stage, packageFolder(stage));
  return parseJson(readFileSync(join(packageFolder(stage), TEMPLATE_FILE), 'utf8')) as Template;
}
