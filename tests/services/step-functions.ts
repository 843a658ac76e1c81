import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

export type TestStepFunctions = {
  /** What DescribeExecution answers, by ARN. */
  executions: Record<string, object>;
  /** What ListExecutions answers of those that run; times in seconds. */
  running: { executionArn: string; stateMachineArn: string; startDate: number; redriveDate?: number }[];
  stop(): Promise<void>;
};

/**
 * Answers DescribeExecution and ListExecutions, and is what the settings of this worker then name as Step Functions.
 *
 * @param describe what DescribeExecution answers of an execution that `executions` does not name; null if there is none
 */
export async function startTestStepFunctions(
  describe: (executionArn: string) => object | null = () => null,
): Promise<TestStepFunctions> {
  const server = createServer(async (request, response) => {
    const { executionArn = '', stateMachineArn, statusFilter } = (await json(request)) as Partial<Asked>;
    const found = stateMachineArn
      ? listed(stateMachineArn, statusFilter)
      : (told.executions[executionArn] ?? describe(executionArn));
    response.writeHead(found ? 200 : 400, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify(found ?? { __type: 'ExecutionDoesNotExist', message: executionArn }));
  });
  const told: TestStepFunctions = {
    executions: {},
    running: [],
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
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

type Asked = Record<'executionArn' | 'stateMachineArn' | 'statusFilter', string>;

export type TestExecutions = Pick<TestStepFunctions, 'stop'> & {
  /** ARNs of executions that have ended; all others run. */
  ended: Set<string>;
};

/** Step Functions of which every execution runs until it is told to have ended. */
export async function startTestExecutions(): Promise<TestExecutions> {
  const ended = new Set<string>();
  const { stop } = await startTestStepFunctions((executionArn) => ({
    executionArn,
    status: ended.has(executionArn) ? 'ABORTED' : 'RUNNING',
  }));
  return { ended, stop };
}
