/**
 * AWS's Deep Learning Containers: the account that keeps them in each region of the commercial partition, as the SageMaker Python
 * SDK names them for PyTorch 2.6 (sagemaker 2.245.0, image_uri_config/pytorch.json).
 */
const CONTAINER_ACCOUNTS: Record<string, string> = {
  ...Object.fromEntries(
    [
      ['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2', 'ca-central-1', 'sa-east-1'],
      ['eu-central-1', 'eu-north-1', 'eu-west-1', 'eu-west-2', 'eu-west-3'],
      ['ap-northeast-1', 'ap-northeast-2', 'ap-south-1', 'ap-southeast-1', 'ap-southeast-2'],
    ]
      .flat()
      .map((region) => [region, '763104351884']),
  ),
  'af-south-1': '626614931356',
  'ap-east-1': '871362719292',
  'ap-east-2': '975050140332',
  'ap-northeast-3': '364406365360',
  'ap-south-2': '772153158452',
  'ap-southeast-3': '907027046896',
  'ap-southeast-4': '457447274322',
  'ap-southeast-5': '550225433462',
  'ap-southeast-7': '590183813437',
  'ca-west-1': '204538143572',
  'eu-central-2': '380420809688',
  'eu-south-1': '692866216735',
  'eu-south-2': '503227376785',
  'il-central-1': '780543022126',
  'me-central-1': '914824155844',
  'me-south-1': '217643126080',
  'mx-central-1': '637423239942',
};
/** Version 2.6 is the last PyTorch image for serving that AWS made; any image with `serve` as its entrypoint can replace it. */
const TRAINING_TAG = 'pytorch:2.13.0-cu133-amzn2023-sagemaker';
const SERVING_TAG = 'pytorch-inference:2.6.0-cpu-py312-ubuntu22.04-sagemaker';

/** The Python of that image, as names of wheels have it. */
export const SERVING_PYTHON = `cp${/-py(\d+)-/.exec(SERVING_TAG)?.[1]}`;
/** Wheels in model/wheels that this image can load. */
export const SERVING_WHEELS = `*-${SERVING_PYTHON}-*_x86_64.whl`;

type ContainerChoice = { region: string; trainingImage: string; servingImage: string };

/** The containers of a stage: its own, or AWS's in its region. `regionFault` must have said that there are any. */
export function containerImages({ region, trainingImage, servingImage }: ContainerChoice) {
  const registry = `${CONTAINER_ACCOUNTS[region]}.dkr.ecr.${region}.amazonaws.com`;
  return {
    training: trainingImage || `${registry}/${TRAINING_TAG}`,
    serving: servingImage || `${registry}/${SERVING_TAG}`,
  };
}

/**
 * Why a stage cannot be in its region; null if it can. The region must be of AWS's commercial partition, as links and addresses
 * are, and it must have AWS's containers, unless the stage names two of its own.
 */
export function regionFault({ region, trainingImage, servingImage }: ContainerChoice): string | null {
  if (/^(us-gov|us-iso\w*|cn|eu-isoe|eusc)-/.test(region))
    return `region is ${JSON.stringify(region)}: expected a region of AWS’s commercial partition; GovCloud, China and isolated regions have other addresses, which the e-mails, links and website addresses of this project do not know`;
  if (region in CONTAINER_ACCOUNTS || (trainingImage && servingImage)) return null;
  return `region is ${JSON.stringify(region)}: AWS’s PyTorch containers are not known to be there, expected one of ${Object.keys(CONTAINER_ACCOUNTS).sort().join(', ')}; elsewhere give both trainingImage and servingImage`;
}

/** Registry account, region, repository and tag or digest of an image in ECR; null if it is not in ECR. */
export function ecrImage(image: string) {
  const [, account, region, repository, tag, digest] =
    /^(\d{12})\.dkr\.ecr\.([\w-]+)\.amazonaws\.com(?:\.cn)?\/([^:@]+)(?::([\w.-]+)|@(sha256:\w+))$/.exec(
      image,
    ) ?? [];
  return account && region && repository ? { account, region, repository, tag, digest } : null;
}
