import { HOUR_MS } from '../shared/formats/durations.ts';
import { containerImages, ecrImage } from './containers.ts';
import type { Stage } from './stage.ts';

/** What a property of a template gets in order to be absent. */
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
    /** Job names begin with it, in lower case, as SageMaker puts them so in its ARNs: what roles tell stages apart by. */
    jobPrefix: `${stage.appName}-${stage.stage}-rank`,
    trainingImage: images.training,
    servingImage: images.serving,
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

/** Secrets Manager ends its ARNs with six characters of its own, which a name does not tell. */
const secretArn = (given: string) =>
  given.startsWith('arn:')
    ? given
    : sub(`arn:\${AWS::Partition}:secretsmanager:\${AWS::Region}:\${AWS::AccountId}:secret:${given}-??????`);
