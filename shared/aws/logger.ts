import { Logger } from '@aws-lambda-powertools/logger';

/**
 * One JSON object a line. Level and service come from the environment (POWERTOOLS_LOG_LEVEL, POWERTOOLS_SERVICE_NAME);
 * lambda-handler.ts adds the station, the model code and the execution to every line.
 */
export const logger = new Logger();
