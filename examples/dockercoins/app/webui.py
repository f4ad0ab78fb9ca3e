"""webui: how fast coins are made. / is the page, /json now, /history the last minutes."""
import collections
import json
import pathlib
import threading
import time

import resp
import serve

PAGE = pathlib.Path(__file__).with_name("page.html").read_bytes()
history = collections.deque(maxlen=300)  # one (now, hashes, coins) a second


def count(redis):
    return time.time(), int(redis("GET", "hashes") or 0), redis("HLEN", "wallet")


def remember():
    redis = resp.Redis()
    while True:
        try:
            history.append(count(redis))
        except OSError as error:
            print(error)
        time.sleep(1)


class WebUi(serve.Handler):
    def do_GET(self):
        if self.path == "/":
            self.answer(PAGE, "text/html; charset=utf-8")
        elif self.path == "/json":
            self.now()
        elif self.path == "/history":
            self.json(list(history))
        else:
            self.answer("expected /, /json or /history\n", status=404)

    def now(self):
        redis = resp.Redis()
        status = 200
        try:
            now, hashes, coins = count(redis)
            said = {"coins": coins, "hashes": hashes, "now": now}
        except OSError as error:
            status, said = 503, {"error": str(error)}
        finally:
            redis.close()
        self.json(said, status)

    def json(self, value, status=200):
        self.answer(json.dumps(value) + "\n", "application/json", status)


if __name__ == "__main__":
    threading.Thread(target=remember, daemon=True).start()
    serve.serve(WebUi)
