"""Known bytes for the tests against real peers: makes them, serves them, takes them back.

bytes.py make SIZE              writes them to stdout
bytes.py sum SIZE               prints their SHA-256
bytes.py http PORT              GET /SIZE sends them; PUT / answers with the SHA-256 of the body
bytes.py send PORT SIZE         a TCP server that sends them once, then waits for the client's end
bytes.py receive PORT SECONDS   a TCP server that takes one stream, pauses for SECONDS in its middle
                                (after 8 MiB) and sends back its SHA-256
bytes.py fetch HOST PORT SECONDS  a client that reads one stream and pauses likewise; prints SHA-256
"""
import hashlib
import http.server
import random
import socket
import sys
import time

BLOCK = random.Random(1).randbytes(1 << 20)
PAUSE_AFTER = 8 << 20


def chunks(size):
    """No two megabytes are alike: each begins with its number."""
    number = 0
    while size > 0:
        chunk = number.to_bytes(8, "little") + BLOCK[8:]
        yield chunk[:size]
        size -= len(chunk)
        number += 1


def checksum(parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def received(connection, pause):
    """Everything until the end of the stream, with a pause in its middle."""
    total = 0
    while data := connection.recv(1 << 18):
        yield data
        if total < PAUSE_AFTER <= total + len(data):
            print("paused", file=sys.stderr, flush=True)
            time.sleep(pause)
        total += len(data)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        size = int(self.path[1:])
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        for chunk in chunks(size):
            self.wfile.write(chunk)

    def do_PUT(self):
        left = int(self.headers["Content-Length"])
        digest = hashlib.sha256()
        while left > 0:
            data = self.rfile.read1(min(left, 1 << 18))
            if not data:
                return
            digest.update(data)
            left -= len(data)
        body = digest.hexdigest().encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


def accept_one(port):
    with socket.create_server(("127.0.0.1", port)) as server:
        # Those who look whether the port is open leave without a byte.
        while True:
            connection, _ = server.accept()
            if connection.recv(1, socket.MSG_PEEK):
                return connection


def main():
    verb, arguments = sys.argv[1], sys.argv[2:]
    if verb == "make":
        for chunk in chunks(int(arguments[0])):
            sys.stdout.buffer.write(chunk)
    elif verb == "sum":
        print(checksum(chunks(int(arguments[0]))))
    elif verb == "http":
        Server(("127.0.0.1", int(arguments[0])), Handler).serve_forever()
    elif verb == "send":
        with accept_one(int(arguments[0])) as connection:
            for chunk in chunks(int(arguments[1])):
                connection.sendall(chunk)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1 << 16):
                pass
    elif verb == "receive":
        with accept_one(int(arguments[0])) as connection:
            digest = checksum(received(connection, float(arguments[1])))
            connection.sendall(digest.encode() + b"\n")
    elif verb == "fetch":
        with socket.create_connection((arguments[0], int(arguments[1]))) as connection:
            connection.sendall(b"x")
            print(checksum(received(connection, float(arguments[2]))))
    else:
        sys.exit(__doc__)


main()
