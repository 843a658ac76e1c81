import io
import json
import signal

import numpy as np
import pytest
import torch
from conftest import draw_photo
from PIL import Image
from torchvision import transforms as T
from torchvision.transforms import functional as TF

import inference
from errors import InvalidCheckpoint
from network import RankNet, load_checkpoint, load_published_state


def encoded(image, format='JPEG'):
    buffer = io.BytesIO()
    image.save(buffer, format)
    return buffer.getvalue()


def answer(model, body):
    text, content_type = inference.output_fn(
        inference.predict_fn(inference.input_fn(body, 'image/jpeg'), model)
    )
    assert content_type == 'application/json'
    return json.loads(text)


def spread_of(score):
    """What lies between a model's scores of dark and light water."""
    scores = [score(encoded(draw_photo(flow, seed))) for seed, flow in enumerate((0, 0.25, 0.5, 0.75, 1))]
    return max(scores) - min(scores)


def reference_score(checkpoint, body):
    """FPE's own path: the whole photo through the pickled transform, alone through the plain network."""
    network = RankNet()
    load_published_state(network, checkpoint['model_state_dict'], 'model.pth')
    with torch.no_grad():
        photo = TF.to_tensor(Image.open(io.BytesIO(body)))
        return float(network.eval()(checkpoint['transforms']['eval'](photo)[None]))


@pytest.fixture(scope='module')
def model(trained):
    return inference.model_fn(trained.root / 'model')


@pytest.mark.parametrize('size', [(80, 60), (53, 40), (640, 480), (1000, 333)])
def test_a_score_equals_that_of_fpe_s_other_tools(trained, model, size):
    body = encoded(draw_photo(0.6, size=size))

    score = answer(model, body)['score']

    checkpoint = load_checkpoint(trained.root / 'model' / 'model.pth')
    spread = spread_of(lambda each: reference_score(checkpoint, each))
    assert score == pytest.approx(reference_score(checkpoint, body), abs=1e-5 * spread)


@pytest.mark.parametrize('factor', [1 / 300, 1, 300])
def test_a_score_is_as_near_in_any_unit_and_as_quickly_computed(trained, tmp_path, factor):
    checkpoint = load_checkpoint(trained.root / 'model' / 'model.pth')
    for name in ('weight', 'bias'):
        checkpoint['model_state_dict'][f'module.fclayers.4.{name}'] *= factor
    torch.save(checkpoint, tmp_path / 'model.pth')
    bodies = [encoded(draw_photo(flow, 7, size=(640, 480))) for flow in (0.1, 0.4, 0.6, 0.9)]

    model = inference.model_fn(tmp_path)
    scores = [answer(model, body)['score'] for body in bodies]

    assert model.engine_name == 'ncnn'
    expected = [reference_score(checkpoint, body) for body in bodies]
    spread = spread_of(lambda body: reference_score(checkpoint, body))
    assert scores == pytest.approx(expected, abs=1e-5 * spread)


def test_an_answer_has_no_address_of_memory(model, monkeypatch):
    def refuse(photo):
        raise ValueError(f'cannot use {object()}')

    monkeypatch.setattr(model, 'prepare', refuse)

    assert answer(model, encoded(draw_photo(0.5)))['error'] == 'ValueError: cannot use <object object>'


def test_scoring_needs_neither_the_internet_nor_a_gpu_q_x1_q_x2(trained, monkeypatch):
    def refuse(*_args, **_options):
        raise AssertionError('nothing may be downloaded')

    monkeypatch.setattr(torch.hub, 'load_state_dict_from_url', refuse)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 1)

    model = inference.model_fn(trained.root / 'model')

    assert isinstance(model.score(draw_photo(0.5)), float)


def test_scores_do_not_depend_on_the_order_of_photos(model):
    bodies = [encoded(draw_photo(flow, seed)) for seed, flow in enumerate((0.1, 0.5, 0.9))]

    forward = [answer(model, body) for body in bodies]
    backward = [answer(model, body) for body in reversed(bodies)]

    assert forward == backward[::-1]


@pytest.mark.parametrize('mode, format', [('L', 'JPEG'), ('CMYK', 'JPEG'), ('RGBA', 'PNG'), ('P', 'PNG')])
def test_photos_that_are_not_rgb_are_scored_q_x3(model, mode, format):
    assert isinstance(answer(model, encoded(draw_photo(0.5, mode=mode), format))['score'], float)


@pytest.mark.parametrize(
    'body, fault',
    [
        (b'', 'truncated'),
        (b'no photo', 'not_an_image'),
        (b'GIF89a', 'not_an_image'),
        (encoded(draw_photo(0.5))[:700], 'truncated'),
        (encoded(draw_photo(0.5))[:20], 'truncated'),
        (encoded(draw_photo(0.5), 'PNG')[:-40], 'truncated'),
        ('a text', 'not_an_image'),
    ],
)
def test_a_photo_that_cannot_be_read_is_answered_without_a_score_and_with_its_fault(model, body, fault):
    result = answer(model, body)

    assert (result['score'], result['fault']) == (None, fault)
    assert 'Error' in result['error']


def test_a_score_comes_with_the_luma_of_its_photo_as_json(model):
    photo = inference.input_fn(encoded(draw_photo(0.5)), 'image/jpeg')

    low, high = json.loads(inference.output_fn(inference.predict_fn(photo, model))[0])['luma']

    assert 100 < low < high < 180


def test_a_photo_that_cannot_be_scored_is_answered_without_a_score(model, monkeypatch):
    monkeypatch.setattr(model, 'engine', lambda prepared: torch.tensor([float('nan')]))
    assert answer(model, encoded(draw_photo(0.5))) == {
        'score': None,
        'error': 'the score is nan',
        'fault': 'no_finite_score',
    }

    monkeypatch.setattr(model, 'engine', RankNet().eval())
    monkeypatch.setattr(model, 'prepare', lambda photo: torch.zeros(1, 4, 32, 42))
    assert answer(model, encoded(draw_photo(0.5)))['error'].startswith('RuntimeError')


def upstream_checkpoint(network):
    """A checkpoint as FPE published it: numpy in params, no word about antialiasing, every name prefixed."""
    resize = T.Resize((48, 64))
    resize.antialias = None
    normalize = T.Normalize(np.array([0.4, 0.4, 0.4]), np.array([0.2, 0.2, 0.2]))
    return {
        'epoch': 3,
        'model_state_dict': {f'module.{name}': tensor for name, tensor in network.state_dict().items()},
        'optimizer_state_dict': torch.optim.SGD(network.parameters(), lr=0.001, momentum=0.9).state_dict(),
        'training_loss': 0.5,
        'transforms': {'eval': T.Compose([resize, T.CenterCrop([np.int32(38), np.int32(51)]), normalize])},
        'params': {
            'aspect': 4 / 3,
            'input_shape': [np.int32(38), np.int32(51)],
            'img_sample_mean': np.array([0.4, 0.4, 0.4]),
            'img_sample_std': np.array([0.2, 0.2, 0.2]),
        },
    }


def test_a_checkpoint_that_fpe_published_before_is_scored_with(tmp_path):
    torch.save(upstream_checkpoint(RankNet()), tmp_path / 'model.pth')
    body = encoded(draw_photo(0.6, size=(96, 72)))

    score = answer(inference.model_fn(tmp_path), body)['score']

    checkpoint = load_checkpoint(tmp_path / 'model.pth')
    checkpoint['transforms']['eval'].transforms[0].antialias = False
    # A network that has learned nothing scores all photos nearly alike.
    assert score == pytest.approx(reference_score(checkpoint, body), abs=1e-5)


def test_an_unfamiliar_transform_is_called_as_it_is(tmp_path):
    checkpoint = upstream_checkpoint(RankNet())
    checkpoint['transforms']['eval'].transforms.append(T.ColorJitter())
    torch.save(checkpoint, tmp_path / 'model.pth')

    model = inference.model_fn(tmp_path)

    assert model.plan is None
    assert isinstance(answer(model, encoded(draw_photo(0.5)))['score'], float)


def test_a_model_of_another_network_is_refused(tmp_path):
    checkpoint = upstream_checkpoint(RankNet())
    checkpoint['model_state_dict'].popitem()
    torch.save(checkpoint, tmp_path / 'model.pth')

    with pytest.raises(InvalidCheckpoint, match='another network'):
        inference.model_fn(tmp_path)


@pytest.mark.parametrize('workers, cores, threads', [('4', 8, 2), ('4', 2, 1), ('', 4, 1), ('1', 4, 4)])
def test_workers_share_the_cores(monkeypatch, workers, cores, threads):
    monkeypatch.setenv('SAGEMAKER_MODEL_SERVER_WORKERS', workers)
    monkeypatch.setattr(inference.os, 'sched_getaffinity', lambda pid: range(cores), raising=False)

    assert inference.threads_per_worker() == threads


@pytest.mark.parametrize(
    'command, ends', [(b'java\0org.pytorch.serve.ModelServer\0--python', True), (b'python3\0serve', False)]
)
def test_a_model_that_does_not_load_ends_torchserve_and_no_other_server(tmp_path, monkeypatch, command, ends):
    killed = []
    (tmp_path / '7').mkdir()
    (tmp_path / '7' / 'cmdline').write_bytes(command)
    monkeypatch.setattr(inference.os, 'getppid', lambda: 7)
    monkeypatch.setattr(inference.os, 'kill', lambda *arguments: killed.append(arguments))

    inference.end_torchserve(InvalidCheckpoint('a', 'b', 'c', 'd', 'e'), tmp_path)
    inference.end_torchserve(InvalidCheckpoint('a', 'b', 'c', 'd', 'e'), tmp_path / 'no such folder')

    assert killed == ([(7, signal.SIGTERM)] if ends else [])
