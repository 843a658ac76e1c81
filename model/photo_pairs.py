"""Annotated pairs of photos, and the photos themselves: each distinct one is decoded and resized once per
job.
"""

from __future__ import annotations

import csv
import os
import random
import statistics
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from errors import InvalidPairs, NotEnoughPairs
from photos import Size, UnreadablePhoto, open_photo, photo_size, resize

COLUMNS = ('split', 'pair', 'filename_1', 'filename_2', 'label')
SPLITS = ('train', 'val')
# Photos are kept in memory up to this share of what is free, otherwise in a file that the system pages in and
# out.
MEMORY_SHARE = 0.5


class PairRow(NamedTuple):
    """One row of pairs.csv. label 1: photo 1 shows more of the variable, -1: photo 2, 0: both the same."""

    split: str
    pair: str
    filename_1: str  # S3 key, hence the path below the images channel
    filename_2: str
    label: int


def read_pairs(path: Path) -> list[PairRow]:
    """The rows of pairs.csv. Raises InvalidPairs for missing columns, unknown splits and labels other than
    -1, 0, 1.
    """
    with open(path, newline='', encoding='utf-8-sig') as file:
        reader = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or [])]
        if missing:
            raise _invalid(path, f'no column {", ".join(missing)}', f'the columns {", ".join(COLUMNS)}')
        return [_pair_row(path, number, row) for number, row in enumerate(reader, start=2)]


def _pair_row(path: Path, line: int, row: dict[str, str]) -> PairRow:
    split, label = row['split'], row['label']
    if split not in SPLITS:
        raise _invalid(path, f'split {split!r} in line {line}', 'train or val')
    # Upstream's R writes the mirror of a tie as -0; a label with decimals is still one of the three.
    try:
        value = float(label)
    except (TypeError, ValueError):
        value = float('nan')
    if value not in (-1, 0, 1):
        raise _invalid(path, f'label {label!r} in line {line}', '-1, 0 or 1')
    return PairRow(split, row['pair'], row['filename_1'], row['filename_2'], int(value))


def _invalid(path: Path, found: str, expected: str) -> InvalidPairs:
    return InvalidPairs('pairs.csv cannot be read', str(path), found, expected, 'write it as SplitPairs does')


@dataclass(frozen=True)
class Pairs:
    """Distinct pairs of one split: positions of their photos, labels, and how many rows each represents;
    (pairs,) each.
    """

    photo_1: Tensor
    photo_2: Tensor
    label: Tensor  # float: -1, 0, 1
    rows: Tensor  # float

    def __len__(self) -> int:
        return len(self.label)

    def pairs_per_batch(self, batch_size: int) -> int:
        """`batch_size` counts rows, as upstream does: 16 rows are 8 pairs, each with its mirror."""
        return max(1, round(batch_size * len(self) / float(self.rows.sum())))


def distinct_pairs(rows: Sequence[PairRow], positions: dict[str, int]) -> Pairs:
    """Each pair once, with the number of equivalent rows.

    A pair and its mirror have the same loss, whatever the scores: swapping the photos and negating the label
    changes neither side of the cross-entropy. So one of them is computed, and counted twice.
    """
    count: Counter = Counter()
    for row in rows:
        swap = row.filename_1 > row.filename_2
        names = (row.filename_2, row.filename_1) if swap else (row.filename_1, row.filename_2)
        count[(row.pair, *names, -row.label if swap else row.label)] += 1
    columns = list(zip(*count)) if count else [(), (), (), ()]
    return Pairs(
        torch.tensor([positions[name] for name in columns[1]], dtype=torch.long),
        torch.tensor([positions[name] for name in columns[2]], dtype=torch.long),
        torch.tensor(columns[3], dtype=torch.float32),
        torch.tensor(list(count.values()), dtype=torch.float32),
    )


def file_names(rows: Sequence[PairRow]) -> list[str]:
    """The distinct photos of the rows, in the order of their first appearance."""
    return list(dict.fromkeys(name for row in rows for name in (row.filename_1, row.filename_2)))


def drop_unreadable(rows: Sequence[PairRow], unreadable: set[str]) -> list[PairRow]:
    """The rows whose photos can both be read. Raises NotEnoughPairs if a split has none left."""
    kept = [row for row in rows if row.filename_1 not in unreadable and row.filename_2 not in unreadable]
    for split in SPLITS:
        if not any(row.split == split for row in kept):
            before = sum(row.split == split for row in rows)
            raise NotEnoughPairs(
                what=f'No pair is left for {"training" if split == "train" else "validation"}',
                where=f'split {split} of pairs.csv',
                found=f'{before} rows, 0 without those of {len(unreadable)} unreadable photos',
                expected='at least 1',
                fix='annotate more pairs, or put readable photos under the names that pairs.csv gives',
            )
    return kept


def median_aspect(sizes: Sequence[Size]) -> float:
    """The aspect (width / height) that the training photos are resized to: the median, one that occurs
    (Q-T4).

    Upstream takes that of the first pair, so that one photo from another camera would distort all the others.
    """
    return statistics.median_low([width / height for height, width in sizes])


def sample_for_statistics(rows: Sequence[PairRow], count: int, seed: int) -> Counter:
    """Photos whose colors count for mean and sd, and how often: photo 1 of `count` rows at most (Q-T10)."""
    sample = random.Random(seed).sample(range(len(rows)), min(count, len(rows)))
    return Counter(rows[index].filename_1 for index in sample)


class ChannelStatistics(NamedTuple):
    """Mean and (unbiased) standard deviation of red, green and blue in 0…1."""

    mean: list[float]
    sd: list[float]


def photo_statistics(image) -> ChannelStatistics:
    """Of one whole photo (PIL, RGB), before resizing; from its histogram, hence exact and quick."""
    histogram = np.asarray(image.histogram(), dtype=np.float64).reshape(3, 256)
    values = np.arange(256) / 255
    count = histogram[0].sum()
    mean = histogram @ values / count
    squares = histogram @ values**2 - count * mean**2
    return ChannelStatistics(mean.tolist(), np.sqrt(np.maximum(squares, 0) / max(count - 1, 1)).tolist())


class Photos(NamedTuple):
    """The readable photos of a job."""

    pixels: Tensor  # uint8 (photos, height, width, 3)
    positions: dict[str, int]  # by file name
    unreadable: dict[str, str]  # the reason by file name
    statistics: dict[str, ChannelStatistics]  # of the requested photos


def readable_sizes(names: Sequence[str], folder: Path) -> tuple[dict[str, Size], dict[str, str]]:
    """Sizes from the headers of photos; for those without a header the reason. Cheap: nothing is decoded."""
    sizes: dict[str, Size] = {}
    unreadable: dict[str, str] = {}
    for name in names:
        try:
            sizes[name] = photo_size(folder / name)
        except UnreadablePhoto as error:
            unreadable[name] = str(error)
    return sizes, unreadable


def read_photos(names: Sequence[str], folder: Path, size: Size, measured: Counter, workers: int) -> Photos:
    """Decode each photo once, in threads (Pillow lets go of the interpreter while it decodes), resized to
    `size`.

    Resized photos are kept as whole numbers, a quarter of the memory of floats; the rounding (at most 0.002
    of full scale) is far below the noise of a JPEG. `measured` names the photos whose color statistics are
    wanted.
    """
    pixels = _photo_store(len(names), size)

    def read(index: int):
        try:
            image = open_photo(os.path.join(folder, names[index]))
        except UnreadablePhoto as error:
            return str(error), None
        np.rint(resize(np.asarray(image), size), out=pixels[index], casting='unsafe')
        return None, photo_statistics(image) if names[index] in measured else None

    pool = ThreadPoolExecutor(workers)
    try:
        outcomes = list(pool.map(read, range(len(names))))
    finally:
        pool.shutdown(cancel_futures=True)

    return Photos(
        torch.from_numpy(pixels),
        {name: index for index, (name, (reason, _)) in enumerate(zip(names, outcomes)) if reason is None},
        {name: reason for name, (reason, _) in zip(names, outcomes) if reason is not None},
        {name: measure for name, (_, measure) in zip(names, outcomes) if measure is not None},
    )


def average_statistics(photos: Photos, measured: Counter) -> ChannelStatistics:
    """Mean over the sampled rows of each photo's own mean and sd; unreadable photos do not count.

    Raises NotEnoughPairs if none is readable.
    """
    names = [name for name in measured if name in photos.statistics]
    if not names:
        raise NotEnoughPairs(
            what='None of the photos sampled for mean and sd can be decoded',
            where='images channel',
            found=f'{len(measured)} sampled photos, all unreadable',
            expected='at least 1 readable photo',
            fix='raise num_image_stats, so that more photos are sampled',
        )
    weights = [measured[name] for name in names]

    def average(part: str) -> list[float]:
        return np.average(
            [getattr(photos.statistics[name], part) for name in names], axis=0, weights=weights
        ).tolist()

    return ChannelStatistics(average('mean'), average('sd'))


def _photo_store(count: int, size: Size) -> np.ndarray:
    """Room for `count` photos: uint8 (count, height, width, 3)."""
    shape = (count, *size, 3)
    if count * size[0] * size[1] * 3 <= MEMORY_SHARE * _free_memory():
        return np.empty(shape, np.uint8)
    # Without a name, the file disappears with the process, however that ends.
    with tempfile.TemporaryFile(prefix='photos-') as file:
        return np.memmap(file, np.uint8, 'w+', shape=shape)


def _free_memory() -> float:
    """Bytes that can be allocated without swapping; unlimited if the system does not say."""
    try:
        with open('/proc/meminfo') as file:
            lines = dict(line.split(':', 1) for line in file)
        return float(lines['MemAvailable'].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return float('inf')
