"""What a swap costs and what the traffic notices: tables of 2, 1,000 and 100,000 backends are
rewritten under a ping-pong of 64 connections, one backend more and one less in turn."""
import json
import os
import subprocess
import threading
import time

import peers as p
SIZES = (2, 1000, 100000)
EVERY = 0.25  # seconds between two swaps


def table(port, size, turn):
    live = [{"address": "%s:%d" % (b, p.BACKEND_PORT)} for b in p.BACKENDS[:2]]
    # The rest has weight 0: it is carried by every swap and takes no traffic.
    rest = [{"address": "127.%d.%d.%d:6379" % (i >> 16 | 16, i >> 8 & 255, i & 255), "weight": 0}
            for i in range(1, size - 1 + turn % 2)]
    return json.dumps({"frontends": [{"bind": "%s:%d" % (p.FRONT, port),
                                      "check": {"type": "off"},  # the swap alone
                                      "backends": live + rest}]})


def loop_cpu(peer):
    """Nanoseconds of the first thread alone: what is done beside it stalls nobody."""
    pid = peer.process.pid
    return int(open("/proc/%d/task/%d/schedstat" % (pid, pid)).read().split()[0])


class Swapper(threading.Thread):
    """Writes config.json again and again, by rename, and waits for each verdict."""

    def __init__(self, peer, texts, turn=0):
        super().__init__()
        self.peer, self.texts = peer, texts
        self.turn = turn  # the same text twice would be no swap
        self.done = 0
        self.over = threading.Event()

    def run(self):
        while not self.over.is_set():
            self.swap()
            self.over.wait(EVERY)

    def swap(self):
        fresh = self.peer.directory / ".config.json.new"
        fresh.write_text(self.texts[self.turn % 2])
        self.turn += 1
        before = (self.peer.directory / "verdict.json").stat().st_ino
        os.rename(fresh, self.peer.directory / "config.json")
        limit = time.monotonic() + 20
        while (self.peer.directory / "verdict.json").stat().st_ino == before:
            if time.monotonic() > limit:
                raise RuntimeError("no verdict within 20 s")
            time.sleep(0.002)
        verdict = json.loads((self.peer.directory / "verdict.json").read_text())
        if verdict["result"] != "applied":
            raise RuntimeError("a swap was rejected: %s" % verdict["reason"])
        self.done += 1


def ping(peer, build, seconds):
    out = subprocess.run(
        [build + "/bench_load", "ping", "--connections", "64", "--front", p.FRONT, "--port",
         str(peer.port), "--backend-port", str(p.BACKEND_PORT), "--seconds", str(seconds)],
        capture_output=True, text=True, check=True)
    return json.loads(out.stdout)


def measure(directory, build, size, seconds=4):
    peer = p.Amba("swap-%d" % size, 7900, directory).start()
    try:
        texts = [table(peer.port, size, turn) for turn in (0, 1)]
        first = Swapper(peer, texts)
        first.swap()
        time.sleep(1)
        quiet = ping(peer, build, seconds)
        # The cost of a swap alone, without traffic.
        cpu, cost = loop_cpu(peer), Swapper(peer, texts, first.turn)
        cost.start()
        time.sleep(seconds / 2)
        cost.over.set()
        cost.join()
        cpu = loop_cpu(peer) - cpu
        busy = Swapper(peer, texts, cost.turn)
        busy.start()
        swapped = ping(peer, build, seconds)
        busy.over.set()
        busy.join()
        return {"backends": size, "loop_cpu_ms_per_swap": cpu / 1e6 / max(1, cost.done),
                "swaps_under_load": busy.done,
                "p99_us_quiet": quiet["p99_us"], "p99_us_swapping": swapped["p99_us"],
                "p999_us_quiet": quiet["p999_us"], "p999_us_swapping": swapped["p999_us"],
                "most_us_quiet": quiet["most_us"], "most_us_swapping": swapped["most_us"]}
    finally:
        peer.stop()


def run(directory, build, say):
    out = []
    for size in SIZES:
        say("swaps: %d backends" % size)
        out.append(measure(directory, build, size))
    return out
