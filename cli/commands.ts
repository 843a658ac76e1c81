import type { Command } from 'commander';

/** A command of fpe: what `fpe --help` says of it, and where it is. */
export type CommandEntry = {
  description: string;
  /** Its module is loaded only when the command is called: the SDK alone takes a second. */
  load(): Promise<Command>;
  /** Exit code for mistakes in the command line, if it is not 1. */
  mistakeCode?: number;
  /** Whether it looks at all the others, so that they are loaded, too. */
  needsAll?: boolean;
};

/** Every command of fpe, in the order of its help. */
export const COMMANDS: Record<string, CommandEntry> = {
  demo: {
    description: 'Train and publish a model of the demo station on this computer (npm start)',
    load: async () => (await import('./demo.ts')).demoCommand(),
  },
  start: {
    description: 'Start an execution and watch it',
    load: async () => (await import('./start.ts')).startCommand(),
  },
  refresh: {
    description: 'Train or score many stations, each as needed, and watch them',
    load: async () => (await import('./refresh.ts')).refreshCommand(),
  },
  watch: {
    description: 'Watch an execution until it ends; Ctrl-C leaves it running',
    load: async () => (await import('./watch.ts')).watchCommand(),
  },
  list: {
    description: 'List the latest executions',
    load: async () => (await import('./list.ts')).listCommand(),
  },
  show: {
    description: 'Show the states, the result and the input of an execution',
    load: async () => (await import('./show.ts')).showCommand(),
  },
  open: {
    description: 'Open the report, the input or dataset page, or the scores of an execution’s model',
    load: async () => (await import('./open.ts')).openCommand(),
  },
  input: {
    description: 'Print the input of an earlier execution, to edit it and start it again',
    load: async () => (await import('./input.ts')).inputCommand(),
  },
  logs: {
    description: 'Show what the function or the job of a state has logged',
    load: async () => (await import('./logs.ts')).logsCommand(),
  },
  compare: {
    description: 'Show the numbers of two models side by side',
    load: async () => (await import('./compare.ts')).compareCommand(),
  },
  stop: {
    description: 'Stop an execution and its jobs; published files stay',
    load: async () => (await import('./stop.ts')).stopCommand(),
  },
  redrive: {
    description: 'Continue an execution that failed or was stopped; training resumes from its checkpoints',
    load: async () => (await import('./redrive.ts')).redriveCommand(),
  },
  schema: {
    description: 'Create FPE’s tables in a database that has none of them',
    load: async () => (await import('./schema.ts')).schemaCommand(),
  },
  weights: {
    description: 'Supply the ImageNet weights that trainings start from, once',
    load: async () => (await import('./weights.ts')).weightsCommand(),
  },
  import: {
    description: 'Load a folder in the layout of FPE’s exporter into the database and the storage bucket',
    load: async () => (await import('./import.ts')).importCommand(),
  },
  local: {
    description: 'Run the stack on this computer: PostgreSQL, S3, Lambda, SageMaker and Step Functions',
    load: async () => (await import('./local.ts')).localCommand(),
  },
  environment: {
    description: 'Create or remove a development environment in AWS: buckets, network, database',
    load: async () => (await import('./environment.ts')).environmentCommand(),
  },
  doctor: {
    description: 'Check the prerequisites of a stage and say what to do; changes nothing',
    load: async () => (await import('./doctor.ts')).doctorCommand(),
  },
  package: {
    description: 'Build the template and archives of a stage in one folder; needs no credentials',
    load: async () => (await import('./package.ts')).packageCommand(),
  },
  deploy: {
    description: 'Create or update the stack of a stage in AWS (npm run deploy)',
    load: async () => (await import('./deploy.ts')).deployCommand(),
  },
  smoke: {
    description:
      'Test a deployed stage or the local stack step by step; stops at the first failure and explains it',
    load: async () => (await import('./smoke.ts')).smokeCommand(),
  },
  models: {
    description: 'List the models of a station and show which of them the website draws',
    load: async () => (await import('./models.ts')).modelsCommand(),
  },
  promote: {
    description: 'Make a model the default of its station and draw it on the website',
    load: async () => (await import('./models.ts')).promoteCommand(),
  },
  unpublish: {
    description:
      'Stop drawing a model on the website; fpe restore draws it again, fpe promote makes it the default again',
    load: async () => (await import('./models.ts')).unpublishCommand(),
  },
  restore: {
    description: 'Draw a model on the website again, alongside the default',
    load: async () => (await import('./models.ts')).restoreCommand(),
  },
  remove: {
    description: 'Remove the stack of a stage from AWS with its archives (npm run remove)',
    load: async () => (await import('./remove.ts')).removeCommand(),
  },
  verify: {
    description: 'Check that rows, files and claims of stations agree, and repair what is safe to repair',
    load: async () => (await import('./verify.ts')).verifyCommand(),
    // 1 means that faults were found.
    mistakeCode: 2,
  },
  completion: {
    description: 'Print a script by which bash, zsh or fish completes commands and options',
    load: async () => (await import('./completion.ts')).completionCommand(),
    needsAll: true,
  },
};
