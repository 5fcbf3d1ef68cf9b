#!/usr/bin/env python3
"""tests/lint/alone.py BUILD CORES < FILES: reads each C++ file alone and says which miss an include.

BUILD holds the compile_commands.json of a build without unity. A header is read with the flags of its nearest source.
"""

import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def flags_of(commands):
    """By source: its folder to compile in and its command, up to the output."""
    flags = {}
    for entry in commands:
        if not entry["file"].endswith(".cc"):
            continue  # assembly and C have other flags
        words = shlex.split(entry["command"])
        if words[0].endswith("ccache"):
            words = words[1:]
        flags.setdefault(pathlib.Path(entry["file"]), (entry["directory"], words[: words.index("-o")]))
    return flags


def nearest(header, flags):
    """The flags of the source that shares most of its path with `header`."""
    return flags[max(sorted(flags), key=lambda source: len(os.path.commonpath([source, header])))]


def read(file, flags):
    """What the compiler says of it; empty if all is well."""
    if file.suffix == ".cc" and file not in flags:
        return ""  # of no target: an example that another build compiles
    directory, words = flags.get(file) or nearest(file, flags)
    text = "" if file.suffix == ".cc" else f'#include "{file}"\n'
    source = [str(file)] if file.suffix == ".cc" else ["-x", "c++", "-"]
    done = subprocess.run(
        [*words, "-fsyntax-only", *source], cwd=directory, input=text, capture_output=True, text=True, timeout=300
    )
    return "" if done.returncode == 0 else f"{file.relative_to(ROOT)} does not compile alone:\n{done.stderr}"


def main():
    flags = flags_of(json.loads((pathlib.Path(sys.argv[1]) / "compile_commands.json").read_text()))
    files = [ROOT / line.strip() for line in sys.stdin if line.strip()]
    with concurrent.futures.ThreadPoolExecutor(int(sys.argv[2])) as pool:
        complaints = [said for said in pool.map(lambda file: read(file, flags), files) if said]
    print("\n".join(complaints))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
