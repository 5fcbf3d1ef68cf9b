#!/usr/bin/python3
"""What a host stands on goes away or stands still for a while: Redis, Postgres, the network between, room on the disk."""

import os
import signal
import subprocess
import time

from chaos import IS_LONG, LARGE, LEASE, SMALL, ChaosCase, long_only  # before the others: it makes their folders known
from breakable import Cable
from harness import eventually, main

REDIS_AWAY = 60 if IS_LONG else 4  # seconds
POSTGRES_AWAY = 30 if IS_LONG else 2
POSTGRES_FROZEN = 20  # long enough to be noticed, and for more than one lease
LOAD = 40 if IS_LONG else 12
WITHOUT_TICKETS = 5.0  # seconds for a new file, from its quiet period to its build, on a busy machine


class OutagesTest(ChaosCase):
    def load(self, prefix, count=LOAD):
        for i in range(count):
            self.drop(f"{prefix}-{i}", LARGE if i % 10 == 9 else SMALL)

    def built(self, file):
        return self.services.rows(f"select 1 from plans where filename = '{file}' and status = 'built'") != []

    def is_ready(self, host):
        return host.call("GET", "/readyz").status == 200

    def test_redis_is_flushed_again_and_again(self):
        host = self.new_host().start()
        for i in range(20 if IS_LONG else 4):
            self.load(f"flush-{i}", 5)
            time.sleep(self.random.uniform(0.05, 0.5))
            self.services.flush()
        self.assert_account()
        self.assertTrue(host.is_running)

    def test_redis_is_away(self):
        host = self.new_host().start()
        self.load("before")
        self.services.end("redis", signal.SIGKILL)
        begin = time.monotonic()
        self.settle()  # what was queued goes on without tickets
        slowest, i = 0.0, 0
        while time.monotonic() - begin < REDIS_AWAY or i == 0:
            dropped = time.monotonic()
            file = self.drop(f"during-{i}")
            eventually(lambda: self.built(file), f"{file} is built without Redis")
            slowest, i = max(slowest, time.monotonic() - dropped), i + 1
        self.services.start_redis()
        away = time.monotonic() - begin
        print(f"  Redis away for {away:.0f} s: {i} files, the slowest built in {slowest:.1f} s", flush=True)
        self.load("after")
        self.assert_account()
        self.assertLess(slowest, WITHOUT_TICKETS)
        eventually(lambda: self.is_ready(host), "it says that all is well again")

    def test_postgres_is_away(self):
        host = self.new_host().start()
        self.load("before")
        eventually(lambda: self.progress()[5] != "0", "it is building")
        self.services.end("postgres", signal.SIGKILL)
        self.load("during")
        time.sleep(POSTGRES_AWAY)
        self.assertTrue(host.is_running, host.log_tail())
        self.services.start_postgres()
        self.load("after", 3)
        self.assert_account()
        eventually(lambda: self.is_ready(host), "it says that all is well again")

    @long_only
    def test_postgres_stands_still(self):
        """It accepts connections and answers nobody; two hosts, so that one might take the other for dead."""
        hosts = [self.new_host(name).start() for name in ("one", "two")]
        self.load("before")
        eventually(lambda: self.progress()[5] != "0", "they are building")
        with self.services.frozen_postgres():
            begin = time.monotonic()
            self.load("during")
            for host in hosts:
                eventually(lambda: host.call("GET", "/readyz").json["mode"] == "postgres_away", "it says so", 15)
                self.assertEqual(host.call("GET", "/readyz").status, 503)
                self.assertEqual(host.call("GET", "/healthz").status, 200)
                plans = host.call("GET", "/api/plans")
                self.assertEqual((plans.status, bool(plans.headers["Retry-After"])), (503, True))
            time.sleep(max(0.0, POSTGRES_FROZEN - (time.monotonic() - begin)))
            self.assertTrue(all(host.is_running for host in hosts))
        self.load("after", 3)
        self.assert_account()
        for host in hosts:
            eventually(lambda: self.is_ready(host), "it says that all is well again")
        self.assertTrue(all(host.is_running for host in hosts))

    def test_the_cable_to_postgres_is_cut(self):
        """One host loses the network for longer than its lease; another finishes its work, and its own is refused."""
        cable = Cable(self.services.postgres_socket)
        self.addCleanup(cable.close)
        cut_off = self.new_host("cut-off", postgres=cable.url()).start()
        self.load("first")
        eventually(lambda: int(self.progress()[4]) + int(self.progress()[5]) > 0, "it holds claims")
        cable.cut()
        other = self.new_host("other").start()
        self.load("second", 4)
        self.settle()
        time.sleep(LEASE * 2 if IS_LONG else 0)
        cable.mend()
        self.load("third")
        self.assert_account()
        eventually(lambda: self.is_ready(cut_off), lambda: f"it is back:\n{cut_off.log_tail()}")
        self.assertTrue(other.is_running)

    def test_the_disk_is_full(self):
        """The blobs are on a small tmpfs; what does not fit is tried again until somebody makes room."""
        self.blobs.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(self.blobs)]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
            self.skipTest("a small tmpfs cannot be mounted here (needs root)")
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.blobs)], check=True)
        host = self.new_host().start()
        ballast = self.blobs / "ballast"
        with open(ballast, "wb") as file:  # 50 KiB are left; a large file takes 20, and its output as much
            file.write(bytes((1 << 20) - (50 << 10)))
        self.load("full", 30)
        eventually(lambda: "No space left" in host.log.read_text(errors="replace"), "the disk is full", 60)
        time.sleep(5 if IS_LONG else 1)
        self.assertTrue(host.is_running)
        ballast.unlink()
        self.assert_account()


if __name__ == "__main__":
    main()
