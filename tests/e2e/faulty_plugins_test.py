#!/usr/bin/python3
"""Plugins that break the rules, in a running host: each fault costs what it should, and nobody else anything."""

import os
import pathlib
import re
import shutil
import unittest

from commands import SLOWNESS
from harness import ROOT, HostCase, eventually, main, queue_config

BUILD = pathlib.Path(os.environ.get("PLANWRIGHT_BINARY", ROOT / "build" / "planwright")).parent
FAULTY = BUILD / "tests" / "plugins"
BUILDER = {"plugin": "planwright.noop-builder"}
NOOP = {"plugin": "planwright.noop-planner", "settings": {"jobs": 1}}


def faulty(match, how, **keys):
    return {"plugin": "test.faulty", "match": match, "settings": {"how": how}, **keys}


class FaultyPluginsTest(HostCase):
    def start(self, queues, quarantine=None, plugins=("faulty",), name="host"):
        """`queues`: name -> keys of the queue, each with a folder of that name. Always with `good`."""

        def config(folder):
            place = folder / "plugins"
            place.mkdir(parents=True)
            for plugin in plugins:
                shutil.copy(FAULTY / f"{plugin}.so", place)
            made = {}
            for queue, keys in {"good": {"planner": NOOP}, **queues}.items():
                (folder / queue).mkdir(parents=True)
                made[queue] = queue_config(folder / queue, **{"builder": BUILDER, **keys})
                if queue != "good":
                    made[queue]["source"]["isolation"] = "process"
            section = {"path": [str(place)], **({"quarantine": quarantine} if quarantine else {})}
            return {"plugins": section, "queues": made}

        return self.host(name=name, config=config)

    def drop(self, host, queue, name, content=None):
        host.drop(name, content or name, folder=host.folder / queue)

    def input(self, host, name):
        return next((i for i in host.inputs() if i["filename"] == name), None)

    def ends(self, host, name, status):
        def is_so():
            found = self.input(host, name)
            return found and found["status"] == status and found

        return eventually(is_so, lambda: self.input(host, name))

    def held(self, host, queue):
        return host.get(f"/api/queues/{queue}")["plan"]["reason"]

    def assert_good_queue_goes_on(self, host, name):
        self.drop(host, "good", name)
        self.ends(host, name, "planned")

    # what is dropped (its name's first word is the fault) -> status, class, text of the error
    BOTH = {
        "throw": ("failed", "bug", "unexpected exception: index out of range"),
        "double": ("failed", "bug", "broke its contract: it emitted a second plan"),
        "late": ("failed", "timeout", "time limit of 1 s"),
        "thread": ("planned", None, ""),
        "fds": ("planned", None, ""),
        "logs": ("planned", None, ""),
        "pin": ("planned", None, ""),
        "fork": ("planned", None, ""),
    }
    CHILD_ONLY = {
        "segv": ("failed", "bug", "Poison: 2 processes of its plugin died with it. "
                                  "The process of the plugin test.faulty died with signal 11"),
        "abort": ("failed", "bug", "died with signal 6"),
        "exit": ("failed", "bug", "died with exit code 7"),
        "garbage": ("failed", "bug", "broke its contract: 24864 is no kind of frame"),
        "hang": ("failed", "timeout", "time limit of 1 s"),
        "flood": ("planned", None, ""),
        "spin": ("failed", "limit", "It used more processor time than its limit of 1 s"),
        "allocate": ("failed", "limit|infra", "memory"),
    }  # fmt: skip

    def test_each_fault_has_its_outcome_in_both_modes(self):
        def queue(isolation):
            own = ("throw", "double", "logs")
            planners = [faulty(f"{how}*", how, deadline="60s", isolation=isolation) for how in own]
            def limits(**keys):  # for a process, so refused without one
                return {} if isolation == "inproc" else {"limits": keys}

            planners.append(faulty("spin*", "die", deadline="60s", isolation=isolation, **limits(cpu="1s")))
            planners += [faulty(f"{how}*", "die", deadline="1s", isolation=isolation) for how in ("late", "hang")]
            memory = limits(memory="512MiB", files=300)
            planners.append(faulty("*", "die", deadline="60s", isolation=isolation, **memory))
            return {"planner": planners}

        host = self.start({"child": queue("auto"), "here": queue("inproc")}, quarantine={"deaths": 1000})
        expected = {}
        for queue_name, faults in {"here": self.BOTH, "child": {**self.BOTH, **self.CHILD_ONLY}}.items():
            for fault, outcome in faults.items():
                if queue_name == "here" and fault == "fork":
                    continue  # the child would be one of the host, whose end waits for nobody
                name = f"{fault} {queue_name}"
                self.drop(host, queue_name, name)
                expected[name] = outcome
        for name, (status, kind, error) in expected.items():
            with self.subTest(name):
                found = self.ends(host, name, status)
                if status == "failed":
                    [letter] = [d for d in host.items("/api/dead-letters") if d["name"] == name]
                    self.assertRegex(letter["class"], f"^({kind})$", letter)
                    self.assertIn(error, letter["reason"]["message"], found)
        self.assert_good_queue_goes_on(host, "after")
        self.assertNotIn("plugin.quarantined", str(host.get("/api/events?type=plugin.quarantined")["items"]))

    def test_a_worker_that_leaks_descriptors_is_replaced_before_it_has_none(self):
        planner = faulty("*", "die", limits={"files": 256}, workers=1)
        host = self.start({"child": {"planner": planner}})
        for n in range(12):
            self.drop(host, "child", f"fds {n}")
        eventually(lambda: len(host.inputs("planned")) == 12, lambda: host.inputs())
        self.assertEqual({i["attempt"] for i in host.inputs()}, {1})

    def test_a_source_that_dies_is_asked_less_often_and_loses_nothing(self):
        bad = self.folder / "bad"
        bad.touch()
        source = {"plugin": "test.faulty", "settings": {"how": f"die while {bad}"}, "isolation": "process"}
        host = self.start({"child": {"source": source, "planner": NOOP}})
        told = eventually(lambda: host.items("/api/events?type=source.failed"), lambda: host.log_tail())
        self.assertIn("died with signal 11", told[0]["event"]["data"]["message"])
        self.assertIn("died with signal 11", host.call("GET", "/readyz").body.decode())
        self.assert_good_queue_goes_on(host, "beside")
        eventually(lambda: host.log.read_text().count("died with signal 11") >= 3, "it is asked again")
        self.assertEqual(len(host.items("/api/events?type=source.failed")), 1)
        self.assertEqual([i["filename"] for i in host.inputs()], ["beside"])
        bad.unlink()
        eventually(lambda: len(host.inputs("planned")) == 5, lambda: host.inputs())
        self.assertEqual(sorted(i["filename"] for i in host.inputs()), ["b0", "b1", "b2", "b3", "beside"])

    @unittest.skipUnless(shutil.which("bwrap"), "no bubblewrap")
    def test_a_strict_worker_sees_the_system_read_only_and_no_network(self):
        strict = faulty("*", "look", worker_sandbox={"profile": "strict"})
        host = self.start({"strict": {"planner": strict}, "open": {"planner": faulty("*", "look")}})
        self.drop(host, "strict", "kept")
        self.drop(host, "open", "free")
        self.ends(host, "kept", "planned")
        self.assertIn("it sees", self.ends(host, "free", "failed")["reason"]["message"])

    def test_what_cannot_be_loaded_holds_its_queue_and_says_why(self):
        causes = {"liar": "its code says test.liar 9.9.9", "wrong-major": "It speaks plugin ABI 2"}
        queues = {name: {"planner": {"plugin": f"test.{name}"}} for name in causes}
        queues["pinned"] = {"planner": {"plugin": "test.pinned"}}
        host = self.start(queues, plugins=("liar", "wrong_major", "pinned"))
        self.drop(host, "pinned", "p")
        for queue, cause in causes.items():
            self.drop(host, queue, f"of {queue}")
            eventually(lambda: cause in (self.held(host, queue) or ""), lambda: self.held(host, queue))
            waits = self.ends(host, f"of {queue}", "pending")  # given back right after the queue was held
            self.assertEqual(waits["reason"]["code"], "queue_held", waits)
            self.assertIn(cause, waits["reason"]["message"])
        self.ends(host, "p", "planned")
        self.assert_good_queue_goes_on(host, "after")
        self.assertNotIn("test.pinned", pathlib.Path(f"/proc/{host.process.pid}/maps").read_text())

    def test_an_input_that_kills_two_processes_is_poison_also_across_a_restart(self):
        retry = {"backoff": {"first": "3s", "jitter": 0}}
        host = self.start({"child": {"planner": faulty("*", "die"), "retry": retry}})
        self.drop(host, "child", "poison", "segv of this one")
        waits = lambda: ((self.input(host, "poison") or {}).get("reason") or {}).get("code") == "backoff"
        eventually(waits, lambda: self.input(host, "poison"))
        for n in range(4):
            self.drop(host, "child", f"fine {n}")
        for n in range(4):
            self.ends(host, f"fine {n}", "planned")
        host.stop()
        host.start()
        failed = self.ends(host, "poison", "failed")
        self.assertIn("Poison: 2 processes", failed["reason"]["message"])
        [letter] = host.items("/api/dead-letters")
        self.assertEqual((letter["class"], letter["reason"]["code"]), ("bug", "worker_lost"), letter)
        self.assertIsNone(self.held(host, "child"))

    def test_a_version_that_kills_on_every_input_is_quarantined_until_somebody_acts(self):
        retry = {"backoff": {"first": f"{30 * SLOWNESS}s", "jitter": 0}}  # not before the release
        host = self.start({"child": {"planner": faulty("*", "die"), "retry": retry}})
        for n in range(4):
            self.drop(host, "child", f"bad {n}", f"segv {n}")
        eventually(lambda: "quarantined" in (self.held(host, "child") or ""), lambda: host.inputs())
        digest = re.search("sha256:[0-9a-f]{64}", self.held(host, "child"))[0]
        [event] = eventually(lambda: host.get("/api/events?type=plugin.quarantined")["items"], "the event")
        body = event["event"]["data"]
        self.assertEqual((body["digest"], len(body["deaths"])), (digest, 3), body)
        self.assertIn("signal 11", body["deaths"][0]["how"])
        self.drop(host, "child", "waits", "fine")
        waits = self.ends(host, "waits", "pending")
        self.assertEqual(waits["reason"]["code"], "queue_held", waits)
        for part in ("3 different items", "signal 11", digest, "planwright plugin release test.faulty"):
            self.assertIn(part, waits["reason"]["message"])
        self.assert_good_queue_goes_on(host, "meanwhile")
        self.assertEqual(host.get("/api/plugins/test.faulty")["quarantined"][0]["digest"], digest)

        host.stop()
        host.start()
        eventually(lambda: "quarantined" in (self.held(host, "child") or ""), lambda: self.held(host, "child"))
        self.assertEqual(self.input(host, "waits")["attempt"], 0)

        self.assertIn(digest, host.cli("plugin", "release", "test.faulty"))
        self.ends(host, "waits", "planned")
        self.assertIn("No version", host.cli_errors("plugin", "release", "test.faulty"))

    def test_the_same_holds_for_builders(self):
        builder = {"plugin": "test.faulty", "settings": {"how": "die"}}
        host = self.start({"child": {"planner": faulty("*", "plan"), "builder": builder}})
        self.drop(host, "child", "poison", "segv")
        [plan] = eventually(lambda: host.plans("failed"), lambda: host.plans())
        [job] = host.jobs(plan["id"]).values()
        self.assertEqual((job["status"], len(job["attempts"])), ("failed", 2), job)
        self.assertIn("Poison: 2 processes of its plugin died with it.", str(job["reason"]), job)
        self.drop(host, "child", "fine", "fine")
        eventually(lambda: host.plans("built"), lambda: host.plans())
        for n in range(4):
            self.drop(host, "child", f"bad {n}", f"segv {n}")
        held = lambda: host.get("/api/queues/child")["build"]["reason"] or ""
        eventually(lambda: "test.faulty" in held() and "is quarantined" in held(), held)
        self.assert_good_queue_goes_on(host, "meanwhile")

    def test_another_version_lifts_a_quarantine(self):
        host = self.start({"child": {"planner": faulty("*", "die")}}, quarantine={"deaths": 1})
        self.drop(host, "child", "bad", "abort")
        eventually(lambda: "quarantined" in (self.held(host, "child") or ""), lambda: host.inputs())
        self.drop(host, "child", "waits", "fine")
        file = host.folder / "faulty.so"
        file.write_bytes((FAULTY / "faulty.so").read_bytes() + b"other bytes")
        file.chmod(0o644)
        host.cli("plugin", "install", file, "--data", host.data)
        self.assertIn("is in force", host.cli("plugin", "reload", "child"))
        self.ends(host, "waits", "planned")
        self.assertIn("is quarantined", host.cli_errors("plugin", "rollback", "child"))


if __name__ == "__main__":
    main()
