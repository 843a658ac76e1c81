"""How well held-out pairs are ordered after learning from fewer pairs: a learning curve that costs little.

Training the network once for every number of pairs would cost several trainings. Here each photo goes through
the body once, *before* it is trained, and only a linear score of its features is learned, with the loss of the
training. That has a single best solution: no number of steps, no seed and no stopping rule bends the curve,
and it takes a second where the head of the network would take minutes. Such features have not learned the
station, so the values of the curve are not those of the model; its course tells whether more pairs still
helped. Linear scores of fixed features as a measure: Alain & Bengio 2016, https://arxiv.org/abs/1610.01644.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from network import ranking_loss
from photo_pairs import Pairs
from training_data import Data, order_metrics, see_photos

FRACTIONS = (1 / 8, 1 / 4, 1 / 2)  # of the training pairs; and all of them
SHUFFLES = 10
# With fewer, an eighth is five pairs, of which nothing can be learned.
LEAST_PAIRS = 40
# Standard deviation of the scores before anything is learned: two photos taken at random differ by as much as
# a pair about which an annotator is fairly sure.
PRIOR_SD = 2.0
MOST_ITERATIONS = 100


def learning_curve(
    body: Callable[[Tensor], Tensor], data: Data, seed: int, device: torch.device
) -> dict[str, Any]:
    """Accuracy and loss on the validation pairs by the number of training pairs, for training.json.

    Each of `SHUFFLES` orders of the training pairs gives nested subsets of `FRACTIONS`, from each of which a
    score is learned; lists are in the order of the shuffles, and have one value for all pairs. Accuracies are
    null where no validation pair is unequal. PyTorch's own random numbers are not used.

    body: prepared photos → features, (batch, 512); it must be in evaluation mode.
    """
    if len(data.train) < LEAST_PAIRS:
        return {'skipped': f'{len(data.train)} training pairs are fewer than {LEAST_PAIRS}'}
    started = time.time()
    features, train, val = see_pairs(body, data, device)
    if not bool(torch.isfinite(features).all()):
        return {'skipped': 'features of the photos are not all finite numbers'}
    numbers = [max(1, round(fraction * len(train))) for fraction in FRACTIONS]
    points = [{'pairs': number, 'accuracy': [], 'loss': []} for number in [*numbers, len(train)]]

    def learn_from(chosen: Pairs, point: dict[str, Any]) -> None:
        scores = (features @ learn_weights(features, chosen)).float()
        loss, accuracy = order_metrics(scores[val.photo_1], scores[val.photo_2], val)
        point['loss'].append(loss)
        point['accuracy'].append(None if math.isnan(accuracy) else accuracy)

    for shuffle in range(SHUFFLES):
        generator = torch.Generator().manual_seed(seed * 1013 + shuffle)
        order = torch.randperm(len(train), generator=generator)
        for point in points[:-1]:
            learn_from(subset(train, order[: point['pairs']]), point)
    learn_from(train, points[-1])
    return {'pairs_val': len(val), 'points': points, 'seconds': round(time.time() - started, 1)}


def see_pairs(
    body: Callable[[Tensor], Tensor], data: Data, device: torch.device
) -> tuple[Tensor, Pairs, Pairs]:
    """Features of the photos of all pairs, each once, and the pairs of both splits by rows of these.

    Features are in units of their standard deviation over the training photos; those that are constant there
    become 0.
    """
    sides = [data.train.photo_1, data.train.photo_2, data.val.photo_1, data.val.photo_2]
    photos, rows = torch.unique(torch.cat(sides), return_inverse=True)
    train_1, train_2, val_1, val_2 = rows.split([len(side) for side in sides])
    features = see_photos(body, data, photos, device).double()
    deviation, mean = torch.std_mean(
        features[torch.unique(torch.cat([train_1, train_2]))], dim=0, unbiased=False
    )
    scale = torch.where(deviation > 1e-6, 1 / deviation, torch.zeros_like(deviation))
    return (
        (features - mean) * scale,
        Pairs(train_1, train_2, data.train.label, data.train.rows),
        Pairs(val_1, val_2, data.val.label, data.val.rows),
    )


def subset(pairs: Pairs, chosen: Tensor) -> Pairs:
    return Pairs(pairs.photo_1[chosen], pairs.photo_2[chosen], pairs.label[chosen], pairs.rows[chosen])


def learn_weights(features: Tensor, pairs: Pairs) -> Tensor:
    """Weights of the linear score that is most probable after these judgments, (features,): the ranking loss
    over the pairs, and weights that are normally distributed before, so that scores have `PRIOR_SD`.
    """
    weights = torch.zeros(features.shape[1], dtype=features.dtype, requires_grad=True)
    precision = features.shape[1] / PRIOR_SD**2
    repeats = pairs.rows / pairs.rows.mean()
    optimizer = torch.optim.LBFGS([weights], max_iter=MOST_ITERATIONS, line_search_fn='strong_wolfe')

    def closure() -> Tensor:
        optimizer.zero_grad()
        scores = features @ weights
        losses = ranking_loss(scores[pairs.photo_1], scores[pairs.photo_2], pairs.label.double())
        loss = (losses * repeats).sum() + precision / 2 * (weights * weights).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return weights.detach()
