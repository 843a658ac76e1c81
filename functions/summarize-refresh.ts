import pMap from 'p-map';
import * as z from 'zod';
import { setting } from '../shared/aws/configuration.ts';
import { findExecutionOutcome, runningExecutions } from '../shared/aws/executions.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { logger } from '../shared/aws/logger.ts';
import { readJson, writeCsv } from '../shared/aws/object-store.ts';
import { machineArnAt } from '../shared/execution/arns.ts';
import { refreshKeys } from '../shared/execution/keys.ts';
import { type LateExecution, lateExecutions } from '../shared/execution/late-executions.ts';
import { s3Uri } from '../shared/formats/object-location.ts';
import {
  type Refresh,
  type RefreshSummary,
  refresh,
  refreshPlan,
  stationOutcome,
} from '../shared/refresh/state.ts';
import {
  refreshMessage,
  resultCsv,
  resultRows,
  type StationExecution,
  summarizeRefresh,
  tablePlace,
} from '../shared/refresh/summary.ts';

/** DescribeExecution allows 15 a second (Step Functions quotas); the SDK waits when throttled. */
const DESCRIBED_AT_ONCE = 10;

/**
 * Compiles the table of what was done with each station and with what result. The outputs of the executions are requested from
 * Step Functions here: two hundred of them would not fit into the state of one machine.
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
        (await findExecutionOutcome(execution_arn)) ?? {
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
    const late = await findLate(refresh).catch((error: Error) => {
      // This is additional information: a finished refresh must not fail because of it.
      logger.warn('Step Functions does not say which executions are late', error);
      return [];
    });
    const output = summarizeRefresh(refresh, rows, rows.length > 0 ? s3Uri(result) : null, late);
    // A night without new photos is not worth an e-mail; a station that fails is, and so is an execution that does not end, even
    // for a refresh that does nothing because of it.
    const isDone = output.counts.succeeded + output.counts.failed > 0 && refresh.status === 'refreshed';
    const is_worth_telling = isDone || (late.length > 0 && refresh.status !== 'dry_run');
    const table = output.result_uri && tablePlace(output.result_uri, refresh.execution_arn);
    return { output, is_worth_telling, ...refreshMessage(output, table) };
  },
);

/** Executions for stations, whoever started them. A refresh itself takes as long as its stations. */
async function findLate({ executions }: Refresh): Promise<LateExecution[]> {
  const machines = (['train-station', 'score-station'] as const).map((kind) =>
    machineArnAt(executions, kind),
  );
  const running = await runningExecutions(machines);
  return lateExecutions(running, Number(setting('MAX_RUN_HOURS')), Date.now());
}
