import { LOCAL_ACCOUNT, LOCAL_REGION } from '../account.ts';

/** SageMaker converts names in ARNs to lower case. */
export const arnOf = (kind: string, name: string): string =>
  `arn:aws:sagemaker:${LOCAL_REGION}:${LOCAL_ACCOUNT}:${kind}/${name.toLowerCase()}`;
