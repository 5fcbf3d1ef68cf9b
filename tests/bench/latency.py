"""From the close of a dropped file to the first instruction of the program it starts, in an idle system."""

import os
import pathlib
import select
import subprocess
import time
import urllib.request

from host import COMMAND_BUILDER, RECIPE_PLANNER, Host
from services import wait_until

SOURCES = pathlib.Path(__file__).parent / "drops"
STABLE_FOR_MS = 50
PAUSE_MS = 40
WARM_UP = 10


def compile_programs(folder):
    for name in ["drop", "stamp"]:
        static = ["-static"] if name == "stamp" else []
        command = ["c++", "-std=c++20", "-O2", *static, "-o", str(folder / name), str(SOURCES / f"{name}.cc")]
        subprocess.run(command, check=True)


class Drops:
    """The programs and the fifo of one series of drops."""

    def __init__(self, programs, folder):
        self._programs = programs
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.fifo = folder / "started"
        os.mkfifo(self.fifo)
        self.stamp = programs / "stamp"

    def measure(self, into, suffix, content, count):
        """Gives the sorted latencies in ms, warm-up left out."""
        pattern = self.folder / "content"
        pattern.write_text(content)
        command = [self._programs / "drop", into, suffix, pattern, self.fifo, count + WARM_UP, PAUSE_MS]
        done = subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True)
        lines = done.stdout.split()[WARM_UP:]
        if "lost" in lines:
            raise AssertionError(f"{lines.count('lost')} of {count} drops started nothing")
        return sorted(float(line) for line in lines)


def inotifywait(programs, folder, count):
    """The floor with a shell: no state, no stability check, nothing recorded."""
    drops = Drops(programs, folder)
    into = folder / "input"
    into.mkdir()
    watch = ["inotifywait", "-q", "-m", "-e", "close_write,moved_to", "--format", "%f", str(into)]
    loop = ["sh", "-c", 'while read -r file; do "$0" "$1"; done', str(drops.stamp), str(drops.fifo)]
    watcher = subprocess.Popen(watch, stdout=subprocess.PIPE)
    shell = subprocess.Popen(loop, stdin=watcher.stdout)
    try:
        time.sleep(0.5)  # inotifywait says nothing when its watch is set
        return drops.measure(into, ".txt", "project-@==1.0\n", count)
    finally:
        watcher.terminate()
        watcher.wait()
        watcher.stdout.close()
        shell.wait()


def planwright(services, program, programs, folder, count):
    """Latencies without the time that the configuration asks to wait for."""
    drops = Drops(programs, folder / "drops")
    recipe = f'jobs:\n  stamp: {{command: ["{drops.stamp}", "{drops.fifo}"]}}  # drop @\n'
    stable_for = f"{STABLE_FOR_MS}ms"
    with Host(services, program, folder / "latency", RECIPE_PLANNER, COMMAND_BUILDER, stable_for) as host:
        latencies = drops.measure(host.input, ".plan.yaml", recipe, count)
    return [latency - STABLE_FOR_MS for latency in latencies]


def enqueued(services, program, programs, folder, count):
    """From the request that enqueues a plan by hand to the first instruction of its job, with everything idle."""
    folder.mkdir()
    fifo = folder / "started"
    os.mkfifo(fifo)
    with Host(services, program, folder / "manual", RECIPE_PLANNER, COMMAND_BUILDER) as host:
        host.patch("/api/queues/default", {"auto_build": False})
        for number in range(count + WARM_UP):
            recipe = f'jobs:\n  stamp: {{command: ["{programs / "stamp"}", "{fifo}"]}}  # {number}\n'
            address = f"{host.url}/api/pending-inputs?filename={number}.plan.yaml"
            urllib.request.urlopen(urllib.request.Request(address, data=recipe.encode()), timeout=10).close()
        wait_until(lambda: host.get("/api/plans?limit=1")["total"] == count + WARM_UP, "the plans")
        started = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
        latencies = []
        for number in range(1, count + WARM_UP + 1):
            time.sleep(PAUSE_MS / 1000)
            asked = time.monotonic_ns()
            host.post(f"/api/plans/{number}/enqueue-build")
            if not select.select([started], [], [], 10)[0]:
                raise AssertionError(f"plan {number} was enqueued and starts nothing")
            latencies.append((int(os.read(started, 64)) - asked) / 1e6)
        os.close(started)
    return sorted(latencies[WARM_UP:])


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
