#!/usr/bin/python3
"""A flood of inputs from one source: another source's single input passes it in both stages. Told by the order of events."""

from harness import HostCase, eventually, main, queue_config

FLOOD = 1000  # recorded and planned in about 10 s by a debug build
SLOTS = 2
SLEEP = 100  # ms of each plan and each job: nothing is claimed ahead of the slots


class FloodTest(HostCase):
    def setUp(self):
        super().setUp()

        def config(folder):
            planner = {"plugin": "planwright.noop-planner", "settings": {"jobs": 1, "sleep": SLEEP}, "workers": SLOTS}
            builder = {"plugin": "planwright.noop-builder", "settings": {"sleep": SLEEP}}
            queue = queue_config(folder / "input", planner, {**builder, "workers": SLOTS, "job_slots": SLOTS})
            other = queue_config(folder / "other")["source"]
            return {"queues": {"default": {**queue, "source": [queue["source"], other]}}}

        (self.folder / "host" / "other").mkdir(parents=True)
        self.server = self.host(config=config)

    def count(self, rows):
        return int(self.server.sql(f"select count(*) from {rows}")[0][0])

    def stage(self, name, verb):
        self.assertEqual(self.server.call("POST", f"/api/queues/default/{name}/{verb}", {}).status, 200)

    def drop_single(self, name, status):
        """Drops one file in the other folder; gives its plan's id when that has this status."""
        self.server.drop(name, name, self.server.folder / "other")
        plan = f"select id from plans where filename = '{name}' and status = '{status}'"
        return int(eventually(lambda: self.server.sql(plan), f"{name} {status}")[0][0])

    def overtaken(self, subject, queued, claimed):
        """How many others were claimed between these two events of the subject."""
        event = "(select min(id) from events where subject = '{}' and type = '{}')"
        return self.count(
            f"events where type = '{claimed}' and id > {event.format(subject, queued)}"
            f" and id < {event.format(subject, claimed)}"
        )

    def test_a_flood_of_one_source_delays_anothers_single_plan_by_two_slots_at_most(self):
        self.stage("plan", "pause")
        self.stage("build", "pause")
        for i in range(FLOOD):
            self.server.drop(f"{i}.txt", str(i))
        eventually(lambda: self.count("pending_inputs") == FLOOD, lambda: f"{self.count('pending_inputs')} recorded", 60)

        self.stage("plan", "resume")
        eventually(lambda: self.count("plans") > SLOTS, "the flood is being planned")
        plan = self.drop_single("single", "ready_for_build")
        planned = self.count("plans")
        single = self.server.sql(f"select pending_input_id from plans where id = {plan}")[0][0]
        self.assertLess(planned, FLOOD / 2, "the flood went on")
        self.assertLessEqual(self.overtaken(f"input/{single}", "input.recorded", "input.planning"), SLOTS)

        self.server.call("PATCH", "/api/queues/default", {"plan_workers": 32})  # the rest, quickly
        eventually(lambda: self.count("plans") == FLOOD + 1, lambda: f"{self.count('plans')} planned", 60)
        self.stage("build", "resume")
        eventually(lambda: self.count("builds where status = 'built'") > SLOTS, "the flood is being built")
        late = self.drop_single("late", "built")
        self.assertLess(self.count("builds"), FLOOD / 2, "the flood went on")
        self.assertLessEqual(self.overtaken(f"plan/{late}", "plan.ready_for_build", "plan.building"), SLOTS)
        job = self.server.sql(f"select j.id from jobs j join builds b on b.id = j.build_id where b.plan_id = {late}")[0][0]
        started = f"(select id from events where subject = 'job/{job}' and type = 'job.running')"
        claimed = f"(select id from events where subject = 'plan/{late}' and type = 'plan.building')"
        self.assertLessEqual(
            self.count(f"events where type = 'job.running' and id > {claimed} and id < {started}"), SLOTS
        )


if __name__ == "__main__":
    main()
