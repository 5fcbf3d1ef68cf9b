#!/usr/bin/python3
"""Each operation of the API once, against a real host, with something to tell: all that openapi.json says of success
was seen, and no list of it only empty. Host.call() compares every answer of every test with the document."""

import json
import pathlib
import re
import shutil
import unittest

import openapi
from harness import BINARY, COMMAND, HostCase, eventually, main, queue_config

PLUGINS = pathlib.Path(BINARY).parent / "tests" / "plugins"
NOOP = {"plugin": "planwright.noop-planner", "settings": {"jobs": 2}}
RECIPE = """\
jobs:
  one:
    command: [sh, -c, "echo {0}; echo x > demo-1.0-py3-none-any.whl"]
    outputs: ["*.whl"]
    cacheable: true
  two: {{needs: [one], command: [sh, -c, "cp in out"], inputs: {{in: one/demo-1.0-py3-none-any.whl}}, outputs: [out]}}
"""
SLOW = "jobs: {first: {command: [sleep, '600']}, second: {needs: [first], command: ['true']}}"
BAD = "jobs: {bad: {command: ['false']}}"


class CheckTest(unittest.TestCase):
    """The check can fail, and says of what."""

    def complaint(self, value, path="/api/arriving", status=200, media="application/json"):
        return openapi.Document().complaint("GET", path, status, media, json.dumps(value).encode())

    def test_it_names_operation_pointer_and_value(self):
        file = {"queue": "q", "filename": "f", "size": "12", "since": "2026-01-01T00:00:00Z", "reason": {
            "code": "file_not_stable", "message": "m", "hint": None, "since": None}}  # fmt: skip
        page = {"items": [file], "next_cursor": None, "total": 1}
        why = self.complaint(page)
        for part in ("GET /api/arriving: 200 at /items/0/size", "'12' is not of type 'integer'", 'the value is "12"'):
            self.assertIn(part, why)
        file["size"] = 12
        self.assertIsNone(self.complaint(page))
        file["since"] = "yesterday"
        self.assertIn("/items/0/since", self.complaint(page))
        file["since"], file["reason"] = "2026-01-01T00:00:00Z", "It changed."
        self.assertIn("/items/0/reason", self.complaint(page))

    def test_statuses_and_media_types_are_those_of_the_document(self):
        self.assertIn("the status 418", self.complaint({}, status=418))
        self.assertIn("has the media type 'text/html'", self.complaint({}, media="text/html"))
        self.assertIn("is no JSON", openapi.Document().complaint("GET", "/healthz", 200, "application/json", b"{"))
        self.assertIn("'type' is a required property", self.complaint({}, "/api/none", 404, "application/problem+json"))

    def test_an_empty_list_is_no_content(self):
        document = openapi.Document()
        page = {"items": [], "next_cursor": None, "total": 0}
        document.complaint("GET", "/api/arriving", 200, "application/json", json.dumps(page).encode())
        self.assertEqual(document.seen, {"GET /api/arriving 200"})
        self.assertIn("ArrivingPage.items", document.wanted())


def config(folder):
    def queue(name, **keys):
        (folder / name).mkdir(parents=True)
        return queue_config(folder / name, **{"builder": {"plugin": "planwright.noop-builder"}, **keys})

    (folder / "plugins").mkdir(parents=True)
    shutil.copy(PLUGINS / "faulty.so", folder / "plugins")
    slow = {"plugin": "planwright.noop-planner", "settings": {"sleep": 600_000}, "workers": 4}
    dies = {"plugin": "test.faulty", "settings": {"how": "die"}}
    queues = {
        "default": queue("input", builder={**COMMAND, "workers": 8, "job_slots": 8}, locked=["job_slots"]),
        "manual": queue("manual", planner=NOOP, auto_plan=False, auto_build=False),
        "slow": queue("slow", planner=slow),
        "noop": queue("noop", planner=NOOP, reload={"canary": 0}),
        "deadly": queue("deadly", planner=dies),
        "arriving": queue("arriving", planner=NOOP),
    }  # fmt: skip
    queues["arriving"]["source"]["stable_for"] = "1h"
    plugins = {"path": [str(folder / "plugins")], "quarantine": {"deaths": 2}}
    return {"queues": queues, "plugins": plugins, "drain_timeout": "100ms"}


class OpenapiTest(HostCase):
    def ask(self, method, path, body=None, expect=200):
        answer = self.server.call(method, path, body)
        self.assertEqual(answer.status, expect, f"{method} {path}: {answer.body}")
        return answer.json

    def upload(self, name, content=b"x", queue="default", expect=201):
        return self.ask("POST", f"/api/pending-inputs?filename={name}&queue={queue}", content, expect)["id"]

    def planned(self, name):
        """The plan of the file of that name."""
        return eventually(lambda: next((p for p in self.server.plans() if p["filename"] == name), None), name)["id"]

    def ends(self, plan, status):
        return eventually(lambda: self.server.get(f"/api/plans/{plan}")["status"] == status, f"plan {plan} is {status}")

    def test_every_operation_answers_as_the_document_says(self):
        self.server = self.host(config=config)
        self.inputs()
        self.built()
        self.manual_plans()
        self.failures()
        self.settings()
        self.plugins()
        self.hosts()
        self.cancelled()
        self.access()
        self.webhooks()
        document = openapi.document()
        self.assertEqual(sorted(document.wanted() - document.seen), [])

    def access(self):
        """Of a caller of one queue, so that lists of queues have some."""
        wish = {"name": "ci", "role": "operator", "queues": ["default"], "expires_in": "1h"}
        made = self.ask("POST", "/api/tokens", wish, 201)
        self.ask("GET", "/api/tokens")
        self.ask("GET", f"/api/tokens/{made['id']}")
        self.ask("POST", "/api/login", {"key": made["token"]})
        limited = {"Authorization": f"Bearer {made['token']}"}
        self.assertEqual(self.server.call("GET", "/api/me", headers=limited).json["queues"], ["default"])
        self.ask("POST", "/api/login-links", {}, 201)
        self.ask("GET", "/api/audit")
        bulk = {"action": "discard", "target": "dead-letters", "filter": {"q": "nothing"}}
        begun = self.server.call("POST", "/api/bulk-operations", bulk, limited)
        self.assertEqual((begun.status, begun.json["filter"]["queues"]), (202, ["default"]))
        self.ask("GET", begun.headers["Location"])
        self.assertEqual(self.server.call("DELETE", f"/api/tokens/{made['id']}").status, 204)

    def webhooks(self):
        made = self.ask("POST", "/api/webhooks", {"url": "https://nobody.invalid/hook", "types": ["none.*"]}, 201)
        one = f"/api/webhooks/{made['id']}"
        delivery = self.ask("POST", f"{one}/test", {}, 202)["id"]
        for path in ("/api/webhooks", one, f"{one}/deliveries"):
            self.ask("GET", path)
        self.ask("POST", f"{one}/replay", {"after": made["cursor"]})
        self.ask("POST", f"{one}/rotate-secret", {})
        self.ask("GET", f"/api/webhook-deliveries/{delivery}")
        self.ask("POST", f"/api/webhook-deliveries/{delivery}/redeliver", {}, 202)
        self.assertEqual(self.server.call("DELETE", one).status, 204)

    def inputs(self):
        first = self.upload("a", queue="manual")
        self.assertEqual(self.upload("a", queue="manual", expect=200), first)
        self.ask("GET", f"/api/pending-inputs/{first}/explain")
        self.ask("POST", "/api/queues/manual/plan/pause")
        self.ask("POST", f"/api/pending-inputs/{first}/enqueue-plan", {}, 202)
        self.ask("POST", f"/api/pending-inputs/{first}/enqueue-plan", {}, 200)
        self.ask("POST", "/api/queues/manual/plan/resume")
        self.ask("DELETE", f"/api/pending-inputs/{self.upload('b', queue='manual')}")
        self.ask("POST", f"/api/pending-inputs/{self.upload('c', queue='manual')}/cancel")
        slow = [self.upload(name, queue="slow") for name in ("d", "e")]
        eventually(lambda: len(self.server.inputs("planning")) == 2, self.server.inputs)
        self.ask("DELETE", f"/api/pending-inputs/{slow[0]}", expect=202)
        self.ask("POST", f"/api/pending-inputs/{slow[1]}/cancel", expect=202)
        self.server.drop("soon", "x", self.server.folder / "arriving")
        eventually(lambda: self.server.get("/api/arriving")["items"], "a file arrives")

    def built(self):
        """A build that succeeded and what it left, and another plan of the same name to compare."""
        self.upload("good.plan.yaml", RECIPE.format("hello").encode())
        plan = self.planned("good.plan.yaml")
        self.ends(plan, "built")
        self.ask("GET", f"/api/pending-inputs/{self.server.get(f'/api/plans/{plan}')['pending_input_id']}")
        self.upload("other.plan.yaml", RECIPE.format("goodbye").encode())
        other = self.planned("other.plan.yaml")
        for rest in ("", "/jobs", "/artifact", f"/diff?to={other}", "/cache"):
            self.ask("GET", f"/api/plans/{plan}{rest}")
        build = self.server.get(f"/api/plans/{plan}")["build_id"]
        for rest in ("", "/jobs", "/manifest", "/provenance", "/sbom", "/explain"):
            self.ask("GET", f"/api/builds/{build}{rest}")
        for page in ("", "demo/"):
            json_page = {"Accept": "application/vnd.pypi.simple.v1+json"}
            self.assertEqual(self.server.call("GET", f"/simple/default/{page}", headers=json_page).status, 200)
        self.ask("GET", "/api/provenance/keys")
        jobs = self.server.jobs(plan)
        for rest in ("", "/cache", "/log", "/log?times=true", "/log/search?q=hello"):
            self.ask("GET", f"/api/jobs/{jobs['one']['id']}{rest}")
        for rest in ("", "/explain"):
            self.ask("GET", f"/api/jobs/{jobs['two']['id']}{rest}")
        for path in ("pending-inputs", "plans", "builds", "jobs", "events"):
            self.ask("GET", f"/api/{path}")

    def manual_plans(self):
        plan = self.planned("a")
        self.ask("GET", f"/api/plans/{plan}/explain")
        self.ask("POST", "/api/queues/manual/build/pause")
        self.ask("POST", f"/api/plans/{plan}/enqueue-build", {}, 202)
        self.ask("POST", f"/api/plans/{plan}/enqueue-build", {}, 200)
        self.ask("POST", f"/api/plans/{plan}/cancel")
        self.ask("POST", "/api/queues/manual/build/resume")

    def failures(self):
        for name in ("bad1", "bad2", "bad3"):
            self.upload(f"{name}.plan.yaml", BAD.encode())
        found = lambda: self.server.items("/api/dead-letters")
        eventually(lambda: len(found()) == 3, found)
        letters = [letter["id"] for letter in found()]
        self.ask("GET", f"/api/dead-letters/{letters[0]}")
        self.ask("GET", "/api/dead-letters/causes")
        self.ask("GET", "/api/failures")
        self.ask("POST", f"/api/dead-letters/{letters[0]}/requeue")
        self.ask("POST", f"/api/dead-letters/{letters[1]}/discard")
        wish = {"action": "discard", "target": "dead-letters", "filter": {}}
        self.ask("POST", "/api/bulk-operations", {**wish, "dry_run": True})
        begun = self.ask("POST", "/api/bulk-operations", wish, 202)
        self.ask("GET", f"/api/bulk-operations/{begun['id']}")

    def settings(self):
        for method in ("PATCH", "PUT", "POST"):
            self.ask(method, "/api/settings", {"plan_workers": 3})
            self.ask(method, "/api/queues/manual", {"plan_workers": 3})
        self.assertEqual(self.ask("GET", "/api/queues/manual/settings")["overridden"], ["plan_workers"])
        sources = self.ask("GET", "/api/queues/manual/settings/sources")
        self.assertEqual(sources["plan_workers"]["source"], "api")
        for path in ("settings", "settings/schema", "settings/sources", "queues", "queues/default"):
            self.ask("GET", f"/api/{path}")
        self.ask("POST", "/api/queues/manual/nudge", {}, 202)

    def plugins(self):
        folder = self.server.folder / "new"
        folder.mkdir()
        file = shutil.copy(PLUGINS / "versions" / "next_good.so", folder / "plugin.so")
        self.server.cli("plugin", "install", file, "--data", self.server.data)
        self.assertEqual(len(self.ask("POST", "/api/queues/noop/plugins/reload")["plugins"]), 1)
        self.ask("POST", "/api/queues/noop/plugins/rollback")
        for name in ("segv1", "segv2"):
            self.upload(name, f"segv {name}".encode(), queue="deadly")
        path = "/api/plugins/test.faulty"
        eventually(lambda: self.server.get(path)["quarantined"], lambda: self.server.get(path))
        self.ask("GET", "/api/plugins")
        self.ask("POST", f"{path}/release")

    def hosts(self):
        for path in ("/api/workers", "/api/reconciler", "/api/version", "/api/openapi.json", "/healthz"):
            self.ask("GET", path)
        self.assertTrue(self.ask("GET", "/readyz")["dependencies"])
        self.ask("PUT", "/api/maintenance", {"sentence": "The disks are changed."})
        self.assertEqual(self.server.call("POST", "/api/reload", {}).status, 503)
        for method in ("GET", "DELETE"):
            self.ask(method, "/api/maintenance")
        file = self.server.folder / "planwright.yaml"
        file.write_text(re.sub('"jobs": 2', '"jobs": 3', file.read_text()))
        self.assertTrue(self.ask("POST", "/api/reload")["changes"]["queues"])

    def cancelled(self):
        """What runs is asked to stop; what no host holds since a stop ends at once."""
        plans = {}
        for name in ("plan", "build", "job", "build later", "job later"):
            self.upload(f"{name.replace(' ', '_')}.plan.yaml", SLOW.encode())
            plans[name] = self.planned(f"{name.replace(' ', '_')}.plan.yaml")
        jobs = {
            name: eventually(lambda plan=plan: self.server.jobs(plan)["first"]["status"] == "running", name)
            and self.server.jobs(plan)["first"]
            for name, plan in plans.items()
        }
        self.ask("POST", f"/api/plans/{plans['plan']}/cancel", {}, 202)
        self.ask("POST", f"/api/builds/{jobs['build']['build_id']}/cancel", {}, 202)
        self.ask("POST", f"/api/jobs/{jobs['job']['id']}/cancel", {}, 202)
        self.ask("POST", "/api/queues/default/build/pause")
        self.server.stop()
        self.server.start()
        self.ask("POST", f"/api/builds/{jobs['build later']['build_id']}/cancel", {})
        self.ask("POST", f"/api/jobs/{jobs['job later']['id']}/cancel", {})


if __name__ == "__main__":
    main()
