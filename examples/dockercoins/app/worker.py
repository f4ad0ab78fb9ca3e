"""worker: random bytes from rng, their digest from hasher, and coins into redis, for ever.

It says how much it has done once a second. When somebody does not answer it tries again: services
may come later than it, or move.
"""
import http.client
import time

import resp
import serve


def ask(host, method, path, body=None):
    connection = http.client.HTTPConnection(host, timeout=5)
    try:
        connection.request(method, path, body)
        response = connection.getresponse()
        answer = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise OSError(f"{host}: {error}") from error
    finally:
        connection.close()
    if response.status != 200:
        raise OSError(f"{host}: {response.status}: {answer[:100]}")
    return answer


def work_once(redis):
    time.sleep(0.1)
    data = ask("rng", "GET", "/32")
    digest = ask("hasher", "POST", "/", data)
    if digest.startswith(b"0"):
        redis("HSET", "wallet", digest, data)


def work():
    redis = resp.Redis()
    done, told = 0, time.monotonic()
    while True:
        try:
            if time.monotonic() >= told + 1:
                redis("INCRBY", "hashes", done)
                done, told = 0, time.monotonic()
            work_once(redis)
            done += 1
        except OSError as error:
            print(error)
            time.sleep(1)


if __name__ == "__main__":
    serve.end_at_sigterm()
    work()
