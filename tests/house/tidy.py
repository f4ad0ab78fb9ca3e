#!/usr/bin/env python3
"""Every source file is as .clang-tidy wants it.

  tests/house/tidy.py BUILD     a build directory with the fleet, for the command lines

A file takes seconds, so what was found well is remembered by the digest of the file as the
preprocessor leaves it, of the checks and of the tool: $AMBA_TEST_CACHE, ~/.cache/amba-tests by default.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("AMBA_TEST_CACHE", pathlib.Path.home() / ".cache/amba-tests"))


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, errors="replace", **options)


def digest(entry, rules):
    """Of all that the outcome depends on, or None: it cannot be preprocessed."""
    words = [w for w in shlex.split(entry["command"]) if "ccache" not in w]
    out = words.index("-o")
    command = ["clang++", *words[1:out], "-E", "-w", entry["file"]]
    done = run(command, cwd=entry["directory"])
    if done.returncode != 0:
        return None
    text = done.stdout.replace(str(ROOT), "")
    comments = pathlib.Path(entry["file"]).read_text()  # NOLINT is one
    return hashlib.sha256((rules + text + comments).encode()).hexdigest()


def check(entry, rules, build):
    key = digest(entry, rules)
    known = CACHE / "tidy" / (key or "none")
    if key and known.exists():
        return ""
    done = run(["clang-tidy", "--quiet", "-p", build, entry["file"]])
    if done.returncode == 0:
        if key:
            known.touch()
        return ""
    return done.stdout or done.stderr


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    build = sys.argv[1]
    entries = json.loads(pathlib.Path(build, "compile_commands.json").read_text())
    entries = [e for e in entries if e["file"].startswith(str(ROOT / "src") + "/")]
    if not entries:
        sys.exit(f"{build} names no file of {ROOT}/src")
    (CACHE / "tidy").mkdir(parents=True, exist_ok=True)
    rules = (ROOT / ".clang-tidy").read_text() + run(["clang-tidy", "--version"]).stdout
    found = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for said in pool.map(lambda e: check(e, rules, build), entries):
            if said:
                found += 1
                print(said)
    print(f"{len(entries)} files, {found} with findings")
    sys.exit(1 if found else 0)


main()
