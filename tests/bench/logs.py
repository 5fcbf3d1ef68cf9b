"""A log of 1,000,000 lines (200 MB): how fast it is taken, any 2,000 lines of it, a search of the whole, and memory."""

import json
import random
import time
import urllib.request

from host import COMMAND_BUILDER, RECIPE_PLANNER, Host
from machine import peak_resident_mb, resident_mb

LINES = 1_000_000
RANGES = 50
PAGE = 2000
RECIPE = """\
jobs:
  talk:
    command: >-
      awk 'BEGIN {{ for (i = 1; i <= {lines}; ++i)
      printf "%09d a compiler says %d things about source/file_%d.cc and %0128d\\n", i, i % 7, i % 977, i * 31 }}'
"""
TIMEOUT_SECONDS = 120


def measure(services, program, folder, lines=LINES):
    with Host(services, program, folder, RECIPE_PLANNER, COMMAND_BUILDER) as host:
        _get(host, "/api/jobs?limit=1")  # what a first request makes is not the log's
        idle = resident_mb(host.pid)
        (host.input / "talk.plan.yaml").write_text(RECIPE.format(lines=lines))
        job, took = _wait(host)
        path = f"/api/jobs/{job}/log"
        pages = sorted(_timed(host, f"{path}?from={random.randint(1, lines)}&limit={PAGE}")[0] for _ in range(RANGES))
        search, hits = _timed(host, f"{path}/search?q=no+such+thing+in+it")
        expression, found = _timed(host, f"{path}/search?regex=true&q=file_97[0-6].cc+and")
        record = {
            "range_ms": pages[-1] * 1000,
            "range_p50_ms": pages[len(pages) // 2] * 1000,
            "search_secs": search,
            "expression_secs": expression,
            "growth_mb": peak_resident_mb(host.pid) - idle,
            "job_secs": took,
            "lines": _timed(host, f"{path}?from=1&limit=1")[1]["total_lines"],
        }
        assert record["lines"] == lines, f"{record['lines']} of {lines} lines"
        assert hits["total"] == 0 and hits["complete"], hits
        assert found["complete"] and found["total"] > 0, found["total"]
        return record


def _get(host, path):
    with urllib.request.urlopen(host.url + path, timeout=60) as answer:
        return json.loads(answer.read())


def _timed(host, path):
    start = time.monotonic()
    answer = _get(host, path)
    return time.monotonic() - start, answer


def _wait(host):
    """The job's id, and the seconds from its first sight to its end."""
    start = None
    while True:
        jobs = _get(host, "/api/jobs?limit=1")["items"]
        if jobs and start is None:
            start = time.monotonic()
        if jobs and jobs[0]["status"] in ("succeeded", "failed"):
            assert jobs[0]["status"] == "succeeded", jobs[0]
            return jobs[0]["id"], time.monotonic() - start
        assert start is None or time.monotonic() - start < TIMEOUT_SECONDS, "the job does not end"
        time.sleep(0.05)
