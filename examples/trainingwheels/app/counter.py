"""counter: GET / counts a visit of this very server in redis, and shows the visits of all of them.

GET /json shows the same and counts nothing.
"""
import http.server
import json
import pathlib
import signal
import socket
import string
import sys
from html import escape

import resp

HOSTNAME = socket.gethostname()
PAGE = string.Template(pathlib.Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
ROW = string.Template('<tr$this><td>$host</td><td class="n">$count</td>'
                      '<td class="bar"><i style="width: $part%"></i></td></tr>')


def visits(count_one):
    """{hostname: visits}, the most visited first."""
    redis = resp.Redis()
    try:
        if count_one:
            redis("ZINCRBY", "counters", 1, HOSTNAME)
        flat = redis("ZREVRANGE", "counters", 0, -1, "WITHSCORES")
    finally:
        redis.close()
    return {host.decode(): int(count) for host, count in zip(flat[::2], flat[1::2])}


def page(counters):
    most = max(counters.values(), default=1)
    rows = [ROW.substitute(host=escape(host), count=count, part=round(100 * count / most, 1),
                           this=' class="this"' if host == HOSTNAME else "")
            for host, count in counters.items()]
    return PAGE.substitute(host=escape(HOSTNAME), own=counters.get(HOSTNAME, 0),
                           total=sum(counters.values()), rows="\n".join(rows))


class Counter(http.server.BaseHTTPRequestHandler):
    timeout = 30

    def do_GET(self):
        if self.path not in ("/", "/json"):
            return self.answer("expected / or /json\n", status=404)
        try:
            counters = visits(count_one=self.path == "/")
        except OSError as error:
            return self.answer(f"redis does not answer: {error}\n", status=503)
        if self.path == "/":
            self.answer(page(counters), "text/html; charset=utf-8")
        else:
            said = {"hostname": HOSTNAME, "counters": counters}
            self.answer(json.dumps(said) + "\n", "application/json")

    def answer(self, body, kind="text/plain; charset=utf-8", status=200):
        body = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass  # the counters are the log


if __name__ == "__main__":
    # The first process of a container is not ended by SIGTERM unless it says so.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    http.server.ThreadingHTTPServer(("", 5000), Counter).serve_forever()
