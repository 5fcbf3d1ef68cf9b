#!/usr/bin/python3
"""Postgres or Redis go away while a host works: what goes on, what it says, and that it needs nobody to come back."""

import os
import signal
import time

from commands import SLOWNESS
from harness import ServicesCase, eventually, main, queue_config

SOON = 2.0  # seconds from new work to the start of its job while Redis is away


class OutagesTest(ServicesCase):
    def serving_host(self, **keys):
        def config(folder):
            return {
                **self.service_keys(),
                "queues": {"default": queue_config(folder / "input", **keys)},
            }

        return self.host(config=config)

    def drop(self, host, name, script="true"):
        """A recipe with one job that leaves the time of its start (once per attempt) and then runs `script`."""
        started = host.folder / f"{name}.started"
        recipe = f'jobs: {{only: {{command: "date +%s.%N >> {started}\\n{script}"}}}}'
        host.drop(f"{name}.plan.yaml", recipe)
        return started, time.time()

    def assert_soon(self, work, seconds=SOON):
        started, since = work
        eventually(started.exists, f"{started.name} within some time", 20)
        eventually(lambda: started.read_text().strip(), "a time")
        self.assertLess(float(started.read_text()) - since, seconds * SLOWNESS)

    def built(self, host, count):
        eventually(lambda: len(host.plans("built")) == count, lambda: host.plans())

    def mode(self, host):
        answer = host.call("GET", "/readyz")
        return answer.status, answer.json.get("mode")

    def metric(self, host, name):
        lines = host.call("GET", "/metrics").body.decode().splitlines()
        return [float(line.split()[-1]) for line in lines if line.startswith(name + " ")]

    def test_without_redis_new_work_flows_through_postgres(self):
        host = self.serving_host()
        self.assertEqual(self.mode(host), (200, "normal"))
        self.drop(host, "before")
        self.built(host, 1)
        self.services.end("redis", signal.SIGKILL)
        self.assert_soon(self.drop(host, "without"))
        self.built(host, 2)
        eventually(lambda: self.mode(host) == (200, "redis_away"), lambda: self.mode(host), 3)
        state = host.get("/readyz")["dependencies"]["redis"]
        self.assertEqual((state["ready"], bool(state["detail"])), (False, True))
        self.assertEqual(self.metric(host, "planwright_redis_up"), [0])
        plan = host.plans("built")[0]["id"]
        asked = time.time()
        answer = host.call("POST", f"/api/plans/{plan}/enqueue-build", {"force": True})
        self.assertEqual(answer.status, 202, answer.body)
        started = host.folder / "without.started"
        eventually(lambda: len(started.read_text().split()) == 2, "it runs again", 20)
        self.assertLess(float(started.read_text().split()[1]) - asked, SOON * SLOWNESS)
        self.services.start_redis()
        eventually(lambda: self.mode(host) == (200, "normal"), lambda: self.mode(host), 5)
        self.assertEqual(self.metric(host, "planwright_redis_up"), [1])
        self.assert_soon(self.drop(host, "after"))
        self.built(host, 3)

    def test_a_redis_that_only_hangs_holds_nothing_up(self):
        host = self.serving_host()
        pid = self.services.pid("redis")
        os.kill(pid, signal.SIGSTOP)
        try:
            self.assert_soon(self.drop(host, "first"))  # an idle line needs no ticket
            eventually(lambda: self.mode(host) == (200, "redis_away"), lambda: self.mode(host), 10)
            self.assert_soon(self.drop(host, "second"))
            self.built(host, 2)
        finally:
            os.kill(pid, signal.SIGCONT)
        eventually(lambda: self.mode(host) == (200, "normal"), lambda: self.mode(host), 5)

    def test_work_that_waits_while_redis_comes_back_empty_is_found(self):
        host = self.serving_host()
        self.services.end("redis", signal.SIGKILL)
        host.call("POST", "/api/queues/default/plan/pause", {})
        works = [self.drop(host, f"item-{i}") for i in range(5)]
        eventually(lambda: len(host.inputs()) == 5, lambda: host.inputs())
        self.services.start_redis()
        host.call("POST", "/api/queues/default/plan/resume", {})
        self.built(host, 5)
        self.assertEqual([len(started.read_text().split()) for started, _ in works], [1] * 5)

    def test_results_are_held_while_postgres_is_away(self):
        self.outage(signal.SIGINT)

    def test_results_are_held_while_postgres_recovers_from_a_crash(self):
        self.outage(signal.SIGKILL)

    def outage(self, how):
        host = self.serving_host()
        self.mode(host)
        ended = host.folder / "ended"
        started, _ = self.drop(host, "long", f"sleep 1; touch {ended}")
        eventually(started.exists, "the job runs")
        self.services.end("postgres", how)
        eventually(ended.exists, "the job goes on to its end")
        for path in ("/api/plans", "/api/queues", "/api/pending-inputs"):
            answer = host.call("GET", path)
            self.assertEqual(answer.status, 503, (path, answer.body))
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
            self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
        answer = host.call("POST", "/api/plans/1/enqueue-build", {})
        self.assertEqual((answer.status, answer.json["type"]), (503, "/problems/unavailable"))
        self.assertEqual(host.call("GET", "/healthz").status, 200)
        self.assertEqual(self.mode(host), (503, "postgres_away"))
        self.assertEqual(self.metric(host, "planwright_postgres_up"), [0])
        said = host.cli_errors("status")
        self.assertIn("Postgres", said)
        self.drop(host, "late")
        self.services.start_postgres()
        eventually(lambda: self.mode(host) == (200, "normal"), lambda: self.mode(host), 5)
        self.built(host, 2)
        self.assertTrue(host.is_running)
        self.assertEqual(len(started.read_text().split()), 1, "it ran once")
        self.assertEqual([plan["attempt"] for plan in host.plans()], [1, 1])


if __name__ == "__main__":
    main()
