"""The two-stage drain of planwright: N recorded and queued inputs are planned and built, from "resume" to the last."""

import json
import pathlib
import time

from host import NOOP_BUILDER, NOOP_PLANNER, Host
from services import Redis, wait_until

SQL = pathlib.Path(__file__).parent / "sql"
POLL_SECONDS = 0.02
TICKETS_PER_PUSH = 5000


def drain(
    services, program, folder, items, jobs=0, window=None, snapshot_age=0, planner=NOOP_PLANNER, builder=NOOP_BUILDER
):
    """Gives the record of one drain: seconds, commits and transferred events; raises if any work was lost.

    `window`: also the rate over the first so many items, by the times of the events.
    `snapshot_age`: somebody holds a snapshot of the database that is that many seconds old when the drain begins, so
    that no row version of it can be cleaned away.
    """
    with Host(services, program, folder, planner.format(jobs=jobs), builder) as host:
        host.post("/api/queues/default/plan/pause")
        record_inputs(host, items)
        _wait_for_tickets(services, items)
        with host.psql({"items": window or items}) as psql, host.psql() as onlooker:
            if snapshot_age:
                onlooker.query("begin isolation level repeatable read; select count(*) from queues")
                time.sleep(snapshot_age)
            commits = _commits(psql, host.database)
            start = time.monotonic()
            host.post("/api/queues/default/plan/resume")
            _wait_until_built(psql, items, host)
            secs = time.monotonic() - start
            time.sleep(1.5)  # until idle connections have reported their commits
            record = {
                "n": items,
                "secs": secs,
                "commits_per_item": (_commits(psql, host.database) - commits) / items,
                "window_secs": float(psql.query((SQL / "window.sql").read_text())),
            }
            check_ledger(json.loads(psql.query((SQL / "ledger.sql").read_text())), items, jobs)
    return record


def record_inputs(host, items, distinct_content=True):
    with host.psql({"items": items, "distinct_content": int(distinct_content)}) as psql:
        psql.query((SQL / "record_inputs.sql").read_text())


def push_tickets(services, items):
    """The ids of the recorded inputs, in order: the table was empty, so they are 1 to `items`."""
    redis = Redis(services.redis)
    for first in range(1, items + 1, TICKETS_PER_PUSH):
        redis.call("RPUSH", "plan_queue", *range(first, min(first + TICKETS_PER_PUSH, items + 1)))


def _wait_for_tickets(services, items):
    """The host pushes what is recorded without a ticket itself. Pushed here, too, they would be doubled meanwhile."""
    redis = Redis(services.redis)
    wait_until(lambda: redis.call("LLEN", "plan_queue") >= items, "the tickets", seconds=60)


def check_ledger(ledger, items, jobs):
    """Every item once through both stages, a manifest for each build, nothing left between two states."""
    events = ledger.pop("events") or {}
    expected = {
        "inputs_planned": items, "inputs_other": 0, "plans_built": items, "plans_other": 0, "still_queued": 0,
        "builds_built": items, "builds_other": 0, "builds_without_manifest": 0, "plans_without_document": 0,
        "jobs_succeeded": items * jobs, "jobs_other": 0, "attempts_ended": items * jobs, "attempts_open": 0,
    }  # fmt: skip
    wrong = {key: (ledger[key], value) for key, value in expected.items() if ledger[key] != value}
    for event in ["input.planning", "input.planned", "plan.ready_for_build", "plan.building", "plan.built"]:
        if events.get(event, 0) != items:
            wrong[event] = (events.get(event, 0), items)
    if wrong:
        raise AssertionError(f"the drain lost or doubled work (found, expected): {wrong}")


def _wait_until_built(psql, items, host):
    """Polls the newest build's id, which is nearly free, and counts only at the end."""
    patience = 120 + items / 1000
    deadline = time.monotonic() + patience
    question = "select coalesce(max(id), 0) from builds"
    while True:
        if int(psql.query(question)) >= items:
            question = "select count(*) from plans where status = 'built'"
            if int(psql.query(question)) >= items:
                return
        if time.monotonic() > deadline:
            raise AssertionError(f"not built after {patience} s: {psql.query(question)}\n{host.log_tail()}")
        time.sleep(POLL_SECONDS)


def _commits(psql, database):
    return int(psql.query(f"select xact_commit from pg_stat_database where datname = '{database}'"))
