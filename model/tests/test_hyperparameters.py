import json
from dataclasses import asdict
from pathlib import Path

import pytest

from errors import InvalidHyperparameters
from hyperparameters import RANGES, Hyperparameters, parse_hyperparameters

SCHEMA = json.loads(
    (Path(__file__).parents[2] / 'events' / 'train-station.schema.json').read_text(encoding='utf-8')
)['properties']


def test_names_defaults_and_ranges_are_those_of_the_input_schema():
    ours = asdict(Hyperparameters())
    del ours['checkpoint_dir']  # the pipeline's own

    assert ours == {name: SCHEMA[name]['default'] for name in ours}
    numbers = {name for name in ours if SCHEMA[name]['type'] in ('integer', 'number')}
    assert set(RANGES) == numbers
    for name, (lowest, highest) in RANGES.items():
        assert highest == SCHEMA[name]['maximum'], name
        if 'minimum' in SCHEMA[name]:
            assert lowest == SCHEMA[name]['minimum'], name
        else:  # the lowest number above 0 that a person would write
            assert 0 == SCHEMA[name]['exclusiveMinimum'] < lowest < 1e-9, name


@pytest.mark.parametrize('text', [None, '', '{}', '{"sagemaker_program": "train.py"}'])
def test_without_hyperparameters_the_defaults_hold(text):
    assert parse_hyperparameters(text) == Hyperparameters()


def test_strings_become_numbers_texts_and_booleans():
    given = {'n_epochs': '8', 'learning_rate': '1e-2', 'augment': 'false', 'checkpoint_dir': '/c'}

    settings = parse_hyperparameters(json.dumps(given))

    assert (settings.n_epochs, settings.learning_rate, settings.augment, settings.checkpoint_dir) == (
        8,
        0.01,
        False,
        '/c',
    )


@pytest.mark.parametrize(
    'value, expected', [('False', False), ('false', False), (False, False), ('True', True), (True, True)]
)
def test_a_boolean_written_as_false_is_false_q_t1(value, expected):
    assert parse_hyperparameters(json.dumps({'normalize': value})).normalize is expected


@pytest.mark.parametrize(
    'given, message',
    [
        ({'augment': 'yes'}, "augment = 'yes', which is not true or false"),
        ({'n_epochs': '2.5'}, "n_epochs = '2.5', which is not a whole number"),
        ({'learning_rate': 'fast'}, "learning_rate = 'fast', which is not a number"),
        ({'learning_rate': 'nan'}, 'which is not between'),
        ({'batch_size': '1'}, "batch_size = '1', which is not between 2 and 1024"),
        ({'epochs': '3'}, 'epochs is unknown (did you mean n_epochs?)'),
        ({'checkpoint_dir': ' '}, 'which is not a non-empty text'),
    ],
)
def test_a_bad_value_is_refused_and_named(given, message):
    with pytest.raises(InvalidHyperparameters) as caught:
        parse_hyperparameters(json.dumps(given))

    assert message in str(caught.value)


def test_all_bad_values_are_named_at_once():
    with pytest.raises(InvalidHyperparameters) as caught:
        parse_hyperparameters('{"n_epochs": "0", "augment": "1", "lr": "0.1"}')

    assert all(name in str(caught.value) for name in ('n_epochs', 'augment', 'lr is unknown'))


@pytest.mark.parametrize('text', ['{', '[1]', '"a"'])
def test_what_is_no_json_object_is_refused(text):
    with pytest.raises(InvalidHyperparameters, match='JSON'):
        parse_hyperparameters(text)
