import { HOUR_MS } from '../shared/formats/durations.ts';
import { containerImages, ecrImage, SERVING_WHEELS } from './containers.ts';
import { LOCAL_STAGE_NAME, type Stage } from './stage.ts';

/** CloudFormation treats a property with this value as absent. */
const ABSENT = { Ref: 'AWS::NoValue' };

/**
 * What serverless.yml and its parts read as `${param:…}`: the parameters of the stage, and what follows from them in the
 * form that a template wants.
 */
/** @param version see `pipelineVersion` */
export function compilerParameters(stage: Stage, version: string): Record<string, unknown> {
  const images = containerImages(stage);
  const repositories = [images.training, images.serving].flatMap((image) => {
    const found = ecrImage(image);
    return found
      ? [sub(`arn:\${AWS::Partition}:ecr:${found.region}:${found.account}:repository/${found.repository}`)]
      : [];
  });
  return {
    ...stage,
    version,
    /** Names of jobs begin with it, so that roles tell stages apart. In lower case, because SageMaker writes ARNs of jobs so. */
    jobPrefix: `${stage.appName}-${stage.stage}-rank`,
    trainingImage: images.training,
    servingImage: images.serving,
    /** Which of the wheels in model/wheels go along; a local stack has the Python of its computer. */
    wheels: stage.stage === LOCAL_STAGE_NAME ? '*.whl' : SERVING_WHEELS,
    imageRepositoryArns: [...new Map(repositories.map((arn) => [JSON.stringify(arn), arn])).values()],
    permissionsBoundary: stage.permissionsBoundary ? policyArn(stage.permissionsBoundary) : ABSENT,
    dbSecretArn: secretArn(stage.dbSecret),
    databaseIngress: String(stage.databaseIngress),
    notificationSubscriptions: stage.notificationEmail
      ? [{ Protocol: 'email', Endpoint: stage.notificationEmail }]
      : ABSENT,
    readUsgsApiKey: stage.usgsApiKeySecret
      ? {
          Effect: 'Allow',
          Action: 'secretsmanager:GetSecretValue',
          Resource: secretArn(stage.usgsApiKeySecret),
        }
      : ABSENT,
    nightlyState: stage.nightlySchedule ? 'ENABLED' : 'DISABLED',
    monthlyState: stage.monthlySchedule ? 'ENABLED' : 'DISABLED',
    maxRunMilliseconds: stage.maxRunHours * HOUR_MS,
  };
}

const sub = (text: string) => ({ 'Fn::Sub': text });

const policyArn = (given: string) =>
  given.startsWith('arn:') ? given : sub(`arn:\${AWS::Partition}:iam::\${AWS::AccountId}:policy/${given}`);

/** Secrets Manager adds six random characters to a secret's name in its ARN. */
const secretArn = (given: string) =>
  given.startsWith('arn:')
    ? given
    : sub(`arn:\${AWS::Partition}:secretsmanager:\${AWS::Region}:\${AWS::AccountId}:secret:${given}-??????`);
