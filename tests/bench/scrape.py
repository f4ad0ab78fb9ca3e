"""What it costs the data path to be looked at: CPU of the proxy per round trip with /metrics
scraped once a second, often, and not at all, by turns; 64 connections at full speed beside as many
idle ones as there are descriptors for.

What one scrape a second costs is less than the noise of most machines. What fifty cost is not, and a
fiftieth of it, noise and all, is what one costs.

    tests/bench/run.sh --scrape [ROUNDS]
"""
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import peers as p

SECONDS = 5
ADMIN = p.FRONT + ":9901"
HELD = min(10000, p.MANY // 2 - 600)
OFTEN = 50  # times a second
# By turns, with their scrapes a second; the last says how noisy the machine is.
KINDS = {"not scraped": 0, "once a second": 1, "%d times a second" % OFTEN: OFTEN,
         "not scraped again": 0}

IDLE_PORT = 7003  # of the backends that hold the idle connections
BUSY = 10         # the busy frontend's port is so much higher


class ScrapedAmba(p.Amba):
    def command(self):
        def frontend(port, backend_port):
            return ["%s:%d" % (p.FRONT, port), "check=off"] + [
                "%s:%d" % (b, backend_port) for b in p.BACKENDS]
        return [self.binary, "run", *frontend(self.port, IDLE_PORT), "+",
                *frontend(self.port + BUSY, p.BACKEND_PORT)]

    def environment(self):
        return dict(super().environment(), ADMIN=ADMIN)


class Scraper(threading.Thread):
    def __init__(self, per_second):
        super().__init__()
        self.pause = 1 / per_second
        self.over = threading.Event()
        self.bytes = self.scrapes = 0

    def run(self):
        due = time.monotonic() + self.pause
        while not self.over.wait(max(0, due - time.monotonic())):
            due += self.pause
            self.bytes += len(urllib.request.urlopen("http://%s/metrics" % ADMIN).read())
            self.scrapes += 1


def held(build, peer):
    load = subprocess.Popen([build + "/bench_load", "idle", "--front", p.FRONT, "--port",
                             str(peer.port), "--backend-port", str(IDLE_PORT), "--connections", str(HELD)],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if load.stdout.readline().strip() != "ready":
        raise RuntimeError("the idle connections cannot be made")
    return load


def ping(build, peer):
    out = json.loads(subprocess.run(
        [build + "/bench_load", "ping", "--cpu", str(p.LOAD_CPU), "--front", p.FRONT, "--port",
         str(peer.port + BUSY), "--backend-port", str(p.BACKEND_PORT), "--connections", "64",
         "--seconds", str(SECONDS), "--proxy", str(peer.process.pid)],
        capture_output=True, text=True, check=True).stdout)
    return out["proxy_cpu_ns"] / out["operations"]


def cpu_ns(peer):
    return int(open("/proc/%d/schedstat" % peer.process.pid).read().split()[0])


def alone(peer, scrapes=200):
    """Nanoseconds of CPU for one scrape, when nothing else happens: hardly any noise."""
    before = cpu_ns(peer)
    for _ in range(scrapes):
        urllib.request.urlopen("http://%s/metrics" % ADMIN).read()
    return (cpu_ns(peer) - before) / scrapes


def main(build="build/release", rounds=8):
    with tempfile.TemporaryDirectory() as directory:
        peer = ScrapedAmba("scrape", 7900, directory)
        peer.start()
        idle = held(build, peer)
        seen = {kind: [] for kind in KINDS}
        scraped = []
        try:
            one = alone(peer)
            for _ in range(int(rounds)):
                for kind, per_second in KINDS.items():
                    scraper = Scraper(per_second) if per_second else None
                    if scraper:
                        scraper.start()
                    seen[kind].append(ping(build, peer))
                    if scraper:
                        scraper.over.set()
                        scraper.join()
                        scraped.append(scraper)
        finally:
            idle.communicate("")
            peer.stop()
    base = statistics.median(seen["not scraped"])
    print("%d idle connections, 64 busy ones; %d scrapes of %d bytes" % (
        HELD, sum(s.scrapes for s in scraped),
        sum(s.bytes for s in scraped) / max(1, sum(s.scrapes for s in scraped))))
    print("one scrape takes %.0f us of CPU: once a second %.3f %% of a busy core" % (
        one / 1e3, one / 1e7))
    for kind in KINDS:
        middle = statistics.median(seen[kind])
        print("%-18s %7.3f us of CPU per round trip, %+.2f %%   (%.3f to %.3f)" % (
            kind, middle / 1e3, (middle / base - 1) * 100, min(seen[kind]) / 1e3,
            max(seen[kind]) / 1e3))
    # Compared round by round, as the noise of the machine hits both alike.
    often = statistics.median(
        (a / b - 1) * 100 for a, b in zip(seen["%d times a second" % OFTEN], seen["not scraped"]))
    print("of %d scrapes a second, one is %+.3f %% of CPU per round trip" % (OFTEN, often / OFTEN))


if __name__ == "__main__":
    sys.exit(main(rounds=sys.argv[1] if len(sys.argv) > 1 else 8))
