import pytest
import torch
from torchvision.models import resnet18

from errors import InvalidCheckpoint
from network import (
    RankNet,
    initialize_head,
    load_imagenet_weights,
    load_published_state,
    published_state,
    ranking_loss,
)


def parameters_of(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_network_has_the_parameters_of_published_models():
    network = RankNet()

    assert parameters_of(network) == 11_324_353
    assert parameters_of(network.resnetbody) == 11_176_512
    assert parameters_of(network.fclayers) == 147_841


def test_the_state_has_the_names_of_published_models():
    names = list(published_state(RankNet()))

    assert len(names) == 126
    assert names[0] == 'module.resnetbody.model.0.weight'
    assert names[-1] == 'module.fclayers.4.bias'
    assert 'module.resnetbody.model.7.1.bn2.running_var' in names


@pytest.mark.parametrize('batch', [1, 3])
def test_a_batch_gives_one_score_per_photo_q_t11(batch):
    scores = RankNet().eval()(torch.rand(batch, 3, 32, 43))

    assert scores.shape == (batch,)


def test_features_have_the_body_s_512_maps():
    assert RankNet().eval().features(torch.rand(2, 3, 64, 85)).shape == (2, 512)


@pytest.mark.parametrize('prefix', ['module.', ''])
def test_a_state_is_loaded_with_and_without_the_prefix(prefix):
    original, copy = RankNet(), RankNet()
    state = {prefix + name: tensor for name, tensor in original.state_dict().items()}

    load_published_state(copy, state, 'model.pth')

    assert all(torch.equal(tensor, copy.state_dict()[name]) for name, tensor in original.state_dict().items())


def test_a_foreign_state_is_refused_with_its_source():
    with pytest.raises(InvalidCheckpoint, match=r'another network \(a/model\.pth\)'):
        load_published_state(RankNet(), resnet18(weights=None).state_dict(), 'a/model.pth')


@pytest.mark.parametrize('state', [{}, {1: torch.zeros(1)}, {'module.fclayers.4.bias': 'text'}, {'a': None}])
def test_a_state_that_is_none_is_refused(state):
    with pytest.raises(InvalidCheckpoint, match='another network'):
        load_published_state(RankNet(), state, 'model.pth')


def test_imagenet_weights_fill_the_body_and_drop_the_classifier(tmp_path):
    donor, network = resnet18(weights=None), RankNet()
    torch.save(donor.state_dict(), tmp_path / 'resnet18.pth')

    load_imagenet_weights(network, tmp_path / 'resnet18.pth')

    assert torch.equal(network.resnetbody.model[7][1].conv2.weight, donor.layer4[1].conv2.weight)
    assert torch.equal(network.resnetbody.model[1].running_var, donor.bn1.running_var)


@pytest.mark.parametrize('content', [b'', b'no weights', None])
def test_other_files_are_refused_as_imagenet_weights(tmp_path, content):
    path = tmp_path / 'weights.pth'
    if content is None:
        torch.save({'conv1.weight': torch.zeros(1)}, path)
    else:
        path.write_bytes(content)

    with pytest.raises(InvalidCheckpoint, match='ImageNet weights cannot be used'):
        load_imagenet_weights(RankNet(), path)


def test_the_loss_is_ranknet_s_cross_entropy():
    scores_1, scores_2 = torch.tensor([2.0, 0.0, 1.0]), torch.tensor([0.0, 1.0, 1.0])
    labels = torch.tensor([1.0, -1.0, 0.0])
    p = torch.sigmoid(scores_1 - scores_2)
    target = torch.tensor([1.0, 0.0, 0.5])

    loss = ranking_loss(scores_1, scores_2, labels)

    assert torch.allclose(loss, -(target * p.log() + (1 - target) * (1 - p).log()))


def test_a_pair_and_its_mirror_have_the_same_loss():
    one, two = torch.randn(50), torch.randn(50)
    labels = torch.randint(-1, 2, (50,)).float()

    assert torch.allclose(ranking_loss(one, two, labels), ranking_loss(two, one, -labels))


def test_an_initialized_head_passes_signals_on_undiminished():
    network = RankNet()
    initialize_head(network)
    features = torch.randn(2000, 512).relu()

    hidden = network.fclayers[:4](features)

    assert 0.7 < float((hidden.detach() ** 2).mean() / (features**2).mean()) < 1.4
