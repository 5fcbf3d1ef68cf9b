#!/usr/bin/env python3
"""A planwright builder: writes the text of the job's spec."""

import pathlib

import planwright


def build(job, call):
    """What matches the job's output globs in the work folder afterwards is its result; the spec is
    what the planner wrote. Programs are started with call.run(["name", "argument"])."""
    text = job.spec.get("text")
    if not text:
        planwright.reject('the job\'s spec has no "text"')
    pathlib.Path(job.workdir, "out.txt").write_text(text + "\n")
    call.log("wrote out.txt")


if __name__ == "__main__":
    planwright.run(builder=build)
