from dataclasses import replace

import pytest
import torch
from test_train import losses, model_of, read_facts

import train
from errors import InvalidHyperparameters
from hyperparameters import Hyperparameters, parse_hyperparameters
from inference import model_fn
from network import RankNet, ranking_loss
from optimization import AverageNetwork, cosine_share, make_optimizer, pair_losses, set_training_mode
from recipes import RECIPES, Recipe
from training_data import load_data, steps_per_epoch, training_batches
from training_job import Folders
from transforms import Augmentation, Jitter, central_views, prepare_batch, random_views

# Each of them differs from upstream's in everything that a checkpoint has to keep.
OTHERS = {
    '2026': RECIPES['2026'],
    'adamw': Recipe(optimizer='adamw', rate_factor=0.1, weight_decay=0.05),
    'decay': Recipe(weight_decay=0.01),
    'average': Recipe(average_decay=0.9),
    'everything': Recipe(
        optimizer='adamw',
        weight_decay=0.05,
        schedule='cosine',
        average_decay=0.9,
        label_smoothing=0.1,
        hard_pairs=1.0,
        freeze_batch_norm=True,
        augmentation=Augmentation(flip=False, zoom=1.2, blur=20, cutout=0.3, jitter=Jitter(0.2)),
    ),
}


@pytest.fixture
def others(monkeypatch):
    for name, recipe in OTHERS.items():
        monkeypatch.setitem(RECIPES, name, recipe)


def test_the_recipe_fpe_trains_bit_for_bit_as_plain_stochastic_gradient_descent_with_momentum(station):
    environment = station.environment(n_epochs='3', unfreeze_after='1', learning_rate='0.01')
    train.train(environment)

    settings, folders = parse_hyperparameters(environment['SM_HPS']), Folders.from_environment(environment)
    data = load_data(folders, settings)
    torch.manual_seed(settings.random_seed)
    network = RankNet()
    train.initialize_head(network)
    network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1, factor=0.5)
    expected = []
    for epoch in range(3):
        network.resnetbody.requires_grad_(epoch >= 1)
        network.train()
        for batch in training_batches(data, settings, epoch):
            scores = network(prepare_batch(batch.photos, batch.views, data.transforms))
            loss = (ranking_loss(*scores.chunk(2), batch.label) * batch.rows).sum() / batch.rows.sum()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        expected.append(train.evaluate(network, data)[0])
        scheduler.step(expected[-1])

    assert [float(val_loss) for _, _, val_loss, _ in losses(station)] == expected
    assert read_facts(station)['recipe'] == 'fpe'


@pytest.mark.parametrize('name', OTHERS)
def test_a_resumed_training_equals_an_uninterrupted_one(station, tmp_path_factory, others, name):
    from conftest import Station

    whole = Station(tmp_path_factory.mktemp('whole'))
    train.train(whole.environment(n_epochs='3', recipe=name))
    environment = station.environment(n_epochs='3', recipe=name)
    settings, folders = parse_hyperparameters(environment['SM_HPS']), Folders.from_environment(environment)
    (station.root / 'model').mkdir()
    interrupted = train.Training(
        settings, folders, load_data(folders, settings), train.choose_device(environment)
    )
    interrupted.run_epoch(0)

    train.train(environment)

    assert losses(station) == losses(whole)
    assert read_facts(station)['resumed_after_epochs'] == 1
    ours, theirs = (model_of(each)['model_state_dict'] for each in (station, whole))
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)


@pytest.mark.parametrize('name', OTHERS)
def test_a_model_of_each_recipe_is_like_those_of_fpe_and_serves(station, trained, others, name):
    train.train(station.environment(n_epochs='1', recipe=name))

    model, upstream = model_of(station), model_of(trained)
    assert set(model) == set(upstream)
    assert {key: tensor.shape for key, tensor in model['model_state_dict'].items()} == {
        key: tensor.shape for key, tensor in upstream['model_state_dict'].items()
    }
    steps = {name: [type(step) for step in each.transforms] for name, each in model['transforms'].items()}
    for name, each in upstream['transforms'].items():
        assert set(steps[name]) <= {type(step) for step in each.transforms}
    assert repr(model['transforms']['eval'].transforms[:2]) == repr(
        upstream['transforms']['eval'].transforms[:2]
    )
    assert model_fn(str(station.root / 'model')) is not None


def test_epochs_are_added_to_a_training_unless_its_rate_has_an_end(station, others, capsys):
    for name, resumed in (('average', 1), ('everything', 0)):
        train.train(station.environment(n_epochs='1', recipe=name))
        train.train(station.environment(n_epochs='2', recipe=name))

        assert read_facts(station)['resumed_after_epochs'] == resumed
    assert 'it belongs to a run with other settings' in capsys.readouterr().out


def test_an_unknown_recipe_is_refused_with_those_that_there_are():
    with pytest.raises(InvalidHyperparameters, match="recipe = 'fast', which is not one of fpe, 2026"):
        parse_hyperparameters('{"recipe": "fast"}')


def test_the_average_leaves_the_beginning_behind_and_follows_the_network():
    network = RankNet()
    average = AverageNetwork(network, decay=0.9)
    first = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with torch.no_grad():
        for tensor in network.state_dict().values():
            tensor.add_(1)

    average.add(network)

    name, counter = 'fclayers.0.bias', 'resnetbody.model.1.num_batches_tracked'
    state = average.network.state_dict()
    assert torch.allclose(state[name] - first[name], torch.tensor(0.9))
    assert int(state[counter]) == 1
    for _ in range(300):
        average.add(network)
    assert torch.allclose(average.network.state_dict()[name], network.state_dict()[name], atol=1e-5)


def test_a_cosine_rises_to_the_whole_rate_and_falls_to_nothing():
    shares = [cosine_share(step / 100) for step in range(101)]

    assert shares[0] == pytest.approx(0.1)
    assert shares[10] == 1 == max(shares)
    assert shares[:11] == sorted(shares[:11]) and shares[10:] == sorted(shares[10:], reverse=True)
    assert shares[55] == pytest.approx(0.5)
    assert shares[100] == pytest.approx(0)


def test_smoothing_draws_the_best_difference_of_scores_in_from_infinity():
    one, two = torch.tensor([9.0, 2.0]), torch.tensor([0.0, 0.0])
    labels = torch.tensor([1.0, 1.0])

    plain = pair_losses(one, two, labels, Recipe())
    smooth = pair_losses(one, two, labels, Recipe(label_smoothing=0.1))

    assert torch.equal(plain, ranking_loss(one, two, labels))
    assert plain[0] < plain[1] and smooth[0] > smooth[1]
    tie = torch.zeros(2)
    assert torch.equal(pair_losses(one, two, tie, Recipe(label_smoothing=0.1)), ranking_loss(one, two, tie))


def test_hard_pairs_weigh_more_than_easy_ones():
    one, labels = torch.tensor([3.0, -3.0]), torch.ones(2)
    easy, hard = pair_losses(one, torch.zeros(2), labels, Recipe(hard_pairs=1.0)) / ranking_loss(
        one, torch.zeros(2), labels
    )

    assert float(easy) == pytest.approx(float(1 - torch.sigmoid(torch.tensor(3.0))), abs=1e-5)
    assert float(hard) == pytest.approx(float(1 - torch.sigmoid(torch.tensor(-3.0))), abs=1e-5)


def test_weights_decay_and_biases_and_statistics_do_not():
    network = RankNet()

    decaying, others = make_optimizer(network, Recipe(optimizer='adamw', weight_decay=0.1), 0.01).param_groups

    assert (decaying['weight_decay'], others['weight_decay']) == (0.1, 0)
    assert all(tensor.ndim > 1 for tensor in decaying['params'])
    assert len(decaying['params']) + len(others['params']) == len(list(network.parameters()))


def test_frozen_statistics_stay_what_they_are_while_the_body_learns():
    network = RankNet()
    set_training_mode(network, replace(Recipe(), freeze_batch_norm=True))
    before = network.resnetbody.model[1].running_mean.clone()

    network(torch.rand(4, 3, 64, 64)).sum().backward()

    assert torch.equal(network.resnetbody.model[1].running_mean, before)
    assert network.resnetbody.model[0].weight.grad is not None


def described(**options):
    settings = Hyperparameters(input_size=40)
    return train_transforms(settings, Augmentation(**options))


def train_transforms(settings, augmentation):
    from transforms import PhotoTransforms

    return PhotoTransforms.of(settings, 4 / 3, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), augmentation)


def disturbed(photo, crops, seed=1):
    views = random_views(len(crops), photo, torch.Generator().manual_seed(seed))
    return views, prepare_batch(crops, views, photo)


def test_a_hidden_part_is_as_large_as_said_and_has_the_mean_color():
    photo = described(cutout=0.5, flip=False, rotation_degrees=0)
    height, width = photo.sizes.cropped
    views, batch = disturbed(photo, torch.full((64, height, width, 3), 255, dtype=torch.uint8))

    shares = (batch == 0).all(dim=1).float().mean(dim=(1, 2))
    top, left, bottom, right = views.disturbance.hidden.unbind(dim=1)
    assert torch.allclose(shares, (bottom - top) * (right - left), atol=0.05)
    assert 0.15 < float(shares.max()) <= 0.25 + 0.02
    assert bool(((batch == 0) | (batch == 2)).all())


def test_a_blur_keeps_the_mean_and_takes_contrast_away():
    photo = described(blur=60, flip=False, rotation_degrees=0)
    height, width = photo.sizes.cropped
    crops = torch.randint(0, 256, (8, height, width, 3), dtype=torch.uint8)
    views, batch = disturbed(photo, crops)
    plain = prepare_batch(crops, central_views(8, photo.sizes), photo)

    assert torch.allclose(batch.mean(), plain.mean(), atol=0.02)
    order = views.disturbance.blur.argsort()
    contrast = batch.std(dim=(1, 2, 3))[order]
    assert float(contrast[0]) > float(contrast[-1])
    assert float(contrast[-1]) < 0.5 * float(plain.std())


def test_a_zoom_enlarges_about_the_center():
    photo = described(zoom=2.0, flip=False, rotation_degrees=0)
    height, width = photo.sizes.cropped
    crops = torch.zeros((16, height, width, 3), dtype=torch.uint8)
    crops[:, height // 4 : -height // 4, width // 4 : -width // 4] = 255
    views, batch = disturbed(photo, crops)

    bright = (batch > 0).all(dim=1).float().mean(dim=(1, 2))
    assert torch.allclose(bright, 0.25 * views.disturbance.zoom**2, atol=0.12)


def test_the_input_s_jitter_takes_the_place_of_the_recipe_s():
    augmentation = Augmentation(jitter=Jitter(0.3, 0.3, 0.3))

    assert train_transforms(Hyperparameters(), augmentation).jitter == Jitter(0.3, 0.3, 0.3)
    assert train_transforms(Hyperparameters(jitter_contrast=0.1), augmentation).jitter == Jitter(0, 0.1, 0)


def test_rows_apart_are_each_seen_once_in_views_of_their_own_and_in_as_many_steps(station, monkeypatch):
    monkeypatch.setitem(RECIPES, 'apart', Recipe(rows_apart=True))
    environment = station.environment(batch_size='6')
    settings = parse_hyperparameters(environment['SM_HPS'])
    apart = replace(settings, recipe='apart')
    data = load_data(Folders.from_environment(environment), settings)

    batches = list(training_batches(data, apart, 0))

    assert len(batches) == steps_per_epoch(data, apart) == steps_per_epoch(data, settings)
    assert sum(len(batch.label) for batch in batches) == int(data.train.rows.sum()) == 2 * len(data.train)
    assert all(bool((batch.rows == 1).all()) for batch in batches)
    degrees = torch.cat([batch.views.degrees for batch in batches])
    assert len(set(degrees.tolist())) == len(degrees)


def test_the_number_of_steps_is_that_of_the_batches(station):
    environment = station.environment(batch_size='6')
    settings = parse_hyperparameters(environment['SM_HPS'])
    data = load_data(Folders.from_environment(environment), settings)

    assert steps_per_epoch(data, settings) == len(list(training_batches(data, settings, 0)))
