"""The ceiling: the same moves as set-based SQL, run by pgbench without any code per item."""

import pathlib
import subprocess
import time

from services import POSTGRES_BIN, Psql

FOLDER = pathlib.Path(__file__).parent / "sql_limit"
CLIENTS = 2


def two_stage(services, items, batch=100):
    """Plans `items` inputs, then builds the plans, `batch` per commit. Gives the record of the run."""
    with Psql(services, "peers", {"items": items}) as psql:
        psql.query((FOLDER / "tables.sql").read_text())
        start = time.monotonic()
        for stage in ["plan", "build"]:
            _pgbench(services, FOLDER / f"{stage}.sql", batch, items // batch // CLIENTS)
        secs = time.monotonic() - start
        built = int(psql.query("select count(*) from limit_plans where status = 2"))
    # A few are left over: of two clients that reach for the same rows, one gets a smaller batch. What was built counts.
    return {"n": built, "secs": secs, "of": items}


def _pgbench(services, script, batch, transactions):
    command = [POSTGRES_BIN / "pgbench", "-n", "-M", "prepared", "-c", CLIENTS, "-j", CLIENTS, "-t", transactions]
    command += ["-D", f"batch={batch}", "-f", script, "-h", services.postgres_socket, "-U", "postgres", "peers"]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
