#!/usr/bin/python3
"""The two gates, pauses and sizes, through REST and the command line."""

import json
import time

from harness import COMMAND, HostCase, eventually, main, queue_config

RECIPE = 'jobs: {{hello: {{command: [echo, "{0}"]}}}}'
QUIET = 1.0  # how long "nothing moves" is watched


class ModesTest(HostCase):
    def drop_recipe(self, host, name, folder=None):
        host.drop(f"{name}.plan.yaml", RECIPE.format(name), folder)

    def recorded(self, host, count):
        return eventually(
            lambda: len(host.inputs()) >= count and host.inputs(), lambda: f"{count} inputs: {host.inputs()}"
        )

    def assert_stays(self, state, expected):
        deadline = time.monotonic() + QUIET
        while time.monotonic() < deadline:
            self.assertEqual(state(), expected)
            time.sleep(0.1)

    def statuses(self, host):
        return [i["status"] for i in host.inputs()], [p["status"] for p in host.plans()]

    def test_in_manual_mode_nothing_moves_until_asked(self):
        host = self.recipe_host(auto_plan=False, auto_build=False)
        self.drop_recipe(host, "one")
        only = self.recorded(host, 1)[0]
        self.assertEqual(only["reason"]["code"], "manual_mode")
        self.assert_stays(lambda: self.statuses(host), (["pending"], []))
        asked = host.call("POST", f"/api/pending-inputs/{only['id']}/enqueue-plan", {})
        self.assertEqual((asked.status, asked.json["queue"]), (202, "plan_queue"))
        plan = eventually(host.plans, "a plan")[0]
        self.assertEqual(plan["reason"]["code"], "manual_mode")
        self.assert_stays(lambda: self.statuses(host), (["planned"], ["ready_for_build"]))
        again = host.call("POST", f"/api/pending-inputs/{only['id']}/enqueue-plan", {})
        self.assertEqual(again.status, 409)
        host.cli("enqueue-build", plan["id"])
        host.cli("watch", "plan", plan["id"], "--timeout", "240s")
        self.assertEqual(self.statuses(host), (["planned"], ["built"]))

    def test_an_id_pushed_by_hand_passes_no_gate(self):
        host = self.recipe_host(auto_plan=False, auto_build=False)
        self.drop_recipe(host, "one")
        only = self.recorded(host, 1)[0]
        redis = host.redis()
        self.addCleanup(redis.close)
        redis.call("LPUSH", "plan_queue", only["id"])
        eventually(lambda: redis.call("LLEN", "plan_queue") == 0, "the ticket is taken")
        self.assert_stays(lambda: self.statuses(host), (["pending"], []))
        host.cli("enqueue-plan", only["id"])
        plan = eventually(host.plans, "a plan")[0]
        redis.call("LPUSH", "build_queue", plan["id"])
        eventually(lambda: redis.call("LLEN", "build_queue") == 0, "the ticket is taken")
        self.assert_stays(lambda: self.statuses(host), (["planned"], ["ready_for_build"]))
        self.assertEqual(host.builds(), [])

    def test_toggles_work_at_once(self):
        host = self.recipe_host(auto_plan=True, auto_build=False)
        self.drop_recipe(host, "one")
        eventually(lambda: self.statuses(host) == (["planned"], ["ready_for_build"]), lambda: self.statuses(host))
        changed = host.call("PATCH", "/api/settings", {"auto_plan": False})
        self.assertEqual((changed.status, changed.json["auto_plan"]), (200, False))
        self.drop_recipe(host, "two")
        self.recorded(host, 2)
        self.assert_stays(lambda: self.statuses(host)[0], ["pending", "planned"])
        host.cli("mode", "plan", "auto")
        host.cli("settings", "set", "auto_build=true")
        self.assertTrue(host.get("/api/settings")["auto_build"])
        self.drop_recipe(host, "three")
        eventually(lambda: len(host.plans("built")) == 1, lambda: self.statuses(host))
        self.assertEqual([i["status"] for i in host.inputs()], ["planned", "pending", "planned"])
        self.assertEqual([p["filename"] for p in host.plans("built")], ["three.plan.yaml"])

    def test_turning_a_gate_on_can_take_what_waits(self):
        host = self.recipe_host(auto_plan=False, auto_build=False)
        for name in ("one", "two", "three"):
            self.drop_recipe(host, name)
        self.recorded(host, 3)
        answer = host.call("PATCH", "/api/queues/default", {"auto_plan": True, "apply_to_waiting": True})
        self.assertEqual(answer.status, 200, answer.body)
        eventually(lambda: len(host.plans("ready_for_build")) == 3, lambda: self.statuses(host))
        answer = host.call("PATCH", "/api/queues/default", {"auto_build": True, "apply_to_waiting": True})
        self.assertEqual(answer.status, 200, answer.body)
        eventually(lambda: len(host.plans("built")) == 3, lambda: self.statuses(host))

    def test_watch_dir_moves_at_once(self):
        queue = lambda folder: {"default": queue_config(folder / "input", auto_build=False)}
        host = self.host(config=lambda folder: {"watch_roots": [str(self.folder)], "queues": queue(folder)})
        for way in ("rest", "cli"):
            folder = self.folder / way
            folder.mkdir()
            if way == "rest":
                answer = host.call("PATCH", "/api/settings", {"watch_dir": str(folder)})
                self.assertEqual((answer.status, answer.json["watch_dir"]), (200, str(folder)))
            else:
                host.cli("settings", "set", f"watch_dir={folder}")
            self.drop_recipe(host, way, folder)
            eventually(lambda: [i for i in host.inputs() if i["filename"] == f"{way}.plan.yaml"], f"{way} is recorded")
        self.drop_recipe(host, "left")  # nobody watches the first folder any more
        self.assert_stays(lambda: len(host.inputs()), 2)
        refused = host.call("PATCH", "/api/settings", {"watch_dir": str(host.data / "postgres")})
        self.assertEqual(refused.status, 422, refused.body)
        self.assertIn("outside the data folder", str(refused.body))
        for elsewhere in ("/etc", "/", f"{self.folder}/../../etc"):
            refused = host.call("PATCH", "/api/settings", {"watch_dir": elsewhere})
            self.assertEqual(refused.status, 422, refused.body)
            self.assertIn("watch_roots", str(refused.body))

    def test_without_watch_roots_only_what_the_file_names_is_watched(self):
        host = self.recipe_host(auto_build=False)
        (host.input / "team").mkdir()
        other = host.folder / "other"
        other.mkdir()
        (host.input / "link").symlink_to(other)
        answer = host.call("PATCH", "/api/settings", {"watch_dir": str(host.input / "team")})
        self.assertEqual(answer.status, 200, answer.body)
        for refused in (other, host.input / "link", "/etc"):
            answer = host.call("PATCH", "/api/settings", {"watch_dir": str(refused)})
            self.assertEqual(answer.status, 422, answer.body)
            self.assertIn("watch_roots", str(answer.body))

    def test_a_changed_setting_survives_a_restart(self):
        host = self.recipe_host(auto_plan=True, auto_build=True)
        host.cli("settings", "set", "auto_plan=false", "plan_workers=5")
        self.assertEqual(host.stop(), 0)
        host.start()
        settings = host.get("/api/settings")
        self.assertEqual((settings["auto_plan"], settings["auto_build"], settings["plan_workers"]), (False, True, 5))

    def test_two_queues_have_their_own_plugins_and_gates(self):
        def config(folder):
            (folder / "other").mkdir(parents=True)
            other = queue_config(
                folder / "other",
                {"plugin": "planwright.noop-planner", "settings": {"jobs": 3}},
                {"plugin": "planwright.noop-builder"},
                auto_build=False,
            )
            return {"queues": {"recipes": queue_config(folder / "input"), "noop": other}}

        host = self.host(config=config, fresh=True)
        self.drop_recipe(host, "one")
        host.drop("any.bin", "bytes", host.folder / "other")
        eventually(lambda: len(host.plans()) == 2 and host.plans("built"), lambda: self.statuses(host))
        recipe = host.items("/api/plans?queue=recipes")[0]
        noop = host.items("/api/plans?queue=noop")[0]
        self.assertEqual((recipe["filename"], recipe["status"]), ("one.plan.yaml", "built"))
        self.assertEqual((noop["filename"], noop["status"], noop["summary"]["jobs"]), ("any.bin", "ready_for_build", 3))
        self.assertIn("noop-planner", noop["summary"]["planner"])
        asked = host.call("POST", f"/api/plans/{noop['id']}/enqueue-build", {})
        self.assertEqual((asked.status, asked.json["queue"]), (202, "build_queue:noop"))
        eventually(lambda: len(host.plans("built")) == 2, lambda: self.statuses(host))

    def test_a_paused_stage_starts_nothing(self):
        host = self.recipe_host()
        self.assertEqual(host.call("POST", "/api/queues/default/plan/pause", {}).status, 200)
        self.drop_recipe(host, "one")
        self.recorded(host, 1)
        self.assert_stays(lambda: self.statuses(host), (["pending"], []))
        only = host.inputs()[0]
        self.assertEqual((only["queued"], only["reason"]["code"]), (True, "queue_paused"))
        host.cli("pause", "default", "build")
        host.cli("resume", "default", "plan")
        eventually(host.plans, "a plan")
        self.assert_stays(lambda: [p["status"] for p in host.plans()], ["ready_for_build"])
        self.assertEqual(host.plans()[0]["reason"]["code"], "queue_paused")
        host.cli("resume", "default")
        eventually(lambda: host.plans("built"), lambda: self.statuses(host))

    def test_sizes_change_while_it_runs(self):
        host = self.recipe_host(builder={**COMMAND, "workers": 1, "job_slots": 1})
        over = host.folder / "over"
        wait = f"until test -e {over}; do sleep 0.1; done"
        jobs = ", ".join(f'j{i}: {{command: "{wait}"}}' for i in range(8))
        host.drop("one.plan.yaml", f"jobs: {{{jobs}}}")

        def running():
            return host.get("/api/queues/default")["build"]["jobs_running"]

        eventually(lambda: running() == 1, "one job runs")
        answer = host.call("PATCH", "/api/queues/default", {"job_slots": 4, "plan_workers": 0})
        self.assertEqual(answer.status, 200, answer.body)
        eventually(lambda: running() > 1, "more jobs run at once")
        over.touch()
        eventually(lambda: host.plans("built"), lambda: json.dumps(host.plans()))
        self.drop_recipe(host, "two")
        self.recorded(host, 2)
        self.assert_stays(lambda: len(host.plans()), 1)  # no plan worker is left
        host.cli("settings", "set", "plan_workers=2")
        eventually(lambda: len(host.plans("built")) == 2, lambda: self.statuses(host))


if __name__ == "__main__":
    main()
