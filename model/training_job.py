"""What SageMaker provides to a training job (folders, cores, a GPU), and the files and lines it reads from
one.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import torch

from checkpoints import write_atomically
from cores import available_cores
from errors import GpuUnavailable, MissingChannel
from hyperparameters import Hyperparameters
from ncnn_network import WHEELS

CODE_FILES = (
    'inference.py',
    'serve',
    'engines.py',
    'ncnn_network.py',
    'network.py',
    'checkpoint_file.py',
    'transforms.py',
    'photos.py',
    'cores.py',
    'errors.py',
)


class Folders(NamedTuple):
    """Where SageMaker puts files, and looks for them."""

    images: Path
    values: Path
    weights: Path | None
    start_model: Path | None  # channel `model`: the archive of another station's model
    checkpoints: Path | None  # those of an unfinished run of the same model code
    model: Path
    output: Path
    output_data: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Folders:
        output = Path(environment.get('SM_OUTPUT_DIR', '/opt/ml/output'))
        channels = {
            name: environment.get(f'SM_CHANNEL_{name.upper()}')
            for name in ('images', 'values', 'weights', 'model', 'checkpoints')
        }
        for name in ('images', 'values'):
            if not channels[name]:
                raise MissingChannel(
                    what=f'The training has no channel {name}',
                    where=f'SM_CHANNEL_{name.upper()}',
                    found='nothing',
                    expected='the folder of the channel',
                    fix='give the job that channel',
                )
        return cls(
            Path(channels['images']),
            Path(channels['values']),
            Path(channels['weights']) if channels['weights'] else None,
            Path(channels['model']) / 'model.tar.gz' if channels['model'] else None,
            Path(channels['checkpoints']) if channels['checkpoints'] else None,
            Path(environment.get('SM_MODEL_DIR', '/opt/ml/model')),
            output,
            Path(environment.get('SM_OUTPUT_DATA_DIR', output / 'data')),
        )


class EpochMetrics(NamedTuple):
    """The results of an epoch; the first three are the row of metrics.csv."""

    epoch: int  # from 0
    train_loss: float  # mean over rows (Q-T12)
    val_loss: float
    val_accuracy: float  # share of the unequal validation pairs in their annotated order; NaN without any
    learning_rate: float
    seconds: float


LOSS_COLUMNS = ('epoch', 'train_loss', 'val_loss')


def epochs_of(metrics: list[EpochMetrics]) -> list[dict[str, Any]]:
    """All results of each epoch, for training.json; null if it is not a number."""
    return [
        {name: None if value != value else value for name, value in row._asdict().items()} for row in metrics
    ]


def set_threads() -> None:
    """All cores for PyTorch, unless OMP_NUM_THREADS says otherwise: Debian's build would start with a single
    one.
    """
    torch.set_num_threads(int(os.environ.get('OMP_NUM_THREADS') or available_cores()))


def choose_device(environment: Mapping[str, str]) -> torch.device:
    """The GPU if the machine has one, otherwise the CPU. Raises GpuUnavailable if SageMaker reports a GPU
    that PyTorch cannot use: on its CPU the job would take days that cost as much as the GPU's.
    """
    gpus = int(environment.get('SM_NUM_GPUS') or 0)
    if torch.cuda.is_available():
        return torch.device('cuda' if gpus or 'SM_NUM_GPUS' not in environment else 'cpu')
    if gpus == 0:
        return torch.device('cpu')
    raise GpuUnavailable(
        'The machine has a GPU that PyTorch cannot use',
        f'instance {environment.get("SM_CURRENT_INSTANCE_TYPE") or "of unknown type"} with {gpus} GPU(s)',
        f'no CUDA: PyTorch {torch.__version__}, built for CUDA {torch.version.cuda or "none"}, {nvidia_driver()}',
        'a container image and a driver for the GPU of this instance',
        'use the training image for GPUs of this PyTorch version (trainingImage of the stage), an instance type that '
        'it supports, or an instance without a GPU',
    )


def nvidia_driver(version_file: Path = Path('/proc/driver/nvidia/version')) -> str:
    """The kernel's description of the driver, in words."""
    try:
        return version_file.read_text(encoding='utf-8').splitlines()[0].strip()
    except (OSError, IndexError):
        return 'no NVIDIA driver'


def write_code(model_folder: Path) -> None:
    """Copy the serving code beside the model, and the library that it scores with: model.tar.gz needs
    nothing else.
    """
    (model_folder / 'code').mkdir(parents=True, exist_ok=True)
    for name in CODE_FILES:
        shutil.copy(Path(__file__).with_name(name), model_folder / 'code' / name)
    shutil.copytree(WHEELS, model_folder / 'code' / WHEELS.name, dirs_exist_ok=True)
    (model_folder / 'code' / 'serve').chmod(0o755)


def write_metrics(metrics: list[EpochMetrics], folder: Path) -> None:
    def write(part: Path) -> None:
        with open(part, 'w', newline='', encoding='utf-8') as file:
            writer = csv.writer(file, lineterminator='\n')
            # Only these: upstream's report draws every column except epoch as a loss.
            writer.writerow(LOSS_COLUMNS)
            writer.writerows(
                ['' if value != value else value for value in (getattr(row, name) for name in LOSS_COLUMNS)]
                for row in metrics
            )

    write_atomically(folder / 'metrics.csv', write)


def write_json(value: Any, path: Path) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False) + '\n'
    write_atomically(path, lambda part: part.write_text(text, encoding='utf-8'))


def write_arguments(settings: Hyperparameters, folders: Folders, environment: Mapping[str, str]) -> None:
    """args.json: the names that upstream's report reads (`epochs`, `lr`), and all the others."""
    values = asdict(settings)
    epochs, rate = values.pop('n_epochs'), values.pop('learning_rate')
    arguments = {
        'hosts': json.loads(environment.get('SM_HOSTS', '["algo-1"]')),
        'current_host': environment.get('SM_CURRENT_HOST', 'algo-1'),
        'model_dir': str(folders.model),
        'output_dir': str(folders.output),
        'images_dir': str(folders.images),
        'values_dir': str(folders.values),
        'num_gpus': int(environment.get('SM_NUM_GPUS') or 0),
        'num_workers': available_cores(),
        'gpu': 0,
        'local': False,
        'epochs': epochs,
        'lr': rate,
        **values,
        'pairs_file': 'pairs.csv',
    }
    write_json(arguments, folders.output_data / 'args.json')


def print_epoch(row: EpochMetrics, n_epochs: int) -> None:
    print(
        f'epoch={row.epoch + 1}/{n_epochs} train_loss={row.train_loss:.6f} val_loss={row.val_loss:.6f} '
        f'val_accuracy={row.val_accuracy:.4f} seconds={row.seconds:.1f}',
        flush=True,
    )
