"""From a requirements file to its last wheel, beside `pip wheel -r` with the same file and archives."""

import hashlib
import itertools
import json
import os
import pathlib
import subprocess
import time
import urllib.parse
import urllib.request

from host import Host

PYTHON = "/usr/bin/python3"
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MAKE = ROOT / "tests" / "fixtures" / "wheels" / "make_index.py"
PLANNER = (
    "{{plugin: planwright.wheels, workers: 2, settings: {{no_index: true, find_links: [{places}], build_isolation: {isolation}}}}}"
)
BUILDER = "{plugin: planwright.command, workers: 2, job_slots: 2}"
# What the plugin sets for its programs, so that both make the same bytes.
ENVIRONMENT = {
    "CFLAGS": "-g0",
    "PIP_BREAK_SYSTEM_PACKAGES": "1",
    "PIP_CONFIG_FILE": "/dev/null",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_CACHE_DIR": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
    "SOURCE_DATE_EPOCH": "1577836800",
}
BACK_ENDS = "/usr/share/python-wheels"  # setuptools as a wheel; flit_core and wheel are in the index
FILES = 10
ADDED = "tqdm"
UNNEEDED = ["Flask", "requests", "cachetools", "chardet", "packaging", "tabulate", "native", ADDED]  # by the others


class Archives:
    """An index of the tests with a requirements file that names all of its projects: 17 real ones or more, over four
    back ends, and a C extension. `old`: each has a setup.py only, and the file a hash on every line."""

    def __init__(self, folder, old):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(mode=0o755)
        self.index = self.folder / "index"
        subprocess.run([PYTHON, MAKE, self.index, *(["--setup-py"] if old else [])], check=True, stdout=subprocess.DEVNULL)
        # By the Python that has these projects; it need not be the one that runs this.
        print_projects = "import json, make_index; print(json.dumps(make_index.PROJECTS))"
        said = subprocess.run([PYTHON, "-c", print_projects], cwd=MAKE.parent, check=True, capture_output=True).stdout
        projects = json.loads(said)
        self.lines = {name: self._line(name, old) for name in [*projects, "native"]}
        # Those whose back ends are in no archive here: an isolated build cannot have them.
        self.needy = {name for name, (back_end, _) in projects.items() if back_end in ("hatch", "poetry")}

    def _line(self, name, old):
        """By its archive: `six==1.16.0`, with a hash if `old`."""
        stem = name.replace("-", "_") + "-"
        archive = next(path for path in self.index.iterdir() if path.name.startswith(stem) and path.name.endswith(".tar.gz"))
        line = f"{name}=={archive.name[len(stem):-len('.tar.gz')]}"
        return f"{line} --hash=sha256:{hashlib.sha256(archive.read_bytes()).hexdigest()}" if old else line

    def text(self, without=()):
        return "".join(f"{line}\n" for name, line in self.lines.items() if name not in without)


def pip_wheel(archives, isolation=False):
    """Seconds of `pip wheel -r`, and the digests of the wheels by name."""
    file, out = archives.folder / "requirements.txt", archives.folder / f"pip-{time.monotonic_ns()}"
    file.write_text(archives.text(without={ADDED, *(archives.needy if isolation else ())}))
    command = [PYTHON, "-m", "pip", "wheel", "-q", "--no-index", "-f", archives.index, "-w", out, "-r", file]
    command += ["-f", BACK_ENDS] if isolation else ["--no-build-isolation"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(archives.folder), **ENVIRONMENT}
    began = time.monotonic()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - began
    return seconds, {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir()}


def planwright(services, program, folder, archives, wheels):
    """Seconds of each step on a fresh host, by its name. `wheels`: those of pip, which the first step must make."""
    planner = PLANNER.format(places=archives.index, isolation="false")
    base = archives.text(without={ADDED})
    with Host(services, program, folder, planner, BUILDER) as host:
        seconds = {"cold": until_built(host, {"requirements.txt": base})}
        made = wheels_of(host)
        if made != wheels:
            other = sorted(name for name in {*made, *wheels} if made.get(name) != wheels.get(name))
            raise AssertionError(f"other wheels than pip's: {', '.join(other)}")
        seconds["again"] = until_built(host, {"requirements-again.txt": f"# the same\n{base}"})
        seconds["line"] = until_built(host, {"requirements-more.txt": archives.text()})
    return seconds


def several(services, program, folder, archives):
    """Seconds for files that share most projects: each leaves out one or two that no other needs, so that it may have
    hashes."""
    planner = PLANNER.format(places=archives.index, isolation="false")
    left_out = itertools.chain(itertools.combinations(UNNEEDED, 1), itertools.combinations(UNNEEDED, 2))
    files = {
        f"requirements-{number}.txt": archives.text(without=names)
        for number, names in enumerate(itertools.islice(left_out, FILES))
    }
    with Host(services, program, folder, planner, BUILDER) as host:
        return until_built(host, files)


def isolated(services, program, folder, archives):
    """Seconds of a cold file whose builds are isolated."""
    planner = PLANNER.format(places=f"{archives.index}, {BACK_ENDS}", isolation="true")
    with Host(services, program, folder, planner, BUILDER) as host:
        return until_built(host, {"requirements.txt": archives.text(without={ADDED, *archives.needy})})


def until_built(host, files):
    """Seconds from the first upload of these files until the plans of all of them are built."""
    began = time.monotonic()
    for name, text in files.items():
        address = f"{host.url}/api/pending-inputs?filename={urllib.parse.quote(name)}"
        urllib.request.urlopen(urllib.request.Request(address, data=text.encode()), timeout=10).close()
    deadline = began + 600
    while True:
        plans = {plan["filename"]: plan for plan in get(host, "/api/plans?limit=50")["items"]}
        if all(name in plans and plans[name]["status"] == "built" for name in files):
            return time.monotonic() - began
        failed = [plan for plan in plans.values() if plan["status"] == "failed"]
        failed += get(host, "/api/pending-inputs?status=failed")["items"]
        if failed or time.monotonic() > deadline:
            raise AssertionError(f"not built: {json.dumps(failed)[:2000]}")
        time.sleep(min(0.2, max(0.01, (time.monotonic() - began) / 50)))  # each look costs the host and us some CPU


def wheels_of(host):
    """Digests by name of what the newest build made."""
    build = get(host, "/api/plans?limit=1")["items"][0]["build_id"]
    artifacts = get(host, f"/api/builds/{build}/manifest")["artifacts"]
    return {artifact["name"].rsplit("/", 1)[-1]: artifact["digest"].removeprefix("sha256:") for artifact in artifacts}


def get(host, path):
    with urllib.request.urlopen(host.url + path, timeout=10) as answer:
        return json.loads(answer.read())
