#!/usr/bin/python3
"""What dies comes back: the host killed at work, and its Redis and Postgres killed or emptied under it."""

import contextlib
import json
import os
import signal

from harness import COMMAND, HostCase, eventually, main, processes_of, queue_config

INPUTS = 12
SLOW_RECIPE = """\
jobs:
  one: {{command: [sh, -c, "echo {name}; sleep 0.4; echo {name} > one.txt"], outputs: [one.txt]}}
  two: {{command: [sh, -c, "sleep 0.4 & wait; cat one.txt"], inputs: {{one.txt: one/one.txt}}}}
"""


class CrashTest(HostCase):
    def started(self, planner=None, builder=None, **keys):
        def config(folder):
            queue = queue_config(folder / "input", planner, builder or COMMAND, **keys)
            return {"lease": "4s", "queues": {"default": queue}}

        return self.host(config=config)

    def assert_everything_once(self, host, inputs=INPUTS):
        """Every input planned once, every plan built once, whatever happened on the way."""

        def finished():
            try:
                return len(host.plans("built")) == inputs
            except (AssertionError, OSError):
                return False  # the services are on their way back

        eventually(finished, lambda: json.dumps([host.inputs(), host.plans()], indent=1)[-3000:], 60)
        self.assertEqual([i["status"] for i in host.inputs()], ["planned"] * inputs)
        plans = host.plans()
        self.assertEqual(len({plan["pending_input_id"] for plan in plans}), inputs)
        self.assertEqual(len(plans), inputs)
        built = host.builds("built")
        self.assertEqual(len({build["plan_id"] for build in built}), inputs)
        self.assertEqual(len(host.builds()), inputs, "an interrupted build goes on, no second one is opened")

    def drop_recipes(self, host):
        for i in range(INPUTS):
            host.drop(f"crash-{i}.plan.yaml", SLOW_RECIPE.format(name=f"crash-{i}"))

    def keeper_and_jobs_of(self, host):
        return processes_of(host.data / "work")

    def test_killed_while_planning(self):
        host = self.started(
            planner={"plugin": "planwright.noop-planner", "workers": 3, "settings": {"jobs": 1, "sleep": 400}},
            builder={"plugin": "planwright.noop-builder"},
        )
        for i in range(INPUTS):
            host.drop(f"crash-{i}", f"content {i}")
        eventually(lambda: host.inputs("planning") and host.inputs("planned"), "it is in the middle of planning")
        host.kill()
        host.start()
        self.assert_everything_once(host)

    def test_killed_while_building(self):
        host = self.started(builder={**COMMAND, "workers": 4, "job_slots": 4})
        self.drop_recipes(host)
        eventually(
            lambda: host.builds("building") and host.builds("built") and self.keeper_and_jobs_of(host),
            "it is in the middle of building",
        )
        host.kill()
        eventually(lambda: not processes_of(host.data / "work"), "the jobs end with the host", 15)
        host.start()
        self.assert_everything_once(host)

    def test_redis_flushed_with_queued_items(self):
        host = self.started(builder={**COMMAND, "workers": 1, "job_slots": 1})
        self.drop_recipes(host)
        eventually(lambda: len([p for p in host.plans() if p["queued"]]) > 3, "plans are queued")
        with host.redis() as redis:
            redis.call("FLUSHALL")
        self.assert_everything_once(host)

    def test_redis_killed(self):
        self.kill_service("redis-server")

    def test_postgres_killed(self):
        self.kill_service("postgres -D")

    def kill_service(self, name):
        host = self.started()
        self.drop_recipes(host)
        eventually(lambda: host.builds("building"), "it is at work")
        victims = [pid for pid, command in processes_of(host.data).items() if name.split()[0] in command.split()[0]]
        self.assertTrue(victims, processes_of(host.data))
        for pid in victims:
            with contextlib.suppress(ProcessLookupError):  # a backend ends by itself once its server is gone
                os.kill(pid, signal.SIGKILL)
        self.assert_everything_once(host)
        self.assertTrue(host.is_running)
        self.assertEqual(host.call("GET", "/readyz").status, 200)


if __name__ == "__main__":
    main()
