/** Writes the table of docs/reliability.md: who may fall silent, and how long that is waited for (`npm run waits`). */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WATER_DATA_TOTAL_MS } from '../functions/fetch-observations.ts';
import { ASK_TIMEOUT_MS } from '../local/json-api.ts';
import * as postgres from '../local/postgres.ts';
import { PING_TIMEOUT_MS } from '../local/running-stack.ts';
import { OUTPUT_GRACE_MS, STOP_GRACE_MS } from '../local/sagemaker/container.ts';
import * as modelServer from '../local/sagemaker/model-server.ts';
import { STOP_TIMEOUT_MS } from '../local/stack.ts';
import {
  ANSWER_MS,
  CONNECT_MS,
  PATIENCE_MS,
  SHORT_PATIENCE_MS,
  SILENCE_MS,
} from '../shared/aws/service-client.ts';
import { MODEL_CLIENT } from '../shared/execution/sagemaker-requests.ts';
import {
  DATABASE_LIMITS,
  FAREWELL_MS,
  IDLE_IN_TRANSACTION_MS,
  KEEP_ALIVE_SECONDS,
} from '../shared/fpe-database/connection.ts';
import type { DatabaseLimits } from '../shared/fpe-database/database-errors.ts';
import { WATER_DATA_LIMITS } from '../shared/usgs/water-data-client.ts';
import { repetitionOf } from '../statemachines/error-handling.ts';

const ROOT = join(import.meta.dirname, '..');
export const RELIABILITY_FILE = join(import.meta.dirname, 'reliability.md');

export type Wait = {
  peer: string;
  /** What of it may hang. */
  what: string;
  limit: string;
  /** What it ends as. */
  error: string;
  /** Who tries again. */
  again: string;
  /** File with the tests, and words of their titles. */
  test: [file: string, title: string];
};

const { quick, usual, manyRows, byHand } = DATABASE_LIMITS;
function seconds(ms: number): string {
  if (ms < 120_000) return `${ms / 1000} s`;
  const rest = (ms % 60_000) / 1000;
  return `${Math.floor(ms / 60_000)} min${rest > 0 ? ` ${rest} s` : ''}`;
}
/** Of functions of a minute, of the others, and of those that read many rows. */
const each = (name: keyof DatabaseLimits): string =>
  [...new Set([quick, usual, manyRows].map((limits) => seconds(limits[name])))].join(', ');
const retries =
  MODEL_CLIENT.InvocationsMaxRetries === 1 ? 'once' : `${MODEL_CLIENT.InvocationsMaxRetries} times`;
const goneAfter = 1000 * (KEEP_ALIVE_SECONDS.idle + KEEP_ALIVE_SECONDS.interval * KEEP_ALIVE_SECONDS.count);

/** Of model/serve, which is Python. */
const server = readFileSync(join(ROOT, 'model', 'serve'), 'utf8');
function ofServer(name: string): string {
  const [, value] = new RegExp(`^${name} = ([\\d.]+)$`, 'm').exec(server) ?? [];
  if (value === undefined) throw new Error(`model/serve does not define ${name}`);
  return seconds(1000 * Number(value));
}

/** How long a machine goes on with an error. */
function byMachine(error: string): string {
  const repetition = repetitionOf(error);
  if (!repetition) throw new Error(`No retrier of statemachines/retriers.yml has ${error}`);
  return `the machine, ${repetition.attempts} times in ${repetition.minutes} min`;
}

const DATABASE = 'tests/shared/fpe-database/connection-silence.service.test.ts';
const USGS = 'tests/shared/usgs/water-data.test.ts';
const SERVICES = 'tests/shared/aws/service-client.service.test.ts';
const SERVER = 'model/tests/test_serve.py';
const CHILDREN = 'tests/local/children.service.test.ts';
const unavailable = { error: '`DatabaseUnavailable`', again: byMachine('DatabaseUnavailable') };

export const WAITS: Wait[] = [
  {
    peer: 'database',
    what: 'connecting and logging in',
    limit: each('connectMs'),
    ...unavailable,
    test: [DATABASE, 'when connected to is given up'],
  },
  {
    peer: 'database',
    what: 'the answer to a query, a commit, the next photos',
    limit: `${each('answerMs')}; a server that works ends it itself after ${each('statementMs')}`,
    ...unavailable,
    test: [DATABASE, 'is given up when asked for %s'],
  },
  {
    peer: 'database',
    what: 'a lock that another session holds, dead or alive',
    limit: each('lockMs'),
    ...unavailable,
    test: [DATABASE, 'a lock that a dead session holds'],
  },
  {
    peer: 'database',
    what: 'a connection that it ends, also while photos are read',
    limit: 'at once',
    ...unavailable,
    test: [DATABASE, 'while photos are read is an error at once'],
  },
  {
    peer: 'database',
    what: 'the farewell',
    limit: seconds(FAREWELL_MS),
    error: 'none: the work is done',
    again: 'nobody',
    test: [DATABASE, 'silent at the farewell'],
  },
  {
    peer: 'a function',
    what: 'its session in the database, with what it has locked',
    limit: `${seconds(goneAfter)} when it is gone, ${seconds(IDLE_IN_TRANSACTION_MS)} when it is frozen within a transaction`,
    error: 'the server ends the session',
    again: 'nobody',
    test: [DATABASE, 'lets go of what it holds when it is idle or gone'],
  },
  {
    peer: 'database, of `fpe import` and `fpe schema`',
    what: 'the answer to a query',
    limit: `${seconds(byHand.answerMs)}; a lock ${seconds(byHand.lockMs)}`,
    error: '`DatabaseUnavailable`',
    again: 'whoever has typed it',
    test: [DATABASE, 'each limit ends before the next'],
  },
  {
    peer: 'AWS',
    what: 'connecting; the answer, or the rest of it; the head of an answer that comes slowly',
    limit: `${seconds(CONNECT_MS)}; ${seconds(SILENCE_MS)} without a byte, counted from 3 s after the request; ${seconds(ANSWER_MS)}`,
    error: '`ServiceUnreachable`',
    again: `the client for ${seconds(PATIENCE_MS)}, or ${seconds(SHORT_PATIENCE_MS)} where the network may have no way to the service; ${byMachine('ServiceUnreachable')}`,
    test: [SERVICES, 'after accepting, before the answer, in the middle of it'],
  },
  {
    peer: 'S3',
    what: 'an object that breaks off, or falls silent in the middle',
    limit: `at once; ${seconds(SILENCE_MS)} without a byte`,
    error:
      'none: the rest of the same version is asked for, or all of a small one; then `ServiceUnreachable`',
    again: `the client for ${seconds(PATIENCE_MS)}, anew after each 64 KiB; ${byMachine('ServiceUnreachable')}`,
    test: [SERVICES, 'in the middle of an object is asked again'],
  },
  {
    peer: 'USGS',
    what: 'a page',
    limit: `${seconds(WATER_DATA_LIMITS.answerMs)} to its end; a pause that it asks for ${seconds(WATER_DATA_LIMITS.waitMs)}`,
    error: '`ObservationsUnavailable`',
    again: `the function, ${WATER_DATA_LIMITS.attempts - 1} times; ${byMachine('ObservationsUnavailable')}`,
    test: [USGS, '%s is asked again, and then given up'],
  },
  {
    peer: 'USGS',
    what: 'all pages together',
    limit: seconds(WATER_DATA_TOTAL_MS),
    error: '`ObservationsUnavailable`',
    again: byMachine('ObservationsUnavailable'),
    test: [USGS, '%s is given up when the function has no more time'],
  },
  {
    peer: 'USGS',
    what: 'pages without an end',
    limit: `${WATER_DATA_LIMITS.pages} for a year, or a link that was followed before`,
    error: '`ObservationsRefused`; the link: none',
    again: 'nobody',
    test: [USGS, 'ends by name when every page names another one'],
  },
  {
    peer: 'scoring process',
    what: 'that has died: the photo in work, photos that wait, the server',
    limit: `at once; the server ends ${ofServer('FAREWELL_SECONDS')} after the last one`,
    error: '500; then the job fails',
    again: `the transform job, ${retries}`,
    test: [SERVER, 'without_a_worker_a_photo_is_answered_at_once'],
  },
  {
    peer: 'scoring process',
    what: 'a photo; loading the model',
    limit: `${ofServer('PHOTO_SECONDS')}; ${ofServer('LOAD_SECONDS')}`,
    error: '500; the server does not start',
    again: `the transform job, ${retries}`,
    test: [SERVER, 'whoever_waits_for_a_worker_is_answered_when_the_last_one_is_gone'],
  },
  {
    peer: 'client of the scoring server',
    what: 'a request, or the rest of it',
    limit: ofServer('CONNECTION_SECONDS'),
    error: 'the server hangs up',
    again: 'nobody',
    test: [SERVER, 'a_client_that_falls_silent_is_hung_up_on'],
  },
  {
    peer: 'scoring server, of a transform job',
    what: 'its start; a score',
    limit: `${seconds(modelServer.MODEL_START_TIMEOUT_MS)}; ${MODEL_CLIENT.InvocationsTimeoutInSeconds} s`,
    error: 'the job fails',
    again: `the transform job a score, ${retries}`,
    test: [CHILDREN, 'that is silent %s fails the job'],
  },
  {
    peer: 'SageMaker, of a training',
    what: 'the end of the job',
    limit:
      '`training_max_hours`, or 2 h and four times (`jobTimeMargin` of the stage) what photos, pairs, epochs and instance are expected to need, where that is less; for the machine 2 h more, and twice that for spot instances',
    error: '`TrainingStopped`; for the machine `TrainingTimedOut`, and the job is stopped',
    again: 'whoever redrives: it goes on after the last complete epoch',
    test: ['tests/machines/train-station.service.test.ts', 'does not see the end of are stopped'],
  },
  {
    peer: 'SageMaker, of a transform',
    what: 'the end of the job, as of a model that does not load, which lets every photo wait',
    limit:
      '2 h and four times (`jobTimeMargin` of the stage) what the photos and instances are expected to need',
    error: '`ScoringTimedOut`, and the job is stopped',
    again: 'whoever redrives',
    test: ['tests/machines/train-station.service.test.ts', 'does not see the end of are stopped'],
  },
  {
    peer: 'Step Functions, of a refresh',
    what: 'the end of a station’s execution',
    limit: 'a day, and what the limits of the jobs of the largest station come to',
    error: 'the station counts as failed; its execution is told of as late',
    again: 'the next refresh',
    test: ['tests/machines/refresh-stations.test.ts', 'that is waited for in vain counts as failed'],
  },
  {
    peer: 'training of the local stack',
    what: 'its end; its end after SIGTERM; its output, which another process holds open',
    limit: `that of its job; ${seconds(STOP_GRACE_MS)}; ${seconds(OUTPUT_GRACE_MS)}`,
    error: '`TrainingStopped`; killed; none',
    again: 'nobody',
    test: [CHILDREN, 'ends with its first process, though another one holds its output open'],
  },
  {
    peer: 'PostgreSQL of the local stack',
    what: 'its start; making its files and roles; making the database',
    limit: `${seconds(postgres.DATABASE_START_TIMEOUT_MS)}; ${seconds(postgres.SETUP_TIMEOUT_MS)} each; ${seconds(usual.answerMs)}`,
    error: 'an error with the end of its log; `DatabaseUnavailable`',
    again: 'whoever has started it',
    test: [CHILDREN, 'on a server that is silent %s is given up'],
  },
  {
    peer: 'local stack',
    what: 'an answer to `fpe local fire`; a sign of life; its end',
    limit: `${seconds(ASK_TIMEOUT_MS)}; ${seconds(PING_TIMEOUT_MS)}; ${seconds(STOP_TIMEOUT_MS)} for each part`,
    error: '`ServiceUnreachable`; it counts as ended; an error that names the part',
    again: 'whoever has typed it',
    test: [CHILDREN, 'and is silent %s is given up by name'],
  },
  {
    peer: 'Step Functions, of `fpe watch`',
    what: 'an endpoint that has gone away, or has other credentials by now',
    limit: `${seconds(SHORT_PATIENCE_MS)} after the last answer`,
    error: 'a message with the command to go on with',
    again: 'whoever has typed it',
    test: ['tests/cli/lost-sight.test.ts', 'is not watched for ever'],
  },
];

const HEADER = ['peer', 'what may hang', 'limit', 'ends as', 'tried again by', 'proven by'];

function waitsTable(): string {
  const rows = WAITS.map(({ peer, what, limit, error, again, test: [file] }) =>
    [peer, what, limit, error, again, `\`${file}\``].join(' | '),
  );
  const [header, rule] = [HEADER, HEADER.map(() => '---')].map((cells) => cells.join(' | '));
  return [header, rule, ...rows].map((row) => `| ${row} |`).join('\n');
}

const PLACE = /(<!-- waits -->\n)[\s\S]*?(<!-- \/waits -->)/;

/** The page with the table in its place. */
export function withWaits(page: string): string {
  if (!PLACE.test(page)) throw new Error(`${RELIABILITY_FILE} has no place for the table: <!-- waits -->`);
  return page.replace(PLACE, (_, start, end) => `${start}${waitsTable()}\n${end}`);
}

if (import.meta.main) {
  const page = readFileSync(RELIABILITY_FILE, 'utf8');
  const written = withWaits(page);
  if (written !== page) writeFileSync(RELIABILITY_FILE, written);
  console.log(`docs/reliability.md ${written === page ? 'was up to date' : 'is written'}`);
}
