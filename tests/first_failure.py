#!/usr/bin/env python3
"""What a run of ctest fell over: once more the end of what the first failed test said, and its cause as
the last line. Two tests run at once: by the time that ctest ends, another one and a summary have
followed the failure on the screen.

usage: first_failure.py BUILD/Testing/Temporary
"""
import pathlib
import re
import sys

LINES = 40  # of the end of its output
# Patterns that name the cause in the output of a test, the best first.
CAUSES = (r".*: FAILED: .*", r".*: Failure", r".*(runtime error: |ERROR: AddressSanitizer).*", r".*[Ee]rror: .*")


def failed_tests(directory):
    """(name, output) of those that failed, in the order of their ends."""
    log = (directory / "LastTest.log").read_text(errors="replace")
    for part in re.split(r"^\d+/\d+ Testing: ", log, flags=re.M)[1:]:
        name = part.splitlines()[0]
        output = re.search(r"^Output:\n-{58}\n(.*?)<end of output>\n(.*)", part, re.M | re.S)
        if output and not re.search(r"^Test (Passed|Skipped)", output[2], re.M):
            seconds = re.search(r"Test time = +([0-9.]+) sec", output[2])
            yield name, output[1].rstrip(), seconds[1] if seconds else "?"


def cause(output, seconds):
    lines = output.splitlines()
    measured = [line for line in lines if " itself answers " in line][-1:]
    for pattern in CAUSES:
        for i, line in enumerate(lines):
            if re.fullmatch(pattern, line):
                # gtest says on the next lines what it expected.
                more = lines[i + 1:i + 4] if line.endswith(": Failure") else []
                return "; ".join([*measured, " ".join(word.strip() for word in [line, *more])])
    return f"after {seconds} s, and its last words are: {lines[-1] if lines else ''}"


def main():
    directory = pathlib.Path(sys.argv[1])
    failed = list(failed_tests(directory))
    if not failed:
        sys.exit("ctest failed, and no test did: see above")
    name, output, seconds = failed[0]
    print(f"\n== {name} failed; the end of what it said:")
    print("\n".join(output.splitlines()[-LINES:]))
    print(f"\n== {name} failed: {cause(output, seconds)}")


main()
