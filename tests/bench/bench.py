#!/usr/bin/env python3
"""Runs every measure and reports. tests/bench/run.sh prepares what this needs."""
import argparse
import json
import pathlib
import platform
import subprocess
import sys
import tempfile
import time

import peers as p
import report
import swaps
import traffic
import weight


class Bench:
    """What all measures share."""

    def __init__(self, build, seconds, redis):
        self.build, self.seconds, self.redis = build, seconds, redis


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo")
                  if line.startswith("model name")), platform.machine())
    versions = []
    for command in (["haproxy", "-v"], ["nginx", "-v"]):
        done = subprocess.run(command, capture_output=True, text=True)
        versions.append((done.stdout or done.stderr).split("\n")[0].split(" - ")[0][:40])
    return "%s, Linux %s, %s; %s" % (model, platform.release(), ", ".join(versions),
                                     time.strftime("%Y-%m-%d", time.gmtime()))


def start_redis(directory):
    log = open(directory + "/redis.log", "wb")
    process = subprocess.Popen(["taskset", "-c", str(p.LOAD_CPU), "redis-server", "--bind",
                                "127.0.1.1", "--port", str(p.REDIS_PORT), "--save", "",
                                "--dir", directory], stdout=log, stderr=log)
    p.wait_for("127.0.1.1", p.REDIS_PORT)
    return process


def run_traffic(options, bench, directory, say):
    names = options.peers or [name for name in p.KINDS if name != "amba-before"]
    if options.before:
        names.append("amba-before")
    for needed in ("direct", "amba", "haproxy"):
        if needed not in names:
            names.append(needed)
    measures = traffic.all_measures(names)
    if options.only:
        measures = [m for m in measures if any(word in m.key for word in options.only)]
    peers = p.make(names, directory)
    try:
        for peer in peers:
            peer.start()
        results, noise = traffic.run(measures, peers, options.rounds, bench, say)
    finally:
        for peer in peers:
            peer.stop()
    return measures, results, noise


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peers", nargs="*", help="of: %s; all when none is named; direct, amba "
                        "and haproxy always" % ", ".join(p.KINDS))
    parser.add_argument("--amba", default="build/release/amba")
    parser.add_argument("--before", help="another build of amba, measured beside it")
    parser.add_argument("--build", default="build/release", help="where bench_load is")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1, help="of each sample")
    parser.add_argument("--only", nargs="*", help="measures whose key contains one of these; "
                        "then no weight and no swaps")
    parser.add_argument("--docker", help="JSON of the Docker weight test")
    parser.add_argument("--out", default="build/bench")
    options = parser.parse_args()
    for name in options.peers:
        if name not in p.KINDS:
            parser.error("no peer %r; there are %s" % (name, ", ".join(p.KINDS)))
    p.Amba.binary = options.amba
    p.AmbaBefore.binary = options.before
    start = time.monotonic()

    def say(text):
        print("[%4.0f s] %s" % (time.monotonic() - start, text), file=sys.stderr, flush=True)

    out = {"machine": machine(), "rounds": options.rounds, "seconds": options.seconds}
    with tempfile.TemporaryDirectory(prefix="amba-bench-") as directory:
        redis = start_redis(directory)
        try:
            bench = Bench(options.build, options.seconds, redis)
            if not options.only:
                out["weight"] = weight.run(directory, options.build, say)
                out["swaps"] = swaps.run(directory, options.build, say)
            try:
                measures, results, out["noise"] = run_traffic(options, bench, directory, say)
            except traffic.NoisyMachine as noisy:
                sys.exit("bench: the machine is too noisy to report: %s" % noisy)
        finally:
            redis.terminate()
            redis.wait()
    if options.docker and pathlib.Path(options.docker).exists():
        out["docker"] = json.loads(pathlib.Path(options.docker).read_text())
    out["traffic"] = report.rows(measures, results)
    save(pathlib.Path(options.out), out, measures, results)


def save(directory, out, measures, results):
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "bench.json").write_text(json.dumps(out, indent=1) + "\n")
    (directory / "bench.svg").write_text(report.svg(measures, results, out["machine"]))
    print(out["machine"])
    print(report.text(out["traffic"]))
    for key in ("weight", "swaps", "docker"):
        if key in out:
            print("\n%s\n%s" % (key, json.dumps(out[key], indent=1)))
    print("\n%s/bench.json, %s/bench.svg" % (directory, directory))


if __name__ == "__main__":
    main()
