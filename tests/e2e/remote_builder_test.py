#!/usr/bin/python3
"""Jobs that another engine runs: handed over once, found again, withdrawn when nobody wants them."""

import os
import pathlib
import shutil

from harness import ROOT, HostCase, eventually, main, queue_config

BUILD = pathlib.Path(os.environ.get("PLANWRIGHT_BINARY", ROOT / "build" / "planwright")).parent
ENGINE = BUILD / "tests" / "plugins" / "engine.so"


def recipe(*hows, outputs=True):
    keep = ", outputs: [out.txt]" if outputs else ""
    return "jobs:\n" + "".join(f"  {how}-{n}: {{command: [{how}]{keep}}}\n" for n, how in enumerate(hows))


class RemoteBuilderTest(HostCase):
    def setUp(self):
        super().setUp()
        self.engine = self.folder / "engine"
        self.engine.mkdir()

    def start(self, name="host", **builder):
        def config(folder):
            place = folder / "plugins"
            place.mkdir(parents=True)
            shutil.copy(ENGINE, place)
            settings = {"folder": str(self.engine)}
            made = {"plugin": "test.engine", "settings": settings, "workers": 4, "job_slots": 20,
                    "worker_sandbox": {"profile": "none"}, **builder}  # its engine keeps files of its own
            queue = queue_config(folder / "input", builder=made)
            return {"plugins": {"path": [str(place)]}, "queues": {"default": queue}}

        return self.host(name, config)

    def noted(self, what):
        file = self.engine / what
        return file.read_text().splitlines() if file.exists() else []

    def started(self):
        """The names of the jobs that the engine began, one for each time."""
        return sorted(line.split()[0] for line in self.noted("started"))

    def ends(self, host, name, status, seconds=60):
        def plan():
            return next((p for p in host.plans() if p["filename"] == name and p["status"] == status), None)

        return eventually(plan, lambda: f"{name} {status}: {host.plans()} {host.log_tail()}", seconds)

    def rows(self, host):
        return host.sql("select job_id, handle, withdrawn from remote_jobs order by job_id")

    def assert_nothing_left(self, host):
        eventually(lambda: not self.rows(host), lambda: f"left in the table: {self.rows(host)}")
        folder = host.data / "remote" / "default"
        eventually(lambda: not (folder.exists() and list(folder.iterdir())), lambda: f"left: {list(folder.iterdir())}")

    def test_jobs_end_as_the_engine_says_in_both_modes(self):
        for mode in ("process", "inproc"):
            with self.subTest(mode):
                self.engine = self.folder / f"engine-{mode}"
                self.engine.mkdir()
                host = self.start(name=mode, isolation=mode)
                host.drop("good.plan.yaml", recipe("succeed", "vanish"))
                plan = self.ends(host, "good.plan.yaml", "built")
                jobs = host.jobs(plan["id"])
                self.assertEqual({job["status"] for job in jobs.values()}, {"succeeded"})
                self.assertEqual(self.started(), ["succeed-0", "vanish-1", "vanish-1"])
                left = {(a["job"], a["name"]): a["digest"] for a in host.manifest(plan["build_id"])}
                self.assertEqual(host.blob(left["succeed-0", "out.txt"]), b"made by succeed\n")
                self.assertEqual(host.blob(left["vanish-1", "report.txt"]), b"all is well\n")
                log = host.job_log(jobs["succeed-0"]["id"])
                self.assertRegex(log, "Handed over as engine:attempt-[^ ]+\\.\n(.*\n)*two files were made")

                host.drop("bad.plan.yaml", recipe("fail", "refuse"))
                plan = self.ends(host, "bad.plan.yaml", "failed")
                jobs = host.jobs(plan["id"])
                self.assertEqual(jobs["fail-0"]["status"], "failed")
                self.assertEqual((jobs["fail-0"]["exit_code"], jobs["fail-0"]["error"]), (3, "the disk of node 7 is full"))
                self.assertIn("there is no such machine", jobs["refuse-1"]["error"])
                self.assert_nothing_left(host)
                self.assertEqual(self.noted("withdrawn"), [])
                host.stop()

    def test_one_look_asks_for_all_jobs(self):
        (self.engine / "busy").touch()
        host = self.start()
        host.drop("many.plan.yaml", recipe(*["succeed"] * 15))
        eventually(lambda: "15" in self.noted("looked"), lambda: self.noted("looked"))
        (self.engine / "busy").unlink()
        self.ends(host, "many.plan.yaml", "built")
        self.assertEqual(len(self.started()), 15)

    def test_a_lost_answer_does_not_run_a_job_twice(self):
        (self.engine / "lose").touch()
        host = self.start()
        host.drop("a.plan.yaml", recipe("succeed"))
        plan = self.ends(host, "a.plan.yaml", "built")
        self.assertEqual(self.started(), ["succeed-0"])
        self.assertEqual(host.jobs(plan["id"])["succeed-0"]["attempt"], 2)
        self.assert_nothing_left(host)

    def test_a_killed_host_finds_its_jobs_again(self):
        (self.engine / "hold").touch()
        (self.engine / "busy").touch()
        host = self.start()
        host.drop("early.plan.yaml", recipe("succeed"))
        eventually(self.started, "the engine has the job")
        self.assertEqual([row[1] for row in self.rows(host)], [""])
        host.kill()  # between the engine's yes and the table
        (self.engine / "hold").unlink()
        host.start()
        eventually(lambda: [row[1] for row in self.rows(host) if row[1]], "its handle is stored")
        (self.engine / "busy").unlink()  # it runs alone, since a host died with it
        self.ends(host, "early.plan.yaml", "built")
        (self.engine / "busy").touch()
        host.drop("late.plan.yaml", recipe(*["succeed"] * 6))
        eventually(lambda: len([row for row in self.rows(host) if row[1]]) >= 6, lambda: self.rows(host))
        host.kill()  # while they run
        (self.engine / "busy").unlink()
        host.start()
        plan = self.ends(host, "late.plan.yaml", "built")
        self.assertEqual(self.started(), sorted(["succeed-0"] + [f"succeed-{n}" for n in range(6)]))
        self.assertEqual(self.noted("withdrawn"), [])
        job = host.jobs(plan["id"])["succeed-3"]
        self.assertIn("Goes on as engine:", host.job_log(job["id"]))
        self.assertEqual(len(host.manifest(plan["build_id"])), 12)
        self.assert_nothing_left(host)

    def test_a_host_that_is_stopped_leaves_its_jobs_running(self):
        (self.engine / "busy").touch()
        host = self.start()
        host.drop("a.plan.yaml", recipe("succeed", "succeed"))
        eventually(lambda: len([row for row in self.rows(host) if row[1]]) == 2, lambda: self.rows(host))
        host.stop()
        self.assertEqual(self.noted("withdrawn"), [])
        (self.engine / "busy").unlink()
        host.start()
        self.ends(host, "a.plan.yaml", "built")
        self.assertEqual(self.started(), ["succeed-0", "succeed-1"])

    def test_what_somebody_cancels_is_withdrawn_even_if_the_engine_does_not_answer(self):
        (self.engine / "stuck").touch()
        host = self.start()
        host.drop("a.plan.yaml", recipe("hang", outputs=False))
        eventually(lambda: [row for row in self.rows(host) if row[1]], "it runs there")
        [plan] = host.plans()
        self.assertEqual(host.call("POST", f"/api/plans/{plan['id']}/cancel", {}).status, 202)
        self.ends(host, "a.plan.yaml", "cancelled")
        self.assertEqual([row[2] for row in self.rows(host)], ["t"])
        host.kill()
        (self.engine / "stuck").unlink()
        host.start()
        [(_, token)] = [line.split() for line in self.noted("started")]
        eventually(lambda: self.noted("withdrawn") == ["engine:" + token], lambda: self.noted("withdrawn"))
        self.assert_nothing_left(host)

    def test_a_job_over_its_time_is_withdrawn(self):
        host = self.start(deadline="1s")
        host.drop("a.plan.yaml", recipe("hang", outputs=False))
        plan = self.ends(host, "a.plan.yaml", "failed")
        job = host.jobs(plan["id"])["hang-0"]
        self.assertIn("time limit of 1 s", job["error"])
        self.assertEqual(len(self.noted("withdrawn")), len(self.noted("started")))
        self.assert_nothing_left(host)

    def test_an_engine_that_is_away_costs_time_and_nothing_else(self):
        host = self.start()
        (self.engine / "away").touch()
        host.drop("a.plan.yaml", recipe("succeed"))
        eventually(lambda: len(self.noted("looked")) >= 2, "it is asked again")
        self.assertEqual(host.plans()[0]["status"], "building")
        job = host.jobs(host.plans()[0]["id"])["succeed-0"]
        self.assertIn("The engine cannot be asked now: the engine is away", host.job_log(job["id"]))
        (self.engine / "away").unlink()
        plan = self.ends(host, "a.plan.yaml", "built")
        self.assertEqual(host.jobs(plan["id"])["succeed-0"]["attempt"], 1)
        self.assertEqual(self.started(), ["succeed-0"])


if __name__ == "__main__":
    main()
