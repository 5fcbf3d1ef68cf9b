"""make_metadata.py WISHES: prints the fields of the METADATA that the wheel of a source archive will have, as its build
back end says. WISHES is a JSON object:
  "files"       name -> [path, SHA-256] of the archive (its name is "archive") and of what is put below build/
  "file"        the archive's file name
  "environment", "environments"   as in build_wheel.py, which is beside this file

It runs what the archive holds, so it runs alone: what is printed counts for this archive and for no other. So the bytes
are copied and compared with their digests before any of them is run. What the back end prints goes to stderr.
"""
import hashlib
import json
import os
import sys
import tempfile

import build_wheel


def copy(path, digest, to):
    hashed = hashlib.sha256()
    os.makedirs(os.path.dirname(to) or ".", exist_ok=True)
    with open(path, "rb") as source, open(to, "wb") as out:
        for piece in iter(lambda: source.read(1 << 20), b""):
            hashed.update(piece)
            out.write(piece)
    if hashed.hexdigest() != digest:
        sys.exit("%s changed while it was being planned" % path)


def main(text):
    del sys.path[0]
    answer = os.dup(1)
    os.dup2(2, 1)
    wishes = json.loads(text)
    for name, (path, digest) in wishes["files"].items():
        copy(path, digest, wishes["file"] if name == "archive" else os.path.join("build", name))
    work = tempfile.mkdtemp(prefix="metadata-")
    out = os.path.join(work, "out")
    os.mkdir(out)
    variables = build_wheel.variables_for(wishes, work)
    made = build_wheel.build("./" + wishes["file"], out, os.path.join(work, "source"), variables, isMetadata=True)
    with os.fdopen(answer, "w", encoding="utf-8") as file:
        file.write(build_wheel.metadata_text(made))
    build_wheel.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
