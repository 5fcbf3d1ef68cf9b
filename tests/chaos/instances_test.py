#!/usr/bin/python3
"""Several hosts: one is stopped past its lease, has a clock that is wrong by an hour, or deletes what others build."""

import json
import pathlib
import signal
import subprocess
import time

from chaos import BINARY, IS_LONG, LARGE, SMALL, ChaosCase, sha256  # before the others: it makes their folders known
from harness import eventually, main

LOAD = 60 if IS_LONG else 16
COLLECT_SECONDS = 40 if IS_LONG else 8
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

    def test_two_hosts_delete_while_they_build(self):
        """Contents come back again and again, often just when their last user was pruned."""
        config = self.config(blobs={"folder": str(self.blobs), "grace": "3s"})
        config["queues"]["default"]["prune"] = {"inputs": "1s", "plans": "1s", "keep_last": 10}
        hosts = [self.host(name, config, start=False).start() for name in ("one", "two")]
        end = time.monotonic() + COLLECT_SECONDS
        while time.monotonic() < end:
            for i in range(5):
                self.drop_repeated(len(self.ledger), self.random.randrange(4))
            gc = [BINARY, "gc", "--config", hosts[0].folder / "planwright.yaml", "--data", hosts[0].data]
            self.assertIn(subprocess.run(gc, capture_output=True).returncode, (0, 5))  # 5: a host is at it
            time.sleep(self.random.uniform(0, 1.5))
        recorded = "events where type = 'input.recorded'"
        eventually(lambda: self.count(recorded) == len(self.ledger), "all files are recorded")
        eventually(lambda: self.progress()[4:] == ["0", "0"], "all are built")
        self.assertEqual(self._wrong_results() + self._what_the_doctor_finds(), [])
        pruned = len(self.ledger) - self.count("plans")
        collected = sum(self.metric(host, "planwright_collected_total") for host in hosts)
        print(f"  {len(self.ledger)} files, {pruned} pruned, {collected:.0f} blobs and files collected", flush=True)
        self.assertGreater(pruned, 0)
        self.assertGreater(collected, 0)

    def drop_repeated(self, number, variant):
        """A file whose build makes one of a few large contents."""
        text = f"{variant}" * 20000
        file = f"repeated-{number}.plan.yaml"
        job = {"command": ["sh", "-c", f"cp text big.txt # {number}"], "outputs": ["big.txt"]}
        content = json.dumps({"jobs": {"make": {**job, "inputs": {"text": {"text": text}}}}})
        self.ledger[file] = (content, {"big.txt": sha256(text)})
        (self.folder / "dropping").write_text(content)
        (self.folder / "dropping").rename(self.watched / file)

    def test_a_clock_is_wrong_by_an_hour(self):
        if not FAKETIME.exists():
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
