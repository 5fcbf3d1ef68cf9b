#!/usr/bin/python3
"""Several hosts, of which one is stopped past its lease, or has a clock that is wrong by an hour."""

import os
import pathlib
import signal
import time

from chaos import IS_LONG, LARGE, SMALL, ChaosCase, eventually, main

LOAD = 60 if IS_LONG else 16
FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


class InstancesTest(ChaosCase):
    def load(self, prefix, count=LOAD):
        for i in range(count):
            self.drop(f"{prefix}-{i}", LARGE if i % 10 == 9 else SMALL)

    def count(self, query):
        return int(self.services.rows(f"select count(*) from {query}")[0][0])

    def stopped_past_its_lease(self, failpoint, held):
        """Stops a host that has results and not committed them, lets another do the work, and the first go on."""
        first = self.new_host("first").start(env={"PLANWRIGHT_FAILPOINTS": f"{failpoint}=pause:1000"})
        self.load("held", 8)
        eventually(lambda: self.count(held) >= 2, "the first host holds work")
        first.process.send_signal(signal.SIGSTOP)
        second = self.new_host("second").start()
        self.settle()
        built = self.count("builds")
        first.process.send_signal(signal.SIGCONT)
        eventually(
            lambda: self.metric(first, "planwright_fenced_writes_total") > 0,
            lambda: f"late writes are refused and counted\n{first.log_tail()}",
        )
        eventually(lambda: "joined again" in first.log.read_text(), "it is back under a new name")
        self.assertEqual(self.count("builds"), built)
        self.assert_account()
        print(f"  late writes refused: {self.metric(first, 'planwright_fenced_writes_total'):.0f}", flush=True)
        self.load("afterwards", 6)
        self.assert_account()
        self.assertTrue(first.is_running and second.is_running)

    def test_stopped_while_planning(self):
        self.stopped_past_its_lease("plan.call.after", "pending_inputs where status = 'planning'")

    def test_stopped_while_building(self):
        self.stopped_past_its_lease("job.upload.after", "jobs where status = 'running'")

    def test_a_clock_is_wrong_by_an_hour(self):
        if not FAKETIME.exists():
            print("  skipped: libfaketime is not installed", flush=True)
            self.skipTest("libfaketime is not installed")
        hosts = [self.new_host(name) for name in ("right", "wrong", "early")]
        for host, offset in zip(hosts, (None, "+1h", "-1h")):
            # Only what the clock on the wall says; waits and the times of files stay as they are.
            wrong = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                     "NO_FAKE_STAT": "1"}
            host.start(env=wrong if offset else None)
        self.load("clock")
        time.sleep(1)
        self.load("later")
        self.assert_account()
        self.assertEqual(self.count("instances where ended_at is not null"), 0, "nobody was taken for dead")
        self.assertEqual(self.count("events where at not between now() - interval '10min' and now()"), 0)
        if IS_LONG:
            self.assertEqual(self.count("(select distinct instance from job_attempts) x"), 3, "all took part")


if __name__ == "__main__":
    main()
