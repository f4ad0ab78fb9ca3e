"""Connections at a steady rate, each with one question: what clients see while backends come and go.

steady.py HOST PORT PER_SECOND SECONDS [COMMAND]: one JSON line with the connections, those that
failed, why, and when they had begun (seconds since 1970), and the milliseconds from connect() to the answer. COMMAND is an inline command of
Redis, by default PING; `postgres` sends a start-up packet, `mysql` waits for the greeting.
"""
import json
import socket
import sys
import threading
import time

HOST, PORT, RATE, SECONDS = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
COMMAND = sys.argv[5] if len(sys.argv) > 5 else "PING"
STARTUP = b"\0\3\0\0user\0postgres\0database\0postgres\0\0"
ASKED = {"postgres": (len(STARTUP) + 4).to_bytes(4, "big") + STARTUP, "mysql": b""}
ANSWERS = {"postgres": (b"R",), "mysql": tuple(bytes([n, 0, 0, 0, 10]) for n in range(40, 200))}
PATIENCE = 3
times, failures, failed_at = [], [], []


def one():
    begun, at = time.monotonic(), time.time()
    try:
        with socket.create_connection((HOST, PORT), PATIENCE) as client:
            client.sendall(ASKED.get(COMMAND, COMMAND.encode() + b"\r\n"))
            answer = client.recv(1024)
            if not answer.startswith(ANSWERS.get(COMMAND, (b"+", b":", b"$"))):
                raise OSError("answer %r" % answer)
        times.append((time.monotonic() - begun) * 1000)
    except OSError as error:
        failures.append(str(error))
        failed_at.append(round(at, 3))


threads = []
start = time.monotonic()
for i in range(int(RATE * SECONDS)):
    pause = start + i / RATE - time.monotonic()
    if pause > 0:
        time.sleep(pause)
    thread = threading.Thread(target=one)
    thread.start()
    threads.append(thread)
for thread in threads:
    thread.join()
times.sort()
print(json.dumps({
    "connections": len(times) + len(failures), "failed": len(failures), "why": failures[:3],
    "failed_at": failed_at,
    "p50_ms": round(times[len(times) // 2], 1) if times else None,
    "p99_ms": round(times[len(times) * 99 // 100], 1) if times else None,
    "most_ms": round(times[-1], 1) if times else None}))
