"""The measures of traffic: each is sampled for every peer, round after round, in rotating order.

A sample during which strangers took more than their share of the machine is thrown away and taken
again; a measure that stays short of good samples is not reported at all.
"""
import csv
import io
import json
import os
import pathlib
import statistics
import subprocess
import time

import peers as p

STRANGERS = 0.06  # of one CPU's time, on average over both
RETRIES = 3


class NoisyMachine(Exception):
    pass


class Measure:
    def __init__(self, key, title, unit, names):
        self.key, self.title, self.unit, self.names = key, title, unit, names

    def sample(self, peer, bench):
        """A dictionary with 'value', the figure of the table, and what else was seen."""
        raise NotImplementedError


def load(bench, peer, kind, *options):
    command = ["%s/bench_load" % bench.build, kind, "--cpu", str(p.LOAD_CPU), "--backend-port",
               str(p.BACKEND_PORT), "--seconds", str(bench.seconds), *map(str, options)]
    if peer.port:
        command += ["--front", p.FRONT, "--port", str(peer.port)]
        for pid in peer.pids():
            command += ["--proxy", str(pid)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError("%s, %s: %s" % (peer.name, kind, done.stderr.strip()))
    out = json.loads(done.stdout)
    if out["errors"]:
        raise RuntimeError("%s, %s: %d errors" % (peer.name, kind, out["errors"]))
    out["strangers"] = out["strangers_cpu_ns"] / (out["seconds"] * 2e9)
    return out


class Bulk(Measure):
    def __init__(self, streams, direction, names):
        super().__init__("bulk_%s_%d" % (direction, streams),
                         "bulk %s, %d stream%s" % (direction, streams, "s" * (streams > 1)),
                         "ms CPU/GB", names)
        self.options = ["--connections", streams, "--direction", direction]

    def sample(self, peer, bench):
        out = load(bench, peer, "bulk", *self.options)
        out["value"] = out["proxy_cpu_ns"] / 1e6 / (out["bytes"] / 1e9)
        out["gbit_per_s"] = out["bytes"] * 8e-9 / out["seconds"]
        return out


class Ping(Measure):
    def __init__(self, connections, names):
        super().__init__("ping_%d" % connections, "64-byte ping-pong, %d connection%s" % (
            connections, "s" * (connections > 1)), "us CPU/round trip", names)
        self.options = ["--connections", connections]

    def sample(self, peer, bench):
        out = load(bench, peer, "ping", *self.options)
        out["value"] = out["proxy_cpu_ns"] / 1e3 / out["operations"]
        out["per_s"] = out["operations"] / out["seconds"]
        return out


class Short(Measure):
    def __init__(self, names):
        super().__init__("short", "connect, ask, answer, close; 32 at once", "us CPU/connection",
                         names)

    def sample(self, peer, bench):
        out = load(bench, peer, "short", "--connections", 32)
        out["value"] = out["proxy_cpu_ns"] / 1e3 / out["operations"]
        out["per_s"] = out["operations"] / out["seconds"]
        return out


class Redis(Measure):
    """redis-benchmark and redis-server share the CPU of the load."""

    def __init__(self, pipeline, requests, names):
        super().__init__("redis_%d" % pipeline, "redis-benchmark -P %d" % pipeline,
                         "us CPU/operation", names)
        self.pipeline, self.requests = pipeline, requests

    def sample(self, peer, bench):
        target = (p.FRONT, peer.port + 1) if peer.port else ("127.0.1.1", p.REDIS_PORT)
        before, machine, own = cpu_of(peer.pids()), cpu_of_machine(), children()
        server = cpu_of([bench.redis.pid])
        start = time.monotonic()
        done = subprocess.run(
            ["taskset", "-c", str(p.LOAD_CPU), "redis-benchmark", "-h", target[0], "-p",
             str(target[1]), "-t", "get", "-n", str(self.requests), "-c", "50", "-P",
             str(self.pipeline), "--csv"], capture_output=True, text=True, timeout=120)
        took = time.monotonic() - start
        proxy = cpu_of(peer.pids()) - before
        known = proxy + children() - own + cpu_of([bench.redis.pid]) - server
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        if done.returncode != 0 or not rows:
            raise RuntimeError("redis-benchmark through %s: %s" % (peer.name, done.stderr))
        return {"value": proxy / 1e3 / self.requests, "per_s": float(rows[0]["rps"]),
                "p50_us": 1e3 * float(rows[0]["p50_latency_ms"]),
                "p99_us": 1e3 * float(rows[0]["p99_latency_ms"]),
                "strangers": max(0, cpu_of_machine() - machine - known) / (took * 2e9)}


def cpu_of(pids):
    total = 0
    for pid in pids:
        for task in pathlib.Path("/proc/%d/task" % pid).glob("*/schedstat"):
            total += int(task.read_text().split()[0])
    return total


def cpu_of_machine():
    words = open("/proc/stat").readline().split()[1:]
    ticks = [int(word) for word in words]
    return (sum(ticks[:3]) + sum(ticks[5:8])) * 10_000_000


def children():
    """Nanoseconds of this program and of what it has run and waited for."""
    times = os.times()
    return int(sum(times[:4]) * 1e9)


def all_measures(names):
    """Tunings for bulk matter in bulk alone, and are left out of the rest."""
    messages = [n for n in names if n not in ("haproxy-splice", "haproxy-auto", "haproxy-64k")]
    out = [Bulk(streams, direction, names)
           for streams in (1, 32) for direction in ("up", "down", "both")]
    out += [Ping(connections, messages) for connections in (1, 64, 512)]
    out += [Short(messages), Redis(1, 60_000, messages), Redis(16, 600_000, messages)]
    return out


def run(measures, peers, rounds, bench, say):
    """{measure key: {peer name: [samples]}}; raises NoisyMachine."""
    out = {m.key: {n: [] for n in m.names} for m in measures}
    thrown = total = 0
    for turn in range(rounds):
        for measure in measures:
            order = [peer for peer in peers if peer.name in measure.names]
            order = order[turn % len(order):] + order[:turn % len(order)]
            for peer in order:
                for _ in range(RETRIES):
                    sample = measure.sample(peer, bench)
                    total += 1
                    if sample["strangers"] <= STRANGERS:
                        out[measure.key][peer.name].append(sample)
                        break
                    thrown += 1
        say("round %d of %d; %d of %d samples thrown away" % (turn + 1, rounds, thrown, total))
    for measure in measures:
        for name in measure.names:
            good = len(out[measure.key][name])
            if good < (rounds + 1) // 2:
                raise NoisyMachine("%s through %s has %d good samples of %d: strangers took more than "
                            "%d %% of the machine" % (measure.title, name, good, rounds,
                                                      STRANGERS * 100))
    return out, {"thrown": thrown, "samples": total}


def median(samples, field="value"):
    return statistics.median(s[field] for s in samples)


def spread(samples, field="value"):
    """Half the distance between the quartiles, as a share of the median."""
    values = sorted(s[field] for s in samples)
    if len(values) < 4 or not median(samples, field):
        return None
    quarters = statistics.quantiles(values, n=4)
    return (quarters[2] - quarters[0]) / 2 / median(samples, field)
