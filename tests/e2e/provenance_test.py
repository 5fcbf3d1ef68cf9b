#!/usr/bin/python3
"""What a build leaves, taken and checked from outside: archives, fetched files, signed statements."""

import base64
import hashlib
import io
import json
import os
import pathlib
import subprocess
import tarfile
import unittest
import urllib.request
import zipfile

import jsonschema
from commands import sanitizer
from harness import ROOT, HostCase, eventually, main, queue_config

RECIPE = """\
jobs:
  tool:
    command: [sh, -c, "mkdir -p bin; printf '#!/bin/sh\\necho hi\\n' > bin/tool; chmod 755 bin/tool; echo n > notes.txt"]
    outputs: [bin/tool, notes.txt]
  other: {needs: [tool], command: [sh, -c, "echo other > notes.txt; : > 'an ä name'"], outputs: [notes.txt, an ä name]}
"""
BIG = """jobs: {big: {command: [sh, -c, "truncate -s 256M big.bin"], outputs: [big.bin]}}"""
FIXTURES = ROOT / "tests" / "fixtures" / "provenance"
MEMORY_MIB = 24  # what sending 256 MiB may add to the memory of a host


def valid(document, schema):
    jsonschema.Draft4Validator(json.loads((FIXTURES / schema).read_text())).validate(document)


def statement_of(envelope):
    valid(envelope, "envelope.schema.json")
    statement = json.loads(base64.b64decode(envelope["payload"]))
    valid(statement, "statement.schema.json")
    return statement


def sha256(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


class ProvenanceTest(HostCase):
    def built(self, host, recipe, name="tools.plan.yaml"):
        """The id of the build of that recipe."""
        host.drop(name, recipe)
        return self.build_of(host, name)

    def build_of(self, host, name):
        def found():
            return next((p for p in host.plans("built") if p["filename"] == name), None)

        return eventually(found, lambda: f"{name} is built: {host.plans()}", 60)["build_id"]

    def test_archives_hold_every_file_under_its_path_with_its_mode(self):
        host = self.recipe_host()
        build = self.built(host, RECIPE)
        manifest = {a["path"]: (a["digest"], int(a["mode"], 8)) for a in host.manifest(build)}
        self.assertEqual(len(manifest), 4)
        self.assertEqual(manifest["bin/tool"][1], 0o755)
        tar = host.call("GET", f"/api/builds/{build}/artifacts.tar")
        with tarfile.open(fileobj=io.BytesIO(tar.body)) as archive:
            got = {m.name: (sha256(archive.extractfile(m).read()), m.mode) for m in archive.getmembers()}
        self.assertEqual(got, manifest)
        packed = host.call("GET", f"/api/builds/{build}/artifacts.zip")
        with zipfile.ZipFile(io.BytesIO(packed.body)) as archive:
            self.assertIsNone(archive.testzip())
            got = {i.filename: (sha256(archive.read(i)), i.external_attr >> 16 & 0o777) for i in archive.infolist()}
        self.assertEqual(got, manifest)
        again = host.call("GET", f"/api/builds/{build}/artifacts.tar")
        self.assertEqual(again.body, tar.body, "same build, same bytes")
        self.assertEqual(host.call("GET", f"/api/builds/{build}/artifacts/bin/tool").body, b"#!/bin/sh\necho hi\n")

    @unittest.skipIf(sanitizer(), "a sanitizer keeps freed memory")
    def test_a_huge_artifact_passes_through_little_memory(self):
        host = self.recipe_host()
        build = self.built(host, BIG, "big.plan.yaml")
        about = pathlib.Path(f"/proc/{host.process.pid}")

        def kilobytes(field):
            return int((about / "status").read_text().split(field + ":")[1].split()[0])

        for kind in ("tar", "zip"):
            (about / "clear_refs").write_text("5")  # the peak begins anew
            before, size = kilobytes("VmRSS"), 0
            with urllib.request.urlopen(f"{host.url}/api/builds/{build}/artifacts.{kind}", timeout=60) as answer:
                while piece := answer.read(1 << 20):
                    size += len(piece)
            if kind == "tar":
                self.assertGreater(size, 256 << 20)
            self.assertLess((kilobytes("VmHWM") - before) >> 10, MEMORY_MIB, kind)

    def test_statements_name_what_went_in_and_came_out(self):
        host = self.recipe_host()
        build = self.built(host, RECIPE)
        answer = host.call("GET", f"/api/builds/{build}/provenance")
        whole = statement_of(answer.json)
        manifest = {a["path"]: a["digest"] for a in host.manifest(build)}
        self.assertEqual({s["name"]: "sha256:" + s["digest"]["sha256"] for s in whole["subject"]}, manifest)
        made = whole["predicate"]["buildDefinition"]
        inputs = {d["name"]: "sha256:" + d["digest"]["sha256"] for d in made["resolvedDependencies"]}
        self.assertEqual(inputs["tools.plan.yaml"], sha256(RECIPE.encode()))
        self.assertEqual(inputs["plan.json"], host.plans()[0]["plan_digest"])
        self.assertEqual(
            [(t["role"], t["id"]) for t in made["internalParameters"]["tools"]],
            [("planner", "planwright.recipe"), ("builder", "planwright.command")],
        )
        self.assertFalse(made["planwright_completeness"]["materials"], "this queue has no sandbox")
        again = host.call("GET", f"/api/builds/{build}/provenance")
        self.assertEqual(again.body, answer.body, "what was signed once stays")
        one = statement_of(host.get(f"/api/builds/{build}/provenance?artifact=bin/tool"))
        self.assertEqual([s["name"] for s in one["subject"]], ["bin/tool"])
        self.assertEqual(host.call("GET", f"/api/builds/{build}/sbom").status, 404, "it left no wheels")

    def test_verify_is_offline_and_refuses_what_was_changed(self):
        host = self.recipe_host()
        build = self.built(host, RECIPE)
        key, got = self.folder / "trusted.pub", self.folder / "got"
        key.write_text(host.cli("key", "show"))
        host.cli("fetch", build, got)
        host.stop()

        tool, notes = got / "bin" / "tool", got / "other" / "notes.txt"
        self.assertTrue(os.access(tool, os.X_OK))
        for file in (tool, notes, got / "an ä name"):
            self.assertIn("good", host.cli("verify", file, "--key", key))
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        self.assertIn("--key", host.cli_errors("verify", tool))
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", self.folder / "x.key"], check=True, env=env)
        subprocess.run(
            ["openssl", "pkey", "-in", self.folder / "x.key", "-pubout", "-out", self.folder / "x.pub"], check=True
        )
        self.assertIn("another key", host.cli_errors("verify", tool, "--key", self.folder / "x.pub"))

        statement = got / ".planwright-build" / "provenance.json"
        envelope = json.loads(statement.read_text())
        content = notes.read_bytes()
        notes.write_bytes(b"other!\n")
        self.assertIn("is not what was built", host.cli_errors("verify", notes, "--key", key))

        # A statement that says what the changed file needs, under the signature of the true one.
        said = base64.b64decode(envelope["payload"]).decode()
        forged = said.replace(sha256(content)[7:], sha256(b"other!\n")[7:])
        self.assertNotEqual(said, forged)
        changed = self.folder / "changed.json"
        changed.write_text(json.dumps({**envelope, "payload": base64.b64encode(forged.encode()).decode()}))
        self.assertIn("was changed", host.cli_errors("verify", notes, "--key", key, "--statement", changed))
        self.assertIn("was changed", host.cli_errors("verify", tool, "--key", key, "--statement", changed))

    def test_materials_are_complete_where_every_job_was_sealed(self):
        def config(folder):
            queues = {}
            for name in ("closed", "open"):
                (folder / name).mkdir(parents=True)
                builder = {"plugin": "planwright.command", "settings": {"network": name == "open"}}
                queues[name] = queue_config(folder / name, builder=builder)
            return {"queues": queues}

        host = self.host(config=config)
        if host.get("/api/version")["sandbox"]["level"] == "none":
            self.skipTest("this machine allows no sandbox")
        key = self.folder / "trusted.pub"
        key.write_text(host.cli("key", "show"))
        for name, materials in (("closed", "complete"), ("open", "incomplete")):
            host.drop(name + ".plan.yaml", RECIPE, host.folder / name)
            build = self.build_of(host, name + ".plan.yaml")
            host.cli("fetch", build, self.folder / name)
            said = host.cli("verify", self.folder / name / "bin" / "tool", "--key", key)
            self.assertRegex(said, rf"materials +{materials}\b")


if __name__ == "__main__":
    main()
