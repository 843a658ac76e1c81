"""A small station, whose photos are brighter the more flow there is."""

import csv
import json
import os
import sys
from pathlib import Path

# As train.py sets them, here before PyTorch is loaded.
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')
MODEL = Path(__file__).parent.parent
sys.path.insert(0, str(MODEL))

import numpy as np
import pytest
import torch
from PIL import Image

PAIR_COLUMNS = ['split', 'pair', 'image_id_1', 'timestamp_1', 'filename_1', 'value_1']
PAIR_COLUMNS += ['image_id_2', 'timestamp_2', 'filename_2', 'value_2', 'label']


def draw_photo(flow, seed=0, size=(80, 60), mode='RGB'):
    """A noisy photo, brighter with more flow (0…1), with a vertical gradient; size is (width, height)."""
    width, height = size
    noise = np.random.default_rng(seed).normal(0, 12, (height, width, 3))
    gradient = np.linspace(0, 40, height)[:, None, None]
    pixels = np.clip(40 + 150 * flow + gradient + noise, 0, 255).astype(np.uint8)
    return Image.fromarray(pixels).convert(mode)


class Station:
    """The folders of a training job, as SageMaker lays them out."""

    def __init__(self, root, n_photos=12, size=(80, 60)):
        self.root = root
        self.names = [f'imagesets/Mill Brook ({index}).jpg' for index in range(n_photos)]
        for index, name in enumerate(self.names):
            self.save(name, draw_photo(index / n_photos, index, size))
        n_train = 2 * n_photos // 3
        self.write_pairs(
            [('train', index, (index + 3) % n_train) for index in range(n_train)]
            + [('val', index, index + 1) for index in range(n_train, n_photos - 1)]
        )

    def path(self, name):
        return self.root / 'images' / name

    def save(self, name, image, **options):
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        image.save(self.path(name), quality=95, **options)

    def write_pairs(self, pairs):
        """Each pair and its mirror; the photo of the higher number shows more."""
        (self.root / 'values').mkdir(exist_ok=True)
        with open(self.root / 'values' / 'pairs.csv', 'w', newline='') as file:
            writer = csv.writer(file, lineterminator='\n')
            writer.writerow(PAIR_COLUMNS)
            for number, (split, one, two) in enumerate(pairs, start=1):
                label = 1 if one > two else -1
                sides = [[index, '2022-02-01T12:00:00Z', self.names[index], index] for index in (one, two)]
                writer.writerow([split, number, *sides[0], *sides[1], label])
                writer.writerow([split, number, *sides[1], *sides[0], -label])

    def environment(self, **hyperparameters):
        values = {
            'n_epochs': '1',
            'input_size': '40',
            'batch_size': '4',
            'pretrained': 'false',
            'checkpoint_dir': str(self.root / 'checkpoints'),
            'sagemaker_program': 'train.py',
        }
        output = self.root / 'output'
        return {
            'SM_HPS': json.dumps({**values, **hyperparameters}),
            'SM_CHANNEL_IMAGES': str(self.root / 'images'),
            'SM_CHANNEL_VALUES': str(self.root / 'values'),
            'SM_MODEL_DIR': str(self.root / 'model'),
            'SM_OUTPUT_DIR': str(output),
            'SM_OUTPUT_DATA_DIR': str(output / 'data'),
            'SM_NUM_GPUS': '0',
        }


@pytest.fixture
def station(tmp_path):
    return Station(tmp_path)


@pytest.fixture(scope='session')
def trained(tmp_path_factory):
    """A station after a training of two epochs, the second of them unfrozen."""
    import train

    station = Station(tmp_path_factory.mktemp('trained'))
    train.train(station.environment(n_epochs='2', unfreeze_after='1'))
    return station


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(1691)
