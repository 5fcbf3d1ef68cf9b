#!/usr/bin/env python3
"""The data folder of a host is closed to the other users of its machine, and jobs see what they need all the same."""

import os
import stat
import subprocess

from harness import HostCase, eventually, main, queue_config

RECIPE = """\
# PADDING
jobs:
  first: {command: 'echo from first > out.txt', outputs: [out.txt]}
  waits:
    needs: [first]
    command: |
      while [ ! -e go ]; do sleep 0.05; done
      cat in.txt text.txt > out.txt
      mkdir sub && echo more > sub/more.txt
    inputs: {in.txt: first/out.txt, text.txt: {text: "a text\\n"}}
    outputs: [out.txt, "sub/*"]
""".replace("PADDING", "x" * 20_000)
NOBODY = 65534
SERVICES = ("postgres", "redis", "run")  # folders of their own users
# Only passed through, on the way to what a program runs in or from.
PASSED = ("", "work", "plugins", "remote", "sources", "planners")


class ClosedData(HostCase):
    def open_places(self, data):
        """What other users may look into, or read: {path below the data folder: mode}."""
        found = {}
        for folder, names, files in os.walk(data):
            below = os.path.relpath(folder, data)
            if below == ".":
                names[:] = [name for name in names if name not in SERVICES]
            for name in [*([""] if below == "." else []), *names, *files]:
                path = os.path.join(below, name) if name else below
                mode = stat.S_IMODE(os.lstat(os.path.join(folder, name)).st_mode)
                if mode & 0o077:
                    found[os.path.normpath(path)] = mode
        return found

    def assert_closed(self, host):
        for path, mode in self.open_places(host.data).items():
            top = "" if path == "." else path.split(os.sep)[0]
            place = host.data / path
            if path.startswith("work/") and path.count(os.sep) > 1:
                continue  # what a job made in its own folder
            if place.is_dir() and top in PASSED:
                self.assertEqual(mode, 0o711, path)
            elif top == "plugins" and place.suffix == ".so":
                self.assertEqual(mode, 0o444, path)  # a worker may run as another user; nobody else can find it
            else:
                self.fail(f"others may get at {path}: {mode:o}")

    def as_nobody(self, *words):
        done = subprocess.run(list(map(str, words)), user=NOBODY, group=NOBODY, extra_groups=[], cwd="/",
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def closed_host(self):
        builder = {"plugin": "planwright.command", "settings": {"sandbox": "auto"}}
        return self.host(config=lambda folder: {"queues": {"default": queue_config(folder / "input", builder=builder)}})

    def test_others_get_at_nothing_while_a_job_runs(self):
        host = self.closed_host()
        host.drop("a.plan.yaml", RECIPE)

        def running():
            return [job for plan in host.plans() for job in host.jobs(plan["id"]).values() if job["status"] == "running"
                    and job["name"] == "waits"]

        eventually(running, "the job does not run")
        attempt = host.sql("select max(id) from job_attempts")[0][0]
        folder = eventually(lambda: next((host.data / "work").glob("*/in.txt"), None), "no inputs").parent
        self.assert_closed(host)
        if os.geteuid() == 0:
            log = host.data / "blobs" / "logs" / attempt
            blob = next(path for path in (host.data / "blobs" / "sha256").rglob("*") if path.is_file())
            for place in (host.data, host.data / "work", folder, host.data / "blobs", log, blob, folder / "in.txt",
                          host.data / "spool", host.data / "plugins", host.data / "id", host.data / "planwright.url"):
                code, said = self.as_nobody("/bin/ls" if place.is_dir() else "/bin/cat", place)
                self.assertNotEqual(code, 0, f"{place}: {said}")
                self.assertIn("ermission denied", said)
        (folder / "go").touch()
        eventually(lambda: host.plans("built"), lambda: host.plans())
        made = {found["path"]: host.blob(found["digest"]) for found in host.manifest(host.builds()[0]["id"])
                if found["job"] == "waits"}
        self.assertEqual(sorted(made.values()), [b"from first\na text\n", b"more\n"])
        modes = {found["mode"] for found in host.manifest(host.builds()[0]["id"])}
        self.assertEqual(modes, {"0644"}, "the closed folder is not seen in what a job leaves")
        self.assert_closed(host)

    def test_an_older_data_folder_is_closed_at_the_start(self):
        host = self.closed_host()
        host.stop()
        for name in ("blobs", "blobs/sha256", "blobs/logs", "spool", "work", "plugins"):
            (host.data / name).chmod(0o755)
        (host.data / "id").chmod(0o644)
        host.start()
        self.assert_closed(host)


if __name__ == "__main__":
    main()
