"""measure.py SECONDS LABEL: asks the web page once a second how many hashes there are.

Prints a line "label,second,hashes" each time, for picture.py, and the speed on standard error.
Begins when the workers have been at work for a while; when they are not within a minute, it fails.
"""
import csv
import http.client
import json
import sys
import time

SETTLE = 3  # seconds from the first sign of work: the others start within them


def ask():
    """(the server's time, hashes)"""
    connection = http.client.HTTPConnection("localhost", timeout=5)
    try:
        connection.request("GET", "/json")
        answer = json.load(connection.getresponse())
    finally:
        connection.close()
    if "error" in answer:
        raise OSError(answer["error"])
    return answer["now"], answer["hashes"]


def wait_for_work():
    deadline, first, problem = time.monotonic() + 60, None, "no more hashes"
    while time.monotonic() < deadline:
        try:
            hashes = ask()[1]
            first = hashes if first is None else first
            if hashes > first:
                return time.sleep(SETTLE)
        except (OSError, http.client.HTTPException) as error:
            problem = error
        time.sleep(0.2)
    sys.exit(f"measure.py: expected the hashes to rise within a minute: {problem}")


def measure(seconds, label):
    wait_for_work()
    rows = csv.writer(sys.stdout, lineterminator="\n")
    start = time.monotonic()
    samples = []
    for second in range(seconds + 1):
        time.sleep(max(0, start + second - time.monotonic()))
        samples.append(ask())
        rows.writerow([label, round(samples[-1][0] - samples[0][0], 3), samples[-1][1]])
    (begin, before), (end, after) = samples[0], samples[-1]
    print(f"{label}: {(after - before) / (end - begin):.1f} hashes/s", file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) != 3 or not sys.argv[1].isdigit() or int(sys.argv[1]) < 1:
        sys.exit("usage: measure.py SECONDS LABEL")
    measure(int(sys.argv[1]), sys.argv[2])
