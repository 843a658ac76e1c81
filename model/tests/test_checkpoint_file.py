import builtins
import collections
import functools
import operator
import os
import pickle
import random
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from test_inference import upstream_checkpoint
from torchvision import transforms as T
from torchvision.models import resnet18
from torchvision.transforms import functional as TF

import checkpoint_file
import inference
from checkpoint_file import read_checkpoint_file
from checkpoints import checkpoint_path, newest_checkpoint, run_identity
from errors import InvalidCheckpoint, UnsafeCheckpoint
from hyperparameters import parse_hyperparameters
from network import RankNet, load_checkpoint, load_imagenet_weights
from training_job import Folders

ZIP, LEGACY = True, False


class Call:
    """Pickled as a call, which a plain unpickler would make: `function(*arguments)`."""

    def __init__(self, function, *arguments, state=None):
        self.call = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.call


def attacks(marker):
    """Calls that would leave the file `marker` behind, by what they name (with Python 2's modules)."""
    command, write = f'touch {marker}', f'open({str(marker)!r}, "w").close()'
    return {
        'posix.system': Call(os.system, command),
        'builtins.eval': Call(eval, write),
        'builtins.exec': Call(exec, write),
        'io.open': Call(open, str(marker), 'w'),
        'os.makedirs': Call(os.makedirs, str(marker)),
        'operator.attrgetter': Call(operator.attrgetter('system'), os.getcwd()),
        'functools.partial': Call(functools.partial, os.mkdir, str(marker)),
        'getattr of': Call(getattr, T.InterpolationMode, '__class__'),
        'builtins.__import__': Call(getattr, Call(builtins.__import__, 'os'), 'system'),
        'torch.hub.load_state_dict_from_url': Call(torch.hub.load_state_dict_from_url, f'file://{marker}'),
        'torch.storage._load_from_bytes': Call(
            torch.storage._load_from_bytes, pickle.dumps(Call(os.system, command))
        ),
        'torch.serialization.load': Call(torch.serialization.load, str(marker)),
        'torchvision.transforms.transforms.Lambda': T.Lambda(os.mkdir),
        'torchvision.transforms.functional.to_tensor': Call(TF.to_tensor, 1),
        'torchvision.transforms.transforms.GaussianBlur': T.GaussianBlur(3),
        'a call of torchvision.transforms.transforms Compose': Call(T.Compose, [1]),
        'commands.Popen': Call(subprocess.Popen, ['touch', str(marker)]),
        'numpy.load': Call(np.load, str(marker), None, True),
        'the numpy type': Call(np.dtype, 'O'),
        'collections.defaultdict': collections.defaultdict(os.getcwd),
        'attributes for': Call(set, [1], state={'a': 1}),
        'an OrderedDict with attributes of its own': Call(collections.OrderedDict, state={'__class__': 1}),
    }


NAMES = list(attacks('marker'))


def as_value(payload):
    return payload


def in_the_state_dict(payload):
    checkpoint = upstream_checkpoint(RankNet())
    checkpoint['model_state_dict']['module.fclayers.4.bias'] = payload
    return checkpoint


def in_the_optimizer(payload):
    checkpoint = upstream_checkpoint(RankNet())
    checkpoint['optimizer_state_dict']['param_groups'].append({'lr': payload})
    return checkpoint


def in_the_transforms(payload):
    checkpoint = upstream_checkpoint(RankNet())
    checkpoint['transforms']['eval'].transforms.insert(1, payload)
    return checkpoint


def save(content, path, is_zip=ZIP):
    torch.save(content, path, _use_new_zipfile_serialization=is_zip)
    return path


@pytest.mark.parametrize('name', NAMES)
@pytest.mark.parametrize('is_zip', [ZIP, LEGACY], ids=['zip', 'legacy'])
def test_what_no_model_needs_is_refused_by_its_name_and_not_run(tmp_path, name, is_zip):
    marker = tmp_path / 'marker'
    path = save({'a': attacks(marker)[name]}, tmp_path / 'model.pth', is_zip)

    with pytest.raises(UnsafeCheckpoint) as refusal:
        read_checkpoint_file(path)

    message = str(refusal.value)
    assert name in message
    assert str(path) in message
    assert (
        'Expected: tensors, plain Python and numpy values, and the torchvision transforms Compose' in message
    )
    assert not marker.exists()


@pytest.mark.parametrize('place', [as_value, in_the_state_dict, in_the_optimizer, in_the_transforms])
@pytest.mark.parametrize('is_zip', [ZIP, LEGACY], ids=['zip', 'legacy'])
def test_it_is_refused_wherever_it_lies_in_a_model(tmp_path, place, is_zip):
    marker = tmp_path / 'marker'
    save(place(attacks(marker)['posix.system']), tmp_path / 'model.pth', is_zip)

    with pytest.raises(UnsafeCheckpoint, match=r'Found: posix\.system'):
        inference.model_fn(tmp_path)

    assert not marker.exists()


def plain_pickles(command):
    payload = pickle.dumps(Call(os.system, command), protocol=2)
    shell = f'(S{command!r}\n'.encode()
    return {
        'a plain pickle': payload,
        'protocol 0': pickle.dumps(Call(os.system, command), protocol=0),
        'protocol 4': pickle.dumps(Call(os.system, command), protocol=4),
        'INST': shell + b'iposix\nsystem\n.',
        'OBJ': b'(cposix\nsystem\n' + shell[1:] + b'o.',
        'after the legacy header': pickle.dumps(checkpoint_file.LEGACY_MAGIC, 2) + payload,
        'in the legacy header': pickle.dumps(checkpoint_file.LEGACY_MAGIC, 2)
        + pickle.dumps(checkpoint_file.LEGACY_VERSION, 2)
        + payload,
    }


@pytest.mark.parametrize('kind', list(plain_pickles('true')))
def test_a_pickle_that_torch_did_not_write_is_not_run_either(tmp_path, kind):
    marker = tmp_path / 'marker'
    path = tmp_path / 'model.pth'
    path.write_bytes(plain_pickles(f'touch {marker}')[kind])

    with pytest.raises(UnsafeCheckpoint, match=r'Found: posix\.system'):
        read_checkpoint_file(path)

    assert not marker.exists()


@pytest.mark.parametrize(
    'name', ['posix.system', 'torchvision.transforms.transforms.Lambda', 'builtins.eval']
)
@pytest.mark.parametrize('is_zip', [ZIP, LEGACY], ids=['zip', 'legacy'])
def test_imagenet_weights_are_read_the_same_way(tmp_path, name, is_zip):
    marker = tmp_path / 'marker'
    state = resnet18(weights=None).state_dict()
    state['fc.bias'] = attacks(marker)[name]
    path = save(state, tmp_path / 'resnet18.pth', is_zip)

    with pytest.raises(UnsafeCheckpoint, match=name):
        load_imagenet_weights(RankNet(), path)

    assert not marker.exists()


@pytest.mark.parametrize('is_zip', [ZIP, LEGACY], ids=['zip', 'legacy'])
def test_imagenet_weights_of_either_format_fill_the_body(tmp_path, is_zip):
    donor, network = resnet18(weights=None), RankNet()
    # Torchvision's older files hold parameters.
    state = {**donor.state_dict(), 'conv1.weight': torch.nn.Parameter(donor.conv1.weight.detach())}

    load_imagenet_weights(network, save(state, tmp_path / 'resnet18.pth', is_zip))

    assert torch.equal(network.resnetbody.model[0].weight, donor.conv1.weight)
    assert torch.equal(network.resnetbody.model[7][1].conv2.weight, donor.layer4[1].conv2.weight)


def test_a_training_does_not_resume_from_a_checkpoint_that_holds_more_than_a_model(station, capsys):
    settings = parse_hyperparameters(station.environment()['SM_HPS'])
    folders = Folders.from_environment(station.environment())
    identity = run_identity(settings, folders.values / 'pairs.csv')
    marker, folder = station.root / 'marker', station.root / 'checkpoints'
    folder.mkdir()
    checkpoint = upstream_checkpoint(RankNet())
    checkpoint['resume'] = {'identity': identity, 'best_epoch': 0, 'more': attacks(marker)['posix.system']}
    save(checkpoint, checkpoint_path(folder, 0))

    assert newest_checkpoint(folder, identity, 20) is None

    assert 'Passing over epoch_00.pth: it cannot be read (UnsafeCheckpoint: ' in capsys.readouterr().out
    assert not marker.exists()


@pytest.mark.parametrize('resume', [None, [], {'identity': 1}, {'identity': {}, 'best_epoch': 'last'}])
def test_a_training_passes_over_a_checkpoint_without_what_resuming_needs(tmp_path, capsys, resume):
    save({**upstream_checkpoint(RankNet()), 'resume': resume}, checkpoint_path(tmp_path, 0))

    assert newest_checkpoint(tmp_path, {}, 20) is None

    assert 'Passing over epoch_00.pth: it cannot be read' in capsys.readouterr().out


@pytest.mark.parametrize('is_zip', [ZIP, LEGACY], ids=['zip', 'legacy'])
def test_all_that_a_model_holds_is_read_as_torch_reads_it(trained, tmp_path, is_zip):
    original = torch.load(
        trained.root / 'checkpoints' / 'epoch_01.pth', map_location='cpu', weights_only=False
    )
    original['upstream'] = upstream_checkpoint(RankNet())
    original['numbers'] = [
        torch.arange(6).reshape(2, 3).t(),
        torch.zeros(0),
        torch.tensor(3.5),
        torch.ones(2) > 0,
    ]
    original['numpy'] = [np.arange(6.0).reshape(2, 3).T, np.int32(7), np.float64(0.5), np.bool_(True)]

    read = read_checkpoint_file(save(original, tmp_path / 'model.pth', is_zip))

    assert_same(read, original)


def assert_same(one, other):
    assert type(one) is type(other)
    if isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype
        assert torch.equal(one, other)
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)
    elif isinstance(one, dict):
        assert list(one) == list(other)
        for key, value in one.items():
            assert_same(value, other[key])
        assert_same(
            vars(one) if hasattr(one, '__dict__') else 0, vars(other) if hasattr(other, '__dict__') else 0
        )
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for pair in zip(one, other):
            assert_same(*pair)
    elif isinstance(one, (T.Compose, torch.nn.Module)):
        assert_same(vars(one), vars(other))
    else:
        assert one == other


def write_zip(path, files, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, 'w', compression) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return path


def test_a_compressed_archive_is_refused_before_it_unpacks(tmp_path):
    files = [('archive/data.pkl', pickle.dumps({}, 2)), ('archive/data/0', bytes(50_000_000))]
    path = write_zip(tmp_path / 'model.pth', files, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 100_000

    with pytest.raises(UnsafeCheckpoint, match='compressed files'):
        read_checkpoint_file(path)


def test_a_text_that_is_copied_without_end_is_refused(tmp_path):
    text = b'X' + struct.pack('<I', 10**6) + b'a' * 10**6 + b'q\x01'
    copy = b'c_codecs\nencode\nq\x00h\x01X\x06\0\0\0latin1q\x02\x86R'
    pickled = b'\x80\x02](' + text + copy + b'h\x00h\x01h\x02\x86R' * 100_000 + b'e.'
    path = write_zip(tmp_path / 'model.pth', [('a/data.pkl', pickled)])

    with pytest.raises(UnsafeCheckpoint, match='copies of more than'):
        read_checkpoint_file(path)


def test_a_torchscript_program_is_refused(tmp_path):
    torch.jit.save(torch.jit.script(torch.nn.Identity()), str(tmp_path / 'model.pth'))

    with pytest.raises((UnsafeCheckpoint, InvalidCheckpoint)):
        read_checkpoint_file(tmp_path / 'model.pth')


@pytest.mark.parametrize('is_zip', [ZIP, LEGACY], ids=['zip', 'legacy'])
def test_numbers_that_are_not_in_the_file_are_not_made_up(tmp_path, is_zip):
    path = save({'a': torch.arange(1000.0)}, tmp_path / 'model.pth', is_zip)
    # How pickle writes 1000, and 2,000,000,000.
    true, claimed = b'M' + struct.pack('<H', 1000), b'J' + struct.pack('<i', 2_000_000_000)
    if is_zip:
        with zipfile.ZipFile(path) as archive:
            files = [(name, archive.read(name).replace(true, claimed)) for name in archive.namelist()]
        write_zip(path, files)
    else:
        path.write_bytes(path.read_bytes().replace(true, claimed))

    with pytest.raises(InvalidCheckpoint, match='The checkpoint cannot be read'):
        read_checkpoint_file(path)


@pytest.mark.parametrize(
    'content', [b'', b'no model', b'PK\x03\x04', b'\x80\x02', b'\x80\x05\x96\xff\xff\xff\xff\xff\x00\x00\x00']
)
def test_broken_bytes_are_no_checkpoint(tmp_path, content):
    (tmp_path / 'model.pth').write_bytes(content)

    with pytest.raises(InvalidCheckpoint, match='The checkpoint cannot be read'):
        read_checkpoint_file(tmp_path / 'model.pth')


def test_every_torn_upload_is_no_checkpoint(trained, tmp_path):
    whole = (trained.root / 'model' / 'model.pth').read_bytes()
    for length in range(0, len(whole), len(whole) // 20):
        (tmp_path / 'model.pth').write_bytes(whole[:length])

        with pytest.raises(InvalidCheckpoint):
            read_checkpoint_file(tmp_path / 'model.pth')


def test_a_file_too_large_for_a_model_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint_file, 'MAX_FILE_BYTES', 1000)
    path = save({'a': torch.zeros(1000)}, tmp_path / 'model.pth')

    with pytest.raises(InvalidCheckpoint, match='at most 1,000 bytes'):
        read_checkpoint_file(path)


@pytest.mark.parametrize(
    'content', [[], {}, {'model_state_dict': {}}, {'model_state_dict': [1], 'transforms': {}, 'params': {}}]
)
def test_a_file_that_holds_something_else_is_told_by_what_it_lacks(tmp_path, content):
    save(content, tmp_path / 'model.pth')

    with pytest.raises(InvalidCheckpoint, match=r'holds no checkpoint .* Found: no .*'):
        load_checkpoint(tmp_path / 'model.pth')


def resized_to(size, shape=(38, 51)):
    checkpoint = upstream_checkpoint(RankNet())
    checkpoint['transforms']['eval'].transforms[0].size = size
    checkpoint['params']['input_shape'] = shape
    return checkpoint


@pytest.mark.parametrize(
    'checkpoint',
    [
        resized_to((10**6, 10**6)),
        resized_to((0, 4)),
        resized_to(('a', 4)),
        resized_to((48, 64), (10**6, 3)),
        resized_to((48, 64), 7),
    ],
)
def test_a_model_that_asks_for_photos_of_any_size_is_refused(tmp_path, checkpoint):
    save(checkpoint, tmp_path / 'model.pth')

    with pytest.raises(InvalidCheckpoint, match='how photos are prepared'):
        inference.model_fn(tmp_path)


def test_names_in_a_checkpoint_are_told_short_and_in_ascii(tmp_path):
    name = 'e\u0301' * 500
    path = write_zip(tmp_path / 'model.pth', [('a/data.pkl', b'\x80\x02c' + name.encode() + b'\nx\n.')])

    with pytest.raises(UnsafeCheckpoint) as refusal:
        read_checkpoint_file(path)

    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 1024


def number(value):
    return b'J' + struct.pack('<i', value)


def text(value):
    return b'X' + struct.pack('<I', len(value)) + value.encode()


def long_number(value):
    content = value.to_bytes(value.bit_length() // 8 + 1, 'little', signed=True)
    return b'\x8a' + bytes([len(content)]) + content


HEADER = b'\x80\x02'
# Two of one tuple, forty times over: hashed, compared and shown in 2⁴⁰ steps. The same of lists.
DOUBLED = b')' + b'2\x86' * 40
DOUBLED_LISTS = b']q\x000' + b''.join(b'](h%ch%ceq%c0' % (n, n, n + 1) for n in range(40)) + b'h('
REPEATS = 100_000
LONG_TUPLE = b'(' + b'K\x01' * 1_000_000 + b't'
NUMPY_TYPE = b'cnumpy\ndtype\n' + text('u1') + b'\x89\x88\x87R'
ARRAY = b'cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R'
STORAGE = (
    b'(' + text('storage') + b'ctorch\nByteStorage\n' + text('0') + text('cpu') + number(1_000_000) + b'tQ'
)
TENSOR = b'ctorch._utils\n_rebuild_tensor_v2\n('
# Small pickles of endless work, by what they do.
WORK = {
    'a nested tuple as a key': b'}' + DOUBLED + b'K\x01s.',
    'a nested tuple as one of several keys': b'}(' + DOUBLED + b'K\x01u.',
    'a nested tuple as a key of a finished dict': b'(' + DOUBLED + b'K\x01d.',
    'a nested tuple as a key of an OrderedDict': b'ccollections\nOrderedDict\n]'
    + DOUBLED
    + b'K\x01\x86a\x85R.',
    'a nested tuple in a set': b'\x8f(' + DOUBLED + b'\x90.',
    'a nested tuple in a set that is called': b'c__builtin__\nset\n]' + DOUBLED + b'a\x85R.',
    'a nested tuple as the name of numbers': b'('
    + text('storage')
    + b'ctorch\nByteStorage\n'
    + DOUBLED
    + text('cpu')
    + b'K\x01tQ.',
    'a nested list as the name of numbers': b'('
    + text('storage')
    + b'ctorch\nByteStorage\n'
    + DOUBLED_LISTS
    + text('cpu')
    + b'K\x01tQ.',
    'a nested list as a count of numbers': b'('
    + text('storage')
    + b'ctorch\nByteStorage\n'
    + text('0')
    + text('cpu')
    + DOUBLED_LISTS
    + b'tQ.',
    'a nested tuple as a numpy type': b'cnumpy\ndtype\n' + DOUBLED + b'\x85R.',
    'a nested tuple as an interpolation': b'ctorchvision.transforms.functional\nInterpolationMode\n'
    + DOUBLED
    + b'\x85R.',
    'a nested list as an interpolation': b'ctorchvision.transforms.functional\nInterpolationMode\n'
    + DOUBLED_LISTS
    + b'\x85R.',
    'a nested tuple as a name of an interpolation': b'c__builtin__\ngetattr\n'
    b'ctorchvision.transforms.functional\nInterpolationMode\n' + DOUBLED + b'\x86R.',
    'a nested tuple as the state of an OrderedDict': b'ccollections\nOrderedDict\n)R]' + DOUBLED + b'ab.',
    'a nested tuple as a value': DOUBLED + b'.',
    'a nested list as a value': b'}' + text('model_state_dict') + DOUBLED_LISTS + b's.',
    'a list that holds itself': b']q\x00h\x00a.',
    'a tuple a million deep as a key': b'})' + b'\x85' * 1_000_000 + b'K\x01s.',
    'a tuple a million deep as a value': b')' + b'\x85' * 1_000_000 + b'.',
    'a wide tuple of wide tuples': b'K\x01q\x000' + (b'(' + b'h\x00' * 1000 + b'tq\x000') * 5 + b'h\x00.',
    'numbers that collide as keys': b'}('
    + b''.join(long_number(n * (2**61 - 1)) + b'K\x01' for n in range(1, 200_000))
    + b'u.',
    'a number of millions of digits': b'I' + b'7' * 4_000_000 + b'\n.',
    'a long number of millions of digits': b'L' + b'7' * 4_000_000 + b'L\n.',
    'a long tuple of arguments, again and again': LONG_TUPLE
    + b'q\x000'
    + b'c__builtin__\nset\nh\x00R0' * REPEATS
    + b'N.',
    'a long list of arguments, again and again': b']('
    + b'K\x01' * 1_000_000
    + b'eq\x000'
    + b'ccollections\nOrderedDict\nh\x00R0' * REPEATS
    + b'N.',
    'a set of a set, again and again': b'\x8f(' + b''.join(number(n) for n in range(300_000)) + b'\x90q\x000'
    b'c__builtin__\nset\nq\x010' + b'h\x01h\x00\x85R0' * REPEATS + b'N.',
    'a long reference, again and again': b'('
    + text('storage')
    + b'ctorch\nByteStorage\n'
    + text('0')
    + text('cpu')
    + number(1_000_000)
    + b'K\x01' * 1_000_000
    + b'tq\x000'
    + b'h\x00Q0' * REPEATS
    + b'N.',
    'a long state of a numpy type, again and again': NUMPY_TYPE
    + b'](K\x03'
    + text('<')
    + b'N' * 1_000_000
    + b'eq\x00'
    + b'bh\x00' * REPEATS
    + b'b.',
    'an array of an array, again and again': NUMPY_TYPE
    + b'q\x000'
    + ARRAY
    + b'q\x01(K\x01'
    + number(1_000_000)
    + b'\x85h\x00\x89B'
    + struct.pack('<I', 1_000_000)
    + b'a' * 1_000_000
    + b'tb0(K\x01'
    + number(1_000_000)
    + b'\x85h\x00\x89h\x01tq\x020'
    + (ARRAY + b'h\x02b0') * 30_000
    + b'N.',
    'items of a tensor, again and again': TENSOR
    + STORAGE
    + b'K\x00'
    + number(1_000_000)
    + b'\x85K\x01\x85\x89NtRq\x00'
    + b')h\x00s' * 1_000_000
    + b'.',
    'a tensor of a shape of long numbers': TENSOR
    + STORAGE
    + b'K\x00'
    + long_number(2**2000 - 1)
    + b'q\x000('
    + b'h\x00' * 1_000_000
    + b't)\x89NtR.',
    'a tensor of a shape of lists': TENSOR + STORAGE + b'K\x00](NNNNe' + number(2**30) + b'\x86)\x89NtR.',
}

READ_ALL = """
import sys
from checkpoint_file import read_checkpoint_file
from errors import InvalidCheckpoint, UnsafeCheckpoint
for path in sys.argv[1:]:
    try:
        read_checkpoint_file(path)
        print('read', flush=True)
    except (InvalidCheckpoint, UnsafeCheckpoint) as error:
        print(type(error).__name__, len(str(error)), flush=True)
"""


def read_apart(folder, pickles):
    """How reading each ended, up to the first that takes minutes: in a process of its own, as work in C cannot
    be interrupted.
    """
    for index, pickled in enumerate(pickles):
        files = [('a/data.pkl', HEADER + pickled), ('a/data/0', bytes(1_000_000))]
        write_zip(folder / f'{index}.pth', files)
    command = [sys.executable, '-c', READ_ALL, *(str(folder / f'{n}.pth') for n in range(len(pickles)))]
    try:
        result = subprocess.run(
            command, cwd=Path(checkpoint_file.__file__).parent, capture_output=True, timeout=300
        )
    except subprocess.TimeoutExpired as error:
        result = error
    return [line.split() for line in (result.stdout or b'').decode().splitlines()]


@pytest.fixture(scope='module')
def outcomes(tmp_path_factory):
    return dict(zip(WORK, read_apart(tmp_path_factory.mktemp('work'), list(WORK.values()))))


@pytest.mark.parametrize('name', list(WORK))
def test_a_small_pickle_cannot_ask_for_endless_work(outcomes, name):
    assert name in outcomes, 'it did not end, or one before it'
    error, characters = outcomes[name]
    assert error in ('InvalidCheckpoint', 'UnsafeCheckpoint')
    assert int(characters) < 1024


@pytest.mark.parametrize(
    ('name', 'found'),
    [
        ('a nested tuple as a key', 'a tuple as a key of a dict, or in a set'),
        ('a nested tuple in a set', 'a tuple as a key of a dict, or in a set'),
        ('numbers that collide as keys', '2305843009213693951 as a key'),
        ('a nested tuple as a value', 'values in more than 32 others'),
        ('a list that holds itself', 'values in more than 32 others'),
        ('a wide tuple of wide tuples', 'more than 1,000,000 values'),
        ('a number of millions of digits', 'a number of more than 20 digits'),
        ('a long state of a numpy type, again and again', r'attributes for a (dtype|UInt8DType)'),
        ('items of a tensor, again and again', 'items for a Tensor'),
    ],
)
def test_what_would_be_endless_work_is_refused_by_what_it_is(tmp_path, name, found):
    files = [('a/data.pkl', HEADER + WORK[name]), ('a/data/0', bytes(1_000_000))]
    path = write_zip(tmp_path / 'model.pth', files)

    with pytest.raises(UnsafeCheckpoint, match=found):
        read_checkpoint_file(path)


def random_pickle(chance):
    """Instructions in any order, most of them with what they ask for on the stack."""
    values = [b'N', b')', b']', b'}', b'\x8f', b'K\x01', b'\x88', number(70_000), text('a'), DOUBLED, ARRAY]
    values += [NUMPY_TYPE, STORAGE, TENSOR[:-1], b'ccollections\nOrderedDict\n', b'c__builtin__\nset\n']
    values += [
        b'(',
        b'C\x02ab',
        long_number(2**300),
        b'G' + struct.pack('>d', 0.5),
        b'h%c' % chance.randrange(8),
    ]
    work = [
        b'2',
        b'2\x86',
        b'\x85',
        b'\x86',
        b'\x87',
        b't',
        b'l',
        b'a',
        b'e',
        b's',
        b'u',
        b'd',
        b'\x90',
        b'R',
        b'b',
    ]
    work += [b'\x81', b'Q', b'0', b'1', b'q%c' % chance.randrange(8)]
    length = chance.randrange(1, 400)
    return b''.join(chance.choice(chance.choice((values, work, work))) for _ in range(length)) + b'.'


def test_any_sequence_of_instructions_ends(tmp_path):
    chance = random.Random(13)
    pickles = [random_pickle(chance) for _ in range(3000)]

    outcomes = read_apart(tmp_path, pickles)

    assert len(outcomes) == len(pickles)
