#!/usr/bin/python3
"""No class of the data path has more than 25 functions or 15 members, and no file of it more than 300
lines: what is larger does more than one thing. A struct that is data alone may have more members.

  tests/house/class_sizes.py      needs python3-clang
"""
import pathlib
import sys

import clang.cindex

ROOT = pathlib.Path(__file__).resolve().parents[2]
FUNCTIONS, MEMBERS, LINES = 25, 15, 300

Kind = clang.cindex.CursorKind
FUNCTION_KINDS = {Kind.CXX_METHOD, Kind.CONSTRUCTOR, Kind.DESTRUCTOR, Kind.FUNCTION_TEMPLATE}


def headers():
    return sorted([*ROOT.glob("src/proxy/*.hpp"), *ROOT.glob("include/amba/proxy/*.hpp")])


def classes(cursor, wanted):
    """Those that are defined in one of the wanted files."""
    for child in cursor.get_children():
        if child.kind == Kind.NAMESPACE:
            yield from classes(child, wanted)
        elif child.kind in (Kind.CLASS_DECL, Kind.STRUCT_DECL) and child.is_definition():
            if child.location.file and child.location.file.name in wanted:
                yield child
                yield from classes(child, wanted)


def main():
    wanted = {str(path) for path in headers()}
    text = "".join(f'#include "{path}"\n' for path in wanted)
    unit = clang.cindex.Index.create().parse(
        "all.cpp", args=["-std=c++20", f"-I{ROOT}/src", f"-I{ROOT}/include"],
        unsaved_files=[("all.cpp", text)],
        options=clang.cindex.TranslationUnit.PARSE_SKIP_FUNCTION_BODIES)
    faults = [str(d) for d in unit.diagnostics if d.severity >= clang.cindex.Diagnostic.Error]
    count = 0
    for found in classes(unit.cursor, wanted):
        count += 1
        functions = sum(c.kind in FUNCTION_KINDS for c in found.get_children())
        members = sum(c.kind == Kind.FIELD_DECL for c in found.get_children())
        if functions > FUNCTIONS or (functions > 0 and members > MEMBERS):
            faults.append(f"{found.location.file}:{found.location.line}: {found.spelling} has "
                          f"{functions} functions and {members} members")
    for path in [*headers(), *sorted(ROOT.glob("src/proxy/*.cpp"))]:
        lines = path.read_text().count("\n")
        if lines > LINES:
            faults.append(f"{path}: {lines} lines")
    print(*faults, f"{count} classes, {len(faults)} faults", sep="\n")
    return 1 if faults or count < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
