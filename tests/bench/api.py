"""Requests per second of the API, beside nginx that serves the same bytes from files, in the same run."""

import os
import pathlib
import random
import re
import socket
import subprocess
import threading
import time
import urllib.request

from host import COMMAND_BUILDER, RECIPE_PLANNER, Host
from services import POSTGRES_BIN, wait_until

HERE = pathlib.Path(__file__).parent
CONNECTIONS = 32
SECONDS = 4  # of each figure
TURNS = 3  # of two hosts that are compared
PATHS = 4_000  # of different requests
SETTLE_SECONDS = 10  # reconcile pushes a ticket for each queued row
COMMITS_PER_SECOND = 200
# What the requests of a list ask for, besides pages without a filter. All of it fits something: a filter that fits
# nothing makes the host look for 30 ms (part `lists`).
FILTERS = {
    "plans": ["status=ready_for_build", "queue=default", "status=failed,cancelled", "reason=queue_paused"],
    "pending-inputs": ["status=pending", "queue=default", "status=failed,cancelled", "reason=queue_paused"],
    "builds": ["status=built", "queue=default", "status=failed,cancelled"],
    "events": ["level=info", "type=input.planned,input.failed"],
}


class Nginx:
    """Serves `files` ({name: bytes}) until it is closed."""

    def __init__(self, folder, files):
        folder = pathlib.Path(folder)
        (folder / "files").mkdir(parents=True)
        folder.chmod(0o755)
        for name, content in files.items():
            (folder / "files" / name).write_bytes(content)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        config = folder / "nginx.conf"
        config.write_text((HERE / "load/nginx.conf").read_text().format(folder=folder, port=port))
        self._process = subprocess.Popen(["nginx", "-c", str(config), "-e", str(folder / "error.log")])
        try:
            wait_until(lambda: _answers(self.url + "/" + next(iter(files))), "nginx")
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(10)


class Commits:
    """While it is open, a build commits so many times a second."""

    def __init__(self, services, database):
        command = [POSTGRES_BIN / "pgbench", "-n", "-h", services.postgres_socket, "-U", "postgres", "-c", "2"]
        command += ["-R", COMMITS_PER_SECOND, "-T", 600, "-D", "jobs=1000", "-P", 1, "-f", HERE / "sql/job_end.sql"]
        self._process = subprocess.Popen(
            [str(part) for part in [*command, database]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.rates = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stderr:
            rate = re.search(r"([0-9.]+) tps", line)
            if rate:
                self.rates.append(float(rate[1]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(10)


def measure(services, program, folder, rows, add):
    """Calls add(peer, name, requests per second, p99 in ms, extra) for every figure."""
    with Host(services, program, folder, RECIPE_PLANNER, COMMAND_BUILDER) as host:
        for stage in ["plan", "build"]:
            host.post(f"/api/queues/default/{stage}/pause")
        with host.psql({"rows": rows}) as psql:
            for name in ["many_rows", "many_events"]:
                psql.query((HERE / f"sql/{name}.sql").read_text())
            newest_event = psql.query("select max(xid::text) || ' ' || max(id) from events where type = 'input.planned'")
        time.sleep(SETTLE_SECONDS)
        first_pages = {kind: _get(f"{host.url}/api/{kind}?limit=50") for kind in FILTERS}
        item = f"/api/plans/{rows // 2}"
        with Nginx(folder / "nginx", {**first_pages, "item": _get(host.url + item)}) as nginx:
            for kind in [*FILTERS, "item"]:
                add("nginx", kind, *wrk(f"{nginx.url}/{kind}"))
        pick = random.Random(1)
        paths = {kind: list(list_paths(kind, rows, newest_event, pick)) for kind in FILTERS}
        paths["item"] = [f"/api/plans/{pick.randint(1, rows)}" for _ in range(PATHS)]
        add("planwright", "item", *wrk(host.url, write_paths(folder, paths["item"]), host.token))
        lists(host, folder, paths, "", add)
        access_cost(services, program, folder, host, add)
        with Commits(services, host.database) as commits:
            lists(host, folder, paths, "-commits", add)
            add("planwright", "commits", sum(commits.rates) / max(1, len(commits.rates)), 0, {})


def access_cost(services, program, folder, host, add):
    """A list with a token, and in turns the same from a second host of the same rows that asks for none."""
    path = "/api/plans?limit=50"
    with Host(services, program, folder / "open", RECIPE_PLANNER, COMMAND_BUILDER, database=host.database, access="none") as other:
        for _ in range(TURNS):
            add("planwright", "list-token", *wrk(host.url + path, token=host.token))
            add("planwright", "list-open", *wrk(other.url + path))


def lists(host, folder, paths, suffix, add):
    for kind, filters in FILTERS.items():
        file = write_paths(folder, paths[kind])
        add("planwright", f"{kind}-distinct{suffix}", *wrk(host.url, file, host.token), {"filters": ", ".join(filters)})
        add("planwright", f"{kind}-same{suffix}", *wrk(f"{host.url}/api/{kind}?limit=50", token=host.token))


def list_paths(kind, rows, newest_event, pick):
    """Different pages, every second one with a filter."""
    xid, last = newest_event.split()
    filters = FILTERS[kind]
    for number in range(PATHS):
        # Among the newest half, which waits: builds are all done.
        row = pick.randint(rows // 2 + 60, rows)
        if kind == "events":
            place = f"after=b1-{xid}-{int(last) - rows + row}"
        else:
            place = f"cursor=c{base36(row)}"
        chosen = f"&{filters[number // 2 % len(filters)]}" if number % 2 else ""
        yield f"/api/{kind}?limit=50&{place}{chosen}"


def base36(number):
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits or "0"


def write_paths(folder, paths):
    file = pathlib.Path(folder) / "paths"
    file.write_text("\n".join(paths) + "\n")
    return file


def wrk(url, paths=None, token=None):
    """Gives (requests per second, p99 in ms) of keep-alive connections."""
    command = ["wrk", "-t", "2", "-c", str(CONNECTIONS), "-d", f"{SECONDS}s", "--latency", url]
    if token:
        command[1:1] = ["-H", f"Authorization: Bearer {token}"]
    if paths:
        command[1:1] = ["-s", str(HERE / "load/paths.lua")]
    result = subprocess.run(
        command, env={**os.environ, "PATHS": str(paths or "")}, capture_output=True, text=True, check=True
    )
    bad = re.search(r"Non-2xx.*|Socket errors.*", result.stdout)
    if bad:
        raise AssertionError(f"{url}: {bad[0]}")
    rate = float(re.search(r"Requests/sec: *([0-9.]+)", result.stdout)[1])
    amount, unit = re.search(r"99% *([0-9.]+)(us|ms|s)", result.stdout).groups()
    return rate, float(amount) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def _get(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read()


def _answers(url):
    try:
        return bool(_get(url))
    except OSError:
        return False
