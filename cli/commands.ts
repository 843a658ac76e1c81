import type { Command } from 'commander';

/** A command of fpe: what `fpe --help` says of it, and where it is. */
export type CommandEntry = {
  description: string;
  /** Options of the program, by their names, that it has a use for; it refuses the others. */
  uses: readonly GlobalOption[];
  /** Its module is loaded only when the command is called: the SDK alone takes a second. */
  load(): Promise<Command>;
  /** Exit code for mistakes in the command line, if it is not 1. */
  mistakeCode?: number;
  /** Whether it looks at all the others, so that they are loaded, too. */
  needsAll?: boolean;
};

export type GlobalOption = 'aws' | 'folder' | 'machine';
/** Of the local stack alone. */
const HERE = ['folder'] as const;
/** Of an account alone. */
const THERE = ['aws'] as const;
/** Of rows and files. */
const DATA = ['aws', 'folder'] as const;
const EXECUTIONS = ['aws', 'folder', 'machine'] as const;

/** Every command of fpe, in the order of its help. */
export const COMMANDS: Record<string, CommandEntry> = {
  demo: {
    description: 'Train and publish a model of the demo station on this computer (npm start)',
    uses: HERE,
    load: async () => (await import('./demo.ts')).demoCommand(),
  },
  start: {
    description: 'Start an execution and watch it',
    uses: EXECUTIONS,
    load: async () => (await import('./start.ts')).startCommand(),
  },
  refresh: {
    description: 'Train or score many stations, each as needed, and watch them',
    uses: EXECUTIONS,
    load: async () => (await import('./refresh.ts')).refreshCommand(),
  },
  watch: {
    description: 'Watch an execution until it ends; Ctrl-C leaves it running',
    uses: EXECUTIONS,
    load: async () => (await import('./watch.ts')).watchCommand(),
  },
  list: {
    description: 'List the latest executions',
    uses: EXECUTIONS,
    load: async () => (await import('./list.ts')).listCommand(),
  },
  show: {
    description: 'Show the states, the result and the input of an execution',
    uses: EXECUTIONS,
    load: async () => (await import('./show.ts')).showCommand(),
  },
  open: {
    description: 'Open the report, the input or dataset page, or the scores of an execution’s model',
    uses: EXECUTIONS,
    load: async () => (await import('./open.ts')).openCommand(),
  },
  input: {
    description: 'Print the input of an earlier execution, to edit it and start it again',
    uses: EXECUTIONS,
    load: async () => (await import('./input.ts')).inputCommand(),
  },
  logs: {
    description: 'Show what the function or the job of a state has logged',
    uses: EXECUTIONS,
    load: async () => (await import('./logs.ts')).logsCommand(),
  },
  compare: {
    description: 'Show the numbers of two models side by side',
    uses: EXECUTIONS,
    load: async () => (await import('./compare.ts')).compareCommand(),
  },
  stop: {
    description: 'Stop an execution and its jobs; published files stay',
    uses: EXECUTIONS,
    load: async () => (await import('./stop.ts')).stopCommand(),
  },
  redrive: {
    description: 'Continue an execution that failed or was stopped; training resumes from its checkpoints',
    uses: EXECUTIONS,
    load: async () => (await import('./redrive.ts')).redriveCommand(),
  },
  schema: {
    description: 'Create FPE’s tables in a database that has none of them',
    uses: DATA,
    load: async () => (await import('./schema.ts')).schemaCommand(),
  },
  weights: {
    description: 'Supply the ImageNet weights that trainings start from, once',
    uses: DATA,
    load: async () => (await import('./weights.ts')).weightsCommand(),
  },
  import: {
    description: 'Load a folder in the layout of FPE’s exporter into the database and the storage bucket',
    uses: DATA,
    load: async () => (await import('./import.ts')).importCommand(),
  },
  local: {
    description: 'Run the stack on this computer: PostgreSQL, S3, Lambda, SageMaker and Step Functions',
    uses: HERE,
    load: async () => (await import('./local.ts')).localCommand(),
  },
  environment: {
    description: 'Create or remove a development environment in AWS: buckets, network, database',
    uses: THERE,
    load: async () => (await import('./environment.ts')).environmentCommand(),
  },
  doctor: {
    description: 'Check the prerequisites of a stage and say what to do; changes nothing',
    uses: THERE,
    load: async () => (await import('./doctor.ts')).doctorCommand(),
  },
  package: {
    description: 'Build the template and archives of a stage in one folder; needs no credentials',
    uses: THERE,
    load: async () => (await import('./package.ts')).packageCommand(),
  },
  deploy: {
    description: 'Create or update the stack of a stage in AWS (npm run deploy)',
    uses: THERE,
    load: async () => (await import('./deploy.ts')).deployCommand(),
  },
  smoke: {
    description:
      'Test a deployed stage or the local stack step by step; stops at the first failure and explains it',
    uses: HERE,
    load: async () => (await import('./smoke.ts')).smokeCommand(),
  },
  models: {
    description:
      'List the models of a station and show which of them the website draws; or list all stations',
    uses: DATA,
    load: async () => (await import('./models.ts')).modelsCommand(),
  },
  promote: {
    description: 'Make a model the default of its station and draw it on the website',
    uses: DATA,
    load: async () => (await import('./models.ts')).promoteCommand(),
  },
  unpublish: {
    description:
      'Stop drawing a model on the website; fpe restore draws it again, fpe promote makes it the default again',
    uses: DATA,
    load: async () => (await import('./models.ts')).unpublishCommand(),
  },
  restore: {
    description: 'Draw a model on the website again, alongside the default',
    uses: DATA,
    load: async () => (await import('./models.ts')).restoreCommand(),
  },
  remove: {
    description: 'Remove the stack of a stage from AWS with its archives (npm run remove)',
    uses: THERE,
    load: async () => (await import('./remove.ts')).removeCommand(),
  },
  verify: {
    description: 'Check that rows, files and claims of stations agree, and repair what is safe to repair',
    uses: DATA,
    load: async () => (await import('./verify.ts')).verifyCommand(),
    // 1 means that faults were found.
    mistakeCode: 2,
  },
  completion: {
    description: 'Print a script by which bash, zsh or fish completes commands and options',
    uses: [],
    load: async () => (await import('./completion.ts')).completionCommand(),
    needsAll: true,
  },
};
