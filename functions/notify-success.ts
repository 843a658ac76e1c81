import * as z from 'zod';
import { setting } from '../shared/aws/configuration.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { publishNotification } from '../shared/aws/notifications.ts';
import { extension, scoringRun, selection } from '../shared/execution/score-station-state.ts';
import { predictions, promotion, publication, report, run } from '../shared/execution/train-station-state.ts';
import {
  scoringNotification,
  trainingNotification,
} from '../shared/notifications/execution-notifications.ts';

const trained = z.object({ run, predictions, report, promotion, published: publication });
const scored = z.object({
  run: scoringRun,
  selection: selection.pick({ removed: true }),
  extended: extension.pick({ scored: true, unreadable: true, images: true, remarks: true }),
});

/** Notifies people of the result of a station's training or scoring: the last state but one of either machine. */
export const handler = lambdaHandler(z.union([trained, scored]), async (state): Promise<void> => {
  const notification =
    'published' in state
      ? trainingNotification(state.run, state, state.published.note)
      : scoringNotification(state.run, state.selection, state.extended);
  await publishNotification(setting('NOTIFICATION_TOPIC'), notification);
});
