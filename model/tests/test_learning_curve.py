import json
import math

import pytest
import torch
from conftest import Station

import learning_curve as curves
import train
from learning_curve import FRACTIONS, LEAST_PAIRS, SHUFFLES, learning_curve
from network import RankNet, ranking_loss
from photo_pairs import Pairs
from training_data import Data
from transforms import PhotoTransforms

N_PHOTOS, N_TRAIN, N_VAL = 120, 80, 60
CPU = torch.device('cpu')


def pairs_of(values, n, generator, noise=0.0):
    """Pairs of random photos; photo 1 shows more where its value is greater, but for a share of noise."""
    photo_1 = torch.randint(len(values), (n,), generator=generator)
    photo_2 = (photo_1 + 1 + torch.randint(len(values) - 1, (n,), generator=generator)) % len(values)
    label = torch.sign(values[photo_1] - values[photo_2])
    wrong = torch.rand(n, generator=generator) < noise
    return Pairs(photo_1, photo_2, torch.where(wrong, -label, label), torch.full((n,), 2.0))


@pytest.fixture
def known(monkeypatch):
    """Photos whose features hold what is to be learned, among others that hold nothing, and pairs of them."""

    def make(n_train=N_TRAIN, noise=0.0):
        generator = torch.Generator().manual_seed(5)
        features = torch.randn(N_PHOTOS, 512, generator=generator)
        values = features[:, :20].sum(dim=1)
        # What the body would be asked for, without photos.
        monkeypatch.setattr(curves, 'see_photos', lambda body, data, photos, device: features[photos] * 7 + 3)
        return Data(
            torch.zeros(N_PHOTOS, 1, 1, 3, dtype=torch.uint8),
            pairs_of(values, n_train, generator, noise),
            pairs_of(values, N_VAL, generator),
            transforms=None,
            aspect=1.0,
            mean=[],
            sd=[],
            counts={},
        )

    return make


def curve_of(data, seed=1691):
    return learning_curve(None, data, seed, CPU)


def mean(values):
    return sum(values) / len(values)


def test_more_pairs_do_not_hurt_where_the_features_hold_what_is_to_be_learned(known):
    points = curve_of(known(n_train=400))['points']
    accuracy = [mean(point['accuracy']) for point in points]

    assert [point['pairs'] for point in points] == [50, 100, 200, 400]
    assert all(later >= earlier for earlier, later in zip(accuracy, accuracy[1:]))
    assert accuracy[-1] > max(0.8, accuracy[0] + 0.05)
    loss = [mean(point['loss']) for point in points]
    assert loss == sorted(loss, reverse=True)


def test_pairs_judged_at_random_teach_nothing(known):
    points = curve_of(known(n_train=400, noise=0.5))['points']

    assert abs(mean(points[-1]['accuracy']) - 0.5) < 0.2


def test_every_point_has_one_result_of_each_shuffle_and_all_pairs_have_one(known):
    curve = curve_of(known())

    assert list(curve) == ['pairs_val', 'points', 'seconds']
    assert curve['pairs_val'] == N_VAL
    assert [point['pairs'] for point in curve['points']] == [10, 20, 40, 80]
    for point, n in zip(curve['points'], [SHUFFLES] * 3 + [1]):
        assert len(point['accuracy']) == len(point['loss']) == n
        assert all(0 <= accuracy <= 1 for accuracy in point['accuracy'])
        assert len(set(point['loss'])) == n
    json.dumps(curve, allow_nan=False)


def test_the_same_seed_gives_the_same_curve_and_another_one_another(known):
    data = known()

    assert curve_of(data)['points'] == curve_of(data)['points']
    assert curve_of(data)['points'] != curve_of(data, seed=7)['points']


def test_subsets_of_a_shuffle_lie_within_each_other(known, monkeypatch):
    data, chosen = known(), []
    take = curves.subset
    monkeypatch.setattr(
        curves, 'subset', lambda pairs, some: chosen.append(set(some.tolist())) or take(pairs, some)
    )

    curve_of(data)

    shuffles = [chosen[start : start + len(FRACTIONS)] for start in range(0, len(chosen), len(FRACTIONS))]
    assert len(shuffles) == SHUFFLES
    for small, *others in shuffles:
        for large in others:
            assert small < large
            small = large
        assert len(small) == N_TRAIN / 2
    assert shuffles[0][0] != shuffles[1][0]


def test_held_out_pairs_that_are_all_alike_have_no_accuracy(known):
    data = known()
    data.val = Pairs(data.val.photo_1, data.val.photo_2, torch.zeros(N_VAL), data.val.rows)

    points = curve_of(data)['points']

    assert points[0]['accuracy'] == [None] * SHUFFLES
    json.dumps(points, allow_nan=False)


def test_features_that_never_change_are_no_division_by_zero(known, monkeypatch):
    data = known()
    monkeypatch.setattr(curves, 'see_photos', lambda body, data, photos, device: torch.ones(len(photos), 512))

    points = curve_of(data)['points']

    assert points[-1]['loss'] == pytest.approx([math.log(2)])
    assert points[-1]['accuracy'] == [0]


def test_features_that_are_no_numbers_are_told_instead(known, monkeypatch):
    data = known()
    monkeypatch.setattr(
        curves, 'see_photos', lambda body, data, photos, device: torch.full((len(photos), 512), math.nan)
    )

    assert curve_of(data) == {'skipped': 'features of the photos are not all finite numbers'}


@pytest.mark.parametrize('n, is_skipped', [(LEAST_PAIRS - 1, True), (LEAST_PAIRS, False)])
def test_too_few_pairs_are_told_instead(known, n, is_skipped):
    curve = curve_of(known(n_train=n))

    assert ('skipped' in curve) == is_skipped
    if is_skipped:
        assert curve == {'skipped': f'{n} training pairs are fewer than {LEAST_PAIRS}'}


def test_the_weights_are_the_most_probable_ones(known):
    data = known()
    features, pairs, _ = curves.see_pairs(None, data, CPU)
    weights = curves.learn_weights(features, pairs).requires_grad_()

    scores = features @ weights
    losses = ranking_loss(scores[pairs.photo_1], scores[pairs.photo_2], pairs.label.double())
    loss = losses.sum() + 512 / curves.PRIOR_SD**2 / 2 * (weights**2).sum()
    loss.backward()

    # At the lowest point of a function that has a single one.
    assert weights.grad.abs().max() < 0.02


# In a training


@pytest.fixture(scope='module')
def many_pairs(tmp_path_factory):
    """A training with more pairs than the curve needs, and one that makes none."""
    roots = [tmp_path_factory.mktemp(name) for name in ('with', 'without')]
    facts, metrics, models = [], [], []
    for root, least in zip(roots, (LEAST_PAIRS, 10**9)):
        station = Station(root, n_photos=70)
        station.write_pairs(
            [('train', index, (index + 25) % 70) for index in range(46)]
            + [('val', index, (index + 31) % 70) for index in range(46, 70)]
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(curves, 'LEAST_PAIRS', least)
            train.train(station.environment(unfreeze_after='0'))
        output = root / 'output' / 'data'
        facts.append(json.loads((output / 'training.json').read_text()))
        metrics.append((output / 'metrics.csv').read_text())
        models.append(train.load_checkpoint(root / 'model' / 'model.pth')['model_state_dict'])
    return facts, metrics, models


def test_training_json_has_the_curve_of_the_body_before_it_learned(many_pairs):
    (facts, without), _, _ = many_pairs

    curve = facts['learning_curve']
    assert [point['pairs'] for point in curve['points']] == [6, 12, 23, 46]
    assert curve['pairs_val'] == 24
    # Brightness is to be learned, of which features of any body tell.
    assert curve['points'][-1]['accuracy'][0] > 0.7
    assert without['learning_curve'] == {'skipped': '46 training pairs are fewer than 1000000000'}


def test_the_training_is_the_same_with_and_without_it(many_pairs):
    _, metrics, models = many_pairs

    assert metrics[0] == metrics[1]
    assert models[0].keys() == models[1].keys()
    assert all(torch.equal(models[0][name], models[1][name]) for name in models[0])


class TestTheNetwork:
    @pytest.fixture
    def network_and_data(self):
        torch.manual_seed(3)
        generator = torch.Generator().manual_seed(4)
        transforms = PhotoTransforms.of(train.Hyperparameters(input_size=40), 1.0, [0.5] * 3, [0.2] * 3)
        height, width = transforms.sizes.resized
        photos = torch.randint(0, 256, (60, height, width, 3), generator=generator).to(torch.uint8)
        values = torch.arange(60.0)
        train_pairs, val_pairs = (pairs_of(values, n, generator) for n in (50, 20))
        return RankNet(), Data(photos, train_pairs, val_pairs, transforms, 1.0, [], [], {})

    def test_and_pytorch_s_random_numbers_are_as_before(self, network_and_data):
        network, data = network_and_data
        before = {name: value.clone() for name, value in network.state_dict().items()}
        state = torch.get_rng_state()

        curve = train.curve_at_start(network, data, train.Hyperparameters())

        assert 'points' in curve
        assert torch.equal(torch.get_rng_state(), state)
        after = network.state_dict()
        assert all(torch.equal(before[name], after[name]) for name in before)
        assert all(parameter.grad is None for parameter in network.parameters())

    def test_is_trained_although_the_curve_fails(self, network_and_data, monkeypatch):
        network, data = network_and_data

        def fail(*_):
            raise RuntimeError('CUDA out of memory')

        monkeypatch.setattr(train, 'learning_curve', fail)

        assert train.curve_at_start(network, data, train.Hyperparameters()) == {
            'skipped': 'RuntimeError: CUDA out of memory'
        }
