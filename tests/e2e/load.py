"""A stream of files while something else happens, and whether each of them went through once."""

import contextlib
import threading
import time

from harness import eventually

PAUSE = 0.02  # seconds from one file to the next


@contextlib.contextmanager
def under_load(case, host, patience):
    """Drops files as long as the block runs; then all of them must be built within `patience` seconds, at the first
    attempt and once each. Gives their names."""
    stop = threading.Event()
    dropped = []

    def drop():
        while not stop.is_set():
            dropped.append(f"item-{len(dropped)}")
            host.drop(dropped[-1], dropped[-1])
            time.sleep(PAUSE)

    writer = threading.Thread(target=drop)
    writer.start()
    try:
        yield dropped
    finally:
        stop.set()
        writer.join()
    eventually(
        lambda: len(host.plans("built")) == len(dropped),
        lambda: host.sql("select status, count(*) from plans group by 1"),
        patience,
    )
    count = str(len(dropped))
    case.assertEqual(host.sql("select count(*), max(attempt) from pending_inputs"), [[count, "1"]])
    case.assertEqual(host.sql("select count(*), count(distinct pending_input_id) from plans"), [[count] * 2])
