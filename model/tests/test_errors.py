import pytest

from errors import NotEnoughPairs, PipelineError, failure_line, write_failure


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
