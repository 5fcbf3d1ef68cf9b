#!/usr/bin/env python3
"""Stored bytes that change or vanish: nobody gets wrong ones, and what can be made again is made again."""

import hashlib
import http.client
import json
import os
import random
import socket
import subprocess
import threading
import urllib.parse

from harness import BINARY, COMMAND, HostCase, eventually, main

BIG = """\
jobs:
  big:
    command: |
      awk 'BEGIN { for (i = 0; i < 40000; i++) print "line " i " of NAME" }' > big.txt
      echo small > small.txt
    outputs: [big.txt, small.txt]
"""


def flip(path):
    """One bit, in the middle of the file."""
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))


def cut(path):
    os.truncate(path, os.path.getsize(path) // 2)


CHAIN = """\
# PADDING
jobs:
  a:
    command: |
      awk 'BEGIN { for (i = 0; i < 2000; i++) print "a " i " of NAME" }' > a.txt
      for i in 1 2 3 4 5 6 7 8 9; do echo "said by NAME"; done
    outputs: [a.txt]
    cacheable: true
  b:
    needs: [a]
    command: sed 's/^a/b/' in.txt > b.txt; for i in 1 2 3 4 5 6 7 8 9; do echo "said by NAME"; done
    inputs: {in.txt: a/a.txt}
    outputs: [b.txt]
    cacheable: true
  c:
    needs: [a, b]
    command: cat a.txt b.txt > c.txt; for i in 1 2 3 4 5 6 7 8 9; do echo "said by NAME"; done
    inputs: {a.txt: a/a.txt, b.txt: b/b.txt}
    outputs: [c.txt]
    cacheable: true
"""
PLANS = 40


class Rot:
    """Hits one in twenty of the files that appear in some folders, each in one of three ways. The changed bytes come with
    a file of their own, as from a disk: whoever has the right one open keeps it."""

    def __init__(self, folders, place, seed):
        self.folders, self.place, self.hits = folders, place, 0
        self._random, self._seen, self._over = random.Random(seed), set(), threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self):
        self._over.set()
        self._thread.join()

    def _run(self):
        while not self._over.wait(0.02):
            for folder in self.folders:
                for file in sorted(folder.rglob("*")):
                    if file in self._seen or not file.is_file():
                        continue
                    self._seen.add(file)
                    if self._random.random() < 0.05:
                        self._hit(file, self._random.choice([flip, cut, None]))

    def _hit(self, file, damage):
        try:
            if damage is None:
                file.unlink()
            else:
                self.place.write_bytes(file.read_bytes())
                damage(self.place)
                self.place.replace(file)
            self.hits += 1
        except (OSError, IndexError):
            pass  # gone by now, or empty


class BitRot(HostCase):
    def blob_file(self, host, digest):
        name = digest.split(":")[1]
        return host.data / "blobs" / "sha256" / name[:2] / name

    def doctor(self, host, expect=0):
        command = [BINARY, "doctor", "--json", "--config", host.folder / "planwright.yaml", "--data", host.data]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, expect, f"{done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def built(self, host, name="a", recipe=BIG):
        host.drop(f"{name}.plan.yaml", recipe.replace("NAME", name))
        eventually(lambda: [p for p in host.plans("built") if p["filename"].startswith(name)], f"{name} is not built")
        return host.builds()[0]

    def artifact(self, host, build, name):
        return next(found for found in host.manifest(build["id"]) if found["name"] == name)

    def assert_refused(self, host, path, digest, *words, headers=None):
        answer = host.call("GET", path, headers=headers)
        self.assertEqual(answer.status, 503, answer.body[:200])
        self.assertIn(answer.json["type"], ["/problems/blob-damaged", "/problems/blob-missing"])
        for word in (digest, *words):
            self.assertIn(word, answer.json["detail"])

    def ask(self, host, method, path):
        """Status and body; the body is None if it was broken off."""
        place = urllib.parse.urlsplit(host.url)
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
        try:
            connection.request(method, path, headers=host.shown)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (http.client.IncompleteRead, ConnectionError):
            return 200, None
        finally:
            connection.close()

    def test_a_damaged_artifact_is_refused_until_it_is_built_again(self):
        host = self.recipe_host()
        build = self.built(host)
        wanted = self.artifact(host, build, "big.txt")
        path = f"/api/builds/{build['id']}/artifacts/big.txt"
        bytes_before = host.call("GET", path).body
        file = self.blob_file(host, wanted["digest"])
        for damage in (flip, cut, os.unlink):
            with self.subTest(damage.__name__):
                damage(file)
                self.assertEqual(self.ask(host, "GET", f"/api/builds/{build['id']}/artifacts.tar"), (200, None))
                remedy = f"planwright enqueue-build {build['plan_id']} --force"
                self.assert_refused(host, path, wanted["digest"], "big.txt", remedy)
                self.assert_refused(host, path, wanted["digest"], headers={"Range": "bytes=0-9"})
                self.assertEqual(self.ask(host, "HEAD", path)[0], 503)
                self.assert_refused(host, f"/api/blobs/{wanted['digest']}", wanted["digest"])
                self.assert_refused(host, f"/api/builds/{build['id']}/artifacts.zip", wanted["digest"], "big.txt", remedy)
                report = self.doctor(host)
                found = [note for check in report["checks"] for note in check["notes"]]
                self.assertIn(wanted["digest"], found[0]["what"])

                host.cli("enqueue-build", build["plan_id"], "--force")
                eventually(lambda: host.call("GET", path).body == bytes_before, "it is not made again")
                self.assertEqual([note for check in self.doctor(host)["checks"] for note in check["notes"]], [])
        kept = list((host.data / "blobs" / "damaged").iterdir())
        self.assertEqual([found.name for found in kept], [file.name])
        types = [event["event"]["type"] for event in host.items(f"/api/events?subject=blob/{wanted['digest']}")]
        self.assertEqual(types.count("blob.lost"), 3)
        self.assertEqual(types.count("blob.back"), 3)
        metrics = host.call("GET", "/metrics").body.decode()
        self.assertIn('planwright_blobs_lost_total{what="damaged"} 2', metrics)
        self.assertIn('planwright_blobs_lost_total{what="missing"} 1', metrics)

    def test_an_upload_of_the_right_bytes_brings_an_input_back(self):
        host = self.recipe_host(auto_plan=False)
        for size in (100, 100_000):
            recipe = ("# " + "x" * size + "\njobs: {a: {command: 'true'}}\n").encode()
            name = f"in{size}.plan.yaml"
            made = host.call("POST", f"/api/pending-inputs?filename={name}", recipe).json
            path = f"/api/pending-inputs/{made['id']}/content"
            self.assertEqual(host.call("GET", path).body, recipe)
            if size == 100:
                host.sql(f"update blobs set content = 'wrong' where digest = '{made['digest']}'")
            else:
                flip(self.blob_file(host, made["digest"]))
            self.assert_refused(host, path, made["digest"], name, "Upload the file again")
            self.assertEqual(host.call("POST", f"/api/pending-inputs?filename={name}", recipe).status, 200)
            self.assertEqual(host.call("GET", path).body, recipe)
            host.call("POST", f"/api/pending-inputs/{made['id']}/enqueue-plan")
            eventually(lambda: host.get(f"/api/pending-inputs/{made['id']}")["status"] == "planned", "not planned")

    def test_a_lost_statement_is_made_again(self):
        host = self.recipe_host()
        build = self.built(host)
        path = f"/api/builds/{build['id']}/provenance"
        before = host.get(path)
        host.sql("update blobs set content = 'x' where digest = (select digest from statements)")
        self.assertEqual(host.get(path)["payload"], before["payload"])
        self.doctor(host)

    def test_a_large_file_is_hashed_while_others_are_answered(self):
        host = self.recipe_host(auto_plan=False)
        large = os.urandom(1 << 20) * 64
        made = host.call("POST", "/api/pending-inputs?filename=large.plan.yaml", large).json
        path = f"/api/pending-inputs/{made['id']}/content"
        self.assertEqual(self.ask(host, "GET", path), (200, large))
        self.assertEqual(self.ask(host, "HEAD", path)[0], 200)
        self.assertEqual(host.call("GET", path, headers={"Range": "bytes=5-9"}).body, large[5:10])
        flip(self.blob_file(host, made["digest"]))
        self.assert_refused(host, path, made["digest"], "large.plan.yaml")

    def test_a_file_that_is_touched_while_it_is_sent_is_read_again(self):
        host = self.recipe_host(auto_plan=False)
        place = urllib.parse.urlsplit(host.url)
        for damage in (None, flip):
            large = os.urandom(1 << 20) * 64
            made = host.call("POST", "/api/pending-inputs?filename=large.plan.yaml", large).json
            file = self.blob_file(host, made["digest"])
            for path in (f"/api/blobs/{made['digest']}", f"/api/pending-inputs/{made['id']}/content"):
                with self.subTest(f"{path} {damage}"):
                    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
                    self.addCleanup(connection.close)
                    connection.connect()
                    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
                    connection.request("GET", path, headers=host.shown)
                    answer = connection.getresponse()
                    got = answer.read(1000)
                    if damage:
                        damage(file)
                    os.utime(file)
                    if damage is None:
                        self.assertEqual(got + answer.read(), large)
                        continue
                    with self.assertRaises(http.client.IncompleteRead):
                        answer.read()
                    self.assert_refused(host, path, made["digest"])
                    self.assertEqual(host.call("POST", "/api/pending-inputs?filename=large.plan.yaml", large).status, 200)

    def wrong_log(self, host, job, name):
        """What is wrong with the log of a job that says so nine times, and was not told of; or nothing."""
        log = host.get(f"/api/jobs/{job}/log")
        said = f"said by {name}"
        for line in log["lines"]:
            if line != said and not (log["damaged"] and (not line or "of this log are damaged]" in line)):
                return f"job {job}: {line!r}"
        isWhole = len(log["lines"]) == 9
        return "" if isWhole or log["cut_bytes"] or not log["complete"] else f"job {job}: {log}"

    def read_all(self, host, builds, wrong):
        """Every artifact, input and log of these builds. Gives the ids of plans and of inputs whose bytes are lost."""
        plans, inputs = set(), set()
        for build in builds:
            plan = host.get(f"/api/plans/{build['plan_id']}")
            name = plan["filename"].split(".")[0]
            path = f"/api/pending-inputs/{plan['pending_input_id']}/content"
            status, body = self.ask(host, "GET", path)
            if status == 503:
                inputs.add(name)
            elif body is not None and body != self.recipe(name):
                wrong.append(path)
            for artifact in host.manifest(build["id"]):
                path = f"/api/builds/{build['id']}/artifacts/{artifact['path']}"
                status, body = self.ask(host, "GET", path)
                if status == 503:
                    plans.add(build["plan_id"])
                elif body is not None and "sha256:" + hashlib.sha256(body).hexdigest() != artifact["digest"]:
                    wrong.append(path)
            wrong += filter(None, (self.wrong_log(host, job["id"], name) for job in host.jobs(plan["id"]).values()
                                   if job["status"] == "succeeded"))
        return plans, inputs

    def recipe(self, name):
        return CHAIN.replace("NAME", name).replace("PADDING", "x" * 20_000).encode()

    def all_built(self, host):
        """Whoever has a file still uploads it again if its bytes were lost before it was planned."""
        for item in host.inputs("failed"):
            self.assertIn("is not available", item["error"])
            name = item["filename"].split(".")[0]
            host.call("POST", f"/api/pending-inputs?filename={item['filename']}", self.recipe(name))
            host.cli("enqueue-plan", item["id"])
        return len(host.plans("built")) == PLANS

    def test_under_load_nobody_gets_wrong_bytes_and_all_builds_end_right(self):
        host = self.recipe_host(builder={**COMMAND, "job_slots": 4}, retry={"backoff": {"first": "50ms", "jitter": 0}})
        folders = [host.data / "blobs" / "sha256", host.data / "blobs" / "logs"]
        rot = Rot(folders, host.data / "rot", seed=4711)
        wrong, over = [], threading.Event()

        def read_on():
            while not over.is_set():
                self.read_all(host, host.builds("built")[:5], wrong)

        readers = [threading.Thread(target=read_on) for _ in range(2)]
        try:
            for reader in readers:
                reader.start()
            for i in range(PLANS):
                host.drop(f"p{i}.plan.yaml", self.recipe(f"p{i}"))
            eventually(lambda: self.all_built(host), lambda: [p for p in host.plans() if p["error"]], 90)
            for plan in host.plans()[:10]:  # again, with what the cache has
                host.cli("enqueue-build", plan["id"], "--force")
            eventually(lambda: len(host.builds("built")) >= PLANS + 10, lambda: host.builds()[:10], 60)
        finally:
            over.set()
            rot.stop()
            for reader in readers:
                reader.join()
        self.assertGreater(rot.hits, 5)
        self.assertEqual(host.builds("failed"), [])
        plans, inputs = self.read_all(host, host.builds("built"), wrong)
        self.assertEqual(wrong, [])

        for name in inputs:
            host.call("POST", f"/api/pending-inputs?filename={name}.plan.yaml", self.recipe(name))
        for plan in plans:
            host.cli("enqueue-build", plan, "--force")
        eventually(lambda: not host.plans("building") and not host.plans("ready_for_build"), "they are built again", 60)
        self.assertEqual(self.read_all(host, host.builds("built"), wrong), (set(), set()))
        self.assertEqual(wrong, [])
        report = self.doctor(host)
        self.assertEqual([note for check in report["checks"] for note in check["notes"]], [])

    def test_a_log_that_is_damaged_or_cut_says_so(self):
        host = self.recipe_host()
        recipe = "jobs: {a: {command: 'for i in 1 2 3 4 5 6 7 8 9; do echo \"line $i\"; done'}}\n"
        for damage in (flip, cut, os.unlink):
            with self.subTest(damage.__name__):
                build = self.built(host, f"log-{damage.__name__}", recipe)
                job = host.jobs(build["plan_id"])["a"]["id"]
                whole = host.get(f"/api/jobs/{job}/log")
                self.assertEqual((whole["damaged"], whole["cut_bytes"]), (False, 0))
                attempt = host.sql(f"select id from job_attempts where job_id = {job}")[0][0]
                damage(host.data / "blobs" / "logs" / attempt)
                for path in (f"/api/jobs/{job}/log", f"/api/jobs/{job}/log/search?q=line"):
                    answer = host.get(path)
                    self.assertTrue(answer["damaged"] or answer["cut_bytes"], answer)
                self.assertRegex(host.call("GET", f"/api/jobs/{job}/log/raw").body.decode(), "are (damaged|missing)")
                done = subprocess.run([BINARY, "logs", str(job)], capture_output=True, text=True,
                                      env=host.env, timeout=60)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertRegex(done.stderr, "are (damaged|missing)")


if __name__ == "__main__":
    main()
