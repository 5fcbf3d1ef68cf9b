"""Figures as JSON lines, and the table of ratios at the end."""

import datetime
import json
import statistics
import sys

from machine import description

PLANWRIGHT = "planwright"
DRAIN, DRAIN_ONE_JOB = "two-stage", "two-stage-one-job"
STAGES_INPROC, STAGES_CHILD = "two-stage-inproc", "two-stage-child"
SQL_LIMIT, SQL_SINGLE = "postgres15-sql-b100", "postgres15-sql-b1"


class Report:
    """Prints each figure when it is known and keeps it for the table. `parts`: those that were asked for, `million` if
    the backlog of that size was. `has_all_peers`: none was left out on purpose, so each goal has a figure to compare.
    `api_rows`: how many rows the part `api` is measured with."""

    def __init__(self, parts, has_all_peers, api_rows):
        self.parts = parts
        self.api_rows = api_rows
        self._has_all_peers = has_all_peers
        self._figures = {}
        self._others = []  # percent of the cores that others used, for each figure
        self.failures = []

    def add(self, peer, workload, figure, unit, **extra):
        line = {"peer": peer, "workload": workload, "figure": _rounded(figure), "unit": unit}
        line["extra"] = {key: _rounded(value) for key, value in extra.items()}
        print(json.dumps(line), flush=True)
        self._figures.setdefault((peer, workload), []).append(figure)
        self._others.append(extra.get("others_cpu_percent", 0))

    def fail(self, what):
        self.failures.append(what)
        print(f"FAILED {what}", file=sys.stderr, flush=True)

    def median(self, peer, workload):
        figures = self._figures.get((peer, workload))
        return statistics.median(figures) if figures else None

    def print_summary(self):
        """Gives the number of goals that were missed. One without a figure is missed, too, if all peers took part."""
        print("\nmedians")
        for (peer, workload), figures in self._figures.items():
            print(f"  {workload:22} {peer:24} {statistics.median(figures):12,.2f}   of {len(figures)}")
        print("\nratios of this run")
        for goal in self._compared():
            print(f"  {goal['name']:58} {_figure(goal):>9}   goal {goal['goal']:<9} {_verdict(goal)}")
        return sum(goal["is_missed"] for goal in self._compared())

    def print_markdown(self):
        """For a file that is kept: what was compared, and below it the figures that it was made of."""
        busiest = max(self._others, default=0)
        disturbed = "" if busiest <= 15 else ", **disturbed: not to be compared**"
        print(f"\n{datetime.date.today()}, {description()}; others used up to {busiest:.0f} % of the cores{disturbed}\n")
        print("| what | reached | goal | |\n|---|---|---|---|")
        for goal in self._compared():
            print(f"| {goal['name']} | {_figure(goal)} | {goal['goal']} | {_verdict(goal)} |")
        print("\n| figure | of | median | rounds |\n|---|---|---|---|")
        for (peer, workload), figures in self._figures.items():
            print(f"| {workload} | {peer} | {statistics.median(figures):,.2f} | {len(figures)} |")

    def _compared(self):
        return [goal for goal in goals(self) if goal["ratio"] is not None or self._has_all_peers]


def _verdict(goal):
    return "aim" if goal["is_aim"] else "MISSED" if goal["is_missed"] else "ok"


def _figure(goal):
    return "none" if goal["ratio"] is None else f"{goal['ratio']:.2f}"


def goals(report):
    """The goals of the parts that were asked for, with what was reached."""

    def ratio(a, b):
        return report.median(*a) / report.median(*b) if report.median(*a) and report.median(*b) else None

    def stage(name):
        return (PLANWRIGHT, f"stage-{name}")

    def backlog(items):
        return (PLANWRIGHT, f"backlog-{items}")

    def in_sandbox(what):
        confined, free = report.median(PLANWRIGHT, f"{what}-auto"), report.median(PLANWRIGHT, f"{what}-none")
        return confined - free if confined and free else None

    def moved(name):
        return (PLANWRIGHT, f"transfer-{name}")

    ours = (PLANWRIGHT, DRAIN)
    rows = {
        "drain": [
            ("G1 no job / bullmq", ratio(ours, ("bullmq", DRAIN)), 7, False),
            ("G1 no job / graphile-worker", ratio(ours, ("graphile", DRAIN)), 7, False),
            ("G1 no job / plain node on Redis lists (best peer)", ratio(ours, ("redislist", DRAIN)), 7, True),
            ("G1 no job / bare SQL, 100 per commit", ratio(ours, (SQL_LIMIT, DRAIN)), 0.40, False),
            ("no job / bare SQL, one per commit", ratio(ours, (SQL_SINGLE, DRAIN)), 1, True),
            ("G1 one job per plan / bullmq", ratio((PLANWRIGHT, DRAIN_ONE_JOB), ("bullmq", DRAIN)), 3, False),
        ],
        "latency": [
            ("G2 file closed to job started, p50 / inotifywait+sh",
             ratio((PLANWRIGHT, "file-to-start"), ("inotifywait+sh", "file-to-start")), -4, False),
            ("G2 p50 ms", report.median(PLANWRIGHT, "file-to-start"), -3, True),
            ("G2 p99 ms", report.median(PLANWRIGHT, "file-to-start-p99"), -10, True),
            ("G2b a plan enqueued by hand to its job started, p50 ms", report.median(PLANWRIGHT, "enqueue-to-start"), -3, True),
            ("G2b p99 ms", report.median(PLANWRIGHT, "enqueue-to-start-p99"), -10, True),
        ],
        "graph": [
            ("graph of 1,000 jobs of 50 ms, time / bound", report.median(PLANWRIGHT, "graph-wide"), -1.10, False),
            ("chain of 100 jobs of 50 ms, time / bound", report.median(PLANWRIGHT, "graph-deep"), -1.25, True),
            ("graph as packages are, time / bound", report.median(PLANWRIGHT, "graph-real"), -1.25, True),
            ("G3 1,000 process jobs / ninja", ratio((PLANWRIGHT, "graph-noop"), ("ninja", "graph-noop")), 0.8, False),
        ],
        "memory": [
            ("G6 resident MB idle", report.median(PLANWRIGHT, "memory-idle"), -30, False),
            ("CPU of an idle host and its children, % of a core", report.median(PLANWRIGHT, "cpu-idle"), -1, True),
            ("G6 MB more with 1,000,000 queued", report.median(PLANWRIGHT, "memory-growth-1000000"), -15, False),
        ],
        "lists": [
            ("lists with 1,000,000 rows, p99 ms", report.median(PLANWRIGHT, "list-p99"), -100, False),
            ("explain with 1,000,000 rows, p99 ms", report.median(PLANWRIGHT, "explain-p99"), -100, False),
        ],
        "api": [row for size in report.api_rows for row in _api_goals(report, size)],
        "logs": [
            ("2,000 lines anywhere in a log of 1,000,000, slowest ms", report.median(PLANWRIGHT, "log-range"), -50, False),
            ("search of that log, s", report.median(PLANWRIGHT, "log-search"), -2, False),
            ("MB more while it is written, read and searched", report.median(PLANWRIGHT, "log-memory"), -16, False),
        ],
        "backlog": [
            ("G9 rate at backlog 100,000 / at 10,000", ratio(backlog(100_000), backlog(10_000)), 0.8, False),
            ("100,000 with a snapshot of 60 s held / without",
             ratio((PLANWRIGHT, "backlog-snapshot-whole"), (PLANWRIGHT, "backlog-100000-whole")), 0.8, False),
        ],
        "million": [
            ("G9 rate at backlog 1,000,000 / at 10,000", ratio(backlog(1_000_000), backlog(10_000)), 0.9, False),
        ],
        "recovery": [
            ("restart to first claim, s", report.median(PLANWRIGHT, "recovery-host"), -2, False),
            ("same with Postgres killed too, s", report.median(PLANWRIGHT, "recovery-host_and_postgres"), -5, False),
            ("FLUSHALL to all tickets back, s", report.median(PLANWRIGHT, "recovery-flush"), -2, False),
            ("MB more meanwhile", report.median(PLANWRIGHT, "recovery-flush-memory"), -15, False),
            ("death of a host to its work elsewhere, s", report.median(PLANWRIGHT, "recovery-takeover"), -30, False),
        ],
        "stages": [
            ("stage call in the host, ns", report.median(*stage("inproc_ns")), -1000, False),
            ("stage call in a child, p50 us", report.median(*stage("child_us")), -100, False),
            ("same / bytes there and back between two processes", ratio(stage("child_us"), stage("echo_us")), -10, False),
            ("start of a worker, ms", report.median(*stage("start_ms")), -10, False),
            ("same / start of /bin/true", ratio(stage("start_ms"), stage("spawn_ms")), -20, True),
            ("drain with stages in children / in the host",
             ratio((PLANWRIGHT, STAGES_CHILD), (PLANWRIGHT, STAGES_INPROC)), 0.5, False),
        ],
        "transfer": [
            ("a file uploaded, MB/s / sha256sum", ratio(moved("upload"), ("sha256sum", "transfer-ingest")), 0.4, True),
            ("a file taken from a folder, MB/s / sha256sum", ratio(moved("folder"), ("sha256sum", "transfer-ingest")), 0.8, True),
            ("an artifact fetched, MB/s / nginx", ratio(moved("download"), ("nginx", "transfer-download")), 0.5, True),
        ],
        "wheels": [row for kind in ("", "-setup") for row in _wheels_goals(ratio, kind)],
        "planning": [("a plan by pip: more ms in the sandbox", in_sandbox("plan"), -30, False)],
        "sandbox": [("a job that does nothing: more ms in the sandbox", in_sandbox("job"), -15, False)],
    }
    return [_goal(*row) for part in rows if part in report.parts for row in rows[part]]


def _wheels_goals(ratio, kind):
    """`kind`: of the index."""

    def to_pip(name, peer="file"):
        return ratio((PLANWRIGHT, f"wheels{kind}-{name}"), ("pip", f"wheels{kind}-{peer}"))

    what = "setup.py and hashes: " if kind else ""
    yield f"{what}new file to last wheel / pip wheel -r", to_pip("cold"), -0.9, False
    yield f"{what}same, the aim", to_pip("cold"), -0.7, True
    yield f"{what}the same lines again / pip wheel -r", to_pip("again"), -0.08, False
    yield f"{what}one line more / pip wheel -r", to_pip("line"), -0.15, False
    ours = (PLANWRIGHT, f"wheels{kind}-several"), (PLANWRIGHT, f"wheels{kind}-cold")
    yield f"{what}10 files that share most projects / one", ratio(*ours), -1.5, False
    if not kind:
        yield "isolated, new file to last wheel / pip wheel -r", to_pip("isolated", "isolated"), -0.9, True


def _api_goals(report, size):
    """Of the requests per second with so many rows: the slowest of the lists counts."""

    def rate(peer, name):
        return report.median(peer, f"api-{name}-{size}")

    kinds = ["plans", "pending-inputs", "builds", "events"]
    what = f"{size:,} rows"
    yield f"one item, {what}, requests/s", rate(PLANWRIGHT, "item"), 6_000, False
    slowest = [report.median(PLANWRIGHT, f"api-item-{size}-p99")]
    for mode, least, share in (("distinct", 2_000, 0.08), ("same", 5_000, 0.22)):
        words = "each another page or filter" if mode == "distinct" else "the same by all"
        for suffix, when in (("", ""), ("-commits", ", 200 commits/s")):
            rates = [rate(PLANWRIGHT, f"{kind}-{mode}{suffix}") for kind in kinds]
            peers = [rate("nginx", kind) for kind in kinds]
            slowest += [report.median(PLANWRIGHT, f"api-{kind}-{mode}{suffix}-{size}-p99") for kind in kinds]
            ratios = [ours / peer for ours, peer in zip(rates, peers) if ours and peer]
            yield f"lists, {words}, {what}{when}, requests/s", min(rates) if all(rates) else None, least, False
            yield "same / nginx with the same bytes", min(ratios) if len(ratios) == len(kinds) else None, share, False
    shown, free = rate(PLANWRIGHT, "list-token"), rate(PLANWRIGHT, "list-open")
    yield f"a list with a token / without access control, {what}", shown / free if shown and free else None, 0.95, False
    yield f"all of them, {what}, p99 ms", max(slowest) if all(slowest) else None, -50, False


def _goal(name, ratio, bound, is_aim):
    """A negative bound is an upper one."""
    is_reached = ratio is not None and (ratio <= -bound if bound < 0 else ratio >= bound)
    text = f"<= {-bound}" if bound < 0 else f">= {bound}"
    return {"name": name, "ratio": ratio, "goal": text, "is_missed": not is_reached and not is_aim,
            "is_aim": is_aim and not is_reached}


def _rounded(value):
    return float(f"{value:.5g}") if isinstance(value, float) else value
