import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

export type TestStepFunctions = {
  /** What DescribeExecution answers, by ARN. */
  executions: Record<string, object>;
  /** What ListExecutions answers of those that run; times in seconds. */
  running: { executionArn: string; stateMachineArn: string; startDate: number; redriveDate?: number }[];
  stop(): void;
};

/** Answers DescribeExecution and ListExecutions, and is what the settings of this worker then name as Step Functions. */
export async function startTestStepFunctions(): Promise<TestStepFunctions> {
  const server = createServer(async (request, response) => {
    const { executionArn, stateMachineArn, statusFilter } = (await json(request)) as Record<string, string>;
    const found = stateMachineArn
      ? listed(stateMachineArn, statusFilter)
      : told.executions[executionArn ?? ''];
    response.writeHead(found ? 200 : 400, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify(found ?? { __type: 'ExecutionDoesNotExist', message: executionArn }));
  });
  const told: TestStepFunctions = {
    executions: {},
    running: [],
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
  const listed = (machine: string, status: string | undefined) => ({
    executions:
      status === 'RUNNING' ? told.running.filter(({ stateMachineArn }) => stateMachineArn === machine) : [],
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as { port: number };
  process.env.AWS_ENDPOINT_URL_SFN = `http://127.0.0.1:${port}`;
  return told;
}
