"""Checkpoints of a run: written after every epoch, resumed from, and published as model.pth."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Callable

import torch

from errors import reason_of
from hyperparameters import Hyperparameters
from network import load_checkpoint
from recipes import RECIPES

DEFAULTS = asdict(Hyperparameters())


def write_atomically(path: Path, write: Callable[[Path], Any]) -> None:
    """Write beside `path`, then rename: a file with its final name is complete, whenever the process ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{path.name}.part')
    try:
        write(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def run_identity(
    settings: Hyperparameters, pairs_csv: Path, start_model: Path | None = None
) -> dict[str, Any]:
    """What a checkpoint must share to be resumed from. The number of epochs may be raised, where no earlier epoch
    depends on it.
    """
    identity = asdict(settings)
    del identity['checkpoint_dir']
    if not RECIPES[settings.recipe].has_an_end():
        del identity['n_epochs']
    files = {'pairs_sha256': pairs_csv}
    if start_model:
        files['start_model_sha256'] = start_model
    return {
        **identity,
        **{name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()},
    }


def take_over(former: Path | None, folder: Path) -> None:
    """Copy the checkpoints of an unfinished run into the folder of this one, if it has none yet.

    Whether they have the same settings and pairs is checked when training resumes from them.
    """
    if former is None or any(folder.glob('epoch_*.pth')):
        return
    for path in former.glob('epoch_*.pth'):
        write_atomically(folder / path.name, partial(shutil.copyfile, path))


def newest_checkpoint(folder: Path, identity: dict[str, Any], n_epochs: int) -> dict[str, Any] | None:
    """The last complete epoch of this very run, or None. Logs why it skips others."""
    for path in sorted(folder.glob('epoch_*.pth'), key=epoch_of, reverse=True):
        try:
            checkpoint = load_checkpoint(path)
            epoch, resume = checkpoint['epoch'], checkpoint['resume']
            # A hyperparameter unknown to an earlier version has its default, which changes nothing.
            is_of_this_run = {**DEFAULTS, **resume['identity']} == {
                **DEFAULTS,
                **identity,
            } and epoch < n_epochs
            best = checkpoint_path(folder, resume['best_epoch'])
        except Exception as error:  # a partial upload can contain anything
            print(f'Passing over {path.name}: it cannot be read ({reason_of(error)})', flush=True)
            continue
        if not is_of_this_run:
            print(f'Passing over {path.name}: it belongs to a run with other settings or pairs', flush=True)
        elif not best.exists():
            print(f'Passing over {path.name}: the best epoch before it is missing', flush=True)
        else:
            return checkpoint
    return None


def remove_superseded(folder: Path, keep: set[int]) -> None:
    """Remove the checkpoints of all epochs but these: each is 90 MB, and nothing reads them.

    The last two are kept, each with the best epoch of its time: if the upload of the last one to S3 is cut
    off, training resumes from the one before.
    """
    for path in folder.glob('epoch_*.pth'):
        if epoch_of(path) not in keep:
            path.unlink()


def checkpoint_path(folder: Path, epoch: int) -> Path:
    return folder / f'epoch_{epoch:02d}.pth'


def epoch_of(path: Path) -> int:
    return int(path.stem[len('epoch_') :])


def save_checkpoint(checkpoint: dict[str, Any], path: Path) -> None:
    write_atomically(path, lambda part: torch.save(checkpoint, part))


def publish(checkpoint: dict[str, Any], path: Path) -> None:
    """model.pth: the checkpoint without what only a resumed training needs, half the size."""
    slim = {name: value for name, value in checkpoint.items() if name != 'resume'}
    slim['optimizer_state_dict'] = {**checkpoint['optimizer_state_dict'], 'state': {}}
    save_checkpoint(slim, path)
