import { scoringKeys } from '../shared/execution/keys.ts';
import { modelRequest, transformRequest } from '../shared/execution/sagemaker-requests.ts';
import type { ScoringRun } from '../shared/execution/score-station-state.ts';
import { parseScoringInput } from '../shared/inputs/score-station.ts';
import { DEFAULT_WINDOWS } from '../shared/model-input/model-windows.ts';

const ID = '20260501-120000-0a1b2c3d';
const CODE = 'RANK-FLOW-20260401';

/** What PrepareScoring would return for this station; `parameters` are those of the input. */
export function testScoringRun(
  station: { id: number; name?: string; timezone?: string },
  buckets: { storage: string; model: string },
  parameters: Record<string, unknown> = {},
): ScoringRun {
  const input = parseScoringInput({ station_id: station.id, ...parameters });
  const uuid = `6f2c1b1e-0000-4000-8000-${String(station.id).padStart(12, '0')}`;
  const keys = scoringKeys(station.id, CODE, uuid, ID);
  return {
    id: ID,
    job_suffix: '0a1b2c3d',
    execution_arn: 'arn:aws:states:us-west-2:000000000000:execution:fpe-test-score-station:one',
    started_at: '2026-05-01T12:00:00.000Z',
    station: { name: 'Mill Brook', timezone: 'America/New_York', ...station },
    model_id: 7,
    model_code: CODE,
    model_uuid: uuid,
    predictions_url: `https://${buckets.storage}.s3.us-west-2.amazonaws.com/models/${uuid}/predictions.csv`,
    windows: DEFAULT_WINDOWS,
    pair_dates: { first: '2026-03-01', last: '2026-03-31' },
    parameters: input,
    buckets,
    keys,
    job_base: `fpe-rank-${station.id}-20260501-0a1b2c3d`,
    model_request: modelRequest('serving-image'),
    transform_request: transformRequest({ buckets, keys, parameters: input }),
  };
}
