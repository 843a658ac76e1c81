import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

export type TestExecutions = {
  /** ARNs of executions that have ended; all others run. */
  ended: Set<string>;
  stop(): Promise<void>;
};

/** Answers DescribeExecution, and is what the settings of this worker then name as Step Functions. */
export async function startTestExecutions(): Promise<TestExecutions> {
  const ended = new Set<string>();
  const server = createServer(async (request, response) => {
    const { executionArn } = JSON.parse(await text(request)) as { executionArn: string };
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    response.end(JSON.stringify({ executionArn, status: ended.has(executionArn) ? 'ABORTED' : 'RUNNING' }));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as { port: number };
  process.env.AWS_ENDPOINT_URL_SFN = `http://127.0.0.1:${port}`;
  return {
    ended,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
