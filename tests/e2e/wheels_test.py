#!/usr/bin/python3
"""Python projects: a dropped requirements file becomes wheels that install and import."""

import os
import shutil
import subprocess
import sys
import tempfile

from harness import COMMAND, ROOT, HostCase, eventually, main, queue_config

# Flask and requests bring Werkzeug, Jinja2, MarkupSafe, itsdangerous, click, urllib3, six, idna, certifi and
# charset-normalizer with them: 12 projects.
REQUIREMENTS = "Flask\nrequests\n"


class WheelsTest(HostCase):
    @classmethod
    def setUpClass(cls):
        cls.folder_of_index = tempfile.TemporaryDirectory(prefix="planwright-index-")
        os.chmod(cls.folder_of_index.name, 0o755)  # pip runs as a user of its own
        cls.index = cls.folder_of_index.name + "/index"
        make = ROOT / "tests" / "fixtures" / "wheels" / "make_index.py"
        subprocess.run([sys.executable, make, cls.index], check=True, stdout=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        cls.folder_of_index.cleanup()

    def wheels_host(self, name="host", **settings):
        planner = {
            "plugin": "planwright.wheels",
            "settings": {"find_links": [self.index], "no_index": True, "build_isolation": False, **settings},
        }
        return self.host(
            name,
            config=lambda folder: {
                "queues": {"default": queue_config(folder / "input", planner, COMMAND, auto_build=False)}
            }
        )

    def planned(self, host, name, content):
        host.drop(name, content)
        return eventually(
            lambda: next((p for p in host.plans() if p["filename"] == name), None), lambda: f"{host.inputs()}", 240
        )

    def test_requirements_become_wheels_that_install_and_import(self):
        host = self.wheels_host()
        plan = self.planned(host, "requirements.txt", REQUIREMENTS)
        self.assertGreaterEqual(plan["summary"]["jobs"], 12)
        self.assertEqual(plan["status"], "ready_for_build")  # it waits to be looked at
        self.assertEqual(host.call("POST", f"/api/plans/{plan['id']}/enqueue-build", {}).status, 202)
        host.cli("watch", "plan", plan["id"], "--timeout", "240s")
        plan = host.get(f"/api/plans/{plan['id']}")
        self.assertEqual((plan["status"], plan["summary"]["done"]), ("built", plan["summary"]["jobs"]))

        wheels = self.folder / "wheels"
        wheels.mkdir()
        artifacts = host.manifest(plan["build_id"])
        self.assertEqual(len(artifacts), plan["summary"]["jobs"])
        for artifact in artifacts:
            content = host.blob(artifact["digest"])
            self.assertEqual(len(content), artifact["size"])
            (wheels / artifact["name"].split("/")[-1]).write_bytes(content)
        bill = host.get(f"/api/builds/{plan['build_id']}/sbom")
        self.assertEqual((bill["bomFormat"], bill["specVersion"]), ("CycloneDX", "1.5"))
        self.assertEqual(
            {c["hashes"][0]["content"] for c in bill["components"]}, {a["digest"][7:] for a in artifacts}
        )
        self.assertTrue(any(c["purl"].startswith("pkg:pypi/flask@") for c in bill["components"]))
        place = self.folder / "venv"
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        install = [place / "bin" / "pip", "install", "-q", "--no-index", "--find-links", wheels, "Flask", "requests"]
        subprocess.run([*install, "--disable-pip-version-check"], check=True)
        shown = subprocess.run(
            [place / "bin" / "python", "-c", "import flask, requests; print(flask.__file__, requests.__file__)"],
            check=True, capture_output=True, text=True, cwd=self.folder,
        ).stdout  # fmt: skip
        self.assertEqual([path.startswith(str(place)) for path in shown.split()], [True, True], shown)

    def test_two_hosts_make_the_same_plan_and_the_same_bytes(self):
        found = []
        for name in ("first", "second"):
            index = self.folder / f"index-of-{name}"
            shutil.copytree(self.index, index)
            host = self.wheels_host(name, find_links=[str(index)])
            plan = self.planned(host, "requirements.txt", "six\nidna\ntabulate\n")  # three build back ends
            shutil.rmtree(index)  # the plan holds all that its jobs need
            host.cli("enqueue-build", plan["id"])
            host.cli("watch", "plan", plan["id"], "--timeout", "240s")
            plan = host.get(f"/api/plans/{plan['id']}")
            self.assertEqual(plan["status"], "built")
            artifacts = {artifact["name"]: artifact["digest"] for artifact in host.manifest(plan["build_id"])}
            self.assertEqual(len(artifacts), 3)
            found.append((plan["plan_digest"], artifacts))
        self.assertEqual(*found)

    def test_a_bad_requirements_file_fails_with_pips_reason(self):
        host = self.wheels_host()
        host.drop("requirements.txt", "Flask\nno-such-project==1.0\n")
        failed = eventually(lambda: host.inputs("failed"), lambda: f"{host.inputs()}", 60)[0]
        self.assertEqual(failed["reason"]["code"], "planner_rejected_input")
        self.assertIn("no-such-project", failed["error"])
        self.assertNotIn("\n", failed["error"])
        self.assertIn("ERROR", failed["details"])  # the tail of pip's output
        self.assertEqual(host.plans(), [])

    def test_a_project_that_does_not_build_leaves_the_others_built(self):
        host = self.wheels_host()
        plan = self.planned(host, "requirements.txt", "six\nunbuildable\nidna\n")
        host.cli("enqueue-build", plan["id"])
        host.cli("watch", "plan", plan["id"], "--timeout", "240s", expect=1)
        plan = host.get(f"/api/plans/{plan['id']}")
        self.assertEqual((plan["status"], plan["reason"]["code"]), ("failed", "job_failed"))
        self.assertIn("unbuildable", plan["reason"]["message"])
        statuses = {name: job["status"] for name, job in host.jobs(plan["id"]).items()}
        self.assertEqual(statuses, {"six": "succeeded", "idna": "succeeded", "unbuildable": "failed"})
        log = host.job_log(host.jobs(plan["id"])["unbuildable"]["id"])
        self.assertIn("no_such_header.h", log)


if __name__ == "__main__":
    main()
