#!/usr/bin/env python3
"""The deterministic twins of the benchmark, as budgets: system calls and instructions are counted,
not timed, so that a busy machine does not matter. Each has a margin over what was counted when it
was set; a change that needs more must say so here.

Usage: budgets.py AMBA BENCH_LOAD syscalls|instructions
"""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

FRONT, PORT, BACKEND_PORT = "127.127.201.1", 7300, 7301

# What is counted, and how much of it there may be for one operation. In brackets: what was counted.
SYSCALLS = {
    # recv, send and a wait for each direction (6.0)
    "round trip": (["ping", "--connections", "1"], 6.3),
    # accept, socket, connect, TCP_NODELAY, 2 epoll_ctl, 2 recv and 2 send, 2 recv of the ends,
    # shutdown, 2 close, and its part of the waits (15.1)
    "short connection": (["short", "--connections", "32"], 18.0),
    # splice in and out of up to a megabyte, and a wait (15.5; more when it is busy)
    "megabyte": (["bulk", "--connections", "1"], 100.0),
}
# In user space; the kernel's are not counted (820).
INSTRUCTIONS = {"round trip": (["ping", "--connections", "8"], 1000)}
ENOUGH = 500  # operations, for a figure of one


class Ambassador:
    def __init__(self, command, directory):
        # A check is none of the operations, and its reset would count as an error.
        table = ["%s:%d" % (FRONT, PORT), "check=off", "127.0.1.1:%d" % BACKEND_PORT]
        self.log = open(directory + "/log", "w")
        self.process = subprocess.Popen(command + ["run"] + table, stderr=self.log,
                                        stdout=self.log,
                                        env=dict(os.environ, AMBA_DIR=directory))
        deadline = time.monotonic() + 300
        while " applied: " not in open(directory + "/log").read():
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit("the ambassador does not start:\n" + open(directory + "/log").read())
            time.sleep(0.05)

    def stop(self):
        # Of strace the child: it hands the signal on only when it is the one that gets it.
        children = open("/proc/%d/task/%d/children" % ((self.process.pid,) * 2)).read().split()
        os.kill(int(children[0]) if children else self.process.pid, signal.SIGTERM)
        self.process.wait(300)


def load(bench_load, options, seconds):
    done = subprocess.run(
        [bench_load, *options, "--cpu", "-1", "--warm-up", "0", "--front", FRONT, "--port",
         str(PORT), "--backend-port", str(BACKEND_PORT), "--seconds", str(seconds)],
        capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        sys.exit(done.stderr)
    out = json.loads(done.stdout)
    if out["errors"]:
        sys.exit("%d errors" % out["errors"])
    return out["operations"] or out["bytes"] / 1e6


def count_syscalls(amba, bench_load, options, seconds):
    with tempfile.TemporaryDirectory() as directory:
        trace = directory + "/trace"
        ambassador = Ambassador(["strace", "-f", "-c", "-o", trace, amba], directory)
        operations = load(bench_load, options, seconds)
        ambassador.stop()
        # share, seconds, microseconds a call, calls, errors if any, "total"
        total = next(line for line in open(trace) if line.rstrip().endswith(" total"))
        return int(total.split()[3]), operations


def count_instructions(amba, bench_load, options, seconds):
    with tempfile.TemporaryDirectory() as directory:
        ambassador = Ambassador(["valgrind", "--tool=callgrind", "--callgrind-out-file=" +
                                 directory + "/out", amba], directory)
        operations = load(bench_load, options, seconds)
        ambassador.stop()
        return int(re.search(r"^(?:summary|totals): (\d+)", open(directory + "/out").read(),
                             re.M).group(1)), operations


def each_of(count, amba, bench_load, options):
    """How many for one operation, from two loads, so that what start and end need falls out. Longer
    ones where the machine does little in their time."""
    for seconds in (2, 6, 20):
        few, some = count(amba, bench_load, options, 0.5)
        many, most = count(amba, bench_load, options, 0.5 + seconds)
        if most - some >= ENOUGH:
            break
    if most <= some:
        sys.exit("%d and %d operations, nothing to compare" % (some, most))
    return (many - few) / (most - some)


def check(budgets, count, amba, bench_load):
    failed = False
    for name, (options, limit) in budgets.items():
        each = each_of(count, amba, bench_load, options)
        verdict = "ok" if each <= limit else "OVER"
        failed |= each > limit
        print("%s: %.2f a %s, at most %.2f: %s" % (count.__name__[6:], each, name, limit, verdict))
    return failed


def main():
    amba, bench_load, what = sys.argv[1:]
    if what == "syscalls":
        sys.exit(check(SYSCALLS, count_syscalls, amba, bench_load))
    sys.exit(check(INSTRUCTIONS, count_instructions, amba, bench_load))


if __name__ == "__main__":
    main()
