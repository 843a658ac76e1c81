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
import json
import math
import os
import signal
import warnings
from pathlib import Path
from typing import Any, Callable

import torch
from PIL import Image
from torch import Tensor

from cores import available_cores
from errors import InvalidCheckpoint, reason_of
from network import RankNet, load_checkpoint, load_published_state
from photos import Size, UnreadablePhoto, luma_range, open_photo
from transforms import apply_transform, scoring_plan, turn_off_antialiasing

# Share of the spread of a model's scores: if the compiled network differs by more, the plain one is used.
COMPILED_TOLERANCE = 5e-6
# The two are compared on the same examples in every process that loads the model.
EXAMPLE_SEED = 1691
# From dark to light, in standard deviations of a station's pixels.
EXAMPLE_LEVELS = (-2.0, -1.0, 0.0, 1.0)
# Beside model.pth: the decision of the first process of a job, as the target of a link.
DECISION = 'network-decision'
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
        self.network = choose_network(network.eval(), examples, Path(source).parent)

    def prepare(self, photo: Image.Image) -> Tensor:
        """(1, 3, h, w), as produced by the checkpoint's `eval` transform."""
        prepared = self.plan.prepare(photo) if self.plan else apply_transform(self.transform, photo)
        return prepared.unsqueeze(0)

    @torch.no_grad()
    def score(self, photo: Image.Image) -> float:
        return float(self.network(self.prepare(photo)))


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


Network = Callable[[Tensor], Tensor]


def example_photos(height: int, width: int) -> Tensor:
    """(4, 3, h, w): noise from dark to light, always the same, in the range of prepared photos."""
    generator = torch.Generator().manual_seed(EXAMPLE_SEED)
    noise = torch.rand(len(EXAMPLE_LEVELS), 3, height, width, generator=generator)
    return noise + torch.tensor(EXAMPLE_LEVELS)[:, None, None, None]


def choose_network(network: RankNet, examples: Tensor, job_folder: Path) -> Network:
    """The compiled network if its scores equal those of the plain one, otherwise the plain one.

    All processes that score for a job use the same one: photos of one station must not be scored by two
    networks.
    """
    compiled = compile_network(network, examples[:1])
    is_same = compiled is not None and has_same_scores(compiled, network, examples)
    decision = decide_together('compiled' if is_same else 'plain', job_folder)
    if compiled is not None and decision == 'compiled':
        return compiled
    print('Scoring with the plain network', flush=True)
    return network.to(memory_format=torch.channels_last)


def compile_network(network: RankNet, example: Tensor) -> Network | None:
    """The network as oneDNN kernels, with batch normalization folded into the convolutions; None without them.

    One small photo at a time, PyTorch 1.13 would choose its slow built-in convolution: ten times slower at
    128 pixels. A later PyTorch may have dropped this compiler.
    """
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter('ignore', FutureWarning)  # deprecated; where it is gone, see below
            compiled = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(network, example)))
            for _ in range(2):  # the first calls still compile
                compiled(example)
            return compiled
    except Exception as error:  # each version of PyTorch refuses in its own way
        print(f'The network cannot be compiled: {reason_of(error)}', flush=True)
        return None


@torch.no_grad()
def has_same_scores(compiled: Network, network: Network, examples: Tensor) -> bool:
    """Whether both give the same scores, except for a small part of their spread and float32's last digit."""
    found, expected = (
        torch.cat([each(photo) for photo in examples.split(1)]) for each in (compiled, network)
    )
    spread = float(expected.max() - expected.min())
    last_digit = 2 * torch.finfo(torch.float32).eps
    return torch.allclose(found, expected, rtol=last_digit, atol=COMPILED_TOLERANCE * spread)


def decide_together(own: str, job_folder: Path) -> str:
    """The decision of the first process that loads the model from this folder; `own` if this one is the
    first.

    If the folder is not writable, each process keeps its own decision, which is based on the same examples.
    """
    place = job_folder / DECISION
    with contextlib.suppress(OSError):
        os.symlink(own, place)  # made with its content in one step, or not at all
    try:
        return os.readlink(place)
    except OSError:
        return own


def threads_per_worker() -> int:
    """Cores for each of the workers that the server starts, so that they do not fight for them."""
    cores = available_cores()
    return max(1, cores // max(1, int(os.environ.get('SAGEMAKER_MODEL_SERVER_WORKERS') or cores)))


def model_fn(model_dir: str | os.PathLike, context: Any = None) -> Scorer:
    """Load model.pth: ours, or one that FPE published before. No other weights are fetched (Q-X1)."""
    torch.set_num_threads(threads_per_worker())
    path = Path(model_dir) / 'model.pth'
    try:
        return Scorer(load_checkpoint(path), str(path))
    except Exception as error:
        end_torchserve(error)
        raise


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
