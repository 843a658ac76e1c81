/**
 * Writes docs/costs.md from the cost model, the machine, the functions' memory and the environment's template:
 * `npm run costs`. With a JSON object it prints the parts of that run instead and writes nothing, for instance
 * `npm run costs -- '{"photos": 100000, "trainingSpot": true, "prices": {"readRequest": 0.0000005}}'`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ASSUMED_SPEED,
  ASSUMPTIONS,
  mergeBatches,
  type RunWorkload,
  trainingSeconds,
  transformSeconds,
} from '../shared/cost/assumptions.ts';
import {
  estimateMonthlyCost,
  estimateRunCost,
  functionCost,
  LIST_DATABASE_HOURS,
  LIST_INSTANCE_HOURS,
  LIST_PRICES,
  type Prices,
  type RunPart,
  type RunUsage,
  type StandingPart,
  type StandingUsage,
  US_WEST_2,
} from '../shared/cost/model.ts';
import { formatCount } from '../shared/formats/numbers.ts';
import {
  environmentUsage,
  estimate,
  LEVERS,
  pipelineUsage,
  STATIONS_A_MONTH,
  USUAL,
} from './cost-scenarios.ts';

export const COSTS_FILE = join(import.meta.dirname, 'costs.md');

type Row = (string | number)[];

/** The whole page. */
export function costsPage(): string {
  return [
    introduction(),
    runSection(),
    leverSection(),
    sizeSection(),
    monthSection(),
    assumptionSection(),
    priceSection(),
  ].join('\n');
}

const introduction = () => `# What it costs

This page is computed (\`npm run costs\`) from [prices](../shared/cost/model.ts) and
[assumptions](../shared/cost/assumptions.ts), from the states of the [machine](../statemachines/train-station.asl.yml)
and from the memory of the [functions](../resources/functions.yml). **How long things take on AWS is assumed, not
measured**; each assumption is listed below with its basis. After your first run, use its own numbers instead: the SageMaker
console shows the billable seconds of both jobs.

All amounts are in USD at the list prices of us-west-2, without free tiers, taxes or discounts.
`;

function runSection(): string {
  const { usage, cost, hours } = estimate(USUAL);
  return `## A run of ${formatCount(USUAL.photos)} photos

${formatCount(USUAL.pairs)} annotation pairs of ${formatCount(USUAL.photosInPairs)} different photos, ${USUAL.epochs} epochs, and the defaults for everything
else. **${usd(cost.total)} USD and ${duration(hours.total)}**, of which ${duration(hours.training)} are training, ${duration(hours.transform)} scoring and ${duration(hours.functions)} all
functions. Waiting for SageMaker to provide an instance comes on top and costs nothing.

${table(['part', 'how much', 'USD', 'share'], [...runRows(usage), ['**all**', '', `**${usd(cost.total)}**`, '']])}
The functions, one by one:

${table(
  ['function', 'calls', 'seconds, all calls', 'MB', 'USD'],
  usage.functions.map((one) => [
    one.name,
    one.calls,
    one.seconds.toFixed(0),
    formatCount(one.memoryMb),
    usd(functionCost(one, US_WEST_2)),
  ]),
)}`;
}

/** Each part of a run with what it is the price of, and its share of all of them. */
function runRows(usage: RunUsage, prices: Prices = US_WEST_2): Row[] {
  const { parts, total } = estimateRunCost(usage, prices);
  const { calls, gbSeconds } = usage.functions.reduce(
    (all, { calls, seconds, memoryMb }) => ({
      calls: all.calls + calls,
      gbSeconds: all.gbSeconds + (seconds * memoryMb) / 1024,
    }),
    { calls: 0, gbSeconds: 0 },
  );
  const job = (kind: 'training' | 'transform') =>
    usage.jobs
      .filter((one) => one.kind === kind)
      .map(
        (one) => `${one.instanceCount} × ${one.instanceType}, ${duration(one.billableSeconds / 3600)} billed`,
      )
      .join('; ');
  const described: Record<RunPart, [string, string]> = {
    states: ['state machine', `${usage.transitions} transitions`],
    functions: ['functions', `${calls} calls, ${formatCount(Math.round(gbSeconds))} GB-seconds`],
    training: ['training', job('training')],
    transform: ['scoring', job('transform')],
    requests: [
      'S3 requests',
      `${formatCount(usage.requests.reads)} reads, ${formatCount(usage.requests.writes)} writes`,
    ],
    storage: ['S3 storage', `${usage.storedGbMonths} GB for a month`],
    logs: ['logs', `${(usage.logGb * 1000).toFixed(0)} MB`],
    notifications: ['notifications', `${usage.emails} e-mail, ${usage.events} event`],
  };
  return (Object.keys(described) as RunPart[]).map((part) => {
    const [name, amount] = described[part];
    return [name, amount, usd(parts[part]), `${((100 * parts[part]) / total).toFixed(0)} %`];
  });
}

function leverSection(): string {
  const base = estimate(USUAL);
  const rows = LEVERS.map(({ what, change, note }) => {
    const { cost, hours } = estimate({ ...USUAL, ...change });
    return [
      what,
      signed(cost.total - base.cost.total, usd),
      signed(hours.total - base.hours.total, duration),
      `${usd(cost.total)}, ${duration(hours.total)}`,
      note,
    ];
  });
  return `## Levers

The effect of a single change to the input (or to the stage) on the run above.

${table(['change', 'USD', 'time', 'then', ''], rows)}`;
}

function sizeSection(): string {
  const rows = [2_000, USUAL.photos, 100_000, 1_000_000].map((photos) => {
    const row: Row = [formatCount(photos)];
    for (const transformInstanceCount of [1, 10]) {
      const { cost, hours } = estimate({ ...USUAL, photos, transformInstanceCount });
      row.push(usd(cost.total), duration(hours.total));
    }
    return row;
  });
  return `## By size of the station

Scoring and S3 scale with the number of photos, training with pairs and epochs. More instances finish sooner with the same total
work. S3 writes are a large part of the cost, because a transform job writes an object for each photo.

${table(['photos', 'USD, 1 transform instance', 'time', 'USD, 10 transform instances', 'time'], rows)}`;
}

function monthSection(): string {
  const environment = environmentUsage();
  const standing = pipelineUsage();
  const pipeline = estimateMonthlyCost(standing);
  const development = estimateMonthlyCost(environment);
  const described: Record<StandingPart, (usage: StandingUsage) => string> = {
    keys: ({ keys }) => `${keys} key of KMS, for the notifications`,
    alarms: ({ alarmMetrics }) => `alarms on ${alarmMetrics} metrics`,
    dashboards: ({ dashboards, freeDashboards }) =>
      `${dashboards} dashboard, if the account has no more than ${freeDashboards}; otherwise ${usd(US_WEST_2.dashboardMonth)}`,
    metrics: () =>
      `metrics of the pipeline, if ${STATIONS_A_MONTH} stations are trained; one is written every hour`,
    endpoints: ({ endpointZones }) => `${endpointZones} interface endpoints, in one zone each`,
    addresses: ({ publicAddresses }) =>
      `${publicAddresses} public address, if a developer may reach the database`,
    secrets: ({ secrets }) => `${secrets} secret, the database’s`,
    database: ({ databaseClass, databaseGb }) => `${databaseClass} with ${databaseGb} GB`,
  };
  const rowsOf = (usage: StandingUsage, { parts, total }: ReturnType<typeof estimateMonthlyCost>): Row[] => [
    ...(Object.keys(parts) as StandingPart[])
      .filter((part) => parts[part] > 0 || (part === 'dashboards' && usage.dashboards > 0))
      .map((part) => [described[part](usage), usd(parts[part])]),
    ['**all**', `**${usd(total)}**`],
  ];
  return `## Per month, whether or not anything runs

The pipeline’s own stack:

${table(['what', 'USD a month'], rowsOf(standing, pipeline))}
A development environment ([environment/template.yml](../environment/template.yml)) comes on top, for accounts without FPE's
stacks. Its photos cost ${usd(US_WEST_2.storedGbMonth)} per GB and month, ${usd((USUAL.photos * ASSUMPTIONS.photoMb.value * US_WEST_2.storedGbMonth) / 1000)} for ${formatCount(USUAL.photos)} of them. A stopped database costs only its
volume; a removed stack costs nothing.

${table(['what', 'USD a month'], rowsOf(environment, development))}`;
}

function assumptionSection(): string {
  const speeds = (kind: 'training' | 'transform', what: string) =>
    Object.entries(ASSUMED_SPEED[kind]).map(
      ([type, speed]): Row => [speed, `${what} on ${type}`, 'an estimate'],
    );
  const seconds = (value: number) => formatCount(Math.round(value));
  return `## Assumptions

${table(
  ['value', 'what', 'basis'],
  [
    ...Object.values(ASSUMPTIONS).map(({ value, what, basis }): Row => [value, what, basis]),
    ...speeds('training', 'photos a second forward and backward, 480 pixels,'),
    ...speeds('transform', 'photos a second scored, 480 pixels,'),
  ],
)}
Speeds are estimated from the capabilities of the processors. On a 2-core CPU, scoring a photo of 2560×1920 took 0.1 s in the network and
0.09 s for decoding.

- Training = start + photos in pairs × MB ÷ MB a second + photos in pairs ÷ decoded a second + epochs × pairs × 4 ÷
  photos a second (a pair is listed twice, mirrored). Here ${seconds(trainingSeconds(USUAL))} s.
- Scoring = start + photos ÷ instances ÷ photos a second, for each instance. Here ${seconds(transformSeconds(USUAL))} s.
- A job costs instances × seconds ÷ 3600 × (price of the instance + GB × price of the volume ÷ 730); for spot, the
  seconds are multiplied by the share of the price.
- A function costs GB × seconds × price, plus its calls; MergePredictions takes photos × latency ÷ 200, plus a start per batch.
- S3: one read for each photo in a pair, two for each photo, and one write for each photo, which is the answer of the transform job.
- The machine: one transition into each state and one out of the last, and the same for each of the ${mergeBatches(USUAL)} merge batches.
`;
}

function priceSection(): string {
  const listed = Object.entries(LIST_PRICES).map(
    ([name, { usd, per, source }]): Row => [`\`${name}\``, price(usd), per, source],
  );
  const hours = (list: Record<string, { usd: number; source: string }>, what: string) =>
    Object.entries(list).map(([type, { usd, source }]): Row => [type, price(usd), what, source]);
  return `## Prices, and how to change them

For another region, a discount or a changed price, edit [shared/cost/model.ts](../shared/cost/model.ts) and run
\`npm run costs\`. To estimate a single run without rewriting this page, pass its numbers, and any prices that differ:

    npm run costs -- '{"photos": 100000, "pairs": 5000, "trainingSpot": true}'
    npm run costs -- '{"prices": {"writeRequest": 0.0000055, "instanceHour": {"ml.c5.xlarge": 0.226}}}'

${table(
  ['name', 'USD', 'per', 'source'],
  [
    ...listed,
    ...hours(LIST_INSTANCE_HOURS, 'hour of a SageMaker instance'),
    ...hours(LIST_DATABASE_HOURS, 'hour of an RDS instance of PostgreSQL'),
  ],
)}`;
}

/** A run with other numbers, as lines for the terminal. */
export function describeRun(given: Record<string, unknown>): string {
  const { prices = {}, ...changes } = given;
  requireNames(changes, USUAL, 'the run');
  requireNames(prices as object, US_WEST_2, 'prices');
  const workload: RunWorkload = { ...USUAL, ...changes };
  const changed = prices as Partial<Prices>;
  const all: Prices = {
    ...US_WEST_2,
    ...changed,
    instanceHour: { ...US_WEST_2.instanceHour, ...changed.instanceHour },
    databaseHour: { ...US_WEST_2.databaseHour, ...changed.databaseHour },
  };
  const { usage, cost, hours } = estimate(workload, all);
  return [
    ...runRows(usage, all).map(
      ([name, amount, usd, share]) =>
        `${`${name}`.padEnd(15)}${`${usd}`.padStart(8)} USD  ${`${share}`.padStart(5)}  ${amount}`,
    ),
    `${'all'.padEnd(15)}${usd(cost.total).padStart(8)} USD         ${duration(hours.total)} and the wait for instances`,
    ...(cost.unpriced.length > 0 ? [`Without a price, and so left out: ${cost.unpriced.join(', ')}`] : []),
    'Durations are assumptions: see docs/costs.md.',
  ].join('\n');
}

function requireNames(given: object, known: object, what: string): void {
  const unknown = Object.keys(given).filter((name) => !(name in known));
  if (unknown.length > 0)
    throw new Error(`${what} has no ${unknown.join(', ')}. There: ${Object.keys(known).join(', ')}.`);
}

/** Two decimals, or four below a cent. */
function usd(amount: number): string {
  if (amount === 0 || amount >= 0.01) return amount.toFixed(2);
  return amount < 0.0001 ? '<0.0001' : amount.toFixed(4);
}

/** Without the zeros of a power of ten: 0.0000004. */
const price = (amount: number): string =>
  amount === 0 ? '0' : amount.toFixed(12).replace(/0+$/, '').replace(/\.$/, '');

/** Minutes below two hours, hours above. */
const duration = (hours: number): string =>
  hours < 2 ? `${Math.round(hours * 60)} min` : `${hours.toFixed(1)} h`;

function signed(amount: number, format: (amount: number) => string): string {
  const text = format(Math.abs(amount));
  if (Math.abs(amount) < 1e-9 || Number.parseFloat(text) === 0) return '±0';
  return `${amount < 0 ? '−' : '+'}${text}`;
}

const table = (header: string[], rows: Row[]): string =>
  `${[header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;

if (import.meta.main) {
  const [given] = process.argv.slice(2);
  if (given) console.log(describeRun(JSON.parse(given)));
  else {
    const page = costsPage();
    const isFresh = readFileSync(COSTS_FILE, { encoding: 'utf8', flag: 'a+' }) === page;
    if (!isFresh) writeFileSync(COSTS_FILE, page);
    console.log(`docs/costs.md ${isFresh ? 'was up to date' : 'is written'}`);
  }
}
