import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from conftest import MODEL

import engines
import ncnn_network
from errors import reason_of
from network import RankNet, load_checkpoint, load_published_state


@pytest.fixture(scope='module')
def network(trained):
    network = RankNet()
    path = trained.root / 'model' / 'model.pth'
    load_published_state(network, load_checkpoint(path)['model_state_dict'], str(path))
    return network.eval()


def only(monkeypatch, *names):
    """Leave only these engines."""
    left = tuple((name, start) for name, start in engines.ENGINES if name in names)
    assert len(left) == len(names)
    monkeypatch.setattr(engines, 'ENGINES', left)


def off_by(share):
    """An engine whose scores are off by this share of what lies between the lowest and the highest."""

    def start(network, _example):
        return lambda photo: network(photo) + share * float(network.spread)

    return start


# Sizes that are no multiple of anything, and those of input_size 128 and 480.
@pytest.mark.parametrize('size', [(40, 51), (33, 47), (102, 136), (384, 512)])
@pytest.mark.parametrize('name', ['ncnn', 'compiled'])
def test_an_engine_gives_the_scores_of_the_plain_network(network, name, size):
    engine = dict(engines.ENGINES)[name](network, engines.example_photos(*size)[:1])

    assert engines.has_same_scores(engine, network, engines.example_photos(*size))


@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
def test_ncnn_scores_photos_however_they_lie_in_memory(network, layout):
    score = ncnn_network.ncnn_network(network, 1)
    photos = (torch.rand(16, 3, 40, 56) * 4 - 2).contiguous(memory_format=layout)

    scores = torch.cat([score(photo) for photo in photos.split(1)])

    with torch.no_grad():
        expected = network(photos)
    assert torch.allclose(scores, expected, atol=1e-5 * float(expected.max() - expected.min()))


def test_ncnn_leaves_the_network_as_it_is(network):
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}

    ncnn_network.ncnn_network(network, 1)

    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_the_fastest_engine_is_taken(network, tmp_path, capsys):
    name, _ = engines.choose_engine(network, engines.example_photos(32, 42), tmp_path)

    assert name == 'ncnn'
    assert capsys.readouterr().out == 'Scoring with the ncnn network\n'


@pytest.mark.parametrize('share, taken', [(4e-6, 'first'), (2e-5, 'plain')])
def test_an_engine_of_other_scores_is_not_taken(network, tmp_path, monkeypatch, capsys, share, taken):
    examples = engines.example_photos(32, 42)
    with torch.no_grad():
        scores = torch.cat([network(photo) for photo in examples.split(1)])
    monkeypatch.setattr(network, 'spread', float(scores.max() - scores.min()), raising=False)
    monkeypatch.setattr(engines, 'ENGINES', (('first', off_by(share)),))

    name, _ = engines.choose_engine(network, examples, tmp_path)

    assert name == taken
    assert ('its scores differ' in capsys.readouterr().out) == (taken == 'plain')


def test_an_engine_that_does_not_start_gives_way_to_the_next_and_is_named(
    network, tmp_path, monkeypatch, capsys
):
    def refuse(*_):
        raise RuntimeError('no such processor')

    monkeypatch.setattr(ncnn_network, 'import_ncnn', refuse)

    name, _ = engines.choose_engine(network, engines.example_photos(32, 42), tmp_path)

    assert name == 'compiled'
    assert 'There is no ncnn network here: RuntimeError: no such processor' in capsys.readouterr().out


def test_a_network_that_no_engine_takes_is_used_as_it_is(network, tmp_path, monkeypatch, capsys):
    def refuse(*_):
        raise RuntimeError('no compiler')

    only(monkeypatch, 'compiled')
    monkeypatch.setattr(torch.jit, 'trace', refuse)

    name, engine = engines.choose_engine(network, engines.example_photos(32, 42), tmp_path)

    assert (name, engine) == ('plain', network)
    assert 'There is no compiled network here: RuntimeError: no compiler' in capsys.readouterr().out


def test_engines_are_compared_by_the_same_photos_each_time():
    first = engines.example_photos(8, 12)
    torch.manual_seed(2)

    assert torch.equal(engines.example_photos(8, 12), first)


@pytest.mark.parametrize('decided, taken', [('compiled', 'compiled'), ('plain', 'plain'), ('other', 'plain')])
def test_all_workers_of_a_job_take_the_engine_of_the_first(network, tmp_path, decided, taken):
    """Also if its engine is one that this process does not know."""
    os.symlink(decided, tmp_path / engines.DECISION)

    name, _ = engines.choose_engine(network, engines.example_photos(32, 42), tmp_path)

    assert name == taken


def test_a_worker_that_can_write_no_decision_takes_its_own(tmp_path):
    assert engines.decide_together('compiled', tmp_path / 'no such folder') == 'compiled'


class Brightness(torch.nn.Module):
    """Its scores of photos from black to white have this spread, and lie this high."""

    def __init__(self, spread, height=0.0):
        super().__init__()
        self.spread, self.height = spread, height

    def forward(self, photos):
        return photos.mean((1, 2, 3)) * self.spread + self.height


@pytest.mark.parametrize('off, same', [(0, True), (4e-6, True), (2e-5, False)])
@pytest.mark.parametrize('spread', [0.01, 1, 300])
def test_networks_are_the_same_by_the_spread_of_their_scores(off, same, spread):
    network = Brightness(spread)
    examples = torch.tensor([0.0, 0.5, 1.0])[:, None, None, None].expand(3, 3, 4, 4)

    assert engines.has_same_scores(lambda photo: network(photo) + off * spread, network, examples) == same


@pytest.mark.parametrize('share, same', [(0, True), (1, True), (6, False)])
def test_scores_that_hardly_differ_are_the_same_if_they_are_about_as_exact(share, same):
    """The plain network's own rounding is larger than the tolerance here."""
    network = Brightness(spread=1e-3, height=300.3)
    examples = torch.tensor([0.1, 0.55, 0.97])[:, None, None, None].expand(3, 3, 4, 4)
    exact = torch.cat([network(photo) for photo in examples.double().split(1)])
    error = float((torch.cat([network(photo) for photo in examples.split(1)]) - exact).abs().max())
    scores = iter((exact + share * error).float().split(1))

    assert error > 5e-6 * 1e-3
    assert engines.has_same_scores(lambda _: next(scores), network, examples) == same


# Wheels


def wheel_for_this_python(folder, content):
    """A wheel whose module says where it was loaded from, and its sha256."""
    tag = f'cp{sys.version_info.major}{sys.version_info.minor}'
    path = folder / f'ncnn-1.0-{tag}-{tag}-manylinux_{os.uname().machine}.whl'
    with zipfile.ZipFile(path, 'w') as wheel:
        wheel.writestr('ncnn/__init__.py', content)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def without_ncnn(monkeypatch):
    """A Python that has neither loaded the library nor has it installed."""
    monkeypatch.delitem(sys.modules, 'ncnn', raising=False)
    monkeypatch.delitem(sys.modules, 'ncnn.ncnn', raising=False)
    monkeypatch.setattr(sys, 'path', [path for path in sys.path if 'ncnn' not in path])
    yield
    sys.modules.pop('ncnn', None)


def test_a_pinned_wheel_is_loaded_and_leaves_nothing_behind(tmp_path, without_ncnn):
    sha256 = wheel_for_this_python(tmp_path, 'place = __file__')
    (tmp_path / 'requirements.txt').write_text(f'ncnn==1.0 --hash=sha256:{sha256}\n')

    ncnn = ncnn_network.import_ncnn(tmp_path)

    assert not Path(ncnn.place).exists()
    assert str(Path(ncnn.place).parent.parent) not in sys.path


def test_of_two_wheels_the_pinned_one_is_loaded(tmp_path, without_ncnn):
    sha256 = wheel_for_this_python(tmp_path, 'place = "pinned"')
    (tmp_path / 'requirements.txt').write_text(f'ncnn==1.0 --hash=sha256:{sha256}\n')
    [pinned] = tmp_path.glob('*.whl')
    other = tmp_path / pinned.name.replace('manylinux', 'musllinux')
    other.write_bytes(b'nobody knows')

    assert ncnn_network.import_ncnn(tmp_path).place == 'pinned'


@pytest.mark.parametrize(
    'pinned, said', [('0' * 64, 'is not the wheel that requirements.txt pins'), (None, 'no ncnn for cp')]
)
def test_a_wheel_that_nobody_pinned_or_none_at_all_is_refused(tmp_path, without_ncnn, pinned, said):
    if pinned:
        wheel_for_this_python(tmp_path, 'raise AssertionError("was run")')
        (tmp_path / 'requirements.txt').write_text(f'ncnn==1.0 --hash=sha256:{pinned}\n')

    with pytest.raises(ncnn_network.NcnnMissing) as refusal:
        ncnn_network.import_ncnn(tmp_path)

    assert said in reason_of(refusal.value)


def test_the_wheel_of_the_set_up_computes_the_network_by_itself():
    """In a process of its own, with nothing but the folder of the model's code."""
    code = 'import ncnn_network; print(ncnn_network.import_ncnn().__version__)'

    result = subprocess.run([sys.executable, '-c', code], cwd=MODEL, capture_output=True, text=True)

    version = result.stdout.strip()
    assert f'ncnn=={version} ' in (MODEL / 'wheels' / 'requirements.txt').read_text(), result.stderr
