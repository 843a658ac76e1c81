"""Score photos with a published model: the four functions that SageMaker's PyTorch containers call, and
`serve` too.

A photo's answer is `{"score": 0.0754, "luma": [6, 216]}`. A photo that cannot be scored is answered too,
`{"score": null, "error": "…", "fault": "truncated"}`, with a message for people and a code for counting: an
exception here would fail the whole transform job because of one broken file (Q-X3).

Scores equal those of FPE's other tools, which send one photo at a time through the pickled transform, within
1e-5 of the difference between a model's lowest and highest scores: each model's scores have a unit of their
own.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import math
import os
import signal
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from cores import available_cores
from engines import choose_engine, example_photos
from errors import InvalidCheckpoint, reason_of
from network import RankNet, load_checkpoint, load_published_state
from photos import Size, UnreadablePhoto, luma_range, open_photo
from transforms import apply_transform, scoring_plan, turn_off_antialiasing

# The class that TorchServe's process is started with.
TORCHSERVE = b'org.pytorch.serve.ModelServer'
# Of what the network sees: eight times the largest input_size.
MAX_SIDE_PIXELS = 8192
# The fault of a photo that is read and gets no score (shared/dataset/reasons.ts, PHOTO_FAULTS).
NO_SCORE = 'no_finite_score'


class Scorer:
    """A loaded model: photo in, score out. On the CPU, whatever else the host has (Q-X2)."""

    def __init__(self, checkpoint: dict[str, Any], source: str):
        network = RankNet()
        load_published_state(network, checkpoint['model_state_dict'], source)
        self.transform, (height, width) = _preparation(checkpoint, source)
        turn_off_antialiasing(self.transform)
        self.plan = scoring_plan(self.transform)
        examples = example_photos(height, width)
        self.engine_name, self.engine = choose_engine(network.eval(), examples, Path(source).parent)

    def prepare(self, photo: Image.Image) -> Tensor:
        """(1, 3, h, w), as produced by the checkpoint's `eval` transform."""
        prepared = self.plan.prepare(photo) if self.plan else apply_transform(self.transform, photo)
        return prepared.unsqueeze(0)

    @torch.no_grad()
    def score(self, photo: Image.Image) -> float:
        return float(self.engine(self.prepare(photo)))


def _preparation(checkpoint: dict[str, Any], source: str) -> tuple[Any, Size]:
    """The `eval` transform, and the size it brings photos to.

    Raises InvalidCheckpoint for sizes no model has: a manipulated file may require more memory than there is.
    """
    transform, shape = checkpoint['transforms'].get('eval'), checkpoint['params'].get('input_shape')
    steps = getattr(transform, 'transforms', None)
    if not isinstance(steps, list) or not isinstance(shape, (list, tuple)) or len(shape) != 2:
        raise _invalid_preparation(source, 'no transform eval or no input_shape')
    lengths = [*shape]
    for step in steps:
        size = getattr(step, 'size', [])
        lengths += size if isinstance(size, (list, tuple)) else [size]
    try:
        lengths = [int(length) for length in lengths]
    except (TypeError, ValueError):
        raise _invalid_preparation(source, 'lengths that are no numbers') from None
    if not all(1 <= length <= MAX_SIDE_PIXELS for length in lengths):
        raise _invalid_preparation(source, f'lengths from {min(lengths)} to {max(lengths)} pixels')
    return transform, (lengths[0], lengths[1])


def _invalid_preparation(source: str, found: str) -> InvalidCheckpoint:
    return InvalidCheckpoint(
        what='The checkpoint does not say how photos are prepared',
        where=source,
        found=found,
        expected=f'transforms.eval and params.input_shape, with lengths of 1 to {MAX_SIDE_PIXELS} pixels',
        fix='give a model.pth that this pipeline or FPE published',
    )


def threads_per_worker() -> int:
    """Cores for each of the workers that the server starts, so that they do not fight for them."""
    cores = available_cores()
    return max(1, cores // max(1, int(os.environ.get('SAGEMAKER_MODEL_SERVER_WORKERS') or cores)))


def model_fn(model_dir: str | os.PathLike, context: Any = None) -> Scorer:
    """Load model.pth: ours, or one that FPE published before. No other weights are fetched (Q-X1)."""
    torch.set_num_threads(threads_per_worker())
    path = Path(model_dir) / 'model.pth'
    try:
        scorer = Scorer(load_checkpoint(path), str(path))
        give_back_memory()
        return scorer
    except Exception as error:
        end_torchserve(error)
        raise


def give_back_memory() -> None:
    """To the system, what loading has left behind: weights in two forms, and the first photos' features.

    Otherwise each worker would keep it, also those that are forked from the process that loads the model.
    """
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):  # only the GNU C library has this function
        ctypes.CDLL(None).malloc_trim(0)


def end_torchserve(error: Exception, process_folder: Path = Path('/proc')) -> None:
    """End the server of AWS's container, if it has started this process.

    TorchServe stays healthy without a model and starts a worker again and again, while each photo waits for
    minutes: a job of 100,000 photos would run for days. Once the server is gone, the job fails at its first
    photo. Any other server learns of it from the error itself.
    """
    parent = os.getppid()
    try:
        command = (process_folder / str(parent) / 'cmdline').read_bytes()
    except OSError:
        return
    if TORCHSERVE in command:
        print(f'The server ends, as its model does not load: {reason_of(error)}', flush=True)
        os.kill(parent, signal.SIGTERM)


def input_fn(body: Any, content_type: str = 'application/octet-stream') -> Image.Image | UnreadablePhoto:
    """Decode a request, whatever its content type; a fault is passed on, to be answered."""
    try:
        # Containers decode text types; such a body is not a photo.
        return open_photo(bytes(body) if not isinstance(body, str) else body.encode())
    except UnreadablePhoto as error:
        return error


def predict_fn(photo: Image.Image | UnreadablePhoto, model: Scorer) -> dict[str, Any]:
    """The answer for one photo; never raises because of the photo."""
    if isinstance(photo, UnreadablePhoto):
        return _no_score(str(photo), photo.fault)
    try:
        score, luma = model.score(photo), luma_range(photo)
    except Exception as error:  # whatever a photo provokes in a foreign model's transform
        return _no_score(reason_of(error), NO_SCORE)
    if math.isfinite(score):
        return {'score': score, 'luma': luma}
    return _no_score(f'the score is {score}', NO_SCORE)


def output_fn(prediction: dict[str, Any], accept: str = 'application/json') -> tuple[str, str]:
    """JSON, whatever was requested."""
    return json.dumps(prediction), 'application/json'


def _no_score(reason: str, fault: str) -> dict[str, Any]:
    return {'score': None, 'error': ' '.join(reason.split())[:500], 'fault': fault}
