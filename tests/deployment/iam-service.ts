import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { listenLocally } from '../../local/door.ts';
import { listOf } from '../../shared/aws/policy-document.ts';
import { isAllowed, type Statement } from '../templates/iam.ts';

export type IamService = {
  /** Names of the operations that were asked for, in order. */
  asked: string[];
  stop(): Promise<void>;
};

type Answer = { status: number; body: string };

const NAMESPACE = 'xmlns="https://iam.amazonaws.com/doc/2010-05-08/"';
const answer = (operation: string, result: string): Answer => ({
  status: 200,
  body: `<${operation}Response ${NAMESPACE}><${operation}Result>${result}</${operation}Result></${operation}Response>`,
});
const refusal = (status: number, code: string, message: string): Answer => ({
  status,
  body: `<ErrorResponse ${NAMESPACE}><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
});

/**
 * Answers as IAM does for the policy of one boundary, in the form of its API (API reference, "SimulateCustomPolicy"): a result for
 * each action, with one for each resource in it. What it decides, tests/templates/iam.ts decides.
 *
 * @param policy document of the boundary; null where the caller may not read it
 */
export async function startIamService(
  policy: { Statement: Statement[] } | null,
  { missing = [] }: { missing?: string[] } = {},
): Promise<IamService> {
  const asked: string[] = [];
  const operations: Record<string, (form: URLSearchParams) => Answer> = {
    GetPolicy: () =>
      policy
        ? answer('GetPolicy', '<Policy><DefaultVersionId>v3</DefaultVersionId></Policy>')
        : refusal(403, 'AccessDenied', 'User: me is not authorized to perform: iam:GetPolicy'),
    GetPolicyVersion: () =>
      answer(
        'GetPolicyVersion',
        `<PolicyVersion><Document>${encodeURIComponent(JSON.stringify(policy))}</Document></PolicyVersion>`,
      ),
    SimulateCustomPolicy: (form) => {
      const [boundary] = membersOf(form, 'PermissionsBoundaryPolicyInputList');
      const { Statement } = JSON.parse(boundary as string) as { Statement: Statement[] };
      const resources = membersOf(form, 'ResourceArns');
      const results = membersOf(form, 'ActionNames').map((action) => {
        const each = resources.map((resource) => {
          const decision = isAllowed(listOf(Statement), { action, resource, context: contextOf(form) })
            ? 'allowed'
            : 'implicitDeny';
          const keys = missing.map((key) => `<member>${key}</member>`).join('');
          return `<member><EvalResourceName>${resource}</EvalResourceName><EvalResourceDecision>${decision}</EvalResourceDecision><MissingContextValues>${keys}</MissingContextValues></member>`;
        });
        return `<member><EvalActionName>${action}</EvalActionName><EvalDecision>implicitDeny</EvalDecision><ResourceSpecificResults>${each.join('')}</ResourceSpecificResults></member>`;
      });
      return answer(
        'SimulateCustomPolicy',
        `<IsTruncated>false</IsTruncated><EvaluationResults>${results.join('')}</EvaluationResults>`,
      );
    },
  };
  const server = createServer(async (request, response) => {
    const form = new URLSearchParams(await text(request));
    const operation = form.get('Action') as string;
    asked.push(operation);
    const { status, body } = operations[operation]?.(form) ?? refusal(400, 'InvalidAction', operation);
    response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
  });
  process.env.AWS_ENDPOINT_URL_IAM = await listenLocally(server);
  return {
    asked,
    async stop() {
      delete process.env.AWS_ENDPOINT_URL_IAM;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** ActionNames.member.1, ActionNames.member.2 … */
function membersOf(form: URLSearchParams, name: string): string[] {
  const members: string[] = [];
  for (let index = 1; form.has(`${name}.member.${index}`); index += 1)
    members.push(form.get(`${name}.member.${index}`) as string);
  return members;
}

function contextOf(form: URLSearchParams): Record<string, string> {
  const context: Record<string, string> = {};
  for (let index = 1; form.has(`ContextEntries.member.${index}.ContextKeyName`); index += 1) {
    const entry = `ContextEntries.member.${index}`;
    context[form.get(`${entry}.ContextKeyName`) as string] = form.get(
      `${entry}.ContextKeyValues.member.1`,
    ) as string;
  }
  return context;
}
