"""Answers of lists and explain with a million rows in each table: what a page and a script ask for, one by one."""

import functools
import http.client
import json
import pathlib
import random
import time
import urllib.parse

from host import COMMAND_BUILDER, RECIPE_PLANNER, Host

SQL = pathlib.Path(__file__).parent / "sql"
KINDS = {"pending-inputs": "planning", "plans": "building", "builds": "building", "jobs": "running"}
ROUNDS = 25  # of every question
SETTLE_SECONDS = 10  # reconcile pushes a ticket for each queued row


def measure(services, program, folder, rows):
    """Gives {"list": [(ms, path)…], "explain": […]}, each in order of the times."""
    with Host(services, program, folder, RECIPE_PLANNER, COMMAND_BUILDER) as host:
        for stage in ["plan", "build"]:
            host.post(f"/api/queues/default/{stage}/pause")
        with host.psql({"rows": rows}) as psql:
            psql.query((SQL / "many_rows.sql").read_text())
        time.sleep(SETTLE_SECONDS)
        pick = random.Random(1)
        address = urllib.parse.urlsplit(host.url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
        ask = functools.partial(_get, connection, {"Authorization": f"Bearer {host.token}"})
        times = {"list": [], "explain": []}
        for _ in range(ROUNDS):
            for path in list_paths(ask, pick):
                times["list"].append((_milliseconds(ask, path), path))
            for kind in KINDS:
                path = f"/api/{kind}/{pick.randint(1, rows)}/explain"
                times["explain"].append((_milliseconds(ask, path), path))
    return {what: sorted(all_of_it) for what, all_of_it in times.items()}


def list_paths(ask, pick):
    """Newest first, deep pages, filters that fit much, little and nothing; then what the page shows besides."""
    yield from ["/api/queues", "/api/workers", "/api/failures", "/api/dead-letters", "/api/dead-letters/causes"]
    for kind, rare in KINDS.items():
        base = f"/api/{kind}?limit=50"
        yield base
        yield f"{base}&status={rare}"  # none is
        yield f"{base}&status=failed"  # a few old ones are
        yield f"{base}&reason=backoff"  # none does
        yield f"{base}&q=nowhere{pick.randint(1, 9)}"
        yield f"{base}&queue=default&q=drop-{pick.randint(1, 999)}"
        cursor = ask(f"{base}&status={rare}").get("next_cursor")
        if cursor:
            yield f"{base}&status={rare}&cursor={cursor}"


def _milliseconds(ask, path):
    start = time.monotonic()
    ask(path)
    return (time.monotonic() - start) * 1000


def _get(connection, headers, path):
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise AssertionError(f"GET {path}: {answer.status} {body[:200]}")
    return json.loads(body)
