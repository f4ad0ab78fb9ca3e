#!/usr/bin/python3
"""Holds the JSON Schema of config.json against the parser of amba.

usage: check_schema.py AMBA REPOSITORY

Every file of tests/config is judged by both:

    good/   both accept
    bad/    both reject
    rules/  the schema accepts, amba rejects: what a schema cannot say
    torn/   not JSON, and amba rejects

A file that amba rejects has a sibling NAME.expected with the beginning of its error line after
FILE: that is LINE:COLUMN: POINTER: REASON.
"""

import json
import pathlib
import re
import subprocess
import sys

import jsonschema

LINE = re.compile(r"[1-9][0-9]*:[1-9][0-9]*: (\(document\)|/[^\n]*?): [^\n]+\n")
LEAST = {"good": 20, "bad": 40, "rules": 20, "torn": 15}  # so that an empty directory is no success


def not_json(constant):
    raise ValueError(constant + " is not JSON")


def schema_verdict(validator, raw):
    """accepts, rejects, or not JSON. A byte order mark may stand, as with amba."""
    try:
        document = json.loads(raw.decode("utf-8-sig"), parse_constant=not_json)
    except (ValueError, RecursionError):
        return "not JSON"
    return "accepts" if validator.is_valid(document) else "rejects"


def amba_faults(amba, path, rejects):
    """What is wrong with amba's answer on `path`."""
    try:
        run = subprocess.run([amba, "check", str(path)], capture_output=True, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as failure:
        return ["amba check: %s" % failure]
    stderr = run.stderr.decode("utf-8", "replace")
    if not rejects:
        return [] if run.returncode == 0 else ["exit %d: %s" % (run.returncode, stderr.strip())]
    faults = []
    if run.returncode != 2:
        faults.append("exit %d, expected 2" % run.returncode)
    prefix = str(path) + ":"
    if not stderr.startswith(prefix) or not LINE.fullmatch(stderr[len(prefix):]):
        faults.append("stderr is not one line FILE:LINE:COLUMN: POINTER: REASON: %r" % stderr)
    try:
        expected = path.with_suffix(".expected").read_text(encoding="utf-8").rstrip("\n")
    except OSError as failure:
        return faults + [str(failure)]
    if not re.match(r"[0-9]+:[0-9]+: \S+: .", expected):
        faults.append("the expectation %r is not LINE:COLUMN: POINTER: REASON" % expected)
    if not stderr.startswith(prefix + expected):
        faults.append("says      %s\n    expected  %s" % (stderr.strip(), prefix + expected))
    return faults


def main(amba, repository):
    root = pathlib.Path(repository)
    schema = json.loads((root / "src/table/config.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    wanted = {"good": "accepts", "bad": "rejects", "rules": "accepts", "torn": "not JSON"}
    failures = []
    seen = 0
    for kind, want in wanted.items():
        directory = root / "tests/config" / kind
        files = sorted(directory.glob("*.json"))
        if len(files) < LEAST[kind]:
            failures.append("%s: %d files, expected %d" % (directory, len(files), LEAST[kind]))
        strays = {p.stem for p in directory.glob("*.expected")} - {p.stem for p in files}
        failures += ["%s/%s.expected has no file" % (directory, stem) for stem in sorted(strays)]
        for path in files:
            seen += 1
            verdict = schema_verdict(validator, path.read_bytes())
            if verdict != want:
                failures.append("%s: the schema: %s, expected: %s" % (path, verdict, want))
            failures += ["%s: %s" % (path, f) for f in amba_faults(amba, path, kind != "good")]
    for failure in failures:
        print(failure)
    print("%d files, %d failures" % (seen, len(failures)))
    return 1 if failures else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip())
    sys.exit(main(sys.argv[1], sys.argv[2]))
