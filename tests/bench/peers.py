"""The proxies under test: how each is started, pinned and watched.

Every peer listens at 127.127.0.1 on a port of its own for the load generator's four backends, and
on the next port for one Redis server. All of them stay up for the whole run; an idle one costs
nothing that can be seen.
"""
import os
import pathlib
import resource
import signal
import socket
import subprocess
import time

FRONT = "127.127.0.1"
BACKENDS = ["127.0.1.%d" % i for i in (1, 2, 3, 4)]
BACKEND_PORT = 7001
REDIS_PORT = 7002
# As many descriptors as this machine lets a process have, and at most what Docker gives by default.
MANY = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 1048576)
PROXY_CPU = 0
LOAD_CPU = 1


class Peer:
    """One proxy. `options` is what a config template may use."""

    def __init__(self, name, port, directory):
        self.name = name
        self.port = port
        self.directory = pathlib.Path(directory) / name
        self.directory.mkdir(parents=True, exist_ok=True)
        self.process = None

    def command(self):
        raise NotImplementedError

    def environment(self):
        return dict(os.environ)

    def start(self, nofile=MANY):
        log = open(self.directory / "log", "wb")
        command = ["taskset", "-c", str(PROXY_CPU), "prlimit", "--nofile=%d" % nofile]
        self.process = subprocess.Popen(command + self.command(), stdout=log, stderr=log,
                                        env=self.environment())
        deadline = time.monotonic() + 10
        while not listens(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("%s does not start:\n%s" % (
                    self.name, (self.directory / "log").read_text(errors="replace")))
            time.sleep(0.02)
        return self

    def pids(self):
        """All processes of the proxy: its first one and what that started."""
        found, queue = [], [self.process.pid]
        while queue:
            pid = queue.pop()
            found.append(pid)
            for task in pathlib.Path("/proc/%d/task" % pid).glob("*/children"):
                queue += [int(word) for word in task.read_text().split()]
        return found

    def stop(self):
        if self.process is None:
            return
        everybody = self.pids()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in everybody[1:]:  # workers that outlive their master
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process = None


class Direct:
    """No proxy at all: the limit."""
    name = "direct"
    port = None

    def start(self, nofile=0):
        return self

    def pids(self):
        return []

    def stop(self):
        pass


class Amba(Peer):
    binary = "build/release/amba"
    frontends = 1

    def command(self):
        words = []
        for i in range(self.frontends):
            front = FRONT if i == 0 else "127.127.1.%d" % i
            words += ["%s:%d" % (front, self.port), "check=off"]  # as the peers
            words += ["%s:%d" % (b, BACKEND_PORT) for b in BACKENDS] + ["+"]
        words += ["%s:%d" % (FRONT, self.port + 1), "check=off", "127.0.1.1:%d" % REDIS_PORT]
        return [self.binary, "run"] + words

    def environment(self):
        return dict(os.environ, AMBA_DIR=str(self.directory))


class AmbaBefore(Amba):
    """Another build of amba, to see what a change is worth."""
    binary = None


class Haproxy(Peer):
    """One thread, default buffers of 16 KB, no checks; nothing else is set."""
    maxconn = min(20000, MANY // 2 - 100)
    extra_global = ""
    extra_defaults = ""

    def command(self):
        config = self.directory / "haproxy.cfg"
        servers = "".join("  server b%d %s:%d\n" % (i, b, BACKEND_PORT)
                          for i, b in enumerate(BACKENDS))
        config.write_text(f"""global
  maxconn {self.maxconn}
  nbthread 1
{self.extra_global}defaults
  mode tcp
  timeout connect 5s
  timeout client 300s
  timeout server 300s
{self.extra_defaults}listen front
  bind {FRONT}:{self.port}
  balance roundrobin
{servers}listen redis
  bind {FRONT}:{self.port + 1}
  server redis 127.0.1.1:{REDIS_PORT}
""")
        return ["haproxy", "-db", "-f", str(config)]


class HaproxySplice(Haproxy):
    """The tuning its manual offers for bulk: splice(2) where it finds it worthwhile."""
    maxconn = 2000  # its pipes take descriptors too
    extra_defaults = "  option splice-auto\n"


class HaproxySpliceAlways(HaproxySplice):
    extra_defaults = "  option splice-request\n  option splice-response\n"


class HaproxyBuffers(Haproxy):
    extra_global = "  tune.bufsize 65536\n"


class HaproxyHamba(Haproxy):
    """As hamba 2018 writes it: a thread for each CPU, checks, its caps and its time-outs."""

    def command(self):
        config = self.directory / "haproxy.cfg"
        servers = "".join("  server %s-%d %s:%d maxconn 32 check\n" % (b, BACKEND_PORT, b,
                                                                       BACKEND_PORT)
                          for b in BACKENDS)
        config.write_text(f"""global
  daemon
  maxconn 256
defaults
  mode tcp
  timeout connect 5000ms
  timeout client 50000ms
  timeout server 50000ms
frontend hamba-in
  bind {FRONT}:{self.port}
  default_backend hamba-out
backend hamba-out
{servers}""")
        return ["haproxy", "-db", "-f", str(config)]


class Nginx(Peer):
    def command(self):
        config = self.directory / "nginx.conf"
        servers = "".join("    server %s:%d max_fails=0;\n" % (b, BACKEND_PORT) for b in BACKENDS)
        config.write_text(f"""load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
worker_processes 1;
user root;
pid {self.directory}/pid;
error_log {self.directory}/error.log;
events {{ worker_connections {min(40000, MANY - 100)}; }}
stream {{
  upstream four {{
{servers}  }}
  server {{ listen {FRONT}:{self.port}; proxy_pass four; tcp_nodelay on; }}
  server {{ listen {FRONT}:{self.port + 1}; proxy_pass 127.0.1.1:{REDIS_PORT}; }}
}}
""")
        return ["nginx", "-c", str(config)]


KINDS = {
    "direct": Direct,
    "amba": Amba,
    "amba-before": AmbaBefore,
    "haproxy": Haproxy,
    "haproxy-splice": HaproxySpliceAlways,
    "haproxy-auto": HaproxySplice,
    "haproxy-64k": HaproxyBuffers,
    "nginx": Nginx,
}


def make(names, directory):
    out = []
    for i, name in enumerate(names):
        kind = KINDS[name]
        out.append(kind() if kind is Direct else kind(name, 7100 + 10 * i, directory))
    return out


def listens(port):
    # The port is looked up, not connected to: a connect would make the proxy dial a backend.
    wanted = ":%04X" % port
    for line in open("/proc/net/tcp"):
        words = line.split()
        if words[1].endswith(wanted) and words[3] == "0A":
            return True
    return False


def wait_for(address, port, seconds=10):
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection((address, port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
