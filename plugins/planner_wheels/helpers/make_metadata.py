"""make_metadata.py ARCHIVE WISHES: prints the fields of the METADATA that the wheel of a source archive will have, as its
build back end says. WISHES are "environment" and "environments" of build_wheel.py, which is beside this file.

It runs what the archive holds, so it runs alone: what is printed counts for this archive and for no other. What the back
end prints goes to stderr.
"""
import json
import os
import sys
import tempfile

import build_wheel


def main(archive, wishes):
    del sys.path[0]
    answer = os.dup(1)
    os.dup2(2, 1)
    work = tempfile.mkdtemp(prefix="metadata-")
    out = os.path.join(work, "out")
    os.mkdir(out)
    variables = build_wheel.variables_for(json.loads(wishes), work)
    made = build_wheel.build(archive, out, os.path.join(work, "source"), variables, isMetadata=True)
    with os.fdopen(answer, "w", encoding="utf-8") as file:
        file.write(build_wheel.metadata_text(made))


if __name__ == "__main__":
    main(*sys.argv[1:])
