import { ecrImage } from './containers.ts';

type StagePlaces = Record<
  'region' | 'trainingImage' | 'servingImage' | 'permissionsBoundary' | 'dbSecret' | 'usgsApiKeySecret',
  string
>;

/** One phrase for each image, secret or boundary that the stage cannot use, as it is in another region or partition. */
export function placeFaults(stage: StagePlaces): string[] {
  const { region, permissionsBoundary: boundary } = stage;
  const faults: string[] = [];
  for (const name of ['trainingImage', 'servingImage'] as const) {
    const image = ecrImage(stage[name]);
    if (image && image.region !== region)
      faults.push(
        `${name} is in ${image.region}: SageMaker takes images of the stage’s region ${region} alone`,
      );
  }
  for (const name of ['dbSecret', 'usgsApiKeySecret'] as const) {
    const [, partition, , place] = stage[name].startsWith('arn:') ? stage[name].split(':') : [];
    if (place !== undefined && (place !== region || partition !== 'aws'))
      faults.push(`${name} is in ${place}: the functions look for secrets in the stage’s region ${region}`);
  }
  if (/^none$/i.test(boundary))
    faults.push(
      `permissionsBoundary is ${JSON.stringify(boundary)}, with which FPE’s templates say that there is none: leave it empty`,
    );
  if (boundary.startsWith('arn:') && !boundary.startsWith('arn:aws:'))
    faults.push(
      `permissionsBoundary is ${JSON.stringify(boundary)}: expected a policy of AWS’s commercial partition, arn:aws:iam::…`,
    );
  return faults;
}
