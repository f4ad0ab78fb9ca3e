#!/usr/bin/env python3
"""Checks that README tells the truth: its JSON is valid, its tables parse, its verbs and keys exist.

usage: readme.py AMBA
(Its docker commands are run by tests/docker/test_readme.sh.)
"""
import json
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
AMBA = sys.argv[1]
faults = []


def amba(*args, stdin=None):
    return subprocess.run([AMBA, *args], input=stdin, capture_output=True, text=True, timeout=120)


def expect(good, what, got):
    if not good:
        faults.append(f"{what}\n    {got.stderr.strip() or got.stdout.strip()}")


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


readme = (ROOT / "README.md").read_text()
json_blocks = blocks(readme, "json")
for block in json_blocks:
    got = amba("check", "-", stdin=block)
    expect(got.returncode == 0, f"a JSON block is refused:\n{block}", got)

tables = 0
for block in blocks(readme, "sh"):
    for line in block.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if "amba" not in words or "build" in words:
            continue
        rest = words[words.index("amba", words.index("--volumes-from") + 2 if "--volumes-from" in words else 0) + 1:]
        if words[:2] == ["docker", "run"] and rest and "amba" in rest:
            rest = rest[rest.index("amba") + 1:]
        if rest[:1] == ["reconfigure"] or rest[:1] == ["run"]:
            rest = [word for word in rest[1:] if not word.startswith("--")]
        elif rest[:1] and not rest[0][0].isdigit():
            continue
        if not rest:
            continue
        tables += 1
        got = amba("debugconfig", *rest)
        expect(got.returncode == 0, f"a table is refused: {line}", got)

for command in re.findall(r"^    command: (.+)$", readme, re.M):
    tables += 1
    got = amba("debugconfig", command)
    expect(got.returncode == 0, f"a Compose command is refused: {command}", got)

verbs = {verb for block in re.findall(r"^```.*?^```", readme, re.M | re.S)
         for verb in re.findall(r"^amba ([a-z]+)", block, re.M)}
for verb in sorted(verbs):
    got = amba(verb, "--help")
    expect(got.returncode == 0 and "Example" in got.stdout, f"amba {verb} --help has no example", got)

# Every key of the grammar is in README's two tables, and none that is not.
schema = json.loads(amba("check", "--schema").stdout)["$defs"]
frontend = set(schema["frontend"]["properties"]) - {"bind", "backends", "family", "check", "timeouts"}
timing = {"inter", "fastinter", "downinter", "fall", "rise"}
asked = set(schema["frontend"]["properties"]["check"]["properties"]) - {"type"} - timing
frontend |= {"check"} | timing | {f"check.{key}" for key in asked}
frontend |= {f"timeouts.{key}" for key in schema["frontend"]["properties"]["timeouts"]["properties"]}
backend = set(schema["backend"]["properties"]) - {"address"}
for kind, keys in (("frontend", frontend), ("backend", backend)):
    rows = re.search(rf"^\| key of a {kind} .*?\n\n", readme, re.M | re.S)[0]
    listed = {key for row in rows.splitlines()[2:] if row.startswith("|") for key in re.findall(r"`([a-z.-]+)`", row.split("|")[1])}
    if listed != keys:
        faults.append(f"keys of a {kind}: README has {sorted(listed)}, the schema {sorted(keys)}")

for path in re.findall(r"\]\(([^)#:]+)\)", readme):
    if not (ROOT / path).exists():
        faults.append(f"README links to {path}, which is not there")

if not json_blocks or tables < 6 or len(verbs) < 6:
    faults.append(f"too little was found: {len(json_blocks)} JSON, {tables} tables, {sorted(verbs)}")
for fault in faults:
    print(fault)
print(f"{len(json_blocks)} JSON blocks, {tables} tables, {len(verbs)} verbs, {len(faults)} faults")
sys.exit(1 if faults else 0)
