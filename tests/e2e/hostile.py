"""The same code by each way in: as a job, as a planner's own program, and as the build script of an archive that pip runs
to plan. `ways_in()` are these three; a test runs it by each of them.
"""

import collections
import io
import json
import tarfile

from harness import queue_config
from program_test import write_program

LIMITS = {"memory": "512MiB", "processes": 64, "files": 256, "file_size": "32MiB", "disk": "48MiB", "cpu": "5s"}

ENDED = ("succeeded", "failed", "timed_out", "cancelled")

# What a build script of an archive runs, and what it tells of it.
BACK_END = """\
import subprocess


def get_requires_for_build_wheel(config_settings=None):
    return []


def prepare_metadata_for_build_wheel(folder, config_settings=None):
    done = subprocess.run(["sh", "-c", {command!r}], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(done.stdout.decode(errors="replace"))
    raise SystemExit("EXIT %d" % done.returncode)
"""

PROJECT = '[build-system]\nrequires = []\nbuild-backend = "back"\nbackend-path = ["."]\n'

PROGRAM = """\
#!/usr/bin/env python3
import subprocess
import planwright


def plan(input, call):
    done = subprocess.run(["sh", "-c", input.text()], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    planwright.reject(f"EXIT {done.returncode}", done.stdout[-60000:].decode(errors="replace"))
planwright.run(planner=plan)
"""


def write_archive(folder, back_end, project="spy"):
    """An archive whose back end is this."""
    folder.mkdir(parents=True, exist_ok=True)
    about = f"Name: {project}\nVersion: 1.0\n"
    with tarfile.open(folder / f"{project}-1.0.tar.gz", "w:gz") as archive:
        for name, text in {"pyproject.toml": PROJECT, "PKG-INFO": about, "back.py": back_end}.items():
            entry = tarfile.TarInfo(f"{project}-1.0/{name}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))


# How code ended: the class of its failure, and all that it printed or that is said of it.
Ended = collections.namedtuple("Ended", "status kind said")


class Build:
    """A job."""
    name = "build"
    is_stranger = False  # has a user of its own without a sandbox, too

    def queue(self, folder, sandbox, limits=LIMITS, network=False):
        builder = {"plugin": "planwright.command", "settings": {"sandbox": sandbox, "network": network}, "job_slots": 2,
                   "limits": {**limits, "output": "8MiB"}}
        return queue_config(folder / self.name, builder=builder)

    def start(self, host, name, command, outputs=()):
        job = {"command": command, "outputs": list(outputs)}
        host.drop(f"{name}.plan.yaml", json.dumps({"jobs": {name: job}}), host.folder / self.name)

    def ended(self, host):
        """By name."""
        def said(job):
            return f"{job['error'] or ''}\n" + host.call("GET", f"/api/jobs/{job['id']}/log/raw").body.decode(errors="replace")

        return {job["name"]: Ended(job["status"], job["class"], said(job))
                for job in host.items("/api/jobs") if job["status"] in ENDED}


def confined(sandbox, network):
    """Keys of a planner."""
    return {"sandbox": sandbox, **({"network": network} if sandbox != "none" else {})}


class Plan:
    """Inputs of a queue that end as failures, since no planner makes a plan of them."""

    def ended(self, host):
        kinds = {letter["name"]: letter["class"] for letter in host.items("/api/dead-letters") if letter["queue"] == self.name}
        return {item["filename"].split("-")[0]: Ended("failed", kinds.get(item["filename"]), f"{item['error']}\n{item['details']}")
                for item in host.inputs("failed") if item["queue"] == self.name}


class Program(Plan):
    """A planner that is a program of somebody else."""
    name = "program"
    is_stranger = True

    def queue(self, folder, sandbox, limits=LIMITS, network=False):
        program = write_program(folder / "hostile" / "plan.py", PROGRAM)
        return queue_config(folder / self.name, {
            "plugin": f"exec:{program}", "limits": limits, "workers": 2, **confined(sandbox, network)})

    def start(self, host, name, command, outputs=()):
        host.drop(f"{name}-script.txt", command, host.folder / self.name)


class Archive(Plan):
    """The build script of an archive, run by pip."""
    is_stranger = False

    def __init__(self, isolation="inproc", name="archive"):
        self.name, self._isolation = name, isolation

    def queue(self, folder, sandbox, limits=LIMITS, network=False):
        (folder / "index" / self.name).mkdir(parents=True, exist_ok=True)
        return queue_config(folder / self.name, {
            "plugin": "planwright.wheels", "isolation": self._isolation, "limits": limits, "workers": 2, **confined(sandbox, network),
            "settings": {"find_links": [str(folder / "index" / self.name)], "no_index": True, "build_isolation": False}})

    def start(self, host, name, command, outputs=()):
        write_archive(host.folder / "index" / self.name, BACK_END.format(command=command), name)
        host.drop(f"{name}-requirements.txt", f"{name}\n", host.folder / self.name)


def ways_in():
    return [Build(), Program(), Archive()]
