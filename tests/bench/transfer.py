"""MB/s of one large file on each way through the host: uploaded, taken from a folder, fetched as an artifact."""

import os
import shutil
import subprocess
import time
import urllib.request

from api import Nginx
from host import COMMAND_BUILDER, RECIPE_PLANNER, Host
from services import wait_until

MEGABYTES = 512
PATIENCE = 120  # seconds for one file


def measure(services, program, folder, add):
    """Calls add(peer, name, MB/s) for every figure. All of it happens in the page cache, as the peers' does."""
    with Host(services, program, folder, RECIPE_PLANNER, COMMAND_BUILDER, stable_for="50ms") as host:
        host.post("/api/queues/default/plan/pause")
        files = [_random_file(folder / name) for name in ("first.bin", "second.bin")]
        add("sha256sum", "ingest", _rate(lambda: subprocess.run(["sha256sum", files[0]], check=True, stdout=subprocess.DEVNULL)))
        add("cp", "ingest", _rate(lambda: shutil.copyfile(files[0], folder / "copy.bin") and _sync(folder / "copy.bin")))
        add("planwright", "upload", _rate(lambda: _upload(host, files[0])))
        add("planwright", "folder", _rate(lambda: _drop(host, files[1])))
        host.post("/api/queues/default/plan/resume")
        path = _artifact(host)
        with Nginx(folder / "nginx", {"large.bin": files[0].read_bytes()}) as nginx:
            add("nginx", "download", _rate(lambda: _fetch(f"{nginx.url}/large.bin")))
        _fetch(host.url + path, host)  # hashed once for each state of the file
        add("planwright", "download", _rate(lambda: _fetch(host.url + path, host)))


def _rate(action):
    start = time.monotonic()
    action()
    return MEGABYTES / (time.monotonic() - start)


def _random_file(path):
    with open(path, "wb") as out:
        for _ in range(MEGABYTES):
            out.write(os.urandom(1 << 20))
    return path


def _sync(path):
    file = os.open(path, os.O_RDONLY)
    os.fdatasync(file)
    os.close(file)


def _upload(host, path):
    address = f"{host.url}/api/pending-inputs?filename=upload.bin"
    command = ["curl", "-sS", "--fail", "-o", os.devnull, "-X", "POST", "-T", str(path), *_shown(host), address]
    subprocess.run(command, check=True)


def _drop(host, path):
    """From the rename into the folder until it is recorded, without the 50 ms that it must not change."""
    path.rename(host.input / "drop.bin")
    with host.psql() as psql:
        known = lambda: psql.query("select 1 from pending_inputs where filename = 'drop.bin'") == "1"
        wait_until(known, "the dropped file", PATIENCE)


def _artifact(host):
    """The address of the output of a job."""
    recipe = f"jobs:\n  make: {{command: 'head -c {MEGABYTES}M /dev/urandom > large.bin', outputs: [large.bin]}}\n"
    request = urllib.request.Request(f"{host.url}/api/pending-inputs?filename=large.plan.yaml", data=recipe.encode())
    urllib.request.urlopen(request, timeout=10).close()
    built = lambda: host.get("/api/builds?status=built&limit=1")["items"]
    wait_until(built, "the build", PATIENCE)
    return f"/api/builds/{built()[0]['id']}/artifacts/large.bin"


def _shown(host):
    return ["-H", f"Authorization: Bearer {host.token}"]


def _fetch(address, host=None):
    subprocess.run(["curl", "-sS", "--fail", "-o", os.devnull, *(_shown(host) if host else []), address], check=True)
