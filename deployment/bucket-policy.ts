import { isLike, listOf, type PolicyStatement } from '../shared/aws/policy-document.ts';

/** What the roles of a stack, and the person deploying it, do in its buckets. */
export const S3_ACTIONS = [
  's3:GetObject',
  's3:PutObject',
  's3:DeleteObject',
  's3:AbortMultipartUpload',
  's3:ListBucket',
];

/**
 * Which Deny statements apply to requests of the stack's roles: requests over TLS, from this account, from AWS addresses in the
 * case of jobs and of functions outside the VPC, and without headers that request encryption. IAM's simulation does not support
 * roles together with bucket policies, so the usual conditions are evaluated here.
 *
 * @param asked.places keys that are read or written
 * @returns `certain`, and `possible` if that depends on facts not known here; each named by its Sid, with the reason
 */
export function refusals(
  statements: readonly PolicyStatement[],
  asked: { account: string; bucket: string; places: readonly string[] },
): { certain: string[]; possible: string[] } {
  const certain: string[] = [];
  const possible: string[] = [];
  for (const statement of statements) {
    if (statement.Effect !== 'Deny' || !isAbout(statement, asked)) continue;
    const principal = meetsPrincipal(statement, asked.account);
    const conditions = conditionsOf(statement).map((condition) => ({
      ...condition,
      holds: conditionHolds(condition, asked.account),
    }));
    if (principal === 'no' || conditions.some(({ holds }) => holds === 'no')) continue;
    const isCertain = principal === 'yes' && conditions.every(({ holds }) => holds === 'yes');
    (isCertain ? certain : possible).push(describe(statement));
  }
  return { certain, possible };
}

function describe(statement: PolicyStatement): string {
  const conditions = conditionsOf(statement).map(
    ({ operator, key, values }) => `${operator} ${key} ${values.join(', ')}`,
  );
  const actions = statement.NotAction
    ? `all but ${listOf(statement.NotAction).join(', ')}`
    : listOf(statement.Action).join(', ');
  return `${statement.Sid ?? 'a statement without Sid'} denies ${actions}${
    conditions.length > 0 ? ` if ${conditions.join(' and ')}` : ''
  }`;
}

function isAbout(
  { Action, NotAction, Resource, NotResource }: PolicyStatement,
  { bucket, places }: { bucket: string; places: readonly string[] },
): boolean {
  const meets = (action: string) =>
    NotAction === undefined ? isAny(listOf(Action), action) : !isAny(listOf(NotAction), action);
  const resources = (action: string) =>
    action === 's3:ListBucket'
      ? [`arn:aws:s3:::${bucket}`]
      : places.map((key) => `arn:aws:s3:::${bucket}/${key}`);
  const isMeant = (resource: string) =>
    NotResource === undefined ? isAny(listOf(Resource), resource) : !isAny(listOf(NotResource), resource);
  return S3_ACTIONS.some((action) => meets(action) && resources(action).some(isMeant));
}

type Verdict = 'yes' | 'no' | 'unknown';

/** The roles are new, so a statement about another principal does not concern them. */
function meetsPrincipal({ Principal, NotPrincipal }: PolicyStatement, account: string): Verdict {
  if (NotPrincipal !== undefined) return 'unknown';
  const named =
    typeof Principal === 'object' && Principal !== null ? Object.values(Principal).flat() : [Principal];
  return named.some((name) => name === '*' || name === account || name === `arn:aws:iam::${account}:root`)
    ? 'yes'
    : 'no';
}

type Condition = { operator: string; key: string; values: string[] };

const conditionsOf = ({ Condition: condition = {} }: PolicyStatement): Condition[] =>
  Object.entries(condition).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => ({ operator, key, values: listOf(values).map(String) })),
  );

/** Headers that no upload of this project sends. */
const HEADERS = /^s3:x-amz-(server-side-encryption|acl|grant|storage-class|object-lock)/i;
const PLACES = /^aws:(SourceIp|VpcSourceIp|SourceVpc|SourceVpce)$/i;
const ACCOUNTS = /^(aws:PrincipalAccount|aws:ResourceAccount|s3:ResourceAccount)$/i;

type ConditionRule = {
  key: RegExp;
  /** Restricts the rule to these operators. The first rule that matches key and operator counts. */
  operator?: RegExp;
  holds(condition: Condition & { isNegated: boolean; holdsWithoutKey: boolean }, account: string): Verdict;
};

/** What is known about the stack's requests, by condition key. */
const CONDITION_RULES: readonly ConditionRule[] = [
  { key: /^aws:SecureTransport$/i, holds: ({ values }) => (values.includes('false') ? 'no' : 'yes') },
  {
    key: /^s3:TlsVersion$/i,
    operator: /^NumericLessThan/,
    holds: ({ values }) => (values.every((version) => Number(version) <= 1.2) ? 'no' : 'unknown'),
  },
  { key: HEADERS, operator: /^Null$/, holds: ({ values }) => (values.includes('true') ? 'yes' : 'no') },
  { key: HEADERS, holds: ({ holdsWithoutKey }) => (holdsWithoutKey ? 'yes' : 'no') },
  // Requests of jobs and of functions outside the VPC come from none of the account's networks.
  { key: PLACES, holds: ({ holdsWithoutKey }) => (holdsWithoutKey ? 'yes' : 'unknown') },
  {
    key: ACCOUNTS,
    holds: ({ values, isNegated }, account) => (values.includes(account) === isNegated ? 'no' : 'yes'),
  },
];

/** Whether a condition holds for requests of the stack's roles (IAM user guide, "Condition operators", "IfExists"). */
function conditionHolds(condition: Condition, account: string): Verdict {
  const { operator, key } = condition;
  if (operator.includes(':')) return 'unknown'; // ForAllValues:, ForAnyValue:
  const rule = CONDITION_RULES.find((rule) => rule.key.test(key) && (rule.operator?.test(operator) ?? true));
  if (!rule) return 'unknown';
  const isNegated = /Not/.test(operator);
  const holdsWithoutKey = isNegated || operator.endsWith('IfExists');
  return rule.holds({ ...condition, isNegated, holdsWithoutKey }, account);
}

const isAny = (patterns: readonly string[], text: string): boolean =>
  patterns.some((pattern) => isLike(text.toLowerCase(), pattern.toLowerCase()));
