#!/usr/bin/python3
"""Everybody at once: files arrive while people read, cancel, pause, resize and listen, and while the host stops.

What it proves by itself is that nothing is lost or stuck; under a sanitizer it is where threads meet.
"""

import threading
import time
import urllib.request

from harness import HostCase, eventually, main

RECIPE = "jobs: {{a: {{command: [echo, '{0}']}}, b: {{needs: [a], command: [sleep, '0.05']}}}}"
FILES = 24
READS = [
    "/api/pending-inputs?limit=20",
    "/api/plans?limit=20",
    "/api/builds?limit=20",
    "/api/jobs?limit=20",
    "/api/workers",
    "/api/queues",
    "/api/settings",
    "/api/arriving",
    "/api/failures",
    "/api/plugins",
    "/api/reconciler",
    "/api/events?limit=50",
    "/metrics",
]


class CrowdTest(HostCase):
    def setUp(self):
        super().setUp()
        self.server = self.recipe_host()
        self.over = threading.Event()
        self.wrong = []
        self.crowd = []

    def join_in(self, step):
        """A thread that repeats `step()` until the crowd goes home."""

        def run():
            while not self.over.is_set():
                try:
                    step()
                except Exception as error:  # a thread of a test must not fail silently
                    if not self.over.is_set():
                        self.wrong.append(repr(error))
                    return

        self.crowd.append(threading.Thread(target=run))
        self.crowd[-1].start()

    def go_home(self):
        self.over.set()
        for thread in self.crowd:
            thread.join()

    def expect(self, method, path, body, *allowed):
        status = self.server.call(method, path, body).status
        if status not in allowed:
            self.wrong.append(f"{method} {path}: {status}")

    def read(self):
        for path in READS:
            self.expect("GET", path, None, 200)

    def resize(self):
        for workers in (1, 4, 2):
            self.expect("PATCH", "/api/settings", {"plan_workers": workers, "job_slots": workers}, 200)
            time.sleep(0.1)
        for verb in ("pause", "resume"):
            self.expect("POST", f"/api/queues/default/build/{verb}", {}, 200)

    def cancel_newest(self):
        for build in self.server.get("/api/builds?status=building&limit=1")["items"]:
            self.expect("POST", f"/api/builds/{build['id']}/cancel", {}, 200, 202, 409)
        time.sleep(0.2)

    def listen(self):
        with urllib.request.urlopen(self.server.url + "/api/events/stream", timeout=5) as stream:
            for _ in range(20):
                stream.readline()

    def drop_all(self):
        for i in range(FILES):
            self.server.drop(f"{i}.plan.yaml", RECIPE.format(i))

    def is_settled(self):
        inputs = self.server.inputs()
        plans = self.server.plans()
        return (
            len(inputs) == len(plans) == FILES
            and all(i["status"] == "planned" for i in inputs)
            and all(p["status"] in ("built", "cancelled") for p in plans)
        )

    def test_nothing_is_lost_while_everybody_is_busy(self):
        for step in (self.read, self.read, self.resize, self.cancel_newest, self.listen, self.listen):
            self.join_in(step)
        try:
            self.drop_all()
            eventually(self.is_settled, lambda: [p["status"] for p in self.server.plans()], seconds=90, pause=0.5)
        finally:
            self.go_home()
        self.assertEqual(self.wrong, [])

    def test_it_stops_cleanly_in_the_middle(self):
        for step in (self.read, self.listen):
            self.join_in(step)
        self.drop_all()
        eventually(lambda: self.server.plans("built"), "a first plan is built", seconds=60)
        self.over.set()
        self.assertEqual(self.server.stop(), 0)
        self.go_home()
        self.server.start()
        eventually(self.is_settled, lambda: [p["status"] for p in self.server.plans()], seconds=90, pause=0.5)


if __name__ == "__main__":
    main()
