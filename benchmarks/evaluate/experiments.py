"""The ways to train and to score that are compared: recipes of model/recipes.py, and single changes of `fpe`."""

from dataclasses import dataclass, field, replace
from typing import Any, Dict, Optional

from recipes import RECIPES, Recipe
from transforms import UPSTREAM_AUGMENTATION, Augmentation, Jitter


@dataclass(frozen=True)
class Experiment:
    """A recipe, and what else differs: hyperparameters of the training, and how photos are scored."""

    recipe: Recipe
    hyperparameters: Dict[str, Any] = field(default_factory=dict)
    views: int = 1  # parts of a photo whose scores are averaged: its center, or that and its four corners
    neighbor_hours: Optional[float] = None  # pairs of photos that near to each other train as ties
    upstream: bool = False  # trained by benchmarks/reference/training.py
    start: Optional[str] = (
        None  # what is taken from another station's model (--start): its body, or its whole network
    )
    networks: int = 1  # trainings with the same pairs and other seeds, whose standardized scores are averaged


FPE = RECIPES['fpe']


def changed(**options: Any) -> Experiment:
    return Experiment(replace(FPE, **options))


def augmented(**options: Any) -> Experiment:
    return changed(augmentation=Augmentation(**options))


JITTER = Jitter(0.3, 0.3, 0.3)
# Generated stations have two or three photos a day.
NEIGHBOR_HOURS = 8.0


def changed_2026(**options: Any) -> Experiment:
    return Experiment(replace(RECIPES['2026'], **options))


def augmented_2026(**options: Any) -> Experiment:
    return changed_2026(augmentation=replace(RECIPES['2026'].augmentation, **options))


EXPERIMENTS = {
    'upstream': Experiment(FPE, upstream=True),
    **{name: Experiment(recipe) for name, recipe in RECIPES.items()},
    'rows-apart': changed(rows_apart=True),
    'jitter': augmented(jitter=JITTER),
    'no-flip': augmented(flip=False),
    'little-turn': augmented(rotation_degrees=3),
    'still': augmented(flip=False, rotation_degrees=3),
    'zoom': augmented(zoom=1.25),
    'blur': augmented(blur=15),
    'cutout': augmented(cutout=0.4),
    'adamw': changed(optimizer='adamw', rate_factor=0.05, weight_decay=0.05),
    'decay': changed(weight_decay=0.001),
    'cosine': changed(schedule='cosine'),
    'average': changed(average_decay=0.99),
    'smoothing': changed(label_smoothing=0.1),
    'hard-pairs': changed(hard_pairs=1.0),
    'cosine-average': changed(schedule='cosine', average_decay=0.99),
    'frozen-statistics': changed(freeze_batch_norm=True),  # with --weights alone
    'crops': Experiment(FPE, views=5),
    'size-128': Experiment(FPE, {'input_size': 128}),
    'size-64': Experiment(FPE, {'input_size': 64}),
    'adamw-cosine-average': changed_2026(augmentation=UPSTREAM_AUGMENTATION),
    'adamw-cosine-average-jitter': changed_2026(augmentation=Augmentation(jitter=JITTER)),
    '2026-rows-apart': changed_2026(rows_apart=True),
    '2026-hard-pairs': changed_2026(hard_pairs=1.0),
    '2026-hard-pairs-zoom': changed_2026(
        hard_pairs=1.0, augmentation=replace(RECIPES['2026'].augmentation, zoom=1.25)
    ),
    'neighbors': Experiment(FPE, neighbor_hours=NEIGHBOR_HOURS),
    '2026-neighbors': Experiment(RECIPES['2026'], neighbor_hours=NEIGHBOR_HOURS),
    '2026-jitter': augmented_2026(jitter=JITTER),
    '2026-zoom': augmented_2026(zoom=1.25),
    '2026-zoom-jitter': augmented_2026(zoom=1.25, jitter=JITTER),
    '2026-three': Experiment(RECIPES['2026'], networks=3),
    # With --start alone.
    'started': Experiment(FPE, start='network'),
    '2026-started-body': Experiment(RECIPES['2026'], start='body'),
    '2026-started': Experiment(RECIPES['2026'], start='network'),
    '2026-started-frozen-statistics': Experiment(
        replace(RECIPES['2026'], freeze_batch_norm=True), start='network'
    ),
}

if __name__ == '__main__':
    import json
    from dataclasses import asdict

    print(json.dumps({name: asdict(experiment) for name, experiment in EXPERIMENTS.items()}))
