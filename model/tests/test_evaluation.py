"""The programs of `npm run evaluate` that train and score (benchmarks/)."""

import json
import shutil
import subprocess
import sys
from itertools import combinations

import pytest
import torch
from conftest import MODEL

sys.path.insert(0, str(MODEL.parent / 'benchmarks' / 'evaluate'))
import train_and_score
from experiments import EXPERIMENTS

import train
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


@pytest.fixture(autouse=True)
def start_of_the_product(monkeypatch):
    monkeypatch.setattr(train, 'start_network', train.start_network)


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


@pytest.fixture
def donor(station, tmp_path):
    """A published model: that of one epoch at another learning rate."""
    train_and_score.main(job_of(station, '2026'))
    return shutil.copy(station.root / 'model' / 'model.pth', tmp_path / 'donor.pth')


@pytest.mark.parametrize('experiment, head_is_taken', [('2026-started', True), ('2026-started-body', False)])
def test_a_training_starts_from_the_part_of_another_model_that_the_experiment_names(
    station, donor, monkeypatch, experiment, head_is_taken
):
    starts = []
    given = load_checkpoint(donor)['model_state_dict']
    run_epoch = train.Training.run_epoch

    def first_epoch(training, epoch):
        starts.append({name: tensor.clone() for name, tensor in training.network.state_dict().items()})
        run_epoch(training, epoch)

    monkeypatch.setattr(train.Training, 'run_epoch', first_epoch)

    train_and_score.main({**job_of(station, experiment), 'start': donor})

    [start] = starts
    taken = {name for name, tensor in start.items() if torch.equal(tensor, given[f'module.{name}'])}
    body = {name for name in start if name.startswith('resnetbody.')}
    weights = {name for name in set(start) - body if name.endswith('.weight')}
    assert body <= taken
    assert weights <= taken if head_is_taken else not weights & taken


def test_scores_of_several_networks_are_averaged_whatever_their_scales():
    one, other = [0.0, 1.0, 2.0, None], [300.0, 100.0, 200.0, None]

    *means, missing = train_and_score.averaged([one, other])

    assert missing is None
    assert means == pytest.approx([0.0, -(1.5**0.5) / 2, (1.5**0.5) / 2])
    assert train_and_score.averaged([one]) is one


def test_three_networks_have_seeds_of_their_own_and_the_same_pairs(station):
    job = job_of(station, '2026-three')

    train_and_score.main(job)

    published = [
        station.root / 'model' / 'model.pth',
        *sorted(station.root.glob('network-*/model/model.pth')),
    ]
    heads = [load_checkpoint(path)['model_state_dict']['module.fclayers.0.weight'] for path in published]
    assert len(heads) == 3
    assert not any(torch.equal(one, other) for one, other in combinations(heads, 2))
    *scores, missing = json.loads((station.root / 'scores.json').read_text())['scores']
    assert missing is None
    assert sum(scores) == pytest.approx(0, abs=1e-5)


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
