"""The server as its users meet it: a process that answers HTTP."""

import http.client
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from conftest import draw_photo
from test_checkpoint_file import Call
from test_photos import OTHERS, claimed_size


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def jpeg(flow, seed=0):
    buffer = io.BytesIO()
    draw_photo(flow, seed).save(buffer, 'JPEG')
    return buffer.getvalue()


class Served:
    """The `serve` of a published model's own code folder."""

    def __init__(self, model_dir, **environment):
        self.port = free_port()
        settings = {
            'SM_MODEL_DIR': str(model_dir),
            'SERVE_HOST': '127.0.0.1',
            'SAGEMAKER_BIND_TO_PORT': str(self.port),
        }
        self.process = subprocess.Popen(
            [sys.executable, str(model_dir / 'code' / 'serve')],
            env={**os.environ, **settings, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait(self, **options):
        for _ in range(600):
            try:
                return self.request('GET', '/ping', **options)
            except OSError:
                assert self.process.poll() is None, self.process.stdout.read()
                time.sleep(0.1)
        raise AssertionError('the server does not answer')

    def request(self, method, path, body=None, **options):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=60)
        try:
            connection.request(method, path, body, **options)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def invoke(self, body, **options):
        status, answer = self.request('POST', '/invocations', body, **options)
        return status, json.loads(answer)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def ready(trained, **environment):
    """A healthy server of two workers, which is ended afterward."""
    served = Served(trained.root / 'model', SAGEMAKER_MODEL_SERVER_WORKERS='2', **environment)
    assert served.wait() == (200, b'')
    yield served
    if served.process.poll() is None:
        served.process.kill()


@pytest.fixture(scope='module')
def served(trained):
    yield from ready(trained, TS_MAX_REQUEST_SIZE='1048576')


def test_a_photo_is_scored_as_in_process(trained, served):
    import inference

    expected = inference.predict_fn(inference.input_fn(jpeg(0.4)), inference.model_fn(trained.root / 'model'))

    status, answer = served.invoke(jpeg(0.4), headers={'Content-Type': 'image/jpeg'})

    assert status == 200
    assert answer['score'] == pytest.approx(expected['score'], abs=1e-5)


def test_a_broken_photo_is_answered_with_200_and_no_score(served):
    status, answer = served.invoke(b'no photo')

    assert status == 200
    assert answer['score'] is None
    assert 'UnidentifiedImageError' in answer['error']


def test_a_refused_photo_costs_no_other_photo_its_score(served):
    expected = served.invoke(jpeg(0.4))

    for content in (OTHERS['EPS'](), claimed_size(jpeg(0.5), 13_000, 13_000)):
        status, answer = served.invoke(content)
        assert (status, answer['score']) == (200, None)
        assert re.search('neither JPEG nor PNG|TooManyPixels', answer['error'])

    assert served.invoke(jpeg(0.4)) == expected


@pytest.mark.parametrize(
    'request_lines',
    ['Content-Length: -1\r\n', 'Content-Length: two\r\n', 'Transfer-Encoding: chunked\r\n\r\n-5\r\n'],
)
def test_a_request_of_no_length_is_refused(served, request_lines):
    with socket.create_connection(('127.0.0.1', served.port), timeout=10) as connection:
        connection.sendall(f'POST /invocations HTTP/1.1\r\nHost: localhost\r\n{request_lines}\r\n'.encode())
        answer = connection.recv(1000).decode()

    assert answer.startswith('HTTP/1.1 400 ')


def test_photos_sent_at_once_get_their_own_scores(served):
    photos = [jpeg(index / 16, index) for index in range(16)]
    alone = [served.invoke(photo) for photo in photos]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(served.invoke, photos))

    assert together == alone
    assert len({answer['score'] for _, answer in alone}) > 1


def test_a_connection_serves_many_photos(served):
    connection = http.client.HTTPConnection('127.0.0.1', served.port, timeout=60)
    scores = []
    for _ in range(3):
        connection.request('POST', '/invocations', jpeg(0.5))
        scores.append(json.loads(connection.getresponse().read())['score'])
    connection.close()

    assert len(set(scores)) == 1


def test_a_chunked_body_is_put_together(served):
    photo = jpeg(0.7)
    chunks = iter([photo[:500], photo[500:]])

    assert served.invoke(
        chunks, encode_chunked=True, headers={'Transfer-Encoding': 'chunked'}
    ) == served.invoke(photo)


def test_execution_parameters_name_the_workers_and_the_payload(served):
    status, body = served.request('GET', '/execution-parameters')

    parameters = json.loads(body)
    assert status == 200
    assert parameters['BatchStrategy'] == 'SINGLE_RECORD'
    assert parameters['MaxPayloadInMB'] == 1
    assert 1 <= parameters['MaxConcurrentTransforms'] <= 2


def test_a_photo_above_the_limit_is_refused(served):
    status, answer = served.invoke(bytes(1048577))

    assert status == 413
    assert '1048576 bytes' in answer['error']


@pytest.mark.parametrize('method, path', [('GET', '/'), ('POST', '/ping')])
def test_other_requests_are_refused_by_name(served, method, path):
    status, body = served.request(method, path, b'x' if method == 'POST' else None)

    assert status == 404
    assert f'{method} {path} is not answered' in json.loads(body)['error']


def test_with_a_token_only_its_bearer_is_answered(trained):
    served = Served(trained.root / 'model', SERVE_TOKEN='of this start', SAGEMAKER_MODEL_SERVER_WORKERS='1')
    try:
        assert served.wait(headers={'X-Serve-Token': 'of this start'}) == (200, b'')
        status, _ = served.invoke(jpeg(0.4), headers={'X-Serve-Token': 'of this start'})
        assert status == 200
        for headers in ({}, {'X-Serve-Token': 'another'}, {'X-Serve-Token': ''}):
            for method, path in (
                ('GET', '/ping'),
                ('GET', '/execution-parameters'),
                ('POST', '/invocations'),
            ):
                status, answer = served.request(method, path, headers=headers)
                assert status == 403
                assert 'X-Serve-Token' in json.loads(answer)['error']
    finally:
        served.process.kill()


def workers_of(served):
    """Process ids of the scoring processes."""
    children = f'/proc/{served.process.pid}/task/{served.process.pid}/children'
    with open(children) as file:
        return [int(pid) for pid in file.read().split()]


needs_proc = pytest.mark.skipif(not os.path.isdir('/proc'), reason='finds the workers in /proc')


@pytest.fixture
def mortal(trained):
    """A server whose photos may take five seconds."""
    yield from ready(trained, SERVE_PHOTO_SECONDS='5')


def ended(served):
    """Exit code and last words of a server that ends by itself."""
    code = served.process.wait(30)
    return code, served.process.stdout.read()


@needs_proc
def test_photos_go_to_the_workers_that_are_left(mortal):
    first, *others = workers_of(mortal)
    os.kill(first, signal.SIGKILL)
    for _ in range(100):
        if mortal.request('GET', '/ping')[0] == 500:
            break
        time.sleep(0.1)

    if others:  # one core has one worker
        assert [mortal.invoke(jpeg(0.4))[0] for _ in range(3)] == [200, 200, 200]
        assert mortal.process.poll() is None


@needs_proc
def test_without_a_worker_a_photo_is_answered_at_once_and_the_server_ends_with_an_error(mortal):
    for worker in workers_of(mortal):
        os.kill(worker, signal.SIGKILL)
    started = time.monotonic()

    status, answer = mortal.invoke(jpeg(0.4))

    assert time.monotonic() - started < 10
    assert status == 500
    assert answer['error'].startswith(('no scoring process is left', 'the scoring process died'))
    code, words = ended(mortal)
    assert code == 1
    assert 'died with exit code -9 (killed: most likely out of memory)' in words
    assert 'The server ends, as no scoring process is left' in words


@needs_proc
def test_whoever_waits_for_a_worker_is_answered_when_the_last_one_is_gone(mortal):
    """More photos than workers, and workers that hang: in the middle of it, none is left."""
    for worker in workers_of(mortal):
        os.kill(worker, signal.SIGSTOP)
    started = time.monotonic()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(mortal.invoke, [jpeg(0.4)] * 6))

    assert time.monotonic() - started < 30
    assert {status for status, _ in answers} == {500}
    assert any('took too long for a photo and was ended' in answer['error'] for _, answer in answers)
    assert ended(mortal)[0] == 1


@needs_proc
def test_a_large_photo_does_not_wait_for_a_worker_that_does_not_read_it(mortal):
    for worker in workers_of(mortal):
        os.kill(worker, signal.SIGSTOP)

    status, answer = mortal.invoke(bytes(4 * 2**20))

    assert status == 500
    assert 'took too long' in answer['error']


@pytest.mark.parametrize(
    'said',
    ['', 'POST /invocations HTTP/1.1\r\n', 'POST /invocations HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf'],
)
def test_a_client_that_falls_silent_is_hung_up_on(trained, said):
    served = Served(trained.root / 'model', SAGEMAKER_MODEL_SERVER_WORKERS='1', SERVE_CONNECTION_SECONDS='1')
    try:
        assert served.wait() == (200, b'')
        with socket.create_connection(('127.0.0.1', served.port), timeout=20) as connection:
            connection.sendall(said.encode())
            assert connection.recv(1000) == b''
    finally:
        served.process.kill()


def test_sigterm_ends_the_server_and_its_workers(served):
    assert served.invoke(jpeg(0.2))[0] == 200

    assert served.stop() == 0
    with pytest.raises(OSError):
        served.request('GET', '/ping')


def test_a_folder_without_a_model_is_refused_in_words(trained, tmp_path):
    (tmp_path / 'code').symlink_to(trained.root / 'model' / 'code')

    served = Served(tmp_path)
    output = served.process.communicate(timeout=60)[0]

    assert served.process.returncode == 1
    assert f'The model in {tmp_path} cannot be served. FileNotFoundError' in output


def test_a_model_that_holds_more_than_a_model_is_refused_by_name(trained, tmp_path):
    (tmp_path / 'code').symlink_to(trained.root / 'model' / 'code')
    torch.save({'model_state_dict': Call(os.system, f'touch {tmp_path / "marker"}')}, tmp_path / 'model.pth')

    served = Served(tmp_path)
    output = served.process.communicate(timeout=60)[0]

    assert served.process.returncode == 1
    assert f'The model in {tmp_path} cannot be served. UnsafeCheckpoint: ' in output
    assert 'Found: posix.system. Expected: tensors' in output
    assert len(output) < 900  # what the job's reason has room for
    assert not (tmp_path / 'marker').exists()
