/** Whom the advice on an error is for: how it begins there, how an e-mail speaks to this person, and who it is. */
export const ADVISED = {
  Hydrologist: {
    address: 'For the hydrologist, who trains models and knows the station',
    who: 'who trains models and knows the station: can change its data on FPE’s website and the input',
  },
  Operator: {
    address: 'For the operator, who deployed the pipeline',
    who: 'who deployed the pipeline: can change the stage’s file, roles, secrets, files and rows',
  },
  Developer: {
    address: 'For the developer, who changes this program',
    who: 'who changes this program: needs a report with the message and the log',
  },
  AWS: { address: 'AWS has a fault', who: 'a service of theirs has a fault' },
  USGS: { address: 'USGS has a fault', who: 'the water data API has a fault' },
  Nobody: { address: 'Nobody has to mend it', who: 'nothing is lost, and nothing is to be done' },
} as const;

export type FailureKind = {
  /** One sentence. */
  what: string;
  /** start: a new execution, as this one would go on with what is wrong; leave: neither. */
  again: 'redrive' | 'start' | 'leave';
  /** When to do it. */
  when: string;
};

/** What can be wrong when an execution fails, and how it is tried again; the docstring of an error names its kind. */
export const FAILURE_KINDS = {
  input: {
    what: 'The execution cannot do what it was started with.',
    again: 'start',
    when: 'Once the input is corrected',
  },
  data: {
    what: 'What FPE has of the station is not enough, or not right.',
    again: 'start',
    when: 'Once the data are complete',
  },
  busy: {
    what: 'Another execution is at work on the same.',
    again: 'start',
    when: 'Once the other one has failed, or with another code',
  },
  outdated: {
    what: 'What it works with has been replaced since it began.',
    again: 'start',
    when: 'To work with what is there now',
  },
  'taken-over': { what: 'Another execution has taken over from this one.', again: 'leave', when: '' },
  'set-up': {
    what: 'A setting, a right or a network is not as the execution needs it.',
    again: 'redrive',
    when: 'Once it is mended',
  },
  deployment: {
    what: 'What is deployed does not fit together, and this execution keeps it.',
    again: 'start',
    when: 'Once it is deployed anew',
  },
  capacity: {
    what: 'It needs more than the account, its network or a function has.',
    again: 'redrive',
    when: 'Once there is more',
  },
  passing: {
    what: 'Something was away, busy or being changed, for longer than the machine waits.',
    again: 'redrive',
    when: 'Once it is over',
  },
  interrupted: {
    what: 'It was stopped, or took longer than it may.',
    again: 'redrive',
    when: 'If it should go on',
  },
  'foreign-file': {
    what: 'A file that was there before this execution is missing, broken or another one.',
    again: 'redrive',
    when: 'Once the file is put back',
  },
  'own-file': {
    what: 'A file that the execution made for itself is missing or wrong.',
    again: 'start',
    when: 'To make its files anew',
  },
  learning: {
    what: 'The training went wrong with these hyperparameters.',
    again: 'start',
    when: 'With other hyperparameters',
  },
  program: {
    what: 'It is a mistake of this program.',
    again: 'start',
    when: 'Once it is mended and deployed',
  },
  unknown: {
    what: 'It has failed in a way that has no name here.',
    again: 'redrive',
    when: 'Once you have read the cause',
  },
} as const satisfies Record<string, FailureKind>;

export type FailureKindName = keyof typeof FAILURE_KINDS;

/** What is told of errors of one meaning. */
export type FailureAdvice = {
  names: readonly string[];
  kind: FailureKindName;
  /** Each begins with one of ADVISED and a colon. */
  fix: readonly string[];
};
