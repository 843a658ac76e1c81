"""How a network is computed on the CPU when it scores: by the fastest engine here whose scores are the same.

Two thirds of the work are convolutions of 3 × 3. ncnn computes them as Winograd's F(4, 3): 36 multiplications
where PyTorch, oneDNN, ONNX Runtime and OpenVINO, which convolve directly, need 144 (Lavin and Gray 2015,
https://arxiv.org/abs/1509.09308).
"""

from __future__ import annotations

import contextlib
import copy
import os
import warnings
from pathlib import Path
from typing import Callable

import torch
from torch import Tensor, nn

from errors import reason_of
from ncnn_network import ncnn_network
from network import RankNet

# Share of the spread of a model's scores: if an engine's scores differ by more, it is not used.
TOLERANCE = 5e-6
# How far an engine's scores may be from those of float64, in errors of the plain network. Another processor
# gives the plain network itself errors of the same size.
ERROR_RATIO = 2
# The scores are compared on the same examples in every process that loads the model.
EXAMPLE_SEED = 1691
# From dark to light, in standard deviations of a station's pixels.
EXAMPLE_LEVELS = (-2.0, -1.0, 0.0, 1.0)
# Beside model.pth: the engine of the first process of a job, as the target of a link.
DECISION = 'engine'
# Always there, and the definition of the scores.
PLAIN = 'plain'

# (1, 3, h, w) → (1,)
Engine = Callable[[Tensor], Tensor]


def example_photos(height: int, width: int) -> Tensor:
    """(4, 3, h, w): noise from dark to light, always the same, in the range of prepared photos, and like them
    with the three values of a pixel side by side.
    """
    generator = torch.Generator().manual_seed(EXAMPLE_SEED)
    noise = torch.rand(len(EXAMPLE_LEVELS), height, width, 3, generator=generator)
    return (noise + torch.tensor(EXAMPLE_LEVELS)[:, None, None, None]).permute(0, 3, 1, 2)


def choose_engine(network: RankNet, examples: Tensor, job_folder: Path) -> tuple[str, Engine]:
    """The name of the fastest engine whose scores of the examples equal those of the plain network, and the
    engine.

    All processes that score for a job use the same one: photos of one station must not be scored by two.
    """
    own, engine = _fastest_engine(network, examples)
    decision = decide_together(own, job_folder)
    if decision != own:
        start = dict(ENGINES).get(decision)
        other = start and _started(decision, start, network, examples)
        own, engine = (decision, other) if other else (PLAIN, _plain_engine(network))
    print(f'Scoring with the {own} network', flush=True)
    return own, engine


def _fastest_engine(network: RankNet, examples: Tensor) -> tuple[str, Engine]:
    for name, start in ENGINES:
        engine = _started(name, start, network, examples)
        if engine is None:
            continue
        if has_same_scores(engine, network, examples):
            return name, engine
        print(f'The {name} network is not used: its scores differ from those of the plain one', flush=True)
    return PLAIN, _plain_engine(network)


def _started(
    name: str, start: Callable[[RankNet, Tensor], Engine], network: RankNet, examples: Tensor
) -> Engine | None:
    try:
        with torch.no_grad():
            engine = start(network, examples[:1])
            engine(examples[:1])
            return engine
    except Exception as error:  # each engine, and each version of it, refuses in its own way
        print(f'There is no {name} network here: {reason_of(error)}', flush=True)
        return None


def _compiled_engine(network: RankNet, example: Tensor) -> Engine:
    """The network as oneDNN kernels, with batch normalization folded into the convolutions.

    One small photo at a time, PyTorch 1.13 would choose its slow built-in convolution: ten times slower at
    128 pixels. A later PyTorch may have dropped this compiler.
    """
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', FutureWarning)  # deprecated; where it is gone, see choose_engine
        compiled = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(network, example)))
    for _ in range(2):  # the first calls still compile
        compiled(example)
    return compiled


def _plain_engine(network: RankNet) -> Engine:
    return network.to(memory_format=torch.channels_last)


# From the fastest to the slowest.
ENGINES: tuple[tuple[str, Callable[[RankNet, Tensor], Engine]], ...] = (
    ('ncnn', lambda network, _example: ncnn_network(network, torch.get_num_threads())),
    ('compiled', _compiled_engine),
)


@torch.no_grad()
def has_same_scores(engine: Engine, network: nn.Module, examples: Tensor) -> bool:
    """Whether both give the same scores, except for a small part of their spread and float32's last digit;
    or, where a network's scores hardly differ, whether the engine's are about as near to the exact ones.
    """
    found, expected = (torch.cat([each(photo) for photo in examples.split(1)]) for each in (engine, network))
    spread = float(expected.max() - expected.min())
    last_digit = 2 * torch.finfo(torch.float32).eps
    if torch.allclose(found, expected, rtol=last_digit, atol=TOLERANCE * spread):
        return True
    exact_network = copy.deepcopy(network).double()
    exact = torch.cat([exact_network(photo) for photo in examples.double().split(1)])
    found_error, expected_error = (
        float((scores.double() - exact).abs().max()) for scores in (found, expected)
    )
    return found_error <= ERROR_RATIO * expected_error


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
