import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type LogEvent, logEvents } from '../../../shared/aws/logs.ts';
import { AccessDenied } from '../../../shared/errors.ts';

const PAGES: Record<string, object> = {
  first: { events: [{ eventId: 'a', timestamp: 5, message: 'one\n' }], nextToken: 'second' },
  second: { events: [{ eventId: 'b', timestamp: 6, message: 'two' }] },
};
const environment = { ...process.env };
const asked: Record<string, unknown>[] = [];
let server: Server;
beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      const query = JSON.parse(body);
      asked.push(query);
      const isDenied = query.logGroupName === 'secret';
      response.writeHead(isDenied ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(
        JSON.stringify(isDenied ? { __type: 'AccessDeniedException' } : PAGES[query.nextToken ?? 'first']),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  Object.assign(process.env, {
    AWS_REGION: 'us-west-2',
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    POWERTOOLS_LOG_LEVEL: 'SILENT',
  });
});
afterAll(() => {
  process.env = environment;
  server.closeAllConnections();
  server.close();
});

test('lines of a log are read page by page, without the line feed at their end', async () => {
  const found: LogEvent[] = [];
  const query = { group: '/aws/sagemaker/TrainingJobs', streamPrefix: 'job-1/', sinceMs: 4 };

  for await (const event of logEvents(query)) found.push(event);

  expect(found).toEqual([
    { id: 'a', timestampMs: 5, message: 'one' },
    { id: 'b', timestampMs: 6, message: 'two' },
  ]);
  const named = { logGroupName: '/aws/sagemaker/TrainingJobs', logStreamNamePrefix: 'job-1/', startTime: 4 };
  expect(asked).toEqual([named, { ...named, nextToken: 'second' }]);
});

test('a log that these credentials may not read is told of by name', async () => {
  const events = logEvents({ group: 'secret', filter: '{ $.a = "b" }', sinceMs: 0 });

  await expect(events.next()).rejects.toThrow(AccessDenied);
  await expect(logEvents({ group: 'secret', sinceMs: 0 }).next()).rejects.toThrow('CloudWatch Logs');
});
