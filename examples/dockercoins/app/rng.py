"""rng: GET /32 is 32 random bytes. Slow on purpose, and one at a time: ten answers a second."""
import os
import socket
import time

import serve

MOST = 1 << 20


class Rng(serve.Handler):
    def do_GET(self):
        size = self.path[1:]
        if not size:
            return self.answer(f"rng on {socket.gethostname()}\n")
        if not (size.isascii() and size.isdigit()) or len(size) > 7 or int(size) > MOST:
            return self.answer(f"expected /N, 0 to {MOST} bytes\n", status=404)
        time.sleep(0.1)
        self.answer(os.urandom(int(size)), "application/octet-stream")


if __name__ == "__main__":
    serve.serve(Rng, serve.OneAtATime)
