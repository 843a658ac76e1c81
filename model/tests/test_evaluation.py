"""The programs of `npm run evaluate` that train and score (benchmarks/)."""

import json
import subprocess
import sys

import pytest
import torch
from conftest import MODEL

sys.path.insert(0, str(MODEL.parent / 'benchmarks' / 'evaluate'))
import train_and_score
from experiments import EXPERIMENTS

from network import RankNet, load_checkpoint, load_published_state
from photos import open_photo
from recipes import RECIPES
from transforms import apply_transform


@pytest.fixture(autouse=True)
def names_of_the_product():
    before = dict(RECIPES)
    yield
    RECIPES.clear()
    RECIPES.update(before)


def job_of(station, experiment):
    settings = {'input_size': 40, 'batch_size': 4, 'unfreeze_after': 0, 'n_epochs': 1}
    return {
        'experiment': experiment,
        'hyperparameters': {**settings, 'learning_rate': 0.01, 'random_seed': 3, 'pretrained': False},
        'images': str(station.root / 'images'),
        'folder': str(station.root),
        'filenames': [*station.names, 'imagesets/none.jpg'],
    }


def plain_scores(station):
    """As FPE's tools score: the pickled transform on whole photos."""
    checkpoint = load_checkpoint(station.root / 'model' / 'model.pth')
    network = RankNet().eval()
    load_published_state(network, checkpoint['model_state_dict'], 'model.pth')
    photos = [
        apply_transform(checkpoint['transforms']['eval'], open_photo(station.path(name)))
        for name in station.names
    ]
    with torch.no_grad():
        return network(torch.stack(photos)).tolist()


@pytest.mark.parametrize('experiment', ['fpe', '2026-zoom-jitter', 'upstream'])
def test_scores_are_those_of_the_published_checkpoint(station, experiment):
    train_and_score.main(job_of(station, experiment))

    output = json.loads((station.root / 'scores.json').read_text())
    *scores, missing = output['scores']
    assert missing is None
    assert scores == pytest.approx(plain_scores(station), rel=1e-5, abs=1e-5)
    assert max(scores) - min(scores) > 1e-4
    assert (output['epochs'] is None) == (experiment == 'upstream')


def test_averaged_crops_are_the_center_and_the_corners(station):
    train_and_score.main(job_of(station, 'fpe'))
    plan = train_and_score.scoring_plan(
        load_checkpoint(station.root / 'model' / 'model.pth')['transforms']['eval']
    )

    center, *corners = train_and_score.parts_of(open_photo(station.path(station.names[3])), plan, 5)

    assert torch.equal(center, plan.prepare(open_photo(station.path(station.names[3]))))
    assert len(corners) == 4 and all(each.shape == center.shape for each in corners)
    (height, width), (crop_height, crop_width) = plan.sizes
    down, right = height - crop_height, width - crop_width
    # The upper left and the lower right part overlap.
    assert torch.allclose(corners[0][:, down:, right:], corners[3][:, :-down, :-right], atol=1e-5)


def test_experiments_are_told_as_json_and_differ():
    text = subprocess.run(
        [sys.executable, str(MODEL.parent / 'benchmarks' / 'evaluate' / 'experiments.py')],
        env={'PYTHONPATH': str(MODEL)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    told = json.loads(text)
    assert list(told) == list(EXPERIMENTS)
    assert len({json.dumps(each) for each in told.values()}) == len(told)
    assert told['fpe']['recipe']['optimizer'] == 'sgd'
