import io
import os
import random
import re
import subprocess
import sys
import zipfile

import pytest
import torch
from conftest import MODEL, draw_photo
from test_checkpoint_file import save, write_zip
from test_inference import upstream_checkpoint
from test_photos import OTHERS, claimed_size, jpeg

import inference
from checkpoint_file import read_checkpoint_file
from errors import NotEnoughPairs, PipelineError, failure_line, without_addresses, write_failure
from network import RankNet

ADDRESS = re.compile(r'0x[0-9a-f]{6,}', re.I)


def test_an_error_says_what_where_found_expected_and_how_to_fix():
    error = NotEnoughPairs('No pair is left', 'pairs.csv', '0 rows', 'at least 1', 'annotate more')

    assert isinstance(error, PipelineError)
    assert (
        str(error)
        == 'No pair is left (pairs.csv). Found: 0 rows. Expected: at least 1. To fix: annotate more.'
    )


@pytest.mark.parametrize('message', ['two\nlines', 'x' * 5000])
def test_the_failure_file_is_one_line_that_sagemaker_shows_whole(tmp_path, message):
    write_failure(ValueError(message), tmp_path / 'output')

    text = (tmp_path / 'output' / 'failure').read_text()
    assert text.startswith('ValueError: ')
    assert text.count('\n') == 1
    assert len(failure_line(ValueError(message))) <= 1024


@pytest.mark.parametrize(
    'text, told',
    [
        (f'cannot identify {io.BytesIO()!r}', 'cannot identify <_io.BytesIO object>'),
        ('at 0x7F3A5B2C1D0E', 'at'),
        ('hash deadbeef01, color 0xff, 0x12', 'hash deadbeef01, color 0xff, 0x12'),
    ],
)
def test_addresses_of_memory_are_not_told(text, told):
    assert without_addresses(text) == told


def faulty_photos():
    """Some 300 photos with a fault: cut off, bits flipped, other formats, nonsense."""
    draw = random.Random(1691)
    wholes = [
        jpeg(draw_photo(0.5)),
        jpeg(draw_photo(0.5), format='PNG'),
        jpeg(draw_photo(0.5), progressive=True),
    ]
    for whole in wholes:
        yield claimed_size(whole, 13_000, 13_000) if b'\xff\xc2' not in whole else whole[:-2]
        for _ in range(40):
            yield whole[: draw.randrange(len(whole))]
            changed = bytearray(whole)
            for _ in range(draw.randrange(1, 30)):
                changed[draw.randrange(min(len(changed), 700))] = draw.randrange(256)
            yield bytes(changed)
    yield from (make() for make in OTHERS.values())
    yield from (draw.randbytes(length) for length in range(0, 400, 20))


def test_a_fault_of_a_photo_is_told_in_the_same_words_each_time_without_addresses(trained):
    model = inference.model_fn(trained.root / 'model')
    refused = 0
    for content in faulty_photos():
        answers = [
            inference.output_fn(inference.predict_fn(inference.input_fn(content), model)) for _ in range(2)
        ]

        assert answers[0] == answers[1]
        assert not ADDRESS.search(answers[0][0])
        refused += '"score": null' in answers[0][0]
    assert refused > 100


def test_a_fault_of_a_checkpoint_is_told_in_the_same_words_each_time_without_addresses(tmp_path):
    draw = random.Random(1691)
    small = {**upstream_checkpoint(RankNet()), 'model_state_dict': {'a': torch.arange(5.0)}}
    path = save(small, tmp_path / 'small.pth')
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    pickled = next(name for name in files if name.endswith('data.pkl'))
    refused = 0
    for _ in range(500):
        changed = bytearray(files[pickled])
        for _ in range(draw.randrange(1, 5)):
            changed[draw.randrange(len(changed))] = draw.randrange(256)
        write_zip(path, {**files, pickled: bytes(changed)}.items())
        told = [outcome_of_reading(path) for _ in range(2)]

        assert told[0] == told[1]
        assert not ADDRESS.search(told[0])
        refused += told[0] != 'read'
    assert refused > 100


def outcome_of_reading(path):
    try:
        read_checkpoint_file(path)
        return 'read'
    except PipelineError as refusal:
        return failure_line(refusal)


def test_a_failure_that_nobody_foresaw_is_told_and_logged_without_addresses(station):
    code = (
        'import train\n'
        'def fail(*arguments): raise RuntimeError(f"cannot use {object()} of {fail}")\n'
        'train.load_data = fail\n'
        'raise SystemExit(train.main())'
    )
    environment = {**os.environ, **station.environment(), 'PYTHONPATH': str(MODEL)}

    ended = subprocess.run([sys.executable, '-c', code], env=environment, capture_output=True, text=True)

    failure = (station.root / 'output' / 'failure').read_text()
    assert ended.returncode == 1
    assert failure == 'RuntimeError: cannot use <object object> of <function fail>\n'
    assert 'Traceback' in ended.stderr
    assert not ADDRESS.search(ended.stdout + ended.stderr)
