#!/usr/bin/env python3
"""What a backup holds besides rows and blobs: the signing key, installed plugins, the lock. And new signing keys."""

import json
import os
import re
import shutil
import stat
import subprocess

from commands import BUILD
from harness import BINARY, HostCase, eventually, main, queue_config

RECIPE = "jobs: {{a: {{command: 'head -c 20000 /dev/zero | tr \"\\\\0\" {0} > {0}.bin', outputs: [{0}.bin]}}}}\n"
PLUGIN = BUILD / "tests" / "plugins" / "versions" / "next_good.so"


class Backup(HostCase):
    def config(self, folder):
        return {"queues": {"default": queue_config(folder / "input")}}

    def command(self, *words, expect=0, env=None):
        done = subprocess.run([BINARY, *map(str, words)], cwd=self.folder, capture_output=True, text=True, timeout=120,
                              env={**os.environ, **(env or {})})
        self.assertEqual(done.returncode, expect, f"{words}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def place_of(self, host):
        return "--config", host.folder / "planwright.yaml", "--data", host.data

    def fetched(self, host, name):
        """A file that a build of the host leaves, with its statement."""
        host.drop(f"{name}.plan.yaml", RECIPE.format(name))
        found = eventually(lambda: [p for p in host.plans("built") if p["filename"].startswith(f"{name}.")], "not built")
        folder = self.folder / f"got-{host.folder.name}-{name}"
        host.cli("fetch", found[0]["build_id"], folder)
        return folder / f"{name}.bin"

    def keys(self, host):
        file = self.folder / f"{host.folder.name}.pub"
        file.write_text(host.cli("key", "show"))
        return file

    def key_ids(self, host):
        return [key["id"] for key in host.get("/api/provenance/keys")["items"]]

    def install(self, host):
        """Installs a plugin that the tests build; gives its digest."""
        copy = self.folder / "plugins" / PLUGIN.name
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(PLUGIN, copy)
        copy.chmod(0o644)
        return re.search("sha256:[0-9a-f]+", host.cli("plugin", "install", copy, "--data", host.data))[0]

    def assert_mode(self, path, mode):
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), mode, path)

    def test_a_restored_host_signs_with_its_key_and_has_its_plugins(self):
        host = self.host(config=self.config)
        digest = self.install(host)
        host.cli("plugin", "lock", "--config", host.folder / "planwright.yaml", "--data", host.data)
        before = self.fetched(host, "before")
        folder = self.folder / "backup"
        self.command("backup", folder, *self.place_of(host))
        self.assert_mode(folder, 0o700)
        self.assert_mode(folder / "signing.key", 0o600)

        other = self.host(config=self.config, name="restored", fresh=True, start=False)
        self.command("restore", folder, *self.place_of(other))
        self.assertEqual((other.data / "signing.key").read_bytes(), (host.data / "signing.key").read_bytes())
        self.assertEqual((other.folder / "plugins.lock").read_bytes(), (host.folder / "plugins.lock").read_bytes())
        listed = "plugins/installed.json"
        self.assertEqual((other.data / listed).read_bytes(), (host.data / listed).read_bytes())
        self.assert_mode(other.data / "signing.key", 0o600)
        self.assert_mode(other.data / listed, 0o600)
        self.assert_mode(other.data / "plugins", 0o711)
        kept = next((other.data / "plugins" / digest.split(":")[1]).iterdir())
        self.assert_mode(kept, 0o444)
        self.assertEqual(kept.read_bytes(), PLUGIN.read_bytes())
        other.start()
        self.assertIn(digest, other.cli("plugin", "ls", "--data", other.data))
        after = self.fetched(other, "after")
        self.assertEqual(self.key_ids(other), self.key_ids(host), "one key before and after")
        for file in (before, after):
            self.assertIn("good", other.cli("verify", file, "--key", self.keys(other)))

    def test_a_damaged_part_of_a_backup_is_found_before_anything_is_written(self):
        host = self.host(config=self.config)
        digest = self.install(host).split(":")[1]
        other = self.host(config=self.config, name="restored", fresh=True, start=False)
        for number, part in enumerate(("signing.key", f"plugins/{digest}", "plugins/installed.json")):
            folder = self.folder / f"backup{number}"
            self.command("backup", folder, *self.place_of(host))
            path = folder / part
            if path.is_dir():
                path = next(path.iterdir())
                path.write_bytes(path.read_bytes()[:-1] + b"x")
            elif part == "signing.key":
                subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True)
            else:
                path.unlink()
            self.assertIn("Use another backup", self.command("restore", folder, *self.place_of(other), expect=1))
            self.assertFalse((other.data / "blobs" / "store.id").exists())

    def test_a_key_that_is_kept_elsewhere_is_named_and_not_copied(self):
        key = self.folder / "credential"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
        key.chmod(0o600)
        env = {"PLANWRIGHT_SIGNING_KEY": str(key)}
        host = self.host(config=self.config, start=False)
        host.start(env=env)
        folder = self.folder / "backup"
        self.command("backup", folder, *self.place_of(host), env=env)
        self.assertFalse((folder / "signing.key").exists())
        self.assertEqual(json.loads((folder / "backup.json").read_text())["key_kept_in"], str(key))
        other = self.host(config=self.config, name="restored", fresh=True, start=False)
        self.assertIn(f"it was kept in {key}", self.command("restore", folder, *self.place_of(other)))
        self.assertFalse((other.data / "signing.key").exists())

    def test_lost_blobs_do_not_stop_a_backup(self):
        host = self.host(config=self.config)
        file = self.fetched(host, "a")
        digest = host.manifest(host.builds()[0]["id"])[0]["digest"].split(":")[1]
        (host.data / "blobs" / "sha256" / digest[:2] / digest).unlink()
        folder = self.folder / "backup"
        self.assertIn(digest, self.command("backup", folder, *self.place_of(host), expect=8))
        other = self.host(config=self.config, name="restored", fresh=True, start=False)
        self.command("restore", folder, *self.place_of(other))
        other.start()
        build = other.builds()[0]
        path = f"/api/builds/{build['id']}/artifacts/a.bin"
        self.assertEqual(other.call("GET", path).status, 503)
        other.cli("enqueue-build", build["plan_id"], "--force")
        eventually(lambda: other.call("GET", path).body == file.read_bytes(), "it is not made again")

    def test_a_new_key_leaves_what_the_old_one_signed_good(self):
        host = self.host(config=self.config)
        old_file = self.fetched(host, "old")
        old_keys, known = self.keys(host).read_text(), set(self.key_ids(host))
        old_private = (host.data / "signing.key").read_bytes()
        said = self.command("key", "rotate", *self.place_of(host))
        self.assertIn("when it has started again", said)
        self.assert_mode(host.data / "signing.key", 0o600)
        self.assertNotEqual((host.data / "signing.key").read_bytes(), old_private)
        self.assertNotIn(old_private, [path.read_bytes() for path in host.data.iterdir() if path.is_file()])
        host.stop()
        host.start()
        new_file = self.fetched(host, "new")
        keys = self.keys(host)
        self.assertEqual(len(set(self.key_ids(host)) - known), 1)
        self.assertLess(known, set(self.key_ids(host)))
        for file in (old_file, new_file):
            self.assertIn("good", host.cli("verify", file, "--key", keys))
        only_old = self.folder / "old.pub"
        only_old.write_text(old_keys)
        self.assertIn("good", host.cli("verify", old_file, "--key", only_old))
        self.assertIn("another key", host.cli_errors("verify", new_file, "--key", only_old))
        host.stop()
        self.assertNotIn("started again", self.command("key", "rotate", *self.place_of(host)))
        host.start()
        self.assertEqual(len(set(self.key_ids(host)) - known), 2)


if __name__ == "__main__":
    main()
