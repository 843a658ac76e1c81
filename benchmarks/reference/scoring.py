"""Scoring as upstream does it, and what the benchmark of scoring needs.

    python scoring.py photos FOLDER WIDTH HEIGHT COUNT   draw photos, and beside them a model.pth for them
    python scoring.py score FOLDER MODEL                 score them one by one; prints JSON

Upstream sends one photo after the other through the pickled transform and the plain network, with the
threads of OMP_NUM_THREADS.
"""

from __future__ import annotations

import io
import json
import os
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / 'model'))

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import functional as TF

from network import RankNet, load_checkpoint, load_published_state, published_state
from transforms import Jitter, PhotoTransforms, checkpoint_transforms, sizes_for

INPUT_SIZE = 480
QUALITY = 90


def draw_photo(width: int, height: int, seed: int) -> Image.Image:
    """Large and small shapes with the noise of a sensor: about as many bytes as a photo of a stream."""
    random = np.random.default_rng(seed)
    pixels = np.zeros((height, width, 3), np.float32)
    for cells, weight in ((6, 60), (40, 25), (200, 12)):
        shapes = random.normal(0, weight, (cells, cells, 3)).astype(np.float32)
        for channel in range(3):
            plane = Image.fromarray(shapes[:, :, channel])
            pixels[:, :, channel] += np.asarray(plane.resize((width, height), Image.BICUBIC))
    pixels += random.normal(90 + 10 * (seed % 8), 4, pixels.shape)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def draw(folder: Path, width: int, height: int, count: int) -> None:
    """Photos, and a network whose batch normalization has seen them, so that its scores differ."""
    torch.manual_seed(1691)
    folder.mkdir(parents=True, exist_ok=True)
    photos = [draw_photo(width, height, seed) for seed in range(count)]
    for seed, photo in enumerate(photos):
        photo.save(folder / f'{seed:03}.jpg', quality=QUALITY)
    sizes = sizes_for(width / height, INPUT_SIZE)
    described = PhotoTransforms(sizes, False, (0.4, 0.4, 0.4), (0.2, 0.2, 0.2), True, Jitter())
    transforms, network = checkpoint_transforms(described), RankNet()
    with torch.no_grad():
        network(torch.stack([transforms['eval'](TF.to_tensor(photo)) for photo in photos[:4]]))
    checkpoint = {
        'model_state_dict': published_state(network),
        'transforms': transforms,
        'params': {'aspect': width / height, 'input_shape': list(sizes.cropped)},
    }
    (folder / 'model').mkdir(exist_ok=True)
    torch.save(checkpoint, folder / 'model' / 'model.pth')


@torch.no_grad()
def score(folder: Path, model: Path) -> None:
    torch.set_num_threads(int(os.environ.get('OMP_NUM_THREADS', '1')))
    checkpoint, network = load_checkpoint(model), RankNet()
    load_published_state(network, checkpoint['model_state_dict'], str(model))
    network.eval()

    def score_of(content: bytes) -> float:
        photo = TF.to_tensor(Image.open(io.BytesIO(content)))
        return float(network(checkpoint['transforms']['eval'](photo)[None]))

    photos = [path.read_bytes() for path in sorted(folder.glob('*.jpg'))]
    score_of(photos[0])  # as a server that is warm
    started = time.perf_counter()
    scores = [score_of(photo) for photo in photos]
    seconds = time.perf_counter() - started
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({'scores': scores, 'seconds': seconds, 'megabytes': megabytes}))


if __name__ == '__main__':
    command, folder, *rest = sys.argv[1:]
    if command == 'photos':
        draw(Path(folder), *map(int, rest))
    else:
        score(Path(folder), Path(rest[0]))
