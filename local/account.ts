import { LOCAL_STAGE_NAME, readStage } from '../config/stage.ts';
import { STAND_IN_ACCOUNT } from '../shared/execution/arns.ts';

export const LOCAL_ACCOUNT = STAND_IN_ACCOUNT;

export const LOCAL_REGION = 'us-west-2';

export const LOCAL_STAGE = readStage(LOCAL_STAGE_NAME);
