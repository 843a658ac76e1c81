import pMap from 'p-map';
import * as z from 'zod';
import { findExecution } from '../shared/aws/executions.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { readJson, writeCsv } from '../shared/aws/object-store.ts';
import { refreshKeys } from '../shared/keys.ts';
import { s3Uri } from '../shared/object-location.ts';
import { type RefreshSummary, refresh, refreshPlan, stationOutcome } from '../shared/refresh-state.ts';
import {
  refreshMessage,
  resultCsv,
  resultRows,
  type StationExecution,
  summarizeRefresh,
} from '../shared/refresh-summary.ts';

/** DescribeExecution allows 15 a second (Step Functions quotas); the SDK waits when it is told to. */
const DESCRIBED_AT_ONCE = 10;

/**
 * Makes the table of what was done with each station and what came of it. What the executions tell of themselves is asked
 * of Step Functions here: two hundred outputs would not fit into the state of one machine.
 */
export const handler = lambdaHandler(
  z.object({ refresh, outcomes: z.array(stationOutcome) }),
  async ({
    refresh,
    outcomes,
  }): Promise<{ output: RefreshSummary; is_worth_telling: boolean; subject: string; message: string }> => {
    const { bucket, plan_key } = refresh;
    const { decisions } = await readJson({ bucket, key: plan_key }, refreshPlan);
    const executions = await pMap(
      outcomes,
      async ({ station_id, execution_arn, error }): Promise<[number, StationExecution]> => [
        station_id,
        (await findExecution(execution_arn)) ?? {
          execution_arn,
          status: 'FAILED',
          error,
          cause: 'It could not be started.',
          output: null,
        },
      ],
      { concurrency: DESCRIBED_AT_ONCE },
    );
    const rows = resultRows(decisions, refresh, new Map(executions));
    const result = { bucket, key: refreshKeys(refresh.id).result };
    if (rows.length > 0) await writeCsv(result, resultCsv(rows));
    const output = summarizeRefresh(refresh, rows, rows.length > 0 ? s3Uri(result) : null);
    // A night without new photos is nothing to write an e-mail about; a station that fails is.
    const is_worth_telling =
      output.counts.succeeded + output.counts.failed > 0 && refresh.status === 'refreshed';
    return { output, is_worth_telling, ...refreshMessage(output) };
  },
);
