#!/usr/bin/env python3
"""A planwright source: the files of a folder that are newer than the last look."""

import os
import time

import planwright

FOLDER = "/var/tmp"


def poll(cursor, call):
    """The host calls this again and again and keeps inputs and cursor together, so nothing is lost
    or doubled: the cursor, here the newest time of change, says where the next look begins."""
    since = newest = int(cursor or 0)
    now = int(time.time())
    try:
        entries = sorted(os.scandir(FOLDER), key=lambda entry: entry.name)
    except OSError as e:
        planwright.retry(f"cannot look into {FOLDER}: {e}")
    for entry in entries:
        call.check()
        try:
            if not entry.is_file(follow_symlinks=False):
                continue
            changed = int(entry.stat().st_mtime)
        except FileNotFoundError:
            continue
        if changed >= now - 1:
            continue  # others of its second may follow: the next look
        if changed > since:
            yield planwright.found(entry.name, path=entry.path)
        newest = max(newest, changed)
    return newest, 2.0


if __name__ == "__main__":
    planwright.run(source=poll)
