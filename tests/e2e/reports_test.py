#!/usr/bin/env python3
"""What a call tells beside its result, in a running host: metrics, events, progress and its trace."""

import os
import pathlib
import re
import shutil

from harness import ROOT, HostCase, eventually, main, queue_config

BUILD = pathlib.Path(os.environ.get("PLANWRIGHT_BINARY", ROOT / "build" / "planwright")).parent
TELLER = BUILD / "tests" / "plugins" / "teller.so"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
OTHER = "0af7651916cd43dd8448eb211c80319c"
TOKEN = "correct horse battery"

PROGRAM = """\
#!/usr/bin/env python3
import os, pathlib, time
import planwright
def tell(what, call):
    call.metric(what + "_total", 3, index="pypi")
    call.metric("last_size", 12, "gauge")
    call.metric("no such name", 1)
    call.event("first", n=1)
    call.event("Not a type")
    wait = pathlib.Path(call.settings.get("wait", "/nowhere"))
    while wait.exists():
        call.progress(2, 4, "waits")
        time.sleep(0.05)
def plan(input, call):
    tell("planned", call)
    call.event("trace", traceparent=input.traceparent)
    return {"jobs": [{"id": "one", "outputs": ["trace.txt"], "spec": {"a": 1}, "cacheable": True}]}
def build(job, call):
    tell("built", call)
    call.event("trace", traceparent=job.traceparent)
    call.run(["sh", "-c", "echo $TRACEPARENT > trace.txt"], cwd=job.workdir)
planwright.run(planner=plan, builder=build)
"""


def traceparent(trace):
    return {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}


class ReportsTest(HostCase):
    def start(self, mode):
        self.wait = self.folder / f"wait-{mode}"
        token = self.folder / "token"
        token.write_text(TOKEN)

        def config(folder):
            place = folder / "plugins"
            place.mkdir(parents=True)
            stage = {"settings": {"wait": str(self.wait)}}
            if mode == "exec":
                program = folder / "tell.py"
                program.write_text(PROGRAM)
                program.chmod(0o755)
                shutil.copy(ROOT / "sdk" / "python" / "planwright.py", folder)
                stage["plugin"] = f"exec:{program}"
            else:
                shutil.copy(TELLER, place)
                stage.update(plugin="test.teller", isolation=mode, secrets=["token"])
            # The program waits for a file of the test, which its sandbox would not show.
            planner = {**stage, "sandbox": "none"} if mode == "exec" else {**stage}
            queue = queue_config(folder / "input", planner=planner, builder={**stage})
            return {"plugins": {"path": [str(place)]}, "secrets": {"token": {"file": str(token)}},
                    "queues": {"default": queue}}

        self.plugin = "test.teller" if mode != "exec" else f"exec:{self.folder / mode / 'tell.py'}"
        return self.host(mode, config)

    def upload(self, host, name, content, trace=TRACE):
        answer = host.call("POST", f"/api/pending-inputs?filename={name}", content.encode(), traceparent(trace))
        self.assertEqual(answer.status, 201, answer.body)
        return answer.json["id"]

    def plan_of(self, host, name, status="built"):
        def found():
            return next((p for p in host.plans() if p["filename"] == name and p["status"] == status), None)

        return eventually(found, lambda: (host.inputs(), host.plans(), host.log_tail()))

    def told(self, host, subject):
        events = host.get(f"/api/events?subject={subject}&after=0&limit=200")["items"]
        return [e["event"] for e in events if e["event"]["type"].split("planwright.")[-1].startswith("reported.")]

    def metric(self, host, name, **labels):
        text = host.call("GET", "/metrics").body.decode()
        wanted = {"plugin": self.plugin, **labels}
        for line in text.splitlines():
            found = re.fullmatch(rf"{name}\{{(.*)\}} (\S+)", line)
            if found and wanted.items() <= dict(re.findall(r'(\w+)="([^"]*)"', found[1])).items():
                return float(found[2])
        return None

    def trace_file(self, host, plan):
        digest = next(a["digest"] for a in host.manifest(plan["build_id"]) if a["name"] == "trace.txt")
        return host.blob(digest).decode().strip()

    def check(self, mode):
        host = self.start(mode)
        self.wait.touch()
        one = self.upload(host, "a.txt", "hello")
        waits = {"done": 2, "total": 4, "note": "waits"}

        def progress(path):
            said = host.get(path)["progress"]
            return said and {key: said[key] for key in waits} == waits

        eventually(lambda: progress(f"/api/pending-inputs/{one}"), lambda: (host.inputs(), host.log_tail()))
        self.wait.unlink()
        self.plan_of(host, "a.txt")
        self.assertIsNone(host.get(f"/api/pending-inputs/{one}")["progress"], "it is over")

        self.wait.touch()
        two = self.upload(host, "b.txt", "reject it" if mode != "exec" else "hello again", OTHER)
        eventually(lambda: progress(f"/api/pending-inputs/{two}"), lambda: (host.inputs(), host.log_tail()))
        self.wait.unlink()
        plan = self.plan_of(host, "a.txt")
        (job,) = host.jobs(plan["id"]).values()

        # The same trace all the way, a span for each attempt.
        def trace(subject):
            (event,) = [e for e in self.told(host, subject) if e["type"].endswith("reported.trace")]
            return event["data"]["traceparent"]

        of_plan, of_job = trace(f"input/{one}"), trace(f"job/{job['id']}")
        for each in (of_plan, of_job):
            self.assertRegex(each, f"^00-{TRACE}-[0-9a-f]{{16}}-01$")
        self.assertNotEqual(of_plan, of_job)
        self.assertEqual(self.trace_file(host, plan), of_job)
        return host, one, two, plan, job

    def check_bounds(self, host, one, two, job):
        """What the shared object tells too much of."""
        for subject in (f"input/{one}", f"job/{job['id']}"):
            events = self.told(host, subject)
            types = [e["type"].split("reported.")[1] for e in events]
            self.assertEqual(len(types), 100)
            self.assertEqual(types[:4], ["trace", "first", "input.planned", "many"])
            self.assertEqual([e["data"]["n"] for e in events[3:]], list(range(97)))
            self.assertNotIn(TOKEN, str(events))
            self.assertEqual(events[1]["data"]["token"], "***")
        eventually(lambda: self.told(host, f"input/{two}"), "events of what was rejected stay")
        counted = self.metric(host, "planwright_plugin_many_total", n="0")
        self.assertIsNotNone(counted)
        series = host.call("GET", "/metrics").body.decode().count("planwright_plugin_many_total{")
        self.assertLessEqual(series, 300)
        for what, why in (("metric", "name"), ("metric", "labels"), ("metric", "series"), ("event", "type"),
                          ("event", "size"), ("event", "body"), ("event", "number")):
            self.assertGreater(self.metric(host, "planwright_plugin_reports_dropped_total", what=what, why=why) or 0, 0,
                               (what, why))
        self.assertNotIn("somebody.else", host.call("GET", "/metrics").body.decode())

    def check_metrics(self, host, *names):
        for name in names:
            value = self.metric(host, f"planwright_plugin_{name}", queue="default", index="pypi")
            self.assertIsNotNone(value, host.call("GET", "/metrics").body.decode()[-3000:])
            self.assertGreaterEqual(value, 3)
        self.assertEqual(self.metric(host, "planwright_plugin_last_size", queue="default"), 12)
        text = host.call("GET", "/metrics").body.decode()
        self.assertIn("# TYPE planwright_plugin_last_size gauge", text)
        self.assertNotIn("no such name", text)

    def test_in_this_process(self):
        host, one, two, _, job = self.check("inproc")
        self.check_metrics(host, "planned_total")  # which leaves no room for what the builder counts
        self.check_bounds(host, one, two, job)

    def test_in_a_process_of_its_own(self):
        host, one, two, _, job = self.check("process")
        self.check_metrics(host, "planned_total")  # which leaves no room for what the builder counts
        self.check_bounds(host, one, two, job)

    def test_from_a_program(self):
        host, one, _, _, job = self.check("exec")
        self.check_metrics(host, "planned_total", "built_total")
        for subject in (f"input/{one}", f"job/{job['id']}"):
            types = [e["type"].split("reported.")[1] for e in self.told(host, subject)]
            self.assertEqual(types, ["first", "trace"])

    def test_a_trace_changes_neither_plan_nor_cache_key_and_may_come_with_the_request_to_build(self):
        host, one, _, plan, _ = self.check("exec")
        again = self.plan_of(host, "b.txt")
        self.assertEqual(again["trace_id"], OTHER)
        (job,) = host.jobs(again["id"]).values()
        self.assertEqual(job["status"], "cached", job)

        answer = host.call("POST", f"/api/plans/{plan['id']}/enqueue-build", {"force": True, "cache": False},
                           traceparent(OTHER))
        self.assertEqual(answer.status, 202, answer.body)
        self.assertEqual(answer.json["plan"]["trace_id"], OTHER)

        def rebuilt():
            now = host.get(f"/api/plans/{plan['id']}")
            return now["status"] == "built" and now["build_id"] != plan["build_id"] and now

        now = eventually(rebuilt, lambda: (host.plans(), host.log_tail()))
        self.assertRegex(self.trace_file(host, now), f"^00-{OTHER}-")
        self.assertEqual(now["plan_digest"], plan["plan_digest"])

        answer = host.call("POST", f"/api/pending-inputs/{one}/enqueue-plan", {"force": True}, traceparent(OTHER))
        self.assertEqual(answer.status, 202, answer.body)
        eventually(lambda: [p for p in host.plans() if p["pending_input_id"] == one and p["id"] != plan["id"]
                            and p["trace_id"] == OTHER and p["plan_digest"] == plan["plan_digest"]],
                   lambda: host.plans())


if __name__ == "__main__":
    main()
