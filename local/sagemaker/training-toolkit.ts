/**
 * What SageMaker and its PyTorch training toolkit do around a training script: folders, config files, source, arguments and
 * variables (aws/sagemaker-training-toolkit, ENVIRONMENT_VARIABLES.md). `folder` stands for /opt/ml throughout.
 */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { makeFolder } from '../../host/folder.ts';
import { unpackArchive } from '../archive.ts';
import { inFolder } from './container.ts';
import { JobFailure } from './job-data.ts';
import type { TrainingJobRequest } from './job-requests.ts';

const HOST = 'algo-1';

/** The folders and config files that SageMaker creates in every container. */
export async function layOut(folder: string, request: TrainingJobRequest): Promise<void> {
  for (const name of ['code', 'model', 'output/data', 'input/config', 'input/data'])
    makeFolder(join(folder, name));
  const configs = {
    hyperparameters: hyperparametersOf(folder, request),
    inputdataconfig: inputDataConfig(request),
    resourceconfig: resourceConfig(request),
  };
  for (const [name, config] of Object.entries(configs))
    await writeFile(join(folder, 'input', 'config', `${name}.json`), JSON.stringify(config));
}

/** Unpacks the source and returns the command that runs it, as the toolkit would. @throws JobFailure */
export async function prepareScript(
  folder: string,
  request: TrainingJobRequest,
  python: string,
): Promise<string[]> {
  const hyperparameters = hyperparametersOf(folder, request);
  const program = unquote(hyperparameters.sagemaker_program ?? request.Environment?.SAGEMAKER_PROGRAM ?? '');
  const source = unquote(hyperparameters.sagemaker_submit_directory ?? '');
  if (!existsSync(source) || !source.endsWith('.tar.gz'))
    throw new JobFailure(
      `ClientError: sagemaker_submit_directory must name a tar.gz of a channel. Found: ${source || 'nothing'}`,
    );
  const code = join(folder, 'code');
  try {
    await unpackArchive(await readFile(source), code, basename(source));
  } catch (error) {
    throw new JobFailure(`ClientError: ${source} cannot be unpacked: ${(error as Error).message}`);
  }
  if (!program || !existsSync(join(code, program)))
    throw new JobFailure(
      `ClientError: sagemaker_program must name a file of the source. Found: ${program || 'nothing'}`,
    );
  return [python, program, ...argumentsOf(userHyperparameters(hyperparameters))];
}

/** The SM_* variables, and those that the request adds. */
export function environmentOf(
  folder: string,
  request: TrainingJobRequest,
  gpus: number,
): Record<string, string> {
  const hyperparameters = userHyperparameters(hyperparametersOf(folder, request));
  const channels = (request.InputDataConfig ?? []).map(({ ChannelName }) => ChannelName).sort();
  const channelFolder = (name: string) => join(folder, 'input', 'data', name);
  const program = unquote(request.HyperParameters?.sagemaker_program ?? 'train.py');
  const { hosts, current_host, current_instance_type } = resourceConfig(request);
  return {
    ...Object.fromEntries(channels.map((name) => [`SM_CHANNEL_${name.toUpperCase()}`, channelFolder(name)])),
    ...Object.fromEntries(
      Object.entries(hyperparameters).map(([name, value]) => [`SM_HP_${name.toUpperCase()}`, unquote(value)]),
    ),
    SM_CHANNELS: JSON.stringify(channels),
    SM_HPS: decodedJson(hyperparameters),
    SM_USER_ARGS: JSON.stringify(argumentsOf(hyperparameters)),
    SM_MODEL_DIR: join(folder, 'model'),
    SM_MODULE_DIR: join(folder, 'code'),
    SM_MODULE_NAME: program.replace(/\.py$/, ''),
    SM_USER_ENTRY_POINT: program,
    SM_FRAMEWORK_MODULE: 'sagemaker_pytorch_container.training:main',
    SM_INPUT_DIR: join(folder, 'input'),
    SM_INPUT_CONFIG_DIR: join(folder, 'input', 'config'),
    SM_OUTPUT_DIR: join(folder, 'output'),
    SM_OUTPUT_DATA_DIR: join(folder, 'output', 'data'),
    SM_INPUT_DATA_CONFIG: JSON.stringify(inputDataConfig(request)),
    SM_RESOURCE_CONFIG: JSON.stringify(resourceConfig(request)),
    SM_HOSTS: JSON.stringify(hosts),
    SM_CURRENT_HOST: current_host,
    SM_CURRENT_INSTANCE_TYPE: current_instance_type,
    SM_NUM_GPUS: String(gpus),
    SM_NUM_CPUS: String(availableParallelism()),
    SM_LOG_LEVEL: request.HyperParameters?.sagemaker_container_log_level ?? '20',
    TRAINING_JOB_NAME: request.TrainingJobName,
    MASTER_ADDR: '127.0.0.1', // the host's name is known only inside a container
    MASTER_PORT: '7777',
    PYTHONPATH: join(folder, 'code'),
    ...Object.fromEntries(
      Object.entries(request.Environment ?? {}).map(([name, value]) => [name, inFolder(value, folder)]),
    ),
  };
}

const inputDataConfig = ({ InputDataConfig = [] }: TrainingJobRequest): object =>
  Object.fromEntries(
    InputDataConfig.map(({ ChannelName }) => [
      ChannelName,
      { TrainingInputMode: 'File', S3DistributionType: 'FullyReplicated', RecordWrapperType: 'None' },
    ]),
  );

const resourceConfig = ({ ResourceConfig }: TrainingJobRequest) => ({
  current_host: HOST,
  hosts: [HOST],
  current_instance_type: ResourceConfig.InstanceType,
  network_interface_name: 'lo',
});

const hyperparametersOf = (
  folder: string,
  { HyperParameters = {} }: TrainingJobRequest,
): Record<string, string> =>
  Object.fromEntries(Object.entries(HyperParameters).map(([name, value]) => [name, inFolder(value, folder)]));

/** The toolkit does not pass on its own, and sorts the rest. */
const userHyperparameters = (all: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(all)
      .filter(([name]) => !name.startsWith('sagemaker_'))
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );

/** The toolkit decodes each value as JSON and keeps the text if that fails; 1.0 stays 1.0. */
const decodedJson = (values: Record<string, string>): string =>
  `{${Object.entries(values)
    .map(([name, value]) => `${JSON.stringify(name)}: ${isJson(value) ? value : JSON.stringify(value)}`)
    .join(', ')}}`;

const argumentsOf = (values: Record<string, string>): string[] =>
  Object.entries(values).flatMap(([name, value]) => [`--${name}`, pythonText(value)]);

/** Python's str() of the decoded value. */
const pythonText = (value: string): string =>
  ({ true: 'True', false: 'False', null: 'None' })[value] ?? unquote(value);

/** Values may be JSON text, as sent by the Python SDK, or plain. */
const unquote = (value: string): string =>
  /^".*"$/s.test(value) && isJson(value) ? JSON.parse(value) : value;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
