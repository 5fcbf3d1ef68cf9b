"""What it costs a plan that the programs of its planner are confined: pip resolves a requirements file."""

import json
import pathlib
import time
import urllib.request
import zipfile

from host import NOOP_BUILDER, Host
from services import wait_until

PLANNER = "{{plugin: planwright.wheels, workers: 1, sandbox: {sandbox}, settings: {{no_index: true, find_links: [{index}]}}}}"
PLANS = 15
WARM_UP = 2  # the first ones look at the versions of pip and Python


def index(folder):
    """A folder of archives with one project that needs nothing."""
    folder = pathlib.Path(folder)
    folder.mkdir()
    folder.chmod(0o755)
    info = "bench_one-1.0.dist-info"
    with zipfile.ZipFile(folder / "bench_one-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("bench_one.py", "")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: bench-one\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return folder


def plan_times(services, program, folder, archives, sandbox):
    """Milliseconds from the claim of each input to its plan. Each asks for something else, as pip's answer is kept."""
    planner = PLANNER.format(sandbox=sandbox, index=archives)
    with Host(services, program, folder, planner, NOOP_BUILDER) as host:
        host.post("/api/queues/default/build/pause")
        for number in range(WARM_UP + PLANS):
            request = urllib.request.Request(
                f"{host.url}/api/pending-inputs?filename={number}.txt", data=f"bench-one>=0.{number}\n".encode()
            )
            urllib.request.urlopen(request, timeout=10).close()
            wait_until(lambda: total(host) == number + 1, "a plan")
        with host.psql() as psql:
            times = psql.query(
                "select string_agg((extract(epoch from p.created_at - e.at) * 1000)::text, ' ' order by p.id)"
                " from plans p join events e on e.subject = 'input/' || p.pending_input_id and e.type = 'input.planning'"
            )
        return [float(each) for each in times.split()][WARM_UP:]


def total(host):
    time.sleep(0.02)
    with urllib.request.urlopen(f"{host.url}/api/plans?limit=1", timeout=10) as answer:
        return json.loads(answer.read())["total"]
