#!/usr/bin/python3
"""What is old goes, what is kept stays whole: prune and gc of a running host, backup, and a restored host that goes on."""

import json
import subprocess
import time

from harness import BINARY, COMMAND, HostCase, eventually, main, queue_config

RECIPE = """\
jobs:
  one: {{command: [sh, -c, "echo {name}; sleep {seconds}; head -c 30000 /dev/urandom > large"], outputs: [large]}}
  two: {{needs: [one], command: [sh, -c, "wc -c < large > size"], inputs: {{large: one/large}}, outputs: [size]}}
"""


# Long to restore: every file is synced.
WIDE = """\
jobs:
  wide:
    command: [sh, -c, "for i in $(seq 300); do head -c 17000 /dev/urandom > $i.bin; done"]
    outputs: ["*.bin"]
"""


def files_below(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


class RetentionTest(HostCase):
    def command(self, *words, expect=0):
        done = subprocess.run(
            [BINARY, *map(str, words)], cwd=self.folder, capture_output=True, text=True, timeout=120
        )
        self.assertEqual(done.returncode, expect, f"{words}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def place_of(self, host):
        return "--config", host.folder / "planwright.yaml", "--data", host.data

    def config(self, **keys):
        def made(folder):
            queue = queue_config(folder / "input", None, {**COMMAND, "workers": 1, "job_slots": 1})
            return {"queues": {"default": {**queue, **keys.get("queue", {})}}, **keys.get("top", {})}

        return made

    def test_rows_blobs_and_logs_of_old_work_go(self):
        host = self.host(
            config=self.config(
                queue={"prune": {"inputs": "1s", "plans": "1s", "keep_last": 0}}, top={"blobs": {"grace": "1s"}}
            )
        )
        host.drop("a.plan.yaml", RECIPE.format(name="a", seconds=0))
        built = eventually(lambda: host.call("GET", "/api/plans").json["items"], "it is planned")[0]
        digest = built["plan_digest"]
        eventually(lambda: not host.plans() and not host.inputs(), lambda: json.dumps(host.plans()))
        store = host.data / "blobs"
        eventually(
            lambda: not files_below(store / "sha256") and not files_below(store / "logs"),
            lambda: [*files_below(store / "sha256"), *files_below(store / "logs")],
        )
        eventually(lambda: host.call("GET", f"/api/blobs/{digest}").status == 404, "its document is gone")
        self.command("gc", "--explain", digest, *self.place_of(host), expect=3)
        self.assertIn("queue.pruned", [item["event"]["type"] for item in host.get("/api/events")["items"]])

    def test_prune_and_gc_by_hand(self):
        host = self.host(config=self.config(queue={"prune": {"plans": "1h"}}))
        host.drop("a.plan.yaml", RECIPE.format(name="a", seconds=0))
        plan = eventually(lambda: host.plans("built"), "it is built")[0]
        place = self.place_of(host)
        self.assertIn("would delete 0 inputs, 0 plans", self.command("prune", "--dry-run", *place))
        self.command("prune", "--queue", "nobody", *place, expect=3)
        self.assertIn("0 blobs", self.command("gc", "--dry-run", *place))
        explained = self.command("gc", "--explain", plan["plan_digest"], *place)
        self.assertIn(f"reached by plan {plan['id']}", explained)
        artifact = host.manifest(plan["build_id"])[0]
        self.assertIn("reached by job", self.command("gc", "--explain", artifact["digest"], *place))
        host.stop()
        self.assertIn("deleted 0 blobs", self.command("gc", *place), "also while no host runs")
        self.assertIn("no backup", self.command("restore", host.folder, *place, expect=3))

    def test_a_restored_host_goes_on(self):
        host = self.host(config=self.config())
        for i in range(6):
            host.drop(f"{i}.plan.yaml", RECIPE.format(name=i, seconds=0.5))
        eventually(lambda: host.builds("built") and host.builds("building"), "it is in the middle of building")
        eventually(lambda: len(host.plans()) == 6, "all are planned")
        host.cli("mode", "plan", "manual")
        host.drop("late.plan.yaml", RECIPE.format(name="late", seconds=0))
        eventually(lambda: len(host.inputs()) == 7, "one input waits for a person")
        cursor = host.get("/api/events?limit=1")["newest_cursor"]

        folder = self.folder / "backup"
        ends = lambda host: {build["id"]: build["finished_at"] for build in host.builds("built")}  # noqa: E731
        before = ends(host)
        self.command("backup", folder, *self.place_of(host))
        self.command("backup", folder, *self.place_of(host), expect=5)
        host.kill()

        other = self.host(config=self.config(), name="restored", fresh=True, start=False)
        self.command("restore", folder, *self.place_of(other))
        self.assertIn("in use", self.command("restore", folder, *self.place_of(other), expect=1))
        other.start()
        waiting = other.inputs("pending")
        self.assertEqual([item["filename"] for item in waiting], ["late.plan.yaml"])
        other.cli("enqueue-plan", waiting[0]["id"])
        eventually(lambda: len(other.plans("built")) == 7, lambda: json.dumps(other.plans(), indent=1)[-3000:], 60)
        self.assertEqual(len(other.plans()), 7)
        self.assertEqual(len(other.inputs("planned")), 7)
        self.assertEqual(len(other.builds()), 7, "an interrupted build goes on, no second one is opened")
        self.assertTrue(before)
        self.assertEqual(before, {build: at for build, at in ends(other).items() if build in before}, "none is built again")
        for build in other.builds():
            for artifact in other.manifest(build["id"]):
                self.assertEqual(len(other.blob(artifact["digest"])), artifact["size"])
        events = other.get(f"/api/events?after={cursor}&limit=1")
        self.assertNotEqual(events["next_cursor"].split("-")[0], cursor.split("-")[0], "cursors start over")
        self.assertEqual(events["items"][0]["event"]["type"], "input.recorded")

        damaged = files_below(folder / "blobs")[0]
        damaged.write_bytes(b"x" + damaged.read_bytes()[1:])
        third = self.host(config=self.config(), name="third", fresh=True, start=False)
        self.assertIn("damaged", self.command("restore", folder, *self.place_of(third), expect=1))

    def killed_when(self, condition, *words):
        """A command that is killed at the first moment at which that is so."""
        command = subprocess.Popen([BINARY, *map(str, words)], stderr=subprocess.DEVNULL)
        try:
            while command.poll() is None and not condition():
                time.sleep(0.001)
            self.assertIsNone(command.poll(), "it was too quick")
        finally:
            command.kill()
            command.wait()

    def test_a_restore_that_was_killed_is_run_again(self):
        host = self.host(config=self.config())
        host.drop("wide.plan.yaml", WIDE)
        eventually(lambda: host.builds("built"), "it is built")
        folder = self.folder / "backup"
        self.command("backup", folder, *self.place_of(host))
        host.kill()

        other = self.host(config=self.config(), name="restored", fresh=True, start=False)
        restore = ("restore", folder, *self.place_of(other))
        blobs = other.data / "blobs"
        self.killed_when(lambda: (other.data / "postgres").exists(), *restore)
        self.assertIn("did not finish", self.command("serve", *self.place_of(other), expect=1))
        self.killed_when(lambda: len(files_below(blobs / "sha256")) > 5, *restore)
        self.assertLess(len(files_below(blobs / "sha256")), 300, "it was in the middle")
        for words in (["serve"], ["doctor"]):
            self.assertIn("Run `planwright restore` again", self.command(*words, *self.place_of(other), expect=1))
        self.command(*restore)
        other.start()
        artifacts = other.manifest(other.builds("built")[0]["id"])
        self.assertEqual(len(artifacts), 300)
        self.command("doctor", *self.place_of(other))


if __name__ == "__main__":
    main()
