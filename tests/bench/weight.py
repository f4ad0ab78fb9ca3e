"""The measures of weight: memory, files, start, wake-ups. One process at a time, nothing else runs."""
import os
import statistics
import subprocess
import time

import peers as p

# Each takes two descriptors of the proxy and two of the load.
HELD = min(10000, p.MANY // 2 - 500)

def memory(pids):
    """KiB of all processes: RSS, PSS, private (clean and dirty), anonymous."""
    out = {"rss": 0, "pss": 0, "private": 0, "anonymous": 0}
    names = {"Rss": "rss", "Pss": "pss", "Private_Clean": "private", "Private_Dirty": "private",
             "Anonymous": "anonymous"}
    for pid in pids:
        for line in open("/proc/%d/smaps_rollup" % pid):
            key = line.split(":")[0]
            if key in names:
                out[names[key]] += int(line.split()[1])
    return out


def switches(pids):
    total = 0
    for pid in pids:
        for line in open("/proc/%d/status" % pid):
            if "ctxt_switches" in line:
                total += int(line.split()[1])
    return total


def idle(kind, directory, nofile=p.MANY, frontends=1):
    peer = kind("weight-%s-%d-%d" % (kind.__name__, nofile, frontends), 7900, directory)
    peer.frontends = frontends
    peer.start(nofile)
    try:
        time.sleep(1)  # what start leaves behind is given back
        out = memory(peer.pids())
        before = switches(peer.pids())
        time.sleep(3)
        out["wakeups_per_s"] = (switches(peer.pids()) - before) / 3
        return out
    finally:
        peer.stop()


def per_connection(kind, directory, build, connections):
    """KiB of anonymous memory that one idle connection adds, by the process that proxies it."""
    peer = kind("held-%s-%d" % (kind.__name__, connections), 7900, directory).start()
    try:
        time.sleep(0.5)
        before = memory(peer.pids())
        load = subprocess.Popen(
            [build + "/bench_load", "idle", "--front", p.FRONT, "--port", str(peer.port),
             "--backend-port", str(p.BACKEND_PORT), "--connections", str(connections)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if load.stdout.readline().strip() != "ready":
            raise RuntimeError("%s: %s" % (peer.name, load.stderr.read()))
        time.sleep(0.5)
        after = memory(peer.pids())
        load.communicate("")
        return (after["anonymous"] - before["anonymous"]) / connections
    finally:
        peer.stop()


def start_time(directory, build, runs=30):
    """Microseconds from exec to the first accepted connection: median and the greatest."""
    amba = p.Amba("start", 7900, directory)
    done = subprocess.run([build + "/bench_start", p.FRONT, "7900", str(runs)] + amba.command(),
                          capture_output=True, text=True, env=amba.environment(), timeout=120)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    times = [int(line) for line in done.stdout.split()]
    return {"median_us": statistics.median(times), "most_us": max(times)}


def run(directory, build, say):
    out = {}
    say("weight: idle")
    for name, kind in (("amba", p.Amba), ("haproxy (hamba's)", p.HaproxyHamba),
                       ("nginx", p.Nginx)):
        out[name] = {"idle_1": idle(kind, directory),
                     "idle_1_nofile_1024": idle(kind, directory, nofile=1024)}
    out["nofile"] = p.MANY
    out["amba"]["idle_32"] = idle(p.Amba, directory, frontends=32)
    say("weight: 1,000 and %s idle connections" % HELD)
    for name, kind in (("amba", p.Amba), ("haproxy", p.Haproxy), ("nginx", p.Nginx)):
        held = out.setdefault(name, {})
        for connections in (1000, HELD):
            held["kib_per_connection_%d" % connections] = per_connection(kind, directory, build,
                                                                         connections)
    out["amba"]["start"] = start_time(directory, build)
    out["amba"]["binary_bytes"] = os.stat(p.Amba.binary).st_size
    return out
