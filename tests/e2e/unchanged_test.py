#!/usr/bin/python3
"""A plan with the jobs of one that was made before says so: in the list, at the plan, on the command line."""

import subprocess

from harness import BINARY, HostCase, eventually, main, queue_config

RECIPE = "jobs: {{one: {{command: [sh, -c, 'echo {0}']}}, two: {{needs: [one], command: ['true']}}}} # {1}\n"


class UnchangedTest(HostCase):
    def planned(self, host, name, content, queue="default"):
        """The plan of that content."""
        before = {plan["id"] for plan in host.plans()}
        host.drop(name, content, host.folder / queue)

        def new():
            return next((plan for plan in host.plans() if plan["id"] not in before), None)

        return eventually(new, lambda: f"{name} is planned: {host.inputs()}")["id"]

    def unchanged(self, host):
        """What the list says: {plan: the plan that it is unchanged since}. Each plan itself says the same."""
        says = {}
        for plan in host.plans():
            self.assertEqual(host.get(f"/api/plans/{plan['id']}")["unchanged"], plan["unchanged"])
            since = plan["unchanged"] and plan["unchanged"]["since_plan"]
            if since is not None:
                self.assertEqual(plan["unchanged"]["message"], f"unchanged since plan {since}")
            says[plan["id"]] = since
        return says

    def made(self, **keys):
        """A host of two queues that build when they are told to."""

        def config(folder):
            return {"queues": {name: queue_config(folder / name, auto_build=False, **keys) for name in ("default", "other")}}

        return self.host(config=config)

    def test_it_is_the_first_plan_of_the_queue_with_the_same_jobs(self):
        host = self.made()
        first = self.planned(host, "a.plan.yaml", RECIPE.format("hello", "first"))
        changed = self.planned(host, "a.plan.yaml", RECIPE.format("goodbye", "first"))
        back = self.planned(host, "a.plan.yaml", RECIPE.format("hello", "a comment"))
        renamed = self.planned(host, "b.plan.yaml", RECIPE.format("hello", "another name"))
        elsewhere = self.planned(host, "a.plan.yaml", RECIPE.format("hello", "first"), "other")
        plans = {first: None, changed: None, back: first, renamed: first, elsewhere: None}
        self.assertEqual(self.unchanged(host), plans)
        digests = {plan["plan_digest"] for plan in host.plans()}
        self.assertEqual(len(digests), 4, "a digest is of the input as well, but the queue is not in it")

        table = host.cli("plans", "list", "--columns", "id,unchanged.since_plan", "--no-headers")
        self.assertEqual({tuple(line.split()) for line in table.splitlines()}, {(str(k), str(v or "-")) for k, v in plans.items()})
        self.assertIn("UNCHANGED_SINCE", host.cli("plans", "list"))
        self.assertIn(f"unchanged since plan {first}", host.cli("plan", back))
        file = self.folder / "c.plan.yaml"
        file.write_text(RECIPE.format("hello", "by hand"))
        command = [BINARY, "submit", str(file), "--wait"]
        said = subprocess.run(command, env=host.env, capture_output=True, text=True, check=True).stderr
        self.assertIn(f"is made, unchanged since plan {first}. See:", said)

    def test_plans_that_are_made_at_once_know_of_each_other(self):
        host = self.made()
        host.call("POST", "/api/queues/default/plan/pause", {})
        for i in range(8):
            host.drop(f"{i}.plan.yaml", RECIPE.format("hello", i), host.folder / "default")
        eventually(lambda: len([i for i in host.inputs() if i["queued"]]) == 8, lambda: f"{host.inputs()}")
        host.call("POST", "/api/queues/default/plan/resume", {})
        eventually(lambda: len(host.plans()) == 8, lambda: f"{host.inputs()}")
        ids = sorted(plan["id"] for plan in host.plans())
        self.assertEqual(self.unchanged(host), {id: ids[0] if id > ids[0] else None for id in ids})

    def test_when_that_plan_is_pruned_it_is_the_first_that_is_left(self):
        host = self.made(prune={"plans": "1s", "keep_last": 0})
        plans = [self.planned(host, "a.plan.yaml", RECIPE.format("hello", i)) for i in range(3)]
        self.assertEqual(self.unchanged(host), {plans[0]: None, plans[1]: plans[0], plans[2]: plans[0]})
        host.cli("enqueue-build", plans[0])
        eventually(lambda: host.call("GET", f"/api/plans/{plans[0]}").status == 410, "the one that is built is pruned")
        self.assertEqual(self.unchanged(host), {plans[1]: None, plans[2]: plans[1]})
        host.cli("enqueue-build", plans[1])
        eventually(lambda: host.call("GET", f"/api/plans/{plans[1]}").status == 410, "so is the next")
        self.assertEqual(self.unchanged(host), {plans[2]: None})


if __name__ == "__main__":
    main()
