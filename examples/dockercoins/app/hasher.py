"""hasher: POST / is the SHA-256 of the body in hexadecimal. Slow too, but many at a time."""
import hashlib
import socket
import time

import serve

MOST = 1 << 20


class Hasher(serve.Handler):
    def do_GET(self):
        self.answer(f"hasher on {socket.gethostname()}\n")

    def do_POST(self):
        size = self.headers.get("Content-Length", "")
        if not (size.isascii() and size.isdigit()) or len(size) > 7 or int(size) > MOST:
            return self.answer(f"expected a Content-Length of 0 to {MOST}\n", status=411)
        body = self.rfile.read(int(size))
        time.sleep(0.1)
        self.answer(hashlib.sha256(body).hexdigest())


if __name__ == "__main__":
    serve.serve(Hasher)
