import csv
import io
import json
import lzma
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time

import pytest
import torch
from conftest import MODEL, Station, draw_photo
from test_photos import OTHERS, claimed_size, jpeg
from torchvision.models import resnet18
from torchvision.transforms import ColorJitter

import network as network_file
import train
import training_job
from checkpoints import (
    checkpoint_path,
    newest_checkpoint,
    remove_superseded,
    run_identity,
    save_checkpoint,
    write_atomically,
)
from errors import (
    GpuUnavailable,
    MissingChannel,
    NotEnoughPairs,
    PretrainedWeightsMissing,
    StartModelUnusable,
    TrainingDiverged,
)
from hyperparameters import Hyperparameters, parse_hyperparameters
from ncnn_network import WHEELS
from network import RankNet, load_checkpoint, ranking_loss
from training_data import load_data, training_batches
from training_job import Folders

CONTRACT_KEYS = {'epoch', 'model_state_dict', 'optimizer_state_dict', 'training_loss', 'transforms', 'params'}
# As in the machine's MetricDefinitions (shared/execution/sagemaker-requests.ts).
METRIC = {name: rf'{name}=([0-9.eE+-]+)' for name in ('epoch', 'train_loss', 'val_loss', 'val_accuracy')}


def read_metrics(station):
    with open(station.root / 'output' / 'data' / 'metrics.csv', newline='') as file:
        return list(csv.DictReader(file))


def read_facts(station):
    return json.loads((station.root / 'output' / 'data' / 'training.json').read_text())


def losses(station):
    rates = [epoch['learning_rate'] for epoch in read_facts(station)['epochs']]
    return [
        (row['epoch'], row['train_loss'], row['val_loss'], rate)
        for row, rate in zip(read_metrics(station), rates)
    ]


def model_of(station):
    return load_checkpoint(station.root / 'model' / 'model.pth')


def run_train(station, **environment):
    return subprocess.Popen(
        [sys.executable, str(MODEL / 'train.py')],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_model_file_has_the_keys_of_published_models(trained):
    model = model_of(trained)

    assert set(model) == CONTRACT_KEYS
    assert len(model['model_state_dict']) == 126
    assert all(name.startswith('module.') for name in model['model_state_dict'])
    assert set(model['transforms']) == {'train', 'eval'}
    assert set(model['optimizer_state_dict']) == {'state', 'param_groups'}
    assert type(model['epoch']) is int
    assert type(model['training_loss']) is float


def test_params_are_plain_lists_and_numbers(trained):
    params = model_of(trained)['params']

    assert params['aspect'] == 80 / 60
    assert params['input_shape'] == [32, 42]
    assert [type(value) for value in params['input_shape']] == [int, int]
    for name in ('img_sample_mean', 'img_sample_std'):
        assert [type(value) for value in params[name]] == [float] * 3


def test_metrics_csv_has_upstream_s_columns_and_no_others_and_counts_from_zero(trained):
    rows = read_metrics(trained)

    assert list(rows[0]) == ['epoch', 'train_loss', 'val_loss']
    assert [row['epoch'] for row in rows] == ['0', '1']


def test_training_json_has_what_else_is_known_of_each_epoch(trained):
    epochs = read_facts(trained)['epochs']

    assert [list(epoch) for epoch in epochs] == [list(training_job.EpochMetrics._fields)] * 2
    assert [str(epoch['val_loss']) for epoch in epochs] == [row['val_loss'] for row in read_metrics(trained)]
    assert all(0 <= epoch['val_accuracy'] <= 1 and epoch['seconds'] > 0 for epoch in epochs)


@pytest.mark.parametrize(
    'environment, has_cuda, expected',
    [
        ({'SM_NUM_GPUS': '0'}, False, 'cpu'),
        ({}, False, 'cpu'),
        ({}, True, 'cuda'),
        ({'SM_NUM_GPUS': '1'}, True, 'cuda'),
        ({'SM_NUM_GPUS': '0'}, True, 'cpu'),
    ],
)
def test_the_gpu_is_used_where_there_is_one(monkeypatch, environment, has_cuda, expected):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: has_cuda)

    assert training_job.choose_device(environment).type == expected


def test_a_gpu_that_pytorch_cannot_use_fails_at_once_instead_of_training_on_the_cpu(station, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    environment = {
        **station.environment(),
        'SM_NUM_GPUS': '1',
        'SM_CURRENT_INSTANCE_TYPE': 'ml.g4dn.xlarge',
    }

    with pytest.raises(GpuUnavailable) as refusal:
        train.train(environment)

    for part in ('ml.g4dn.xlarge', torch.__version__, 'driver'):
        assert part in str(refusal.value)
    assert not (station.root / 'model' / 'model.pth').exists()


@pytest.mark.parametrize(
    'content, words', [('NVRM version: 535.1\nGCC\n', 'NVRM version: 535.1'), ('', 'no NVIDIA driver')]
)
def test_the_driver_is_named_as_the_kernel_names_it(tmp_path, content, words):
    file = tmp_path / 'version'
    file.write_text(content)

    assert training_job.nvidia_driver(file) == words
    assert training_job.nvidia_driver(tmp_path / 'missing') == 'no NVIDIA driver'


def test_args_json_has_the_names_that_the_report_reads(trained):
    arguments = json.loads((trained.root / 'output' / 'data' / 'args.json').read_text())

    assert (arguments['epochs'], arguments['lr'], arguments['batch_size']) == (2, 0.001, 4)
    assert arguments['pairs_file'] == 'pairs.csv'


def test_code_that_serves_the_model_lies_beside_it(trained):
    code = trained.root / 'model' / 'code'

    assert {file.name for file in code.iterdir() if file.is_file()} == set(training_job.CODE_FILES)
    wheels = [sorted(file.name for file in folder.iterdir()) for folder in (code / 'wheels', WHEELS)]
    assert wheels[0] == wheels[1]
    assert 'requirements.txt' in wheels[0]
    assert os.access(code / 'serve', os.X_OK)


def test_a_frozen_body_keeps_its_weights_while_batch_normalization_learns_q_t7(station):
    settings = parse_hyperparameters(station.environment()['SM_HPS'])
    folders = Folders.from_environment(station.environment())
    data = load_data(folders, settings)
    network = train.start_network(settings, folders)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}

    train.train_one_epoch(network, torch.optim.SGD(network.parameters(), lr=0.1), data, settings, 0)

    after = network.state_dict()
    assert torch.equal(before['resnetbody.model.0.weight'], after['resnetbody.model.0.weight'])
    assert not torch.equal(
        before['resnetbody.model.1.running_mean'], after['resnetbody.model.1.running_mean']
    )
    assert not torch.equal(before['fclayers.0.weight'], after['fclayers.0.weight'])


def test_a_short_last_batch_does_not_weigh_more_in_the_loss_q_t12(station):
    settings = parse_hyperparameters(station.environment(batch_size='6', augment='false')['SM_HPS'])
    folders = Folders.from_environment(station.environment())
    data = load_data(folders, settings)
    network = RankNet()
    # Scores that do not depend on the photos: each row's loss is ln 2, and so is their mean.
    torch.nn.init.zeros_(network.fclayers[4].weight)

    loss = train.train_one_epoch(network, torch.optim.SGD(network.parameters(), lr=1e-9), data, settings, 0)

    assert [len(batch.label) for batch in training_batches(data, settings, 0)] == [3, 3, 2]
    assert loss == pytest.approx(0.693147, abs=1e-5)


def test_validation_equals_scoring_every_row(trained):
    settings = parse_hyperparameters(trained.environment()['SM_HPS'])
    data = load_data(Folders.from_environment(trained.environment()), settings)
    network = RankNet().eval()
    transform = train.checkpoint_transforms(data.transforms)['eval']
    scores = network(torch.stack([transform(photo.permute(2, 0, 1) / 255) for photo in data.photos]))
    expected = ranking_loss(scores[data.val.photo_1], scores[data.val.photo_2], data.val.label).mean()

    loss, accuracy = train.evaluate(network, data)

    assert loss == pytest.approx(float(expected.detach()), abs=1e-5)
    assert 0 <= accuracy <= 1


def test_a_resumed_training_equals_an_uninterrupted_one(station, tmp_path_factory):
    whole = Station(tmp_path_factory.mktemp('whole'))
    train.train(whole.environment(n_epochs='2', unfreeze_after='1'))
    train.train(station.environment(n_epochs='1', unfreeze_after='1'))

    train.train(station.environment(n_epochs='2', unfreeze_after='1'))

    assert losses(station) == losses(whole)
    resumed_model, whole_model = model_of(station), model_of(whole)
    assert resumed_model['epoch'] == whole_model['epoch']
    for name, tensor in whole_model['model_state_dict'].items():
        assert torch.allclose(tensor, resumed_model['model_state_dict'][name], atol=1e-7), name


def test_a_new_run_of_the_same_input_goes_on_from_the_checkpoints_of_an_unfinished_one(
    station, tmp_path_factory
):
    whole = Station(tmp_path_factory.mktemp('whole'))
    train.train(whole.environment(n_epochs='2', unfreeze_after='1'))
    train.train(station.environment(n_epochs='1', unfreeze_after='1'))
    again = Station(tmp_path_factory.mktemp('again'))
    channel = {'SM_CHANNEL_CHECKPOINTS': str(station.root / 'checkpoints')}

    train.train({**again.environment(n_epochs='2', unfreeze_after='1'), **channel})

    assert losses(again) == losses(whole)
    assert read_facts(again)['resumed_after_epochs'] == 1
    assert {path.name for path in (station.root / 'checkpoints').iterdir()} == {'epoch_00.pth'}


def test_a_new_run_of_another_input_begins_anew_beside_the_checkpoints_of_an_unfinished_one(
    station, tmp_path_factory, capsys
):
    train.train(station.environment(n_epochs='1'))
    again = Station(tmp_path_factory.mktemp('again'))
    channel = {'SM_CHANNEL_CHECKPOINTS': str(station.root / 'checkpoints')}

    train.train({**again.environment(n_epochs='2', learning_rate='0.002'), **channel})

    assert read_facts(again)['resumed_after_epochs'] == 0
    assert 'it belongs to a run with other settings or pairs' in capsys.readouterr().out


def test_a_finished_training_is_published_again_without_another_epoch(station):
    train.train(station.environment())
    (station.root / 'model' / 'model.pth').unlink()
    before = losses(station)

    train.train(station.environment())

    assert losses(station) == before
    assert model_of(station)['epoch'] == 0


@pytest.mark.parametrize('change', ['settings', 'torn'])
def test_a_checkpoint_of_another_run_or_a_torn_one_is_passed_over_q_t5(station, capsys, change):
    train.train(station.environment(learning_rate='0.01'))
    if change == 'torn':
        path = station.root / 'checkpoints' / 'epoch_00.pth'
        path.write_bytes(path.read_bytes()[:1000])
    capsys.readouterr()

    train.train(station.environment(learning_rate='0.02' if change == 'settings' else '0.01'))

    printed = capsys.readouterr().out
    assert 'Passing over epoch_00.pth' in printed
    assert 'Resuming' not in printed


def test_a_checkpoint_that_knows_fewer_hyperparameters_is_resumed_from_while_those_are_at_their_defaults(
    tmp_path,
):
    settings, pairs = Hyperparameters(), tmp_path / 'pairs.csv'
    pairs.write_text('')
    identity = run_identity(settings, pairs)
    former = {name: value for name, value in identity.items() if not name.startswith('jitter_')}
    parts = {name: {} for name in ('model_state_dict', 'transforms', 'params')}
    save_checkpoint(
        {'epoch': 0, **parts, 'resume': {'identity': former, 'best_epoch': 0}}, checkpoint_path(tmp_path, 0)
    )

    assert newest_checkpoint(tmp_path, identity, 2)['epoch'] == 0
    varied = run_identity(Hyperparameters(jitter_contrast=0.1), pairs)
    assert newest_checkpoint(tmp_path, varied, 2) is None


def test_a_training_with_jitter_learns_and_publishes_it(station):
    train.train(station.environment(jitter_brightness='0.3', jitter_contrast='0.2'))

    steps = model_of(station)['transforms']['train'].transforms
    step = next(step for step in steps if isinstance(step, ColorJitter))
    assert ([*step.brightness], [*step.contrast], step.saturation) == ([0.7, 1.3], [0.8, 1.2], None)
    assert all(float(row['val_loss']) > 0 for row in read_metrics(station))


def test_superseded_checkpoints_are_removed(tmp_path):
    for epoch in range(6):
        checkpoint_path(tmp_path, epoch).write_bytes(b'')

    remove_superseded(tmp_path, {5, 4, 2})

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        'epoch_02.pth',
        'epoch_04.pth',
        'epoch_05.pth',
    ]


def test_an_interrupted_write_leaves_the_former_file(tmp_path):
    path = tmp_path / 'model.pth'
    path.write_text('former')

    def write(part):
        part.write_text('half')
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, write)

    assert path.read_text() == 'former'
    assert list(tmp_path.iterdir()) == [path]


def test_unreadable_photos_are_counted_and_named(station):
    station.path(station.names[0]).write_bytes(b'no photo')

    train.train(station.environment())

    facts = json.loads((station.root / 'output' / 'data' / 'training.json').read_text())
    assert facts['photos_unreadable'] == 1
    assert list(facts['unreadable']) == [station.names[0]]
    assert facts['rows_left_out'] == 4
    assert facts['pairs_train'] == 6


def test_pretrained_starts_from_the_weights_channel(station):
    donor = resnet18(weights=None)
    (station.root / 'weights').mkdir()
    torch.save(donor.state_dict(), station.root / 'weights' / 'resnet18-f37072fd.pth')
    environment = {
        **station.environment(pretrained='true'),
        'SM_CHANNEL_WEIGHTS': str(station.root / 'weights'),
    }

    train.train(environment)

    saved = model_of(station)['model_state_dict']['module.resnetbody.model.0.weight']
    assert torch.equal(saved, donor.conv1.weight)


def archive_of(root, *members):
    """A model channel: model.tar.gz with files under these names; names alone are links to /etc/passwd."""
    (root / 'start').mkdir()
    with tarfile.open(root / 'start' / 'model.tar.gz', 'w:gz') as archive:
        for name, source in members:
            if source:
                archive.add(source, name)
            else:
                link = tarfile.TarInfo(name)
                link.type, link.linkname = tarfile.SYMTYPE, '/etc/passwd'
                archive.addfile(link)
    return {'SM_CHANNEL_MODEL': str(root / 'start')}


@pytest.fixture
def donor(station, tmp_path):
    """A checkpoint of a network that no seed gives."""
    train.train(station.environment(learning_rate='0.5', unfreeze_after='0'))
    path = tmp_path / 'donor.pth'
    shutil.copy(station.root / 'model' / 'model.pth', path)
    shutil.rmtree(station.root / 'checkpoints')
    return path


@pytest.mark.parametrize('name', ['model.pth', './model.pth'])
def test_a_training_starts_from_the_model_of_its_model_channel_whatever_pretrained_says(
    station, donor, tmp_path, name
):
    channel = archive_of(tmp_path, ('code/train.py', __file__), (name, donor))

    train.train({**station.environment(pretrained='true', learning_rate='1e-12'), **channel})

    given, started = load_checkpoint(donor)['model_state_dict'], model_of(station)['model_state_dict']
    weights = [key for key in given if key.endswith(('weight', 'bias'))]
    assert len(weights) == 66
    for key in weights:
        assert torch.allclose(started[key], given[key], atol=1e-6), key


@pytest.mark.parametrize(
    'members, found',
    [
        ([('code/model.pth', __file__)], 'no model.pth'),
        ([('model.pth', None)], 'no model.pth'),
        ([('model.pth', __file__)], 'more than a model'),
        ([('model.pth', 'of other things')], 'no checkpoint of this network'),
    ],
)
def test_an_archive_without_a_model_is_refused_before_photos_are_read(station, tmp_path, members, found):
    other = tmp_path / 'of other things'
    torch.save({'weight': torch.zeros(3)}, other)
    members = [(name, other if source == other.name else source) for name, source in members]
    shutil.rmtree(station.root / 'images')

    with pytest.raises(StartModelUnusable, match=re.escape(found)) as caught:
        train.train({**station.environment(), **archive_of(tmp_path, *members)})

    assert str(tmp_path / 'start' / 'model.tar.gz') in str(caught.value)


def test_a_model_with_weights_that_are_not_finite_is_refused(station, donor, tmp_path):
    checkpoint = load_checkpoint(donor)
    checkpoint['model_state_dict']['module.fclayers.0.bias'][3] = float('nan')
    torch.save(checkpoint, donor)

    with pytest.raises(StartModelUnusable, match='not finite'):
        train.train({**station.environment(), **archive_of(tmp_path, ('model.pth', donor))})


def test_a_model_of_an_archive_that_is_too_large_is_not_unpacked(station, tmp_path, monkeypatch):
    monkeypatch.setattr(network_file, 'MAX_FILE_BYTES', 10)

    with pytest.raises(StartModelUnusable, match='at most 10 are read'):
        train.train({**station.environment(), **archive_of(tmp_path, ('model.pth', __file__))})


def sparse(data):
    """An archive whose header names places of a sparse file that are no numbers."""
    member = tarfile.TarInfo('model.pth')
    member.pax_headers = {'GNU.sparse.map': 'a,b', 'GNU.sparse.size': 'x'}
    with io.BytesIO() as file:
        with tarfile.open(fileobj=file, mode='w:gz', format=tarfile.PAX_FORMAT) as archive:
            archive.addfile(member)
        return file.getvalue()


@pytest.mark.parametrize(
    'damage', [lambda data: data[: len(data) // 2], lambda data: b'no archive', lzma.compress, sparse]
)
def test_a_damaged_archive_is_refused(station, donor, tmp_path, damage):
    channel = archive_of(tmp_path, ('model.pth', donor))
    path = tmp_path / 'start' / 'model.tar.gz'
    path.write_bytes(damage(path.read_bytes()))

    with pytest.raises(StartModelUnusable, match=r'cannot be used.*start/model\.tar\.gz'):
        train.train({**station.environment(), **channel})


def test_a_training_from_another_model_does_not_go_on_from_checkpoints_without(station, donor, tmp_path):
    train.train(station.environment())

    train.train({**station.environment(n_epochs='2'), **archive_of(tmp_path, ('model.pth', donor))})

    assert read_facts(station)['resumed_after_epochs'] == 0


def test_pretrained_without_weights_is_refused(station):
    with pytest.raises(PretrainedWeightsMissing, match=r'no \.pth file'):
        train.train(station.environment(pretrained='true'))


def test_a_job_without_the_images_channel_is_refused(station):
    environment = station.environment()
    del environment['SM_CHANNEL_IMAGES']

    with pytest.raises(MissingChannel, match='no channel images'):
        train.train(environment)


def test_a_training_whose_loss_is_no_number_is_refused(station, monkeypatch):
    monkeypatch.setattr(train, 'train_one_epoch', lambda *arguments: float('nan'))

    with pytest.raises(TrainingDiverged, match='lower learning_rate'):
        train.train(station.environment())


def test_photos_of_other_formats_and_sizes_are_left_out_with_their_pairs(station):
    for name, content in zip(
        station.names, (OTHERS['EPS'](), claimed_size(jpeg(draw_photo(0.5)), 13_000, 13_000))
    ):
        station.path(name).write_bytes(content)

    data = load_data(
        Folders.from_environment(station.environment()),
        parse_hyperparameters(station.environment()['SM_HPS']),
    )

    assert list(data.counts['unreadable'].values()) == [
        'UnidentifiedImageError: neither JPEG nor PNG, but perhaps EPS',
        'TooManyPixels: 169,000,000 pixels; at most 64,000,000 are read',
    ]
    # Each of the two is in two pairs, which stand in pairs.csv with their mirrors.
    assert data.counts['rows_left_out'] == 8


def test_all_pairs_unreadable_is_refused(station):
    for name in station.names:
        station.path(name).write_bytes(b'')

    with pytest.raises(NotEnoughPairs, match='No pair is left for training'):
        train.train(station.environment())


def test_the_script_prints_one_line_per_epoch_that_sagemaker_finds_its_metrics_in(station):
    process = run_train(station, **station.environment(n_epochs='2', augment='false', decolorize='true'))
    out, err = process.communicate(timeout=120)

    assert process.returncode == 0, err
    found = {name: re.findall(regex, out) for name, regex in METRIC.items()}
    assert found['epoch'] == ['1', '2']
    assert all(len(values) == 2 for values in found.values())
    assert [float(value) for value in found['val_loss']] == pytest.approx(
        [float(row['val_loss']) for row in read_metrics(station)], abs=1e-6
    )


def test_the_script_leaves_one_readable_line_when_it_fails(station):
    process = run_train(station, **{**station.environment(), 'SM_HPS': '{"n_epochs": "many"}'})
    process.communicate(timeout=120)

    failure = (station.root / 'output' / 'failure').read_text()
    assert process.returncode == 1
    assert failure.startswith('InvalidHyperparameters: The hyperparameters cannot be used (SM_HPS).')
    assert failure.count('\n') == 1


def test_sigterm_ends_the_script_between_complete_files(station):
    process = run_train(station, **station.environment(n_epochs='500'))
    while 'epoch=1/' not in (line := process.stdout.readline()):
        assert line, process.stderr.read()

    process.send_signal(signal.SIGTERM)
    stopped = time.time()
    process.communicate(timeout=60)

    assert process.returncode == 143
    assert time.time() - stopped < 30
    assert not (station.root / 'output' / 'failure').exists()
    assert [path for path in (station.root / 'checkpoints').iterdir() if path.suffix != '.pth'] == []
    assert model_of(station)['params']


def test_a_torn_last_checkpoint_costs_one_epoch_even_if_it_was_the_best(station, capsys):
    train.train(station.environment(n_epochs='2'))
    torn = checkpoint_path(station.root / 'checkpoints', 1)
    torn.write_bytes(torn.read_bytes()[:1000])
    before = losses(station)
    capsys.readouterr()

    train.train(station.environment(n_epochs='2'))

    assert 'Resuming after 1 of 2 epochs' in capsys.readouterr().out
    assert losses(station) == before


def test_a_checkpoint_whose_best_epoch_is_missing_is_passed_over(station, capsys):
    train.train(station.environment(n_epochs='2'))
    path = checkpoint_path(station.root / 'checkpoints', 1)
    checkpoint = load_checkpoint(path)
    checkpoint['resume']['best_epoch'] = 7
    torch.save(checkpoint, path)
    capsys.readouterr()

    train.train(station.environment(n_epochs='2'))

    assert 'Passing over epoch_01.pth: the best epoch before it is missing' in capsys.readouterr().out
