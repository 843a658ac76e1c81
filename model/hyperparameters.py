"""The hyperparameters of a training, read from SM_HPS.

SageMaker passes every value as a string; its toolkit decodes them as JSON if it can. So `"8"`, `8`, `"true"`
and `true` all occur. They also arrive on the command line, joined by a shell without quoting: never read them
there.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, fields
from typing import Any

from errors import InvalidHyperparameters
from recipes import RECIPES

DEFAULT_CHECKPOINT_DIR = '/opt/ml/checkpoints'


@dataclass(frozen=True)
class Hyperparameters:
    recipe: str = 'fpe'  # how the network learns (recipes.py)
    n_epochs: int = 20
    learning_rate: float = 0.001
    batch_size: int = 64  # rows of pairs.csv, where a pair and its mirror are two
    unfreeze_after: int = 2  # epochs with a frozen body
    input_size: int = 480  # height of a photo after resizing, pixels
    num_image_stats: int = 1000  # rows whose first photo counts for mean and sd
    decolorize: bool = False  # gray photos; turns normalize off
    normalize: bool = True
    augment: bool = True
    jitter_brightness: float = 0.0  # with augment: factors between 1 − x and 1 + x
    jitter_contrast: float = 0.0
    jitter_saturation: float = 0.0
    random_seed: int = 1691
    pretrained: bool = True  # start from the weights channel
    checkpoint_dir: str = DEFAULT_CHECKPOINT_DIR


# Lowest and highest value. Names, defaults and ranges are those of the pipeline's input schema
# (shared/inputs/train-station.ts); a test keeps them equal.
RANGES = {
    'n_epochs': (1, 500),
    'learning_rate': (1e-12, 1),
    'batch_size': (2, 1024),
    'unfreeze_after': (0, 500),
    'input_size': (32, 1024),
    'num_image_stats': (1, 100_000),
    'jitter_brightness': (0, 1),
    'jitter_contrast': (0, 1),
    'jitter_saturation': (0, 1),
    'random_seed': (0, 2**31 - 1),
}


def parse_hyperparameters(text: str | None) -> Hyperparameters:
    """Read SM_HPS: a JSON object. None or '' gives the defaults. Raises InvalidHyperparameters naming
    everything that is wrong.
    """
    try:
        given = json.loads((text or '{}').removeprefix('\ufeff'))
    except ValueError as error:
        raise _refusal([f'text that is no JSON ({error})']) from error
    if not isinstance(given, dict):
        raise _refusal([f'JSON that is no object: {given!r}'])

    types = {field.name: type(field.default) for field in fields(Hyperparameters)}
    values, problems = {}, []
    for name, value in given.items():
        if name.startswith('sagemaker_'):
            continue  # SageMaker's own
        if name not in types:
            nearest = difflib.get_close_matches(name, types, 1)
            problems.append(f'{name} is unknown' + (f' (did you mean {nearest[0]}?)' if nearest else ''))
            continue
        try:
            values[name] = _in_range(name, _parse(value, types[name]))
        except ValueError as error:
            problems.append(f'{name} = {value!r}, which is not {error}')
    if problems:
        raise _refusal(problems)
    return Hyperparameters(**values)


def _parse(value: Any, kind: type) -> Any:
    """Convert one value to its type; a ValueError says what was expected. `bool('False')` is true, so bool is
    not used (Q-T1).
    """
    text = str(value).strip()
    if kind is bool:
        if text.lower() not in ('true', 'false'):
            raise ValueError('true or false')
        return text.lower() == 'true'
    if kind is str:
        if not text:
            raise ValueError('a non-empty text')
        return text
    try:
        return kind(text)
    except ValueError:
        raise ValueError('a whole number' if kind is int else 'a number') from None


def _in_range(name: str, value: Any) -> Any:
    if name in RANGES:
        lowest, highest = RANGES[name]
        if not lowest <= value <= highest:  # also true of NaN
            raise ValueError(f'between {lowest} and {highest}')
    if name == 'recipe' and value not in RECIPES:
        raise ValueError(f'one of {", ".join(RECIPES)}')
    return value


def _refusal(problems: list[str]) -> InvalidHyperparameters:
    names = ', '.join(field.name for field in fields(Hyperparameters))
    return InvalidHyperparameters(
        what='The hyperparameters cannot be used',
        where='SM_HPS',
        found='; '.join(problems),
        expected=f'a JSON object with any of {names}',
        fix='correct the values in the input of the execution and start it again',
    )
