"""Resident memory of the host, Postgres and Redis not counted: idle, and with a long queue; what an idle host computes."""

import time

from drain import push_tickets, record_inputs
from host import COMMAND_BUILDER, RECIPE_PLANNER, Host
from machine import cpu_seconds, descendants, peak_resident_mb, resident_mb
from services import Redis

IDLE_SECONDS = 20
SETTLE_SECONDS = 5  # a few rounds of reconcile
REBUILD_SECONDS = 60


def measure(services, program, folder, items):
    with Host(services, program, folder, RECIPE_PLANNER, COMMAND_BUILDER) as host:
        host.post("/api/queues/default/plan/pause")
        time.sleep(SETTLE_SECONDS)
        idle, children = resident_mb(host.pid), [round(resident_mb(pid), 1) for pid in descendants(host.pid)]
        computed = cpu_seconds(host.pid)
        time.sleep(IDLE_SECONDS)
        computed = cpu_seconds(host.pid) - computed
        record_inputs(host, items, distinct_content=False)
        push_tickets(services, items)
        time.sleep(SETTLE_SECONDS)
        record = {
            "idle_mb": idle,
            "idle_cpu_percent": 100 * computed / IDLE_SECONDS,
            "children_mb": children,
            "queued_mb": resident_mb(host.pid),
            "queued_peak_mb": peak_resident_mb(host.pid),
        }
        record["rebuild_secs"] = _rebuild_list(services, items)
        record["rebuild_peak_mb"] = peak_resident_mb(host.pid)
    return record


def _rebuild_list(services, items):
    """Seconds until reconcile has put all tickets back after a FLUSHALL; None if it did not."""
    redis = Redis(services.redis)
    redis.call("FLUSHALL")
    start = time.monotonic()
    while time.monotonic() - start < REBUILD_SECONDS:
        if redis.call("LLEN", "plan_queue") >= items:
            return time.monotonic() - start
        time.sleep(0.05)
    return None
