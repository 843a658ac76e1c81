import type { Stage } from './stage.ts';

/** What a property of a template gets in order to be absent. */
const ABSENT = { Ref: 'AWS::NoValue' };
/** Accounts that keep AWS's Deep Learning Containers, by region; all others use the first (aws/deep-learning-containers). */
const CONTAINER_ACCOUNT = '763104351884';
const CONTAINER_ACCOUNTS: Record<string, string> = {
  'ap-northeast-3': '364406365360',
  'eu-south-1': '692866216735',
  'ap-east-1': '871362719292',
  'af-south-1': '626614931356',
  'me-south-1': '217643126080',
  'ca-west-1': '204538143572',
};
/** Version 2.6 is the last PyTorch image for serving that AWS made; any image with `serve` as its entrypoint can replace it. */
const TRAINING_TAG = 'pytorch:2.13.0-cu133-amzn2023-sagemaker';
const SERVING_TAG = 'pytorch-inference:2.6.0-cpu-py312-ubuntu22.04-sagemaker';

/** Registry account, region, repository and tag or digest of an image in ECR; null for one from elsewhere. */
export function ecrImage(image: string) {
  const [, account, region, repository, tag, digest] =
    /^(\d{12})\.dkr\.ecr\.([\w-]+)\.amazonaws\.com(?:\.cn)?\/([^:@]+)(?::([\w.-]+)|@(sha256:\w+))$/.exec(
      image,
    ) ?? [];
  return account && region && repository ? { account, region, repository, tag, digest } : null;
}

/** The containers of a stage: its own, or AWS's in its region. */
export function containerImages({ region, trainingImage, servingImage }: Stage) {
  const registry = `${CONTAINER_ACCOUNTS[region] ?? CONTAINER_ACCOUNT}.dkr.ecr.${region}.amazonaws.com`;
  return {
    training: trainingImage || `${registry}/${TRAINING_TAG}`,
    serving: servingImage || `${registry}/${SERVING_TAG}`,
  };
}

/**
 * What serverless.yml and its parts read as `${param:…}`: the parameters of the stage, and what follows from them in the
 * form that a template wants.
 */
export function compilerParameters(stage: Stage): Record<string, unknown> {
  const images = containerImages(stage);
  const repositories = [images.training, images.serving].flatMap((image) => {
    const found = ecrImage(image);
    return found
      ? [sub(`arn:\${AWS::Partition}:ecr:${found.region}:${found.account}:repository/${found.repository}`)]
      : [];
  });
  return {
    ...stage,
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
    maxRunMilliseconds: stage.maxRunHours * 3_600_000,
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
