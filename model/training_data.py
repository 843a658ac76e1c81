"""The data of a training: photos and pairs as read, and the batches of an epoch."""

from __future__ import annotations

import math
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from cores import available_cores
from hyperparameters import Hyperparameters
from network import ranking_loss
from photo_pairs import (
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
from recipes import RECIPES
from training_job import Folders
from transforms import (
    PhotoTransforms,
    Views,
    central_views,
    crop_views,
    prepare_batch,
    sizes_for,
    training_views,
)

VIEWING_BATCH = 32  # photos


@dataclass
class Data:
    """What the network learns from: the resized photos, the pairs of both splits, and how photos are shown to
    it.
    """

    photos: Tensor  # uint8 (photos, height, width, 3)
    train: Pairs
    val: Pairs
    transforms: PhotoTransforms
    aspect: float
    mean: list[float]
    sd: list[float]
    counts: dict[str, Any]


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
    photos = read_photos(
        file_names(readable_rows), folders.images, sizes.resized, measured, available_cores()
    )
    unreadable = {**unreadable, **photos.unreadable}
    kept = drop_unreadable(rows, set(unreadable))
    statistics = average_statistics(photos, measured)

    train, val = (
        distinct_pairs([row for row in kept if row.split == split], photos.positions)
        for split in ('train', 'val')
    )
    return Data(
        photos.pixels,
        train,
        val,
        PhotoTransforms.of(
            settings, aspect, statistics.mean, statistics.sd, RECIPES[settings.recipe].augmentation
        ),
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


@torch.no_grad()
def see_photos(see: Callable[[Tensor], Tensor], data: Data, photos: Tensor, device: torch.device) -> Tensor:
    """What a network, or a part of it, makes of these photos in their central views: (photos, …), on the
    CPU.
    """
    sizes = data.transforms.sizes
    seen = []
    for chosen in photos.split(VIEWING_BATCH):
        views = central_views(len(chosen), sizes)
        crops = crop_views([data.photos[index] for index in chosen.tolist()], views, sizes.cropped)
        seen.append(see(prepare_batch(crops.to(device), views, data.transforms)).float().cpu())
    return torch.cat(seen)


def order_metrics(scores_1: Tensor, scores_2: Tensor, pairs: Pairs) -> tuple[float, float]:
    """Mean ranking loss over the rows of pairs, and the share of the unequal ones that the scores order as
    annotated; NaN without any.
    """
    loss = (ranking_loss(scores_1, scores_2, pairs.label) * pairs.rows).sum() / pairs.rows.sum()
    unequal = pairs.label != 0
    right = (torch.sign(scores_1 - scores_2) == pairs.label)[unequal].float()
    weights = pairs.rows[unequal]
    accuracy = float((right * weights).sum() / weights.sum()) if bool(unequal.any()) else math.nan
    return float(loss), accuracy


class Batch(NamedTuple):
    """Pairs of a step; the first half of `photos` are their photos 1, the second their photos 2."""

    photos: Tensor  # uint8 (2 · pairs, height, width, 3)
    views: Views
    label: Tensor  # (pairs,)
    rows: Tensor


def steps_per_epoch(data: Data, settings: Hyperparameters) -> int:
    seen, batch = seen_pairs(data.train, settings)
    return math.ceil(len(seen) / batch)


def seen_pairs(pairs: Pairs, settings: Hyperparameters) -> tuple[Tensor, int]:
    """Positions of the pairs that an epoch sees, as often as it sees them, and how many a step has."""
    positions = torch.arange(len(pairs))
    if RECIPES[settings.recipe].rows_apart:
        return positions.repeat_interleave(pairs.rows.long()), settings.batch_size
    return positions, pairs.pairs_per_batch(settings.batch_size)


def training_batches(data: Data, settings: Hyperparameters, epoch: int) -> Iterator[Batch]:
    """The training pairs of an epoch, shuffled, in steps of `batch_size` rows; the last may be shorter.

    Each epoch has a random generator of its own: a resumed training draws what an uninterrupted one would
    have drawn.
    """
    generator = torch.Generator().manual_seed(settings.random_seed * 1009 + epoch)
    seen, batch = seen_pairs(data.train, settings)
    weights = torch.ones_like(data.train.rows) if len(seen) > len(data.train) else data.train.rows
    order = seen[torch.randperm(len(seen), generator=generator)]
    for chosen in order.split(batch):
        photos = torch.cat([data.train.photo_1[chosen], data.train.photo_2[chosen]])
        views = training_views(len(photos), data.transforms, generator)
        crops = crop_views(
            [data.photos[index] for index in photos.tolist()], views, data.transforms.sizes.cropped
        )
        yield Batch(crops, views, data.train.label[chosen], weights[chosen])


def ahead(batches: Iterator[Batch], device: torch.device) -> Iterator[Batch]:
    """Yield batches on the device; for a GPU, a thread prepares the next ones while it computes."""
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
            photos=batch.photos.to(device, non_blocking=True),
            label=batch.label.to(device),
            rows=batch.rows.to(device),
        )
