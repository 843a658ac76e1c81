"""Train a station's ranking model from annotated pairs of photos.

SageMaker runs this file in its PyTorch container; the local stack runs it the same way:

    SM_HPS='{"n_epochs": "8", "input_size": "128", "pretrained": "false"}' \\
    SM_CHANNEL_IMAGES=… SM_CHANNEL_VALUES=… SM_MODEL_DIR=… SM_OUTPUT_DIR=… SM_OUTPUT_DATA_DIR=… python train.py

Reads   images channel: the photos, at the path that pairs.csv gives · values channel: pairs.csv ·
        weights channel, if `pretrained`: one .pth, ImageNet weights of ResNet-18
Writes  model dir: model.pth (the epoch of lowest validation loss), code/ (what serves it) ·
        output data dir: args.json, metrics.csv, training.json · checkpoint dir: epoch_NN.pth ·
        output dir: failure, one line, if it fails
Prints  one line per epoch, from which SageMaker takes its metrics (MetricDefinitions)

Settings are in hyperparameters.py, the network in network.py, what it sees in transforms.py, the pairs in photo_pairs.py.
"""

from __future__ import annotations

import os

# Both are read when the libraries load. PyTorch's own threads do the work here: where numpy's BLAS starts as many again,
# they fight for the same cores. And a thread that waits for another one sleeps instead of spinning: with a database and
# an object store on the same two cores, spinning makes a step four times slower.
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')

import csv  # noqa: E402
import hashlib  # noqa: E402
import json  # noqa: E402
import math  # noqa: E402
import queue  # noqa: E402
import shutil  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402
import traceback  # noqa: E402
from contextlib import nullcontext  # noqa: E402
from dataclasses import asdict, dataclass  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional  # noqa: E402

import torch  # noqa: E402
import torchvision  # noqa: E402
from torch import Tensor  # noqa: E402

from errors import (  # noqa: E402
    MissingChannel,
    PipelineError,
    PretrainedWeightsMissing,
    TrainingDiverged,
    write_failure,
)
from hyperparameters import Hyperparameters, parse_hyperparameters  # noqa: E402
from network import (  # noqa: E402
    RankNet,
    load_checkpoint,
    load_imagenet_weights,
    load_published_state,
    published_state,
    ranking_loss,
)
from photo_pairs import (  # noqa: E402
    Pairs,
    average_statistics,
    distinct_pairs,
    drop_unreadable,
    file_names,
    median_aspect,
    read_pairs,
    read_photos,
    readable_sizes,
    sample_for_statistics,
)
from transforms import (  # noqa: E402
    Colours,
    Sizes,
    Views,
    central_views,
    checkpoint_transforms,
    crop_views,
    prepare_batch,
    random_views,
    sizes_for,
)

MOMENTUM = 0.9
PATIENCE_EPOCHS = 1  # without a lower validation loss, before the learning rate is halved
VALIDATION_BATCH = 32  # photos
CODE_FILES = ('inference.py', 'serve', 'network.py', 'transforms.py', 'photos.py', 'errors.py')
TERMINATED = 128 + signal.SIGTERM


class Folders(NamedTuple):
    """Where SageMaker puts things, and looks for them."""

    images: Path
    values: Path
    weights: Optional[Path]
    model: Path
    output: Path
    output_data: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Folders:
        output = Path(environment.get('SM_OUTPUT_DIR', '/opt/ml/output'))
        channels = {name: environment.get(f'SM_CHANNEL_{name.upper()}') for name in ('images', 'values', 'weights')}
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
            Path(environment.get('SM_MODEL_DIR', '/opt/ml/model')),
            output,
            Path(environment.get('SM_OUTPUT_DATA_DIR', output / 'data')),
        )


@dataclass
class Data:
    """What is learnt from: the resized photos, the pairs of both splits, and how photos are shown to the network."""

    photos: Tensor  # uint8 (photos, height, width, 3)
    train: Pairs
    val: Pairs
    sizes: Sizes
    colours: Colours
    aspect: float
    mean: List[float]
    sd: List[float]
    counts: Dict[str, Any]


class EpochMetrics(NamedTuple):
    """One row of metrics.csv."""

    epoch: int  # from 0
    train_loss: float  # mean over rows (Q-T12)
    val_loss: float
    val_accuracy: float  # share of the unequal validation pairs in their annotated order; NaN without any
    learning_rate: float
    seconds: float


# Threads and device


def available_cores() -> int:
    """Cores this process may use: fewer than the machine has, in some containers."""
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


def set_threads() -> None:
    """All cores for PyTorch, unless OMP_NUM_THREADS says otherwise: Debian's build would start with a single one."""
    torch.set_num_threads(int(os.environ.get('OMP_NUM_THREADS') or available_cores()))


def choose_device(environment: Mapping[str, str]) -> torch.device:
    has_gpu = int(environment.get('SM_NUM_GPUS') or torch.cuda.device_count()) > 0 and torch.cuda.is_available()
    return torch.device('cuda' if has_gpu else 'cpu')


def body_precision(device: torch.device):
    """On GPUs that have it, the body computes in bfloat16; head, loss and weights stay in float32."""
    if device.type == 'cuda' and torch.cuda.is_bf16_supported():
        return torch.autocast('cuda', torch.bfloat16)
    return nullcontext()


# Data


def load_data(folders: Folders, settings: Hyperparameters) -> Data:
    """Read pairs and photos. Unreadable photos are counted, and their pairs left out (Q-T3)."""
    rows = read_pairs(folders.values / 'pairs.csv')
    names = file_names(rows)
    sizes_by_name, unreadable = readable_sizes(names, folders.images)
    readable_rows = drop_unreadable(rows, set(unreadable))
    train_rows = [row for row in readable_rows if row.split == 'train']

    aspect = median_aspect([sizes_by_name[name] for name in file_names(train_rows)])
    sizes = sizes_for(aspect, settings.input_size)
    measured = sample_for_statistics(train_rows, settings.num_image_stats, settings.random_seed)
    photos = read_photos(file_names(readable_rows), folders.images, sizes.resized, measured, available_cores())
    unreadable = {**unreadable, **photos.unreadable}
    kept = drop_unreadable(rows, set(unreadable))
    statistics = average_statistics(photos, measured)
    normalize = settings.normalize and not settings.decolorize

    train, val = (distinct_pairs([row for row in kept if row.split == split], photos.positions) for split in ('train', 'val'))
    return Data(
        photos.pixels,
        train,
        val,
        sizes,
        Colours(settings.decolorize, statistics.mean if normalize else None, statistics.sd if normalize else None),
        aspect,
        statistics.mean,
        statistics.sd,
        {
            'photos': len(names),
            'photos_unreadable': len(unreadable),
            'unreadable': unreadable,
            'rows': len(rows),
            'rows_left_out': len(rows) - len(kept),
            'pairs_train': len(train),
            'pairs_val': len(val),
        },
    )


class Batch(NamedTuple):
    """Pairs of a step; the first half of `photos` are their photos 1, the second their photos 2."""

    photos: Tensor  # uint8 (2 · pairs, height, width, 3)
    views: Views
    label: Tensor  # (pairs,)
    rows: Tensor


def training_batches(data: Data, settings: Hyperparameters, epoch: int) -> Iterator[Batch]:
    """The training pairs of an epoch, shuffled, in steps of `batch_size` rows; the last may be shorter.

    Each epoch has a random generator of its own: a resumed training draws what an uninterrupted one would have drawn.
    """
    generator = torch.Generator().manual_seed(settings.random_seed * 1009 + epoch)
    order = torch.randperm(len(data.train), generator=generator)
    for chosen in order.split(data.train.pairs_per_batch(settings.batch_size)):
        photos = torch.cat([data.train.photo_1[chosen], data.train.photo_2[chosen]])
        draw = random_views if settings.augment else lambda count, sizes, generator: central_views(count, sizes)
        views = draw(len(photos), data.sizes, generator)
        crops = crop_views([data.photos[index] for index in photos.tolist()], views, data.sizes.cropped)
        yield Batch(crops, views, data.train.label[chosen], data.train.rows[chosen])


def ahead(batches: Iterator[Batch], device: torch.device) -> Iterator[Batch]:
    """Hand batches over on the device; for a GPU, a thread cuts the next ones while it computes."""
    if device.type == 'cpu':
        yield from batches
        return
    ready: queue.Queue = queue.Queue(maxsize=3)

    def fill() -> None:
        try:
            for batch in batches:
                ready.put(batch._replace(photos=batch.photos.pin_memory()))
            ready.put(None)
        except BaseException as error:  # carried over to the reading thread
            ready.put(error)

    threading.Thread(target=fill, daemon=True).start()
    while (batch := ready.get()) is not None:
        if isinstance(batch, BaseException):
            raise batch
        yield batch._replace(
            photos=batch.photos.to(device, non_blocking=True), label=batch.label.to(device), rows=batch.rows.to(device)
        )


# Loop


def freeze_body(network: RankNet, frozen: bool) -> None:
    for parameter in network.resnetbody.parameters():
        parameter.requires_grad = not frozen


def train_one_epoch(
    network: RankNet, optimizer: torch.optim.Optimizer, data: Data, settings: Hyperparameters, epoch: int
) -> float:
    """One pass over the training pairs; returns the mean loss over rows.

    Upstream sends the photos 1 of a batch of rows through the network, then the photos 2. Its rows come in mirrored
    twins, in random order, so both are samples of the same photos, and batch normalisation meets `batch_size` photos at
    a time. Here a step holds half as many pairs, each for itself and its mirror, and sends both sides through at once:
    again `batch_size` photos for batch normalisation, as many steps per epoch, the same expected gradient, half the
    work.
    """
    device = next(network.parameters()).device
    frozen = epoch < settings.unfreeze_after
    freeze_body(network, frozen)
    # A frozen body stays in training mode too: its batch normalisation keeps learning, as upstream's does (Q-T7).
    network.train()
    precision = body_precision(device)
    losses, rows = torch.zeros((), device=device), 0.0
    for batch in ahead(training_batches(data, settings, epoch), device):
        photos = prepare_batch(batch.photos, batch.views, data.colours)
        with torch.set_grad_enabled(not frozen), precision:
            features = network.features(photos)  # (2 · pairs, 512)
        scores_1, scores_2 = network.fclayers(features.float()).squeeze(-1).chunk(2)
        loss = (ranking_loss(scores_1, scores_2, batch.label) * batch.rows).sum()
        optimizer.zero_grad(set_to_none=True)
        (loss / batch.rows.sum()).backward()
        optimizer.step()
        losses += loss.detach()
        rows += float(batch.rows.sum())
    return float(losses) / rows


@torch.no_grad()
def evaluate(network: RankNet, data: Data) -> tuple[float, float]:
    """Validation loss (mean over rows) and accuracy; each photo is scored once, however many pairs it is in."""
    device = next(network.parameters()).device
    network.eval()
    photos, positions = torch.unique(torch.cat([data.val.photo_1, data.val.photo_2]), return_inverse=True)
    scores = []
    for chosen in photos.split(VALIDATION_BATCH):
        views = central_views(len(chosen), data.sizes)
        crops = crop_views([data.photos[index] for index in chosen.tolist()], views, data.sizes.cropped)
        scores.append(network(prepare_batch(crops.to(device), views, data.colours)).float().cpu())
    scores_1, scores_2 = torch.cat(scores)[positions].chunk(2)
    loss = (ranking_loss(scores_1, scores_2, data.val.label) * data.val.rows).sum() / data.val.rows.sum()
    unequal = data.val.label != 0
    right = (torch.sign(scores_1 - scores_2) == data.val.label)[unequal].float()
    weights = data.val.rows[unequal]
    accuracy = float((right * weights).sum() / weights.sum()) if bool(unequal.any()) else math.nan
    return float(loss), accuracy


# Checkpoints


def write_atomically(path: Path, write) -> None:
    """Write beside `path`, then rename: a file under its final name is complete, whenever the process ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{path.name}.part')
    try:
        write(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def run_identity(settings: Hyperparameters, pairs_csv: Path) -> Dict[str, Any]:
    """What a checkpoint must share to be resumed from. More epochs may be asked for: no earlier one depends on it."""
    identity = asdict(settings)
    del identity['n_epochs'], identity['checkpoint_dir']
    return {**identity, 'pairs_sha256': hashlib.sha256(pairs_csv.read_bytes()).hexdigest()}


def newest_checkpoint(folder: Path, identity: Dict[str, Any], n_epochs: int) -> Optional[Dict[str, Any]]:
    """The last complete epoch of this very run, or None. Says why it passes others over."""
    for path in sorted(folder.glob('epoch_*.pth'), key=lambda path: int(path.stem[6:]), reverse=True):
        try:
            checkpoint = load_checkpoint(path)
            resume = checkpoint['resume']
        except Exception as error:  # a torn upload can hold anything
            print(f'Passing over {path.name}: it cannot be read ({type(error).__name__}: {error})', flush=True)
            continue
        if resume['identity'] == identity and checkpoint['epoch'] < n_epochs:
            return checkpoint
        print(f'Passing over {path.name}: it belongs to a run with other settings or pairs', flush=True)
    return None


def remove_superseded(folder: Path, epoch: int, best_epoch: int) -> None:
    """Keep the best epoch and the last two (should the last be torn on its way to S3): nothing reads the others."""
    for path in folder.glob('epoch_*.pth'):
        if int(path.stem[6:]) < epoch - 1 and int(path.stem[6:]) != best_epoch:
            path.unlink()


def checkpoint_path(folder: Path, epoch: int) -> Path:
    return folder / f'epoch_{epoch:02d}.pth'


# Output


def publish(checkpoint: Dict[str, Any], path: Path) -> None:
    """model.pth: the checkpoint without what only a resumed training needs, half of its size."""
    slim = {name: value for name, value in checkpoint.items() if name != 'resume'}
    slim['optimizer_state_dict'] = {**checkpoint['optimizer_state_dict'], 'state': {}}
    write_atomically(path, lambda part: torch.save(slim, part))


def write_code(model_folder: Path) -> None:
    """What serves the model, beside it: model.tar.gz needs nothing else."""
    (model_folder / 'code').mkdir(parents=True, exist_ok=True)
    for name in CODE_FILES:
        shutil.copy(Path(__file__).with_name(name), model_folder / 'code' / name)
    (model_folder / 'code' / 'serve').chmod(0o755)


def write_metrics(metrics: List[EpochMetrics], folder: Path) -> None:
    def write(part: Path) -> None:
        with open(part, 'w', newline='', encoding='utf-8') as file:
            writer = csv.writer(file, lineterminator='\n')
            writer.writerow(EpochMetrics._fields)
            writer.writerows(['' if value != value else value for value in row] for row in metrics)

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


# Training


def start_network(settings: Hyperparameters, folders: Folders) -> RankNet:
    """A seeded network; with `pretrained`, its body from the one .pth file of the weights channel (Q-T6)."""
    torch.manual_seed(settings.random_seed)
    network = RankNet()
    if settings.pretrained:
        files = sorted(folders.weights.glob('*.pth')) if folders.weights else []
        if len(files) != 1:
            raise PretrainedWeightsMissing(
                what='The training is to start from ImageNet weights, and they are not there',
                where=f'weights channel {folders.weights}' if folders.weights else 'SM_CHANNEL_WEIGHTS',
                found=', '.join(file.name for file in files) or 'no .pth file',
                expected='one .pth file, a torchvision state_dict of resnet18',
                fix='give the job a channel with resnet18-f37072fd.pth, or set pretrained to false',
            )
        load_imagenet_weights(network, files[0])
    return network


def train(environment: Mapping[str, str]) -> None:
    """A whole training. Raises one of errors.py for what a person can fix."""
    started = time.time()
    settings = parse_hyperparameters(environment.get('SM_HPS'))
    folders = Folders.from_environment(environment)
    device = choose_device(environment)
    write_arguments(settings, folders, environment)
    write_code(folders.model)

    network = start_network(settings, folders)
    data = load_data(folders, settings)
    print(
        f'{len(data.train)} training and {len(data.val)} validation pairs; {len(data.photos)} photos at '
        f'{data.sizes.resized[1]}x{data.sizes.resized[0]} pixels read in {time.time() - started:.1f} s, '
        f'{data.counts["photos_unreadable"]} unreadable, {data.counts["rows_left_out"]} rows left out; '
        f'device {device.type}, {torch.get_num_threads()} threads',
        flush=True,
    )

    checkpoints = Path(settings.checkpoint_dir)
    identity = run_identity(settings, folders.values / 'pairs.csv')
    resumed = newest_checkpoint(checkpoints, identity, settings.n_epochs)
    if resumed:
        load_published_state(network, resumed['model_state_dict'], str(checkpoints))
    network.to(device, memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), lr=settings.learning_rate, momentum=MOMENTUM)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=PATIENCE_EPOCHS, factor=0.5)
    metrics: List[EpochMetrics] = []
    best_epoch, best_loss = -1, math.inf
    if resumed:
        optimizer.load_state_dict(resumed['optimizer_state_dict'])
        scheduler.load_state_dict(resumed['resume']['scheduler_state_dict'])
        metrics = [EpochMetrics(**row) for row in resumed['resume']['metrics']]
        best_epoch, best_loss = resumed['resume']['best_epoch'], resumed['resume']['best_loss']
        best = resumed if best_epoch == resumed['epoch'] else load_checkpoint(checkpoint_path(checkpoints, best_epoch))
        publish(best, folders.model / 'model.pth')
        print(f'Resuming after {len(metrics)} of {settings.n_epochs} epochs', flush=True)

    transforms = checkpoint_transforms(data.sizes, data.colours, settings.augment)
    # Plain lists and numbers: consumers run another numpy.
    params = {
        'aspect': data.aspect,
        'input_shape': list(data.sizes.cropped),
        'img_sample_mean': data.mean,
        'img_sample_std': data.sd,
    }
    for epoch in range(len(metrics), settings.n_epochs):
        epoch_started = time.time()
        rate = optimizer.param_groups[0]['lr']
        train_loss = train_one_epoch(network, optimizer, data, settings, epoch)
        val_loss, val_accuracy = evaluate(network, data)
        if not (math.isfinite(train_loss) and math.isfinite(val_loss)):
            raise TrainingDiverged(
                what='The training diverged',
                where=f'epoch {epoch + 1} of {settings.n_epochs}',
                found=f'training loss {train_loss}, validation loss {val_loss}',
                expected='finite numbers',
                fix=f'lower learning_rate (it is {settings.learning_rate})',
            )
        scheduler.step(val_loss)
        metrics.append(EpochMetrics(epoch, train_loss, val_loss, val_accuracy, rate, time.time() - epoch_started))
        better = val_loss < best_loss
        if better:
            best_epoch, best_loss = epoch, val_loss
        checkpoint = {
            'epoch': epoch,
            'model_state_dict': published_state(network),
            'optimizer_state_dict': optimizer.state_dict(),
            'training_loss': train_loss,
            'transforms': transforms,
            'params': params,
            'resume': {
                'identity': identity,
                'scheduler_state_dict': scheduler.state_dict(),
                'metrics': [row._asdict() for row in metrics],
                'best_epoch': best_epoch,
                'best_loss': best_loss,
            },
        }
        write_atomically(checkpoint_path(checkpoints, epoch), lambda part: torch.save(checkpoint, part))
        if better:
            publish(checkpoint, folders.model / 'model.pth')
        remove_superseded(checkpoints, epoch, best_epoch)
        write_metrics(metrics, folders.output_data)
        print_epoch(metrics[-1], settings.n_epochs)

    write_metrics(metrics, folders.output_data)
    facts = {
        **data.counts,
        'aspect': data.aspect,
        'resized': list(data.sizes.resized),
        'cropped': list(data.sizes.cropped),
        'best_epoch': best_epoch,
        'best_val_loss': best_loss,
        'resumed_after_epochs': len(resumed['resume']['metrics']) if resumed else 0,
        'device': device.type,
        'threads': torch.get_num_threads(),
        'torch': torch.__version__,
        'torchvision': torchvision.__version__,
        'seconds': round(time.time() - started, 1),
    }
    write_json(facts, folders.output_data / 'training.json')
    print(f'Done: the model of epoch {best_epoch + 1} has the lowest validation loss, {best_loss:.6f}', flush=True)


def stop(signal_number: int, frame: Any) -> None:
    """SageMaker stops a job with SIGTERM, and kills it two minutes later. What is written is complete at any time."""
    print('Stopped by SIGTERM; a training with the same checkpoints resumes after the last complete epoch', flush=True)
    sys.exit(TERMINATED)


def main() -> int:
    signal.signal(signal.SIGTERM, stop)
    set_threads()
    try:
        train(os.environ)
        return 0
    except Exception as error:
        if not isinstance(error, PipelineError):
            traceback.print_exc()
        write_failure(error, Path(os.environ.get('SM_OUTPUT_DIR', '/opt/ml/output')))
        print(f'{type(error).__name__}: {error}', file=sys.stderr, flush=True)
        return 1


if __name__ == '__main__':
    sys.exit(main())
