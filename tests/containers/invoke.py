"""Send requests to the server in the container, as batch transform does, and print each answer as a line of JSON.

Each line tells how many bytes the server has logged so far, to server.log.

invoke.py SECONDS FILE…    a path that ends with a slash is asked for (GET /ping), any other file is sent
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

SERVER = 'http://127.0.0.1:8080'
ONE_REQUEST_SECONDS = 60


def ask(path, body=None):
    request = urllib.request.Request(SERVER + path, data=body, headers={'Content-Type': 'image/jpeg'})
    request.add_header('Accept', 'application/json')
    try:
        with urllib.request.urlopen(request, timeout=ONE_REQUEST_SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors='replace')
    except OSError as error:
        return 0, f'{type(error).__name__}: {error}'


def wait_until_healthy(seconds):
    end = time.monotonic() + seconds
    while ask('/ping')[0] != 200:
        if time.monotonic() > end:
            return False
        time.sleep(0.5)
    return True


def tell(facts):
    print(json.dumps({**facts, 'logged': os.path.getsize('server.log')}), flush=True)


def main(seconds, *files):
    tell({'healthy': wait_until_healthy(float(seconds))})
    for file in files:
        with open(file, 'rb') as photo:
            status, text = ask('/invocations', photo.read())
        tell({'file': file, 'status': status, 'text': text})


main(*sys.argv[1:])
