"""A real `planwright serve` on the benchmark's Postgres and Redis."""

import json
import pathlib
import queue
import signal
import subprocess
import threading
import urllib.request

import sign_in
from services import Psql

CONFIG = """\
listen: 127.0.0.1:0
data: {data}
access: {{mode: {access}}}
postgres: {postgres}
redis: unix:{redis}
queues:
  default:
    auto_plan: true
    auto_build: true
    source:
      plugin: planwright.folder
      settings: {{path: {input}}}
      stable_for: {stable_for}
    planner: {planner}
    builder: {builder}
"""
NOOP_PLANNER = "{{plugin: planwright.noop-planner, workers: 2, settings: {{jobs: {jobs}}}}}"
NOOP_BUILDER = "{plugin: planwright.noop-builder, workers: 4, job_slots: 4}"
RECIPE_PLANNER = "{plugin: planwright.recipe}"
COMMAND_BUILDER = "{plugin: planwright.command, settings: {sandbox: none}}"


class Host:
    """Owns the process and a database of its own; `close` drains it and drops both."""

    def __init__(self, services, program, folder, planner, builder, stable_for="1s", database=None, access="token"):
        """`database`: of another host, to share its work. `access`: the mode; with `none` nobody needs a token."""
        self._services = services
        self.folder = pathlib.Path(folder)
        self._owns_database = database is None
        self.database = database or f"planwright_{self.folder.name.replace('-', '_')}"
        self.input = self.folder / "input"
        self.input.mkdir(parents=True)
        if self._owns_database:
            self._sql("peers", f"create database {self.database}")
            services_redis(services).call("FLUSHALL")
        config = self.folder / "planwright.yaml"
        config.write_text(
            CONFIG.format(
                data=self.folder / "data",
                access=access,
                postgres=services.postgres_url(self.database),
                redis=services.redis,
                input=self.input,
                stable_for=stable_for,
                planner=planner,
                builder=builder,
            )
        )
        self._command = [str(program), "serve", "--config", str(config)]
        try:
            self.start()
            self.url = self._ready_url()
            self.token = sign_in.know(self.url, self.folder / "data")
        except BaseException:
            self.close()
            raise

    def start(self):
        """Also after kill(); does not wait until it is ready."""
        with open(self.folder / "serve.log", "ab") as log:
            self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=log, text=True)
        self.pid = self._process.pid

    def kill(self):
        self._process.kill()
        self._process.wait()

    def psql(self, variables=None):
        return Psql(self._services, self.database, variables)

    def post(self, path):
        """POSTs an empty body and gives the JSON answer; an error status raises."""
        return self.post_json(path, {})

    def get(self, path):
        """The JSON answer; an error status raises."""
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.loads(answer.read())

    def patch(self, path, body):
        return self.post_json(path, body, "PATCH")

    def post_json(self, path, body, method="POST"):
        data = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def log_tail(self, lines=20):
        return "\n".join((self.folder / "serve.log").read_text(errors="replace").splitlines()[-lines:])

    def close(self):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._owns_database:
            self._sql("peers", f"drop database if exists {self.database} with (force)")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _ready_url(self, seconds=30):
        lines = queue.Queue()
        threading.Thread(target=lambda: lines.put(self._process.stdout.readline()), daemon=True).start()
        try:
            line = lines.get(timeout=seconds)
        except queue.Empty:
            line = ""
        if not line.startswith("planwright ready "):
            raise RuntimeError(f"planwright serve did not become ready: {line}\n{self.log_tail()}")
        return line.split()[2]

    def _sql(self, database, text):
        with Psql(self._services, database) as psql:
            psql.query(text)


def services_redis(services):
    from services import Redis

    return Redis(services.redis)
