"""What the three HTTP services share: a handler with short answers, and an orderly end."""
import http.server
import signal
import socketserver
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    timeout = 5  # who connects and says nothing does not keep a single-threaded server for long

    def answer(self, body, kind="text/plain; charset=utf-8", status=200):
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass  # a line for each of ten requests a second says nothing


class OneAtATime(http.server.HTTPServer):
    request_queue_size = 128  # the kernel's queue: others wait their turn in it

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # a client that went away is none
            super().handle_error(request, client_address)


class ManyAtATime(socketserver.ThreadingMixIn, OneAtATime):
    daemon_threads = True


def end_at_sigterm():
    """The first process of a container is not ended by SIGTERM unless it says so."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def serve(handler, server=ManyAtATime, port=80):
    end_at_sigterm()
    server(("", port), handler).serve_forever()
