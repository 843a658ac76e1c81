import {
  CloudWatchLogsClient,
  FilterLogEventsCommand,
  type FilterLogEventsCommandInput,
} from '@aws-sdk/client-cloudwatch-logs';
import { SHORT_PATIENCE_MS, serviceClient } from './service-client.ts';

let client: CloudWatchLogsClient | undefined;

export type LogEvent = { id: string; timestampMs: number; message: string };

/** Log lines of a group: those of streams whose names begin so, or that match a filter pattern of CloudWatch Logs. */
export type LogQuery = { group: string; streamPrefix?: string; filter?: string; sinceMs: number };

/** Oldest first, as CloudWatch returns them. @throws RequestRefused if there is no such group, AccessDenied, ServiceUnreachable */
export async function* logEvents({
  group,
  streamPrefix,
  filter,
  sinceMs,
}: LogQuery): AsyncGenerator<LogEvent> {
  client ??= serviceClient(CloudWatchLogsClient, { patienceMs: SHORT_PATIENCE_MS });
  const input: FilterLogEventsCommandInput = {
    logGroupName: group,
    startTime: sinceMs,
    ...(streamPrefix && { logStreamNamePrefix: streamPrefix }),
    ...(filter && { filterPattern: filter }),
  };
  let nextToken: string | undefined;
  do {
    const page = await client.send(new FilterLogEventsCommand({ ...input, ...(nextToken && { nextToken }) }));
    for (const { eventId = '', timestamp = 0, message = '' } of page.events ?? [])
      yield { id: eventId, timestampMs: timestamp, message: message.trimEnd() };
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
}
