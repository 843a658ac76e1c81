import type { Connection } from './connection.ts';
import { requireStations } from './known-stations.ts';
import { useStage } from './stage.ts';
import { UsageError } from './usage-error.ts';

const QUESTIONS = { requireStations, useStage };

/**
 * For commands about executions and their files, which need no database: where they find nothing of a station, whether there is one.
 * A database in AWS may be out of reach of who may list executions; then nothing is said of it.
 *
 * @param stage that the command was given, if any
 * @throws UsageError with the stations that there are
 */
export async function requireAskedStation(
  id: number,
  { kind }: Pick<Connection, 'kind'>,
  stage: string | undefined,
  { requireStations, useStage }: typeof QUESTIONS = QUESTIONS,
): Promise<void> {
  if (kind !== 'local' && stage === undefined) return;
  try {
    if (stage !== undefined) await useStage(stage);
    await requireStations([id], stage);
  } catch (error) {
    if (error instanceof UsageError || kind === 'local') throw error;
  }
}
