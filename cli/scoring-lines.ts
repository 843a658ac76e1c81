import * as z from 'zod';
import { formatCount } from '../shared/report/formats.ts';

/** Output of score-station. */
export const scoringResult = z.object({
  station_id: z.number(),
  model_code: z.string(),
  scored: z.number(),
  removed: z.number(),
  unreadable: z.number(),
  images: z.number(),
  predictions_url: z.string(),
});
export type ScoringResult = z.output<typeof scoringResult>;

/** What has become of the new photos, in words for a person. */
export function scoringLines(result: ScoringResult): string[] {
  const { scored, removed, unreadable, images } = result;
  const changes = [
    ...(scored ? [`${formatCount(scored)} new ones scored`] : []),
    ...(unreadable ? [`${formatCount(unreadable)} new ones unreadable`] : []),
    ...(removed ? [`${formatCount(removed)} removed, as they vanished or show people since`] : []),
  ];
  return [
    `Model     ${result.model_code} of station ${result.station_id}`,
    `Photos    ${changes.join(', ') || 'no new ones'}; ${formatCount(images)} have a score`,
    `Scores    ${result.predictions_url}`,
  ];
}
