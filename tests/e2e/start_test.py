#!/usr/bin/env python3
"""The start of `serve`: what it says on stderr of that for which it waits, and a stop while it waits."""

import fcntl
import signal

from harness import HostCase, eventually, main, queue_config


def config(folder):
    return {"queues": {"default": queue_config(folder / "input")}}


class StartTest(HostCase):
    def log(self, host):
        return host.log.read_text() if host.log.exists() else ""

    def said(self, host, words):
        eventually(lambda: words in self.log(host), lambda: f"{words!r} in {self.log(host)!r}", 60)

    def in_order(self, log, *words):
        places = [log.find(word) for word in words]
        self.assertNotIn(-1, places, f"{words} in {log}")
        self.assertEqual(places, sorted(places), log)

    def test_it_says_what_it_waits_for(self):
        host = self.host(config=config, fresh=True)
        self.in_order(
            self.log(host), "making service=postgres", "made service=postgres", "starting service=postgres",
            "started service=postgres", "connecting to the database", "migrated schema=",
        )  # fmt: skip
        self.in_order(self.log(host), "starting service=redis", "started service=redis", "connecting to the database")
        self.in_order(self.log(host), "trying what sandbox", "sandbox level", "connecting to the database")
        first = self.log(host)
        host.stop()
        host.start()
        later = self.log(host)[len(first) :]
        self.assertNotIn("making service=postgres", later)
        self.in_order(later, "starting service=postgres", "started service=postgres", "connecting to the database")

    def test_it_names_who_holds_the_data_folder(self):
        host = self.host(config=config, start=False)
        lock = host.data / "lock"
        lock.write_text("4194305 1\n")  # of a process that is gone; something that it started holds the lock
        with open(lock) as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            host.spawn()
            self.said(host, f"waiting for what an earlier planwright (pid 4194305) left running in {host.data}")
        host.await_ready()
        self.assertEqual(self.log(host).count("waiting for what"), 1)

    def test_a_stop_while_the_cluster_is_made_leaves_nothing_and_the_next_start_makes_it(self):
        host = self.host(config=config, fresh=True, start=False)
        host.spawn()
        self.said(host, "making service=postgres")
        host.process.send_signal(signal.SIGTERM)
        self.assertEqual(host.process.wait(60), 0, self.log(host))
        host.process.stdout.close()
        self.assert_no_process_left()
        host.start()
        host.drop("a.plan.yaml", "jobs: {a: {command: ['true']}}")
        eventually(lambda: host.plans("built"), "it plans and builds")


if __name__ == "__main__":
    main()
