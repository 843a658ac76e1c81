import * as z from 'zod';
import { leftOutPhrases, PHOTO_EXCLUSIONS, PHOTO_FAULTS } from '../../shared/dataset/reasons.ts';
import { shownStationName } from '../../shared/execution/station.ts';
import { formatCount } from '../../shared/formats/numbers.ts';

/** Of the output of either machine; executions of earlier versions tell only the id. */
export const toldStation = z
  .object({ name: z.string(), synthetic: z.boolean().default(false) })
  .optional()
  .catch(undefined);

export const describeStation = ({
  station_id,
  station,
}: {
  station_id: number;
  station?: z.output<typeof toldStation>;
}): string =>
  station
    ? `station ${station_id}, ${shownStationName(station.name, station.synthetic)}`
    : `station ${station_id}`;

/** Output of score-station. */
export const scoringResult = z.object({
  station_id: z.number(),
  station: toldStation,
  model_code: z.string(),
  scored: z.number(),
  removed: z.number(),
  unreadable: z.number(),
  faults: z.record(z.string(), z.number()).default({}),
  left_out: z.record(z.string(), z.number()).default({}),
  corrected: z.number().default(0),
  elsewhere: z.number().default(0),
  outside: z.number().default(0),
  images: z.number(),
  predictions_url: z.string(),
});
export type ScoringResult = z.output<typeof scoringResult>;

/** What has become of the new photos, in words for a person. */
export function scoringLines(result: ScoringResult): string[] {
  const { scored, removed, unreadable, faults, left_out, corrected, outside, elsewhere, images } = result;
  const changes = [
    ...(scored ? [`${formatCount(scored)} new ones scored`] : []),
    ...(unreadable ? [`${formatCount(unreadable)} new ones unreadable`] : []),
    ...(elsewhere ? [`${formatCount(elsewhere)} that FPE’s own tools had scored`] : []),
    ...(corrected ? [`${formatCount(corrected)} with a corrected time`] : []),
    ...(outside
      ? [`${formatCount(outside)} removed, because their corrected time is outside the model’s hours`]
      : []),
    ...(removed ? [`${formatCount(removed)} removed, because they no longer exist or now show people`] : []),
  ];
  return [
    `Model     ${result.model_code} of ${describeStation(result)}`,
    `Photos    ${changes.join(', ') || 'no new ones'}; ${formatCount(images)} have a score`,
    ...leftOutPhrases(PHOTO_FAULTS, faults, formatCount).map((phrase) => `          ${phrase}`),
    ...leftOutPhrases(PHOTO_EXCLUSIONS, left_out, formatCount).map((phrase) => `          ${phrase}`),
    `Scores    ${result.predictions_url}`,
  ];
}
