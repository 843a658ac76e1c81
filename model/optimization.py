"""What a recipe makes of a training step: its optimizer, its learning rate, its loss, the average of its weights."""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer

from network import RankNet, ranking_loss
from recipes import Recipe

MOMENTUM = 0.9
WARM_UP = 0.1  # share of the training in which a rate with an end rises
FORGOTTEN = 9  # steps by which an average lags behind at its beginning


def make_optimizer(network: nn.Module, recipe: Recipe, learning_rate: float) -> Optimizer:
    rate = learning_rate * recipe.rate_factor
    if recipe.optimizer == 'sgd' and recipe.weight_decay == 0:
        # One group of all parameters, as in checkpoints from before there were recipes.
        return SGD(network.parameters(), lr=rate, momentum=MOMENTUM)
    # Biases and batch normalization are few, and do not decay.
    groups = [
        {
            'params': [each for each in network.parameters() if each.ndim > 1],
            'weight_decay': recipe.weight_decay,
        },
        {'params': [each for each in network.parameters() if each.ndim <= 1], 'weight_decay': 0.0},
    ]
    if recipe.optimizer == 'sgd':
        return SGD(groups, lr=rate, momentum=MOMENTUM)
    return AdamW(groups, lr=rate)


def set_rate(optimizer: Optimizer, recipe: Recipe, learning_rate: float, progress: float) -> None:
    """The learning rate at this share of the training, 0…1, where the recipe's has an end; otherwise a
    scheduler decides.
    """
    if recipe.has_an_end():
        for group in optimizer.param_groups:
            group['lr'] = learning_rate * recipe.rate_factor * cosine_share(progress)


def cosine_share(progress: float) -> float:
    """Share of the highest rate: up in a line, down in half a cosine (arXiv:1608.03983)."""
    if progress < WARM_UP:
        return max(progress, 0.1 * WARM_UP) / WARM_UP
    return (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP))) / 2


def set_training_mode(network: RankNet, recipe: Recipe) -> None:
    """A frozen body is in training mode too: its batch normalization keeps learning, as upstream's does
    (Q-T7), unless the recipe keeps its statistics.
    """
    network.train()
    if recipe.freeze_batch_norm:
        for module in network.resnetbody.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()


def pair_losses(scores_1: Tensor, scores_2: Tensor, labels: Tensor, recipe: Recipe) -> Tensor:
    """What a training step minimizes, for each pair: the network's loss, as the recipe changes it; (pairs,)."""
    losses = ranking_loss(scores_1, scores_2, labels * (1 - recipe.label_smoothing))
    if recipe.hard_pairs == 0:
        return losses
    return losses * (1 - torch.exp(-losses.detach())) ** recipe.hard_pairs


class AverageNetwork:
    """The running average of a network's weights and statistics (Polyak and Juditsky 1992,
    doi:10.1137/0330046): less of the last batches, and of the noise in their labels.
    """

    def __init__(self, network: RankNet, decay: float):
        self.network, self.decay, self.steps = copy.deepcopy(network), decay, 0

    @torch.no_grad()
    def add(self, network: RankNet) -> None:
        self.steps += 1
        # The first steps count for more, so that the untrained network is forgotten.
        decay = min(self.decay, self.steps / (self.steps + FORGOTTEN))
        for average, tensor in zip(self.network.state_dict().values(), network.state_dict().values()):
            if average.is_floating_point():
                average.mul_(decay).add_(tensor, alpha=1 - decay)
            else:
                average.copy_(tensor)
