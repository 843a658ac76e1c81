/** One list price in USD: of what, and where it is from. Prices change, so every estimate takes them as a parameter. */
type ListPrice = { usd: number; per: string; source: string };

/** Where a price is from, and how far to trust it (November 2026). */
const CONCORDANT = 'several public sources that agree, 2025 and 2026';
const QUOTED = 'a public repository that quotes the AWS Price List of us-west-2, 2026';
const ELSEWHERE = 'several public repositories, us-east-1; us-west-2 unchecked';
const UNCHECKED = 'unchecked: look it up before you rely on it';

/** List prices of us-west-2 without any free tier, but for dashboards, whose first three every account has free. */
export const LIST_PRICES = {
  transition: { usd: 0.025 / 1000, per: 'transition of a standard state machine', source: CONCORDANT },
  functionGbSecond: { usd: 0.0000133334, per: 'GB-second of an arm64 function', source: CONCORDANT },
  functionCall: { usd: 0.2 / 1e6, per: 'call of a function', source: CONCORDANT },
  readRequest: { usd: 0.0004 / 1000, per: 'GET of S3', source: UNCHECKED },
  writeRequest: { usd: 0.005 / 1000, per: 'PUT, COPY or LIST of S3', source: UNCHECKED },
  storedGbMonth: { usd: 0.023, per: 'GB-month of S3 Standard', source: UNCHECKED },
  jobVolumeGbMonth: { usd: 0.14, per: 'GB-month of a job’s volume', source: UNCHECKED },
  logGb: { usd: 0.5, per: 'GB written to CloudWatch Logs', source: UNCHECKED },
  email: { usd: 2 / 100_000, per: 'e-mail of SNS', source: UNCHECKED },
  serviceEvent: { usd: 0, per: 'event of an AWS service that EventBridge hands on', source: UNCHECKED },
  keyMonth: { usd: 1, per: 'key of KMS and month', source: UNCHECKED },
  alarmMetricMonth: { usd: 0.1, per: 'metric that an alarm watches, and month', source: UNCHECKED },
  dashboardMonth: {
    usd: 3,
    per: 'dashboard and month, after the account’s first three',
    source: UNCHECKED,
  },
  metricMonth: {
    usd: 0.3,
    per: 'metric of one’s own and month, by the hours in which it has values',
    source: UNCHECKED,
  },
  endpointHour: { usd: 0.01, per: 'interface endpoint, zone and hour', source: UNCHECKED },
  addressHour: { usd: 0.005, per: 'public IPv4 address and hour', source: UNCHECKED },
  secretMonth: { usd: 0.4, per: 'secret and month', source: UNCHECKED },
  databaseGbMonth: { usd: 0.115, per: 'GB-month of a database’s gp3 volume', source: UNCHECKED },
} as const satisfies Record<string, ListPrice>;

/** USD for an hour of one SageMaker instance, for training and transform alike. */
export const LIST_INSTANCE_HOURS: Record<string, { usd: number; source: string }> = {
  'ml.g6.xlarge': { usd: 1.127, source: QUOTED },
  'ml.g6.2xlarge': { usd: 1.222, source: QUOTED },
  'ml.g5.xlarge': { usd: 1.408, source: QUOTED },
  'ml.g5.2xlarge': { usd: 1.515, source: QUOTED },
  'ml.g6e.xlarge': { usd: 2.61, source: QUOTED },
  'ml.g4dn.xlarge': { usd: 0.7364, source: ELSEWHERE },
  'ml.c5.xlarge': { usd: 0.204, source: ELSEWHERE },
  'ml.c7i.xlarge': { usd: 0.214, source: 'from the ratio of EC2’s prices: unchecked' },
};

/** USD for an hour of one RDS instance of PostgreSQL in one zone. */
export const LIST_DATABASE_HOURS: Record<string, { usd: number; source: string }> = {
  'db.t4g.micro': { usd: 0.016, source: UNCHECKED },
  'db.t4g.small': { usd: 0.032, source: UNCHECKED },
};

/** USD; the names say for what. */
export type Prices = Record<keyof typeof LIST_PRICES, number> & {
  instanceHour: Record<string, number>;
  databaseHour: Record<string, number>;
};

export const US_WEST_2: Prices = {
  ...(usdOf(LIST_PRICES) as Record<keyof typeof LIST_PRICES, number>),
  instanceHour: usdOf(LIST_INSTANCE_HOURS),
  databaseHour: usdOf(LIST_DATABASE_HOURS),
};

/** One function in one run: all its calls together. */
export type FunctionUsage = { name: string; memoryMb: number; calls: number; seconds: number };

/** One job. SageMaker bills each instance by the second; a spot discount is fewer billable seconds at the same price. */
export type JobUsage = {
  kind: 'training' | 'transform';
  instanceType: string;
  instanceCount: number;
  /** Of one instance: BillableTimeInSeconds of a training job, end less start of a transform job. */
  billableSeconds: number;
  volumeGb: number;
};

/** What a run used, or is expected to use. Any part may be replaced by what was measured. */
export type RunUsage = {
  transitions: number;
  functions: FunctionUsage[];
  jobs: JobUsage[];
  /** Requests to S3, those of SageMaker included. */
  requests: { reads: number; writes: number };
  /** What the run leaves in S3, for one month. */
  storedGbMonths: number;
  logGb: number;
  emails: number;
  events: number;
};

export type RunPart =
  | 'states'
  | 'functions'
  | 'training'
  | 'transform'
  | 'requests'
  | 'storage'
  | 'logs'
  | 'notifications';

export type RunCost = {
  /** USD by part. */
  parts: Record<RunPart, number>;
  /** Sum of the parts in USD; a lower limit where something has no price. */
  total: number;
  /** Instance types that have no price here: their hours are counted as nothing. */
  unpriced: string[];
};

const HOURS_A_MONTH = 730;
const SECONDS_AN_HOUR = 3600;

/**
 * What a run costs in USD, by part. The photos themselves and their transfer within the region cost nothing more.
 *
 * @param usage of the run, measured or expected (shared/cost/assumptions.ts)
 */
export function estimateRunCost(usage: RunUsage, prices: Prices = US_WEST_2): RunCost {
  const jobCost = (kind: JobUsage['kind']) =>
    sum(usage.jobs.filter((job) => job.kind === kind).map((job) => instanceCost(job, prices)));
  const parts: Record<RunPart, number> = {
    states: usage.transitions * prices.transition,
    functions: sum(usage.functions.map((one) => functionCost(one, prices))),
    training: jobCost('training'),
    transform: jobCost('transform'),
    requests: usage.requests.reads * prices.readRequest + usage.requests.writes * prices.writeRequest,
    storage: usage.storedGbMonths * prices.storedGbMonth,
    logs: usage.logGb * prices.logGb,
    notifications: usage.emails * prices.email + usage.events * prices.serviceEvent,
  };
  const types = new Set(usage.jobs.map(({ instanceType }) => instanceType));
  return {
    parts,
    total: sum(Object.values(parts)),
    unpriced: [...types].filter((type) => prices.instanceHour[type] === undefined).sort(),
  };
}

/** USD of one function's calls in a run: memory in GB × seconds, and the calls. */
export const functionCost = ({ memoryMb, calls, seconds }: FunctionUsage, prices: Prices): number =>
  (memoryMb / 1024) * seconds * prices.functionGbSecond + calls * prices.functionCall;

/** Instance and volume for the billable time; a type without a price costs its volume only. */
function instanceCost(
  { instanceType, instanceCount, billableSeconds, volumeGb }: JobUsage,
  prices: Prices,
): number {
  const hours = (billableSeconds / SECONDS_AN_HOUR) * instanceCount;
  const volumeHour = (volumeGb * prices.jobVolumeGbMonth) / HOURS_A_MONTH;
  return hours * ((prices.instanceHour[instanceType] ?? 0) + volumeHour);
}

/** What is there whether anything runs or not. */
export type StandingUsage = {
  keys: number;
  /** Metrics that alarms watch: one alarm may watch several, and each has the price of an alarm. */
  alarmMetrics: number;
  dashboards: number;
  /** Dashboards that the account does not pay for. */
  freeDashboards: number;
  /** Of each metric, the share of the month's hours in which it has values. */
  metricMonths: number;
  /** Interface endpoints × zones. */
  endpointZones: number;
  publicAddresses: number;
  secrets: number;
  databaseClass: string | null;
  databaseGb: number;
};

export type StandingPart =
  | 'keys'
  | 'alarms'
  | 'dashboards'
  | 'metrics'
  | 'endpoints'
  | 'addresses'
  | 'secrets'
  | 'database';

/** What a month costs in USD without a single run, by part. */
export function estimateMonthlyCost(
  usage: StandingUsage,
  prices: Prices = US_WEST_2,
): { parts: Record<StandingPart, number>; total: number } {
  const databaseHour = usage.databaseClass === null ? 0 : (prices.databaseHour[usage.databaseClass] ?? 0);
  const parts: Record<StandingPart, number> = {
    keys: usage.keys * prices.keyMonth,
    alarms: usage.alarmMetrics * prices.alarmMetricMonth,
    dashboards: Math.max(0, usage.dashboards - usage.freeDashboards) * prices.dashboardMonth,
    metrics: usage.metricMonths * prices.metricMonth,
    endpoints: usage.endpointZones * prices.endpointHour * HOURS_A_MONTH,
    addresses: usage.publicAddresses * prices.addressHour * HOURS_A_MONTH,
    secrets: usage.secrets * prices.secretMonth,
    database: databaseHour * HOURS_A_MONTH + usage.databaseGb * prices.databaseGbMonth,
  };
  return { parts, total: sum(Object.values(parts)) };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function usdOf(list: Record<string, { usd: number }>): Record<string, number> {
  return Object.fromEntries(Object.entries(list).map(([name, { usd }]) => [name, usd]));
}
