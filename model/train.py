"""Train a station's ranking model from annotated pairs of photos.

SageMaker runs this file in its PyTorch container; the local stack runs it the same way:

    SM_HPS='{"n_epochs": "8", "input_size": "128", "pretrained": "false"}' \\
    SM_CHANNEL_IMAGES=… SM_CHANNEL_VALUES=… SM_MODEL_DIR=… SM_OUTPUT_DIR=… python train.py

Reads   images channel: the photos, at the path that pairs.csv gives · values channel: pairs.csv ·
        model channel, if the network starts from another station's model: its model.tar.gz · otherwise, if
        `pretrained`, weights channel: one .pth, ImageNet weights of ResNet-18 · checkpoints channel, if an
        earlier run of the same model code was not finished: its epoch_NN.pth
Writes  model dir: model.pth (the epoch of lowest validation loss), code/ (what serves it) ·
        output data dir: args.json, metrics.csv, training.json · checkpoint dir: epoch_NN.pth ·
        output dir: failure, one line, if it fails
Prints  one line per epoch, from which SageMaker takes its metrics (MetricDefinitions)

Settings are in hyperparameters.py, ways to train in recipes.py and optimization.py, the network in
network.py, what it sees in transforms.py, the pairs in photo_pairs.py, what a job is given and leaves behind
in training_job.py.
"""

from __future__ import annotations

import os

# Both are read when the libraries load. PyTorch's own threads do the work here: where numpy's BLAS starts as
# many again, they fight for the same cores. And a thread that waits for another one sleeps instead of
# spinning: with a database and an object store on the same two cores, spinning makes a step four times
# slower.
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')

import math
import signal
import sys
import time
import traceback
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import Tensor

from checkpoints import (
    checkpoint_path,
    newest_checkpoint,
    publish,
    remove_superseded,
    run_identity,
    save_checkpoint,
    take_over,
)
from errors import (
    PipelineError,
    PretrainedWeightsMissing,
    TrainingDiverged,
    reason_of,
    without_addresses,
    write_failure,
)
from hyperparameters import Hyperparameters, parse_hyperparameters
from learning_curve import learning_curve
from network import (
    RankNet,
    initialize_head,
    load_archive,
    load_checkpoint,
    load_imagenet_weights,
    load_published_state,
    published_state,
)
from optimization import AverageNetwork, make_optimizer, pair_losses, set_rate, set_training_mode
from recipes import RECIPES
from training_data import (
    Data,
    ahead,
    load_data,
    order_metrics,
    see_photos,
    steps_per_epoch,
    training_batches,
)
from training_job import (
    EpochMetrics,
    Folders,
    choose_device,
    epochs_of,
    print_epoch,
    set_threads,
    write_arguments,
    write_code,
    write_json,
    write_metrics,
)
from transforms import checkpoint_transforms, prepare_batch

PATIENCE_EPOCHS = 1  # without a lower validation loss, before the learning rate is halved
TERMINATED = 128 + signal.SIGTERM


# Loop


def body_precision(device: torch.device):
    """On GPUs that have it, the body computes in bfloat16; head, loss and weights stay in float32."""
    if device.type == 'cuda' and torch.cuda.is_bf16_supported():
        return torch.autocast('cuda', torch.bfloat16)
    return nullcontext()


def freeze_body(network: RankNet, frozen: bool) -> None:
    for parameter in network.resnetbody.parameters():
        parameter.requires_grad = not frozen


def train_one_epoch(
    network: RankNet,
    optimizer: torch.optim.Optimizer,
    data: Data,
    settings: Hyperparameters,
    epoch: int,
    average: AverageNetwork | None = None,
) -> float:
    """One pass over the training pairs; returns the mean loss over rows.

    Upstream sends the photos 1 of a batch of rows through the network, then the photos 2. Its rows come in
    mirrored twins, in random order, so both are samples of the same photos, and batch normalization meets
    `batch_size` photos at a time. Here a step holds half as many pairs, each for itself and its mirror, and
    sends both sides through at once: again `batch_size` photos for batch normalization, as many steps per
    epoch, the same expected gradient, half the work. But a step sees half as many views, so its gradient is
    noisier, and as many epochs lead less far (docs/model.md, Recipes).
    """
    device = next(network.parameters()).device
    frozen = epoch < settings.unfreeze_after
    freeze_body(network, frozen)
    recipe = RECIPES[settings.recipe]
    set_training_mode(network, recipe)
    steps = steps_per_epoch(data, settings)
    precision = body_precision(device)
    losses, rows = torch.zeros((), device=device), 0.0
    for step, batch in enumerate(ahead(training_batches(data, settings, epoch), device)):
        set_rate(optimizer, recipe, settings.learning_rate, (epoch + step / steps) / settings.n_epochs)
        photos = prepare_batch(batch.photos, batch.views, data.transforms)
        with torch.set_grad_enabled(not frozen), precision:
            features = network.features(photos)  # (2 · pairs, 512)
        scores_1, scores_2 = network.fclayers(features.float()).squeeze(-1).chunk(2)
        loss = (pair_losses(scores_1, scores_2, batch.label, recipe) * batch.rows).sum()
        optimizer.zero_grad(set_to_none=True)
        (loss / batch.rows.sum()).backward()
        optimizer.step()
        if average:
            average.add(network)
        losses += loss.detach()
        rows += float(batch.rows.sum())
    return float(losses) / rows


def evaluate(network: RankNet, data: Data) -> tuple[float, float]:
    """Validation loss (mean over rows) and accuracy; each photo is scored once, whatever its pairs."""
    network.eval()
    photos, positions = torch.unique(torch.cat([data.val.photo_1, data.val.photo_2]), return_inverse=True)
    scores = see_photos(network, data, photos, next(network.parameters()).device)
    scores_1, scores_2 = scores[positions].chunk(2)
    return order_metrics(scores_1, scores_2, data.val)


def curve_at_start(network: RankNet, data: Data, settings: Hyperparameters) -> dict[str, Any]:
    """The learning curve of features of the network as it is; what goes wrong with it is told instead."""
    device = next(network.parameters()).device

    def body(photos: Tensor) -> Tensor:
        with body_precision(device):
            return network.features(photos)

    # Batch normalization would learn in training mode.
    network.eval()
    try:
        return learning_curve(body, data, settings.random_seed, device)
    except Exception as error:  # a diagnosis is no reason to lose a training
        return {'skipped': reason_of(error)}


# Training


def start_network(settings: Hyperparameters, folders: Folders) -> RankNet:
    """A seeded network: another station's, body and head, if there is a model channel; with `pretrained`, its
    body from the one .pth file of the weights channel (Q-T6).

    Otherwise, the head starts as He et al. 2015 (https://arxiv.org/abs/1502.01852) propose: with PyTorch's
    default, made for other activations, so little of the gradient reaches an untrained body that it learns
    nothing in the first epochs. With ImageNet weights the default is kept, because upstream's results are
    based on it.
    """
    torch.manual_seed(settings.random_seed)
    network = RankNet()
    if folders.start_model:
        load_archive(network, folders.start_model)
    elif settings.pretrained:
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
    else:
        initialize_head(network)
    return network


@dataclass
class Progress:
    """The epochs so far, and the best one."""

    metrics: list[EpochMetrics] = field(default_factory=list)
    best_epoch: int = -1
    best_loss: float = math.inf
    former_best_epoch: int = -1  # best before the last epoch

    def add(self, row: EpochMetrics) -> bool:
        """Add an epoch; returns whether its validation loss is the lowest so far."""
        self.metrics.append(row)
        self.former_best_epoch = self.best_epoch
        better = row.val_loss < self.best_loss
        if better:
            self.best_epoch, self.best_loss = row.epoch, row.val_loss
        return better


class Training:
    """Network, optimizer and progress of a run, as they are between two epochs."""

    def __init__(self, settings: Hyperparameters, folders: Folders, data: Data, device: torch.device):
        self.settings, self.folders, self.data = settings, folders, data
        self.checkpoints = Path(settings.checkpoint_dir)
        self.identity = run_identity(settings, folders.values / 'pairs.csv', folders.start_model)
        self.transforms = checkpoint_transforms(data.transforms)
        self.progress = Progress()
        self.network = start_network(settings, folders).to(device, memory_format=torch.channels_last)
        self.recipe = RECIPES[settings.recipe]
        decay = self.recipe.average_decay
        self.average = AverageNetwork(self.network, decay) if decay > 0 else None
        self.optimizer = make_optimizer(self.network, self.recipe, settings.learning_rate)
        self.scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
            self.optimizer, patience=PATIENCE_EPOCHS, factor=0.5
        )

    def published_network(self) -> RankNet:
        """The network that is validated and published."""
        return self.average.network if self.average else self.network

    def resume(self) -> int:
        """Continue from the last complete epoch of this run, or of an unfinished one with the same input;
        returns the number of epochs so far.
        """
        take_over(self.folders.checkpoints, self.checkpoints)
        checkpoint = newest_checkpoint(self.checkpoints, self.identity, self.settings.n_epochs)
        if checkpoint is None:
            return 0
        load_published_state(self.published_network(), checkpoint['model_state_dict'], str(self.checkpoints))
        if self.average:
            load_published_state(self.network, checkpoint['resume']['last_state_dict'], str(self.checkpoints))
            self.average.steps = checkpoint['resume']['average_steps']
        self.optimizer.load_state_dict(checkpoint['optimizer_state_dict'])
        self.scheduler.load_state_dict(checkpoint['resume']['scheduler_state_dict'])
        self.progress = Progress(
            [EpochMetrics(**row) for row in checkpoint['resume']['metrics']],
            checkpoint['resume']['best_epoch'],
            checkpoint['resume']['best_loss'],
        )
        # The model folder of an interrupted job is lost.
        best = load_checkpoint(checkpoint_path(self.checkpoints, self.progress.best_epoch))
        publish(best, self.folders.model / 'model.pth')
        return len(self.progress.metrics)

    def run_epoch(self, epoch: int) -> None:
        """Train and validate once, then save everything. Raises TrainingDiverged."""
        started, rate = time.time(), self.optimizer.param_groups[0]['lr']
        train_loss = train_one_epoch(
            self.network, self.optimizer, self.data, self.settings, epoch, self.average
        )
        val_loss, val_accuracy = evaluate(self.published_network(), self.data)
        if not (math.isfinite(train_loss) and math.isfinite(val_loss)):
            raise TrainingDiverged(
                what='The training diverged',
                where=f'epoch {epoch + 1} of {self.settings.n_epochs}',
                found=f'training loss {train_loss}, validation loss {val_loss}',
                expected='finite numbers',
                fix=f'lower learning_rate (it is {self.settings.learning_rate})',
            )
        if not self.recipe.has_an_end():
            self.scheduler.step(val_loss)
        row = EpochMetrics(epoch, train_loss, val_loss, val_accuracy, rate, time.time() - started)
        better = self.progress.add(row)

        checkpoint = self.checkpoint(row)
        save_checkpoint(checkpoint, checkpoint_path(self.checkpoints, epoch))
        if better:
            publish(checkpoint, self.folders.model / 'model.pth')
        best = {self.progress.best_epoch, self.progress.former_best_epoch}
        remove_superseded(self.checkpoints, {epoch, epoch - 1} | best)
        write_metrics(self.progress.metrics, self.folders.output_data)
        print_epoch(row, self.settings.n_epochs)

    def checkpoint(self, row: EpochMetrics) -> dict[str, Any]:
        """The keys of published checkpoints, and one more for resuming."""
        return {
            'epoch': row.epoch,
            'model_state_dict': published_state(self.published_network()),
            'optimizer_state_dict': self.optimizer.state_dict(),
            'training_loss': row.train_loss,
            'transforms': self.transforms,
            # Plain lists and numbers: consumers have another version of numpy.
            'params': {
                'aspect': self.data.aspect,
                'input_shape': list(self.data.transforms.sizes.cropped),
                'img_sample_mean': self.data.mean,
                'img_sample_std': self.data.sd,
            },
            'resume': {
                'identity': self.identity,
                'scheduler_state_dict': self.scheduler.state_dict(),
                'metrics': [metrics._asdict() for metrics in self.progress.metrics],
                'best_epoch': self.progress.best_epoch,
                'best_loss': self.progress.best_loss,
                **self.averaging(),
            },
        }

    def averaging(self) -> dict[str, Any]:
        """What a resumed training needs besides the average."""
        if self.average is None:
            return {}
        return {'last_state_dict': published_state(self.network), 'average_steps': self.average.steps}


def train(environment: Mapping[str, str]) -> None:
    """A whole training. Raises one of errors.py for what a person can fix."""
    started = time.time()
    settings = parse_hyperparameters(environment.get('SM_HPS'))
    folders = Folders.from_environment(environment)
    device = choose_device(environment)
    write_arguments(settings, folders, environment)
    write_code(folders.model)

    if folders.start_model:
        # Photos take minutes; what is wrong with the model is told before.
        load_archive(RankNet(), folders.start_model)
    data = load_data(folders, settings)
    print(
        f'{len(data.train)} training and {len(data.val)} validation pairs; {len(data.photos)} photos at '
        f'{data.transforms.sizes.resized[1]}x{data.transforms.sizes.resized[0]} pixels read in {time.time() - started:.1f} s, '
        f'{data.counts["photos_unreadable"]} unreadable, {data.counts["rows_left_out"]} rows left out; '
        f'device {device.type}, {torch.get_num_threads()} threads',
        flush=True,
    )
    training = Training(settings, folders, data, device)
    # Before the body learns, also where it goes on from a checkpoint: the same network, the same curve.
    curve = curve_at_start(training.network, data, settings)
    took = f'computed in {curve["seconds"]} s' if 'points' in curve else f'skipped: {curve["skipped"]}'
    print(f'Learning curve {took}', flush=True)
    resumed_after = training.resume()
    if resumed_after:
        print(f'Resuming after {resumed_after} of {settings.n_epochs} epochs', flush=True)
        write_metrics(training.progress.metrics, folders.output_data)
    for epoch in range(resumed_after, settings.n_epochs):
        training.run_epoch(epoch)

    best_epoch, best_loss = training.progress.best_epoch, training.progress.best_loss
    facts = {
        **data.counts,
        'aspect': data.aspect,
        'resized': list(data.transforms.sizes.resized),
        'cropped': list(data.transforms.sizes.cropped),
        'recipe': settings.recipe,
        'best_epoch': best_epoch,
        'best_val_loss': best_loss,
        'resumed_after_epochs': resumed_after,
        'epochs': epochs_of(training.progress.metrics),
        'learning_curve': curve,
        'device': device.type,
        'threads': torch.get_num_threads(),
        'torch': torch.__version__,
        'torchvision': torchvision.__version__,
        'seconds': round(time.time() - started, 1),
    }
    write_json(facts, folders.output_data / 'training.json')
    print(f'Done: epoch {best_epoch + 1} has the lowest validation loss, {best_loss:.6f}', flush=True)


def stop(signal_number: int, frame: Any) -> None:
    """SageMaker stops a job with SIGTERM, and kills it two minutes later. Files are complete at any time."""
    print(
        'Stopped by SIGTERM; a training with the same checkpoints resumes after the last complete epoch',
        flush=True,
    )
    sys.exit(TERMINATED)


def main() -> int:
    signal.signal(signal.SIGTERM, stop)
    set_threads()
    try:
        train(os.environ)
        return 0
    except Exception as error:
        if not isinstance(error, PipelineError):
            print(without_addresses(traceback.format_exc()), file=sys.stderr)
        write_failure(error, Path(os.environ.get('SM_OUTPUT_DIR', '/opt/ml/output')))
        print(reason_of(error), file=sys.stderr, flush=True)
        return 1


if __name__ == '__main__':
    sys.exit(main())
