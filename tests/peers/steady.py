"""Connections at a steady rate, each with one question: what clients see while backends come and go.

steady.py HOST PORT PER_SECOND SECONDS [COMMAND [TIMEOUT [BEGUN]]]: one JSON line with the connections,
when each had begun and was over (seconds since 1970), the same and why of those that failed, and the
milliseconds from connect() to the answer. COMMAND is an inline command of Redis, by
default PING; `postgres` sends a start-up packet, `mysql` waits for the greeting. A connection fails
after TIMEOUT seconds, by default 30. The file BEGUN is made when a third of them has begun. Where the
machine stands still for a while the rate is not made up for, and no more than 40 are under way: a
server that has all that it allows would refuse.

PER_SECOND 0: as many as there can be, four at a time; `per_second` says how many.
"""
import json
import pathlib
import socket
import sys
import threading
import time

HOST, PORT, RATE, SECONDS = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
COMMAND = sys.argv[5] if len(sys.argv) > 5 else "PING"
TIMEOUT = float(sys.argv[6]) if len(sys.argv) > 6 else 30
BEGUN = pathlib.Path(sys.argv[7]) if len(sys.argv) > 7 else None
STARTUP = b"\0\3\0\0user\0postgres\0database\0postgres\0\0"
ASKED = {"postgres": (len(STARTUP) + 4).to_bytes(4, "big") + STARTUP, "mysql": b""}
ANSWERS = {"postgres": (b"R",), "mysql": tuple(bytes([n, 0, 0, 0, 10]) for n in range(40, 200))}
times, failures, lives = [], [], []
room = threading.Semaphore(40)


def one():
    begun, at, why = time.monotonic(), time.time(), None
    try:
        with socket.create_connection((HOST, PORT), TIMEOUT) as client:
            client.sendall(ASKED.get(COMMAND, COMMAND.encode() + b"\r\n"))
            answer = client.recv(1024)
            if not answer.startswith(ANSWERS.get(COMMAND, (b"+", b":", b"$"))):
                raise OSError("answer %r" % answer)
        times.append((time.monotonic() - begun) * 1000)
    except OSError as error:
        why = str(error)
    life = (round(at, 3), round(time.time(), 3))
    lives.append(life)
    if why:
        failures.append((*life, why))


def at_the_rate():
    def and_make_room():
        one()
        room.release()

    threads = []
    for i in range(int(RATE * SECONDS)):
        time.sleep(1 / RATE)
        room.acquire()
        thread = threading.Thread(target=and_make_room)
        thread.start()
        threads.append(thread)
        if BEGUN and i == int(RATE * SECONDS) // 3:
            BEGUN.touch()
    return threads


def as_many_as_there_can_be():
    def again_and_again():
        while time.monotonic() < start + SECONDS:
            one()

    threads = [threading.Thread(target=again_and_again) for _ in range(4)]
    for thread in threads:
        thread.start()
    return threads


start = time.monotonic()
for waited in at_the_rate() if RATE > 0 else as_many_as_there_can_be():
    waited.join()
took = time.monotonic() - start
times.sort()
print(json.dumps({
    "connections": len(lives), "failed": len(failures), "failures": failures,
    "per_second": round(len(times) / took, 1),
    "p50_ms": round(times[len(times) // 2], 1) if times else None,
    "p99_ms": round(times[len(times) * 99 // 100], 1) if times else None,
    "most_ms": round(times[-1], 1) if times else None, "lives": lives}))
