import { readStage } from '../config/stage.ts';

export const LOCAL_ACCOUNT = '000000000000';

export const LOCAL_REGION = 'us-west-2';

export const STAGE = 'local';

export const LOCAL_STAGE = readStage(STAGE);
