"""Ways to train: a name, and everything that the hyperparameters do not say.

`fpe` trains as upstream does. Whatever the recipe, the network is the same, and so are the names, shapes and transforms
in the published checkpoint: what reads one reads them all. `npm run evaluate` compares recipes, and docs/model.md has
its results.
"""

from __future__ import annotations

from dataclasses import dataclass

from transforms import UPSTREAM_AUGMENTATION, Augmentation


@dataclass(frozen=True)
class Recipe:
    """How a network learns from pairs. The defaults are upstream's."""

    optimizer: str = 'sgd'  # with momentum 0.9; or adamw (Loshchilov and Hutter 2019, arXiv:1711.05101)
    rate_factor: float = 1.0  # the optimizer's rate is learning_rate times this
    weight_decay: float = 0.0  # of weights, not of biases and batch normalization
    schedule: str = 'plateau'  # halved when the validation loss stays; or cosine, after a linear warm-up
    average_decay: float = 0.0  # share of the former average of weights after a step; 0 publishes the weights
    label_smoothing: float = 0.0  # how far a judgment's probability moves from 0 or 1: 1 would be to ½
    hard_pairs: float = 0.0  # exponent of 1 − probability, a pair's weight (focal loss, arXiv:1708.02002)
    rows_apart: bool = (
        False  # a pair and its mirror are seen apart, each in a view of its own, as by upstream
    )
    freeze_batch_norm: bool = (
        False  # the body's statistics stay those of ImageNet; useless without its weights
    )
    augmentation: Augmentation = UPSTREAM_AUGMENTATION

    def has_an_end(self) -> bool:
        """Whether each epoch depends on how many there are."""
        return self.schedule == 'cosine'


# Once a model is published by a recipe, its name keeps its meaning.
RECIPES = {
    'fpe': Recipe(),
    '2026': Recipe(
        optimizer='adamw',
        rate_factor=0.05,
        weight_decay=0.05,
        schedule='cosine',
        average_decay=0.99,
        # A camera is never mirrored, and hangs nearly still.
        augmentation=Augmentation(flip=False, rotation_degrees=3),
    ),
}
