"""Readers of the model, given what nobody meant to give them. In CI some seconds of another sample each time; `npm run
test:fuzz` tries for longer. A failure prints the example and how to reproduce it."""

import io
import json
import os

import numpy as np
from conftest import draw_photo
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from errors import PipelineError
from hyperparameters import Hyperparameters, parse_hyperparameters
from inference import Scorer, input_fn, predict_fn
from photo_pairs import distinct_pairs, file_names, read_pairs
from photos import UnreadablePhoto, open_photo, resize

FAULTS = {'truncated', 'not_an_image', 'too_large_to_read', 'other'}
fuzz = settings(
    max_examples=int(os.environ.get('FUZZ_RUNS') or 60),
    deadline=None,
    print_blob=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def encoded(format):
    buffer = io.BytesIO()
    draw_photo(0.5).save(buffer, format)
    return buffer.getvalue()


PHOTOS = [encoded('JPEG'), encoded('PNG')]
changes = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=0, max_size=6)), max_size=6
)


@st.composite
def broken_photos(draw):
    """A photo with bytes put in, put over or taken away somewhere."""
    content = bytearray(draw(st.sampled_from(PHOTOS)))
    for place, put in draw(changes):
        at = int(place * len(content))
        length = draw(st.sampled_from([0, len(put), 50]))
        content[at : at + length] = put
    return bytes(content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content)


@fuzz
@given(st.one_of(broken_photos(), st.binary(max_size=200)))
def test_bytes_are_a_photo_or_have_a_fault_of_the_list(content):
    try:
        photo = open_photo(content)
    except UnreadablePhoto as unreadable:
        assert unreadable.fault in FAULTS and str(unreadable)
    else:
        assert photo.mode == 'RGB' and photo.width > 0


@fuzz
@given(st.one_of(broken_photos(), st.binary(max_size=200), st.text(max_size=50)))
def test_every_request_is_answered(content):
    class Model(Scorer):
        def __init__(self):
            pass

        def score(self, photo):
            return float(photo.width)

    answer = json.loads(json.dumps(predict_fn(input_fn(content), Model())))

    assert answer['score'] is not None or answer['fault'] in FAULTS | {'no_finite_score'}


CELLS = st.one_of(
    st.sampled_from(
        [
            '',
            'NA',
            'train',
            'val',
            '1',
            '-1',
            '0',
            '-0',
            '1.0',
            'nan',
            'inf',
            '1e309',
            '=1+1',
            '"',
            '__proto__',
        ]
    ),
    st.text(max_size=10),
)


@fuzz
@given(
    st.sampled_from(['', '\ufeff']),
    st.lists(st.lists(CELLS, min_size=0, max_size=6), max_size=6),
    st.sampled_from(['split,pair,filename_1,filename_2,label', 'split,pair', '']),
)
def test_pairs_are_read_or_refused_by_name(tmp_path_factory, mark, rows, header):
    path = tmp_path_factory.mktemp('pairs') / 'pairs.csv'
    lines = [header, *(','.join(row) for row in rows)]
    path.write_text(mark + '\n'.join(lines), encoding='utf-8', errors='surrogatepass', newline='')
    try:
        pairs = read_pairs(path)
    except PipelineError:
        return
    assert all(row.label in (-1, 0, 1) and row.split in ('train', 'val') for row in pairs)
    positions = {name: index for index, name in enumerate(file_names(pairs))}
    assert float(distinct_pairs(pairs, positions).rows.sum()) == len(pairs)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.lists(st.integers(), max_size=2),
)


@fuzz
@given(
    st.one_of(
        st.dictionaries(
            st.one_of(st.sampled_from([*Hyperparameters.__dataclass_fields__]), st.text(max_size=8)),
            VALUES,
            max_size=5,
        ),
        VALUES,
    ),
    st.booleans(),
)
def test_hyperparameters_are_taken_or_refused_by_name(value, as_text):
    text = json.dumps(
        {name: str(entry) for name, entry in value.items()} if as_text and isinstance(value, dict) else value
    )
    try:
        assert isinstance(parse_hyperparameters(text), Hyperparameters)
    except PipelineError as error:
        assert str(error)


@fuzz
@given(
    st.integers(1, 40), st.integers(1, 40), st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32 - 1)
)
def test_resized_photos_stay_within_the_range_of_their_pixels(height, width, to_height, to_width, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)

    resized = resize(pixels, (to_height, to_width))

    assert resized.shape == (to_height, to_width, 3)
    assert pixels.min() - 1e-3 <= resized.min() and resized.max() <= pixels.max() + 1e-3
