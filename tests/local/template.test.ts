// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are CloudFormation’s
import { expect, test } from '@jest/globals';
import { readTemplate } from '../../local/template.ts';

const role = { Type: 'AWS::IAM::Role', Properties: {} };
const topic = { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'finished-runs' } };
const lambda = {
  Type: 'AWS::Lambda::Function',
  Properties: {
    FunctionName: { 'Fn::Sub': 'pipeline-${AWS::Region}-work' },
    Handler: 'functions/do-work.handler',
    Timeout: 60,
    MemorySize: 512,
    Environment: { Variables: { TOPIC: { Ref: 'Topic' }, PLAIN: 'a' } },
  },
};
const machine = (definition: unknown) => ({
  Type: 'AWS::StepFunctions::StateMachine',
  Properties: {
    StateMachineName: 'machine',
    RoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] },
    DefinitionString: definition,
  },
});
const template = (definition: unknown) => ({
  Resources: { Role: role, Topic: topic, Work: lambda, Machine: machine(definition) },
});
const definitionOf = (definition: unknown) =>
  readTemplate(template(definition), '/bundles').machines[0]?.definition;

test('functions are found with their file, limits and environment', () => {
  expect(readTemplate(template('{}'), '/bundles').functions).toEqual([
    {
      name: 'pipeline-us-west-2-work',
      arn: 'arn:aws:lambda:us-west-2:000000000000:function:pipeline-us-west-2-work',
      file: '/bundles/functions/do-work.cjs',
      handler: 'handler',
      timeoutSeconds: 60,
      memoryMb: 512,
      environment: { TOPIC: 'arn:aws:sns:us-west-2:000000000000:finished-runs', PLAIN: 'a' },
    },
  ]);
});

test('machines and topics are found under ARNs of the local account', () => {
  const { machines, topics } = readTemplate(template('{}'), '/bundles');

  expect(machines).toEqual([
    {
      name: 'machine',
      arn: 'arn:aws:states:us-west-2:000000000000:stateMachine:machine',
      roleArn: 'arn:aws:iam::000000000000:role/Role',
      definition: '{}',
    },
  ]);
  expect(topics).toEqual([
    { name: 'finished-runs', arn: 'arn:aws:sns:us-west-2:000000000000:finished-runs' },
  ]);
});

test.each([
  [{ 'Fn::Sub': ['"${a}"', { a: { 'Fn::GetAtt': ['Work', 'Arn'] } }] }, /^"arn:aws:lambda:.*-work"$/],
  [{ 'Fn::Sub': '${Topic}' }, /^arn:aws:sns:us-west-2:000000000000:finished-runs$/],
  [{ 'Fn::Sub': '${Work.Arn}' }, /^arn:aws:lambda:/],
  [{ 'Fn::Sub': 'States.Format ${!literal}' }, /^States\.Format \$\{literal\}$/],
  [
    { 'Fn::Join': ['-', [{ Ref: 'Work' }, { Ref: 'AWS::AccountId' }]] },
    /^pipeline-us-west-2-work-000000000000$/,
  ],
])('%j is resolved', (definition, expected) => {
  expect(definitionOf(definition)).toMatch(expected);
});

test.each([
  [{ 'Fn::Select': [0, ['a']] }, 'does not resolve Fn::Select'],
  [{ 'Fn::GetAtt': ['Role', 'RoleId'] }, 'does not know the attribute RoleId of Role'],
  [{ Ref: 'Nowhere' }, 'cannot refer to Nowhere (not a resource of the compiled template)'],
])('%j is refused by name', (definition, message) => {
  expect(() => definitionOf(definition)).toThrow(message);
});
