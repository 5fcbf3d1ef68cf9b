"""Hosts for the end-to-end tests: real `planwright serve` processes in temporary folders.

A test is a `HostCase`: `self.host(...)` starts a host, the end of the test stops it and proves that it still ran, that
its exit code is 0 and that no process of its folder is left. `main()` runs a file's tests and ends with the lines that
tests/run reads.
`PLANWRIGHT_BINARY` names another program than build/planwright.
"""

import json
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

import commands
from commands import SLOWNESS

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PLANWRIGHT_BINARY", str(ROOT / "build" / "planwright"))
LOG_LINES = int(os.environ.get("LOG_LINES", 30))  # of a host, shown when its test fails
sys.path.insert(0, str(ROOT / "tests" / "bench"))

import openapi  # noqa: E402
import sign_in  # noqa: E402
from services import POSTGRES_BIN, Psql, Redis, Services  # noqa: E402  (the benchmark's clients)

COMMAND = {"plugin": "planwright.command", "settings": {"sandbox": "none"}}


def eventually(condition, what, seconds=30.0, pause=0.05):
    """Waits until `condition()` gives something true, and gives it."""
    seconds *= SLOWNESS
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what() if callable(what) else what}")
        time.sleep(pause)


def processes_of(folder):
    """Living processes that stand in `folder` or name it on their command line: {pid: command line}."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            place = os.readlink(entry / "cwd")
        except OSError:
            continue  # ended, or a zombie
        if command and (str(folder) in command or place.startswith(str(folder))):
            found[int(entry.name)] = command
    return found


class Answer:
    """Status, headers and body of an HTTP answer; `json` is the parsed body."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Cluster:
    """An empty embedded Postgres, made once for a run: a copy of it starts in no time."""

    _folder = None

    @classmethod
    def copy_to(cls, data):
        if cls._folder is None:
            cls._folder = tempfile.TemporaryDirectory(prefix="planwright-e2e-cluster-")
            place = pathlib.Path(cls._folder.name)
            place.chmod(0o755)
            config = {"queues": {"default": {"source": {"plugin": "planwright.manual"}}}}
            Host(place / "host", config, fresh=True).start().stop()
        data.mkdir()
        source = pathlib.Path(cls._folder.name) / "host" / "data" / "postgres"
        subprocess.run(["cp", "-a", source, data / "postgres"], check=True)


class Host:
    """One data folder and, while it runs, the process that serves it."""

    def __init__(self, folder, config=None, arguments=(), fresh=False, user=None, hide=(), landlock=True, groups=True,
                 listen="127.0.0.1:0"):
        """`config`: a dict (JSON is YAML), or None for the built-in configuration. `fresh`: makes its own cluster.
        `user`: a number; the host runs as this user. `hide`: programs that it does not find. Without `landlock` its kernel
        has none, without `groups` it can make no control groups. All only if we are root."""
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / "data"
        self.input = self.folder / "input"
        self.input.mkdir(exist_ok=True)
        self.log = self.folder / "serve.log"
        self.url = self.token = None
        self.process = None
        self._command = [BINARY, "serve", "--data", str(self.data), *(["--listen", listen] if listen else []), *arguments]
        if config is not None:
            file = self.folder / "planwright.yaml"
            file.write_text(json.dumps(config, indent=1))
            self._command += ["--config", str(file)]
        if not fresh and not (config and "postgres" in config):
            Cluster.copy_to(self.data)
        if user is not None:
            subprocess.run(["chown", "-R", f"{user}:{user}", self.folder], check=True)
            self._command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *self._command]
        if not landlock:
            self._command = [str(ROOT / "tests" / "e2e" / "without_landlock.py"), *self._command]
        if hide or not groups:
            script = 'n=$1; shift; while [ $n -gt 0 ]; do mount --bind /dev/null "$1"; shift; n=$((n-1)); done; exec "$@"'
            if not groups:
                script = f"mount -t tmpfs none /sys/fs/cgroup; {script}"
            self._command = ["unshare", "--mount", "sh", "-ec", script, "sh", str(len(hide)), *hide, *self._command]

    def start(self, seconds=180, env=None):
        """Returns when it is ready. `env`: more environment, for this process only."""
        self.spawn(env)
        return self.await_ready(seconds)

    def spawn(self, env=None):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self._command,
                cwd=self.folder,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def await_ready(self, seconds=180):
        lines = queue.Queue()
        threading.Thread(target=lambda out=self.process.stdout: lines.put(out.readline()), daemon=True).start()
        try:
            line = lines.get(timeout=seconds * SLOWNESS)
        except queue.Empty:
            line = ""
        if not line.startswith("planwright ready"):
            self.kill()
            raise AssertionError(f"the host did not become ready: {line!r}\n{self.log_tail()}")
        self.url = (line.split() + [None])[2]
        self.token = sign_in.know(self.url, self.data)
        return self

    def stop(self, seconds=30):
        """SIGTERM; gives the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self._ended(seconds * SLOWNESS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the host did not stop within {seconds * SLOWNESS} s\n{self.log_tail()}") from None

    def kill(self):
        self.process.kill()
        self._ended(10)

    def _ended(self, seconds):
        code = self.process.wait(seconds)
        self.process.stdout.close()
        return code

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def log_tail(self, lines=LOG_LINES):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    # -- the API

    @property
    def shown(self):
        """The headers of a request that urllib does not send."""
        return {"Authorization": f"Bearer {self.token}"}

    def call(self, method, path, body=None, headers=None):
        """One request; `body` is bytes, or something that becomes JSON. Error statuses are answers too. An answer that
        openapi.json does not allow fails the test."""
        answer = self._ask(method, path, body, headers)
        why = openapi.document().complaint(method, path, answer.status, answer.headers["Content-Type"], answer.body)
        if why:
            raise AssertionError(f"not as openapi.json says: {why}")
        return answer

    def _ask(self, method, path, body, headers):
        head = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            head.setdefault("Content-Type", "application/json")
        elif body is not None:
            head.setdefault("Content-Type", "application/octet-stream")
        request = urllib.request.Request(self.url + path, data=body, headers=head, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20 * SLOWNESS) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def get(self, path):
        """The JSON of a GET that must succeed."""
        answer = self.call("GET", path)
        if answer.status != 200:
            raise AssertionError(f"GET {path}: {answer.status} {answer.body.decode(errors='replace')}")
        return answer.json

    def items(self, path):
        """All items of a list, page by page."""
        items, cursor = [], None
        while True:
            query = {"limit": 200, **({"cursor": cursor} if cursor else {})}
            page = self.get(f"{path}{'&' if '?' in path else '?'}{urllib.parse.urlencode(query)}")
            items += page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return items

    def inputs(self, status=None):
        return self.items("/api/pending-inputs" + (f"?status={status}" if status else ""))

    def plans(self, status=None):
        return self.items("/api/plans" + (f"?status={status}" if status else ""))

    def builds(self, status=None):
        return self.items("/api/builds" + (f"?status={status}" if status else ""))

    def jobs(self, plan):
        """The jobs of a plan by name."""
        return {job["name"]: job for job in self.get(f"/api/plans/{plan}/jobs")["items"]}

    def job_log(self, job):
        return "\n".join(self.get(f"/api/jobs/{job}/log")["lines"])

    def manifest(self, build):
        return self.get(f"/api/builds/{build}/manifest")["artifacts"]

    def blob(self, digest):
        answer = self.call("GET", f"/api/blobs/{digest}")
        if answer.status != 200:
            raise AssertionError(f"blob {digest}: {answer.status}")
        return answer.body

    # -- files, commands and services

    def drop(self, name, content, folder=None):
        """Writes a file in place, as a person's editor would."""
        path = pathlib.Path(folder or self.input) / name
        path.write_text(content) if isinstance(content, str) else path.write_bytes(content)
        return path

    def cli(self, *words, expect=0):
        """A client command; its exit code must be `expect`. Gives its standard output."""
        done = self._run(words)
        if done.returncode != expect:
            raise AssertionError(f"{words}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def cli_errors(self, *words):
        """A client command that must fail. Gives what it says."""
        done = self._run(words)
        if done.returncode == 0:
            raise AssertionError(f"{words} did not fail\n{done.stdout}")
        return done.stderr

    @property
    def env(self):
        """The environment of a client command."""
        return {**os.environ, "PLANWRIGHT_SERVER": self.url, "PLANWRIGHT_TOKEN": self.token or ""}

    def _run(self, words):
        return subprocess.run(
            [BINARY, *map(str, words)],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=300 * SLOWNESS,  # for a command that hangs, not one that is slow
        )

    def sql(self, text):
        """Rows of the embedded Postgres as lists of text; for what the API does not show."""
        command = [POSTGRES_BIN / "psql", "-qAtX", "-F", "\t", "-v", "ON_ERROR_STOP=1"]
        command += ["-h", self.data / "run" / "postgres", "-U", "planwright", "-d", "planwright", "-c", text]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=30 * SLOWNESS)
        if done.returncode != 0:
            raise AssertionError(f"{text}: {done.stderr}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def redis(self):
        return Redis(self.data / "run" / "redis" / "redis.sock")


def queue_config(folder, planner=None, builder=None, **keys):
    """One queue that watches `folder`, which is made, and takes a file after 100 ms."""
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    return {
        "auto_plan": True,
        "auto_build": True,
        "source": {"plugin": "planwright.folder", "settings": {"path": str(folder)}, "stable_for": "100ms"},
        "planner": planner or {"plugin": "planwright.recipe"},
        "builder": builder or COMMAND,
        "retry": {"backoff": {"first": "100ms", "jitter": 0}},
        **keys,
    }


BUBBLEWRAP = [path for path in ("/usr/bin/bwrap", "/usr/local/bin/bwrap") if os.path.exists(path)]
A_USER = 54321
BARE = {"hide": BUBBLEWRAP, "landlock": False, "groups": False}


def kinds_of_hosts():
    """By name, options of Host, or why there is no such host here: every user that it may run as, at every level of the
    sandbox. A bare machine has nothing: no namespaces, no Landlock, no control groups."""
    is_root = os.geteuid() == 0
    other = {} if is_root else "only root can start hosts of other users and hide programs from them"
    bare = {} if BUBBLEWRAP else "without bubblewrap it is the same as the one before"
    return {
        "default": {},
        "user": other or {"user": A_USER},
        "landlock": other or bare or {"hide": BUBBLEWRAP},
        "user-landlock": other or bare or {"user": A_USER, "hide": BUBBLEWRAP},
        "bare": other or BARE,
        "user-bare": other or {"user": A_USER, **BARE},
    }


class HostCase(unittest.TestCase):
    """Owns a temporary folder and the hosts of one test."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="planwright-e2e-"))
        self.folder.chmod(0o755)  # the services of a root host run as users of their own
        self._hosts = []
        self.addCleanup(self._clean)

    def host(self, name="host", config=None, start=True, **options):
        """A new host; `config` may be a function of its folder, `options` are Host's."""
        folder = self.folder / name
        host = Host(folder, config(folder) if callable(config) else config, **options)
        self._hosts.append(host)
        return host.start() if start else host

    def kinds_of_hosts(self):
        """Names and options of those that can be here; the others are skips with their reasons."""
        for name, options in kinds_of_hosts().items():
            if isinstance(options, str):
                with self.subTest(name):
                    self.skipTest(options)
            else:
                yield name, options

    def recipe_host(self, **keys):
        """A host with one queue of recipes."""
        return self.host(config=lambda folder: {"queues": {"default": queue_config(folder / "input", **keys)}})

    def assert_no_process_left(self):
        eventually(lambda: not processes_of(self.folder), lambda: f"processes left: {processes_of(self.folder)}", 20)

    def _clean(self):
        for host in self._hosts:
            if not self._is_good():
                print(f"--- log of {host.folder.name}\n{host.log_tail()}", file=sys.stderr)
        ends = {host.folder.name: self._end_of(host) for host in self._hosts}
        try:
            self.assert_no_process_left()
            self.assertEqual({name: end for name, end in ends.items() if end}, {}, "hosts that did not run and end well")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _end_of(self, host):
        """Stops the host. What was wrong with it, or None: a test that ends one itself closes its stdout."""
        if host.is_running:
            try:
                code = host.stop()
            except AssertionError as error:
                return str(error)
            return f"exit code {code}\n{host.log_tail()}" if code else None
        if host.process is None or host.process.stdout.closed:
            return None
        host.process.stdout.close()
        return f"it ended by itself with {host.process.returncode}\n{host.log_tail()}"

    def _is_good(self):
        result = self._outcome.result
        return not any(test is self for test, _ in result.failures + result.errors)


class ServicesCase(HostCase):
    """Also owns a Postgres and a Redis, for hosts that share them or lose them."""

    def setUp(self):
        super().setUp()
        folder = self.folder / "services"
        folder.mkdir()
        self.services = Services(folder)
        self._cleanups.insert(1, (self.services.stop, (), {}))  # after the hosts, before the folder goes
        with Psql(self.services, "postgres") as psql:
            psql.query("create database planwright")

    def service_keys(self):
        """What the configuration says of them."""
        return {"postgres": self.services.postgres_url("planwright"), "redis": f"unix:{self.services.redis}"}


def main():
    """Runs the tests of the calling file."""
    commands.end(unittest.main(module="__main__", exit=False, verbosity=2).result)
