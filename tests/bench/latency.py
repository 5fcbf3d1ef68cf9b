"""From the close of a dropped file to the first instruction of the program it starts, in an idle system."""

import os
import pathlib
import subprocess
import time

from host import COMMAND_BUILDER, RECIPE_PLANNER, Host

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


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
