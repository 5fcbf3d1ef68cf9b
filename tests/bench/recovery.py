"""How soon work goes on: after a restart with a long queue, with Postgres killed too, and when a host dies for good."""

import signal
import time

from drain import push_tickets, record_inputs
from host import NOOP_BUILDER, Host
from machine import peak_resident_mb, resident_mb
from services import Psql, Redis

# Slow enough that the queue stays long: only its first items matter.
SLOW_PLANNER = "{plugin: planwright.noop-planner, workers: 2, settings: {sleep: 5000}}"
PATIENCE_SECONDS = 60


def restarts(services, program, folder, items):
    """Seconds from the start of the host to its first claim: after kill -9 of the host, and of Postgres with it."""
    with Host(services, program, folder, SLOW_PLANNER, NOOP_BUILDER) as host:
        host.post("/api/queues/default/plan/pause")
        record_inputs(host, items, distinct_content=False)
        push_tickets(services, items)
        host.kill()
        _resume(services, host)
        start = time.monotonic()
        host.start()
        record = {"host_secs": _until_claimed(services, host, 1, start)}
        host.kill()
        services.end("postgres", signal.SIGKILL)
        start = time.monotonic()
        services.start_postgres()
        record["postgres_up_secs"] = time.monotonic() - start
        host.start()
        record["host_and_postgres_secs"] = _until_claimed(services, host, 3, start)
        idle = resident_mb(host.pid)
        record["flush_secs"] = _until_tickets_are_back(services, items)
        record["flush_peak_growth_mb"] = peak_resident_mb(host.pid) - idle
    return record


def takeover(services, program, folder):
    """Seconds from the death of one host to the claim of its item by another, with the default lease."""
    with Host(services, program, folder / "first", SLOW_PLANNER, NOOP_BUILDER) as first:
        (first.input / "item").write_text("item")
        _until_claimed(services, first, 1, time.monotonic())
        with Host(services, program, folder / "second", SLOW_PLANNER, NOOP_BUILDER, database=first.database):
            start = time.monotonic()
            first.kill()
            with Psql(services, first.database) as psql:
                _wait(lambda: psql.query("select max(fence) from pending_inputs") == "2", "the item is taken over")
            return time.monotonic() - start


def _resume(services, host):
    with Psql(services, host.database) as psql:
        psql.query("update queues set plan_paused = false")


def _until_claimed(services, host, first_id, start):
    """`first_id`: of the inputs whose turn it is."""
    with Psql(services, host.database) as psql:
        question = f"select count(*) from pending_inputs where id between {first_id} and {first_id + 1} and fence > 0"
        _wait(lambda: int(psql.query(question)) > 0, f"input {first_id} is claimed\n{host.log_tail()}")
    return time.monotonic() - start


def _until_tickets_are_back(services, items):
    redis = Redis(services.redis)
    redis.call("FLUSHALL")
    start = time.monotonic()
    _wait(lambda: redis.call("LLEN", "plan_queue") >= items - 10, "the tickets are back")
    return time.monotonic() - start


def _wait(condition, what):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {PATIENCE_SECONDS} s: {what}")
        time.sleep(0.01)
