import { StageInvalid, type StageParameters } from '../config/stage.ts';

/** What the stack of environment/template.yml tells, by name of the stage's parameter; each with a line of explanation. */
const PARAMETERS = {
  storageBucket: 'Photos and annotations; published models go to models/ in it.',
  modelBucket: 'Datasets and models in the making, below rank/; deployed archives, below deploy/.',
  vpcId: 'Network of the database.',
  privateSubnetIds:
    'Subnets of the functions that use the database: no internet, but what they call has an endpoint.',
  dbSecret: 'User and password of the database, made and rotated by RDS.',
  dbHost: 'Host of the database, which that secret does not tell.',
  databasePort: null,
  databaseSecurityGroupId: 'Security group of the database.',
} as const satisfies Partial<Record<keyof StageParameters, string | null>>;

type Parameter = keyof typeof PARAMETERS;

/** The names of the environment stack's outputs, one for each parameter of a stage that it tells. */
export const ENVIRONMENT_OUTPUTS = (Object.keys(PARAMETERS) as Parameter[]).map(outputName);

/**
 * Text of config/{stage}.yml for a stage that lies in a development environment (environment/template.yml).
 *
 * @param outputs of the environment's stack, name → value
 * @param place the stack's own app name and region
 * @throws StageInvalid when an output is missing
 */
export function stageFileText(
  outputs: Readonly<Record<string, string>>,
  { appName, region }: Pick<StageParameters, 'appName' | 'region'>,
): string {
  const missing = ENVIRONMENT_OUTPUTS.filter((name) => !outputs[name]);
  if (missing.length > 0)
    throw new StageInvalid(
      `The stack of the development environment lacks the outputs ${missing.join(', ')}. To fix: deploy environment/template.yml again, and wait for the stack to be complete.`,
    );
  const lines = (Object.keys(PARAMETERS) as Parameter[]).flatMap((name) => {
    const comment = PARAMETERS[name];
    return [
      ...(comment ? [`# ${comment}`] : []),
      `${name}: ${yamlValue(name, outputs[outputName(name)] ?? '')}`,
    ];
  });
  return `# A stage in a development environment: written from the outputs of its stack (environment/template.yml). What is not
# here has its default; config/example.yml explains every name.
appName: ${appName}
region: ${region}

${lines.join('\n')}
`;
}

function outputName(parameter: Parameter): string {
  return `${parameter.charAt(0).toUpperCase()}${parameter.slice(1)}`;
}

/** Ids, names and ARNs need no quotes in YAML: they hold no space, and no colon before one. */
const yamlValue = (name: Parameter, output: string): string =>
  name === 'privateSubnetIds' ? `[${output.split(',').join(', ')}]` : output;
