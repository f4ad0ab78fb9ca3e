#!/usr/bin/env python3
"""Checks that a room includes only itself and the rooms that CMakeLists.txt lets it know.

Another room is known by its door, include/amba/ROOM/*.hpp, and never by its inside. The pure rooms
know no socket, no clock, no file and no log. src/main.cpp knows cli alone. A file has at most 400
lines, and a .cpp begins with what it is for.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PURE = {"core", "table", "balance"}
IMPURE = re.compile(r'#include <(boost/asio|boost/beast|spdlog|ares|unistd|fcntl|fstream|filesystem|thread)')


def rooms():
    """ROOM -> the rooms on its link line."""
    text = (ROOT / "CMakeLists.txt").read_text()
    fleet = re.search(r"set\(AMBA_FLEET_ROOMS ([^)]*)\)", text)[1]
    text = text.replace("${AMBA_FLEET_ROOMS}", fleet)
    lines = re.findall(r"^ *amba_room\((\w+)([^)]*)\)", text, re.M)
    return {room: set(re.findall(r"\bamba_(\w+)", rest)) for room, rest in lines}


def room_of(path):
    parts = path.relative_to(ROOT).parts
    if parts[0] == "include":
        return parts[2]
    return parts[1] if len(parts) > 2 else "main"


def faults(path, known):
    room = room_of(path)
    allowed = {"cli"} if room == "main" else known[room] | {room}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if room in PURE and IMPURE.match(line):
            yield number, f"{room} is a pure room: {line}"
        door = re.match(r'#include "amba/(\w+)/', line)
        if door and door[1] not in allowed:
            yield number, f"{room} may not know {door[1]}; its link line does not name it"
        inside = re.match(r'#include "(\w+)/', line)
        if inside and inside[1] != "amba" and inside[1] != room:
            yield number, f"{room} includes the inside of {inside[1]}"


def main():
    known = rooms()
    count = 0
    files = sorted([*ROOT.glob("src/**/*.[ch]pp"), *ROOT.glob("include/**/*.hpp")])
    for path in files:
        for number, why in faults(path, known):
            print(f"{path.relative_to(ROOT)}:{number}: {why}")
            count += 1
        if path.suffix == ".cpp" and not path.read_text().startswith("// "):
            print(f"{path.relative_to(ROOT)}:1: begins without a line that says what it is for")
            count += 1
        lines = len(path.read_text().splitlines())
        if lines > 400:
            print(f"{path.relative_to(ROOT)}: {lines} lines; split it by meaning")
            count += 1
    if not files or not known:
        sys.exit("nothing to check: is this the project's root?")
    print(f"{len(files)} files, {len(known)} rooms, {count} faults")
    sys.exit(1 if count else 0)


main()
