import type { Template } from './package.ts';

/** The account that a template is, or would be, deployed into. */
export type StackPlace = {
  account: string;
  region: string;
  /** The name that CloudFormation would give a resource without one in the template; default: its id in the template. */
  nameUnnamed?: (id: string, type: string) => string;
};

/** Resolves the references of one template for one account. */
export type References = {
  /**
   * The value with its references replaced; references to AWS::NoValue are removed, as in CloudFormation. Supports Ref,
   * Fn::GetAtt (Arn), Fn::Sub and Fn::Join over the kinds of resources below and the pseudo parameters.
   *
   * @throws Error naming any unsupported one
   */
  resolve(value: unknown): unknown;
  arnOf(id: string): string;
  nameOf(id: string): string;
};

/** Kinds of resources that functions, machines, topics or policies refer to. */
const KINDS: Record<
  string,
  { name: string; arn: (name: string, place: StackPlace) => string; refersByArn?: boolean }
> = {
  'AWS::Lambda::Function': { name: 'FunctionName', arn: regional('lambda', 'function:') },
  'AWS::StepFunctions::StateMachine': {
    name: 'StateMachineName',
    arn: regional('states', 'stateMachine:'),
    refersByArn: true,
  },
  'AWS::SNS::Topic': { name: 'TopicName', arn: regional('sns', ''), refersByArn: true },
  'AWS::Events::Rule': { name: 'Name', arn: regional('events', 'rule/') },
  'AWS::Scheduler::Schedule': { name: 'Name', arn: regional('scheduler', 'schedule/default/') },
  'AWS::SQS::Queue': { name: 'QueueName', arn: regional('sqs', '') },
  'AWS::Logs::LogGroup': { name: 'LogGroupName', arn: regional('logs', 'log-group:', ':*') },
  'AWS::KMS::Key': { name: 'KeyId', arn: regional('kms', 'key/') },
  'AWS::IAM::Role': { name: 'RoleName', arn: (name, { account }) => `arn:aws:iam::${account}:role/${name}` },
  'AWS::S3::Bucket': { name: 'BucketName', arn: (name) => `arn:aws:s3:::${name}` },
};

function regional(service: string, before: string, after = '') {
  return (name: string, { account, region }: StackPlace): string =>
    `arn:aws:${service}:${region}:${account}:${before}${name}${after}`;
}

export function referencesOf(template: Template, place: StackPlace): References {
  const pseudoParameters: Record<string, string> = {
    'AWS::AccountId': place.account,
    'AWS::Partition': 'aws',
    'AWS::Region': place.region,
    'AWS::URLSuffix': 'amazonaws.com',
  };

  function resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.filter(isPresent).map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [[name, argument] = []] = entries;
    if (entries.length === 1 && name === 'Ref') return reference(String(argument));
    if (entries.length === 1 && name?.startsWith('Fn::')) return resolveFunction(name, argument);
    return Object.fromEntries(
      entries.filter(([, part]) => isPresent(part)).map(([key, part]) => [key, resolve(part)]),
    );
  }

  function resolveFunction(name: string, argument: unknown): string {
    switch (name) {
      case 'Fn::GetAtt': {
        const [id, attribute] = Array.isArray(argument) ? argument : String(argument).split('.');
        return attributeOf(id, attribute);
      }
      case 'Fn::Join': {
        const [delimiter, parts] = argument as [string, unknown[]];
        return parts.map(resolve).join(delimiter);
      }
      case 'Fn::Sub': {
        const [text, variables] = (Array.isArray(argument) ? argument : [argument, {}]) as [string, object];
        const values = resolve(variables) as Record<string, string>;
        return text.replaceAll(/\$\{(!?)([^}]+)\}/g, (_, escaped, key) => {
          if (escaped) return `\${${key}}`;
          if (key in values) return values[key] as string;
          const [id, attribute] = key.split('.');
          return attribute ? attributeOf(id, attribute) : reference(key);
        });
      }
      default:
        throw new Error(`It is not known what ${name} comes to (in the compiled template)`);
    }
  }

  function reference(id: string): string {
    const parameter = pseudoParameters[id];
    if (parameter) return parameter;
    return kindOf(id, template).refersByArn ? arnOf(id) : nameOf(id);
  }

  function attributeOf(id: string, attribute: string): string {
    if (attribute === 'Arn') return arnOf(id);
    throw new Error(`The attribute ${attribute} of ${id} is not known (in the compiled template)`);
  }

  const arnOf = (id: string): string => kindOf(id, template).arn(nameOf(id), place);

  function nameOf(id: string): string {
    const name = template.Resources[id]?.Properties?.[kindOf(id, template).name];
    return name === undefined
      ? (place.nameUnnamed?.(id, String(template.Resources[id]?.Type)) ?? id)
      : String(resolve(name));
  }

  return { resolve, arnOf, nameOf };
}

const isPresent = (value: unknown): boolean =>
  (value as { Ref?: string } | null | undefined)?.Ref !== 'AWS::NoValue';

function kindOf(id: string, template: Template) {
  const type = template.Resources[id]?.Type;
  const kind = KINDS[type ?? ''];
  if (kind) return kind;
  throw new Error(
    `It is not known what a reference to ${id} (${type ?? 'not a resource of the compiled template'}) means. Known: ${Object.keys(KINDS).join(', ')}.`,
  );
}
