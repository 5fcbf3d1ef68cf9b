"""Builds of job graphs: how long the whole takes, beside ninja and make with the same commands and the bound."""

import random
import subprocess
import time

from host import RECIPE_PLANNER, Host

SLOTS = 2
BUILDER = f"{{{{plugin: planwright.command, workers: 2, job_slots: {SLOTS}, settings: {{{{sandbox: {{}}}}}}}}}}"


class Graph:
    """Jobs by name: what they need and for how many seconds they sleep; 0 = a program that does nothing."""

    def __init__(self, jobs):
        self.jobs = jobs

    def bound(self):
        """Seconds that no schedule can beat."""
        ends = {}
        for name, (needs, seconds) in self.jobs.items():  # needs stand before
            ends[name] = max((ends[need] for need in needs), default=0) + seconds
        return max(max(ends.values()), sum(seconds for _, seconds in self.jobs.values()) / SLOTS)

    def commands(self):
        for name, (needs, seconds) in self.jobs.items():
            yield name, needs, ["/bin/sleep", str(seconds)] if seconds else ["/bin/true"]


def wide(jobs=1000, seconds=0.05):
    return Graph({f"j{n}": ([], seconds) for n in range(jobs)})


def deep(jobs=100, seconds=0.05):
    return Graph({f"j{n}": ([f"j{n - 1}"] if n else [], seconds) for n in range(jobs)})


def real(jobs=300):
    """As a distribution's packages are: most need a few of what came before, some run much longer than others."""
    dice = random.Random(7)
    graph = {}
    for n in range(jobs):
        needs = sorted({dice.randrange(max(0, n - 60), n) for _ in range(dice.choice([0, 1, 1, 2, 3]))} if n else [])
        graph[f"j{n}"] = ([f"j{need}" for need in needs], round(min(1.0, dice.lognormvariate(-3.5, 0.9)), 3))
    return Graph(graph)


def noop(jobs=1000):
    return wide(jobs, 0)


GRAPHS = {"graph-wide": wide, "graph-deep": deep, "graph-real": real, "graph-noop": noop}


def ninja(graph, folder):
    lines = ["rule run", "  command = $run"]
    for name, needs, command in graph.commands():
        lines += [f"build {name}: run {' '.join(needs)}", f"  run = {' '.join(command)}"]
    (folder / "build.ninja").write_text("\n".join(lines) + "\n")
    return _seconds(["ninja", f"-j{SLOTS}"], folder)


def make(graph, folder):
    names = " ".join(graph.jobs)
    lines = [f".PHONY: all {names}", f"all: {names}"]
    for name, needs, command in graph.commands():
        lines += [f"{name}: {' '.join(needs)}", f"\t@{' '.join(command)}"]
    (folder / "Makefile").write_text("\n".join(lines) + "\n")
    return _seconds(["make", "-s", f"-j{SLOTS}"], folder)


PEERS = {"ninja": ninja, "make": make}


def planwright(services, program, folder, graph, sandbox="none"):
    """Seconds from the claim of the plan to its manifest. As for the others it is the first build: nothing is known of how
    long jobs take."""
    with Host(services, program, folder, RECIPE_PLANNER, BUILDER.format(sandbox), "50ms") as host:
        recipe = ["jobs:"]
        for name, needs, command in graph.commands():
            recipe.append(f"  {name}: {{command: {command}, needs: {needs}}}".replace("'", '"'))
        (host.input / "graph.plan.yaml").write_text("\n".join(recipe) + "\n")
        with host.psql() as psql:
            seconds = _build_seconds(psql, 1, host)
            jobs = int(psql.query("select count(*) from jobs where status = 'succeeded' and exit_code = 0"))
            if jobs != len(graph.jobs):
                raise AssertionError(f"{jobs} of {len(graph.jobs)} jobs succeeded")
    return seconds


def _build_seconds(psql, build, host, patience=180):
    question = f"select extract(epoch from finished_at - started_at) from builds where id = {build} and status = 'built'"
    deadline = time.monotonic() + patience
    while True:
        seconds = psql.query(question)
        if seconds:
            return float(seconds)
        if time.monotonic() > deadline:
            raise AssertionError(f"not built after {patience} s\n{host.log_tail()}")
        time.sleep(0.1)


def _seconds(command, folder):
    start = time.monotonic()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - start
