#!/usr/bin/python3
"""A long run with short ages: after the first retention periods everything a host keeps must stop growing.

SOAK_SECONDS (600) at SOAK_RATE (5) files a second, with ages of 30 s: twenty retention periods, as twenty days are with
ages of a day. Prints what there was at each moment and judges the second half of the run: the line fitted through it may
not rise by more than a tenth of its mean from end to end.
"""

import json
import os
import pathlib
import sys
import threading
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness import COMMAND, HostCase, eventually, main, queue_config  # noqa: E402

SECONDS = float(os.environ.get("SOAK_SECONDS", 600))
RATE = float(os.environ.get("SOAK_RATE", 5))
AGE = "30s"
TABLES = ("pending_inputs", "plans", "builds", "jobs", "job_attempts", "blobs", "source_files", "events")
RECIPE = """\
jobs:
  one: {{command: [sh, -c, "echo {n}; head -c 20000 /dev/urandom > large"], outputs: [large]}}
"""
MOST_RISE = 0.1  # of the mean
# A rise is compared with at least this: a tenth of it is what these figures go up and down by.
FLOOR = {"rss_kib": 30_000, "database_kib": 10_000, "store_kib": 2_000}


def files_of(folder):
    count = size = 0
    for path in folder.rglob("*"):
        try:
            info = path.lstat()
        except FileNotFoundError:
            continue  # just collected
        count, size = count + 1, size + info.st_size
    return count, size


def rise(values):
    """How much the line fitted through the values rises from its begin to its end."""
    n = len(values)
    middle, mean = (n - 1) / 2, sum(values) / n
    slope = sum((i - middle) * (v - mean) for i, v in enumerate(values)) / sum((i - middle) ** 2 for i in range(n))
    return slope * (n - 1)


class SoakTest(HostCase):
    def config(self, folder):
        queue = queue_config(folder / "input", None, {**COMMAND, "workers": 4, "job_slots": 2})
        queue["prune"] = {"inputs": AGE, "plans": AGE, "keep_last": 10}
        return {"queues": {"default": queue}, "blobs": {"grace": "15s"}}

    def drop_for_ever(self, host, stop):
        """Files come at a steady rate; each is deleted by its owner some time after."""
        begin, n, there = time.monotonic(), 0, []
        while not stop.wait(max(0, begin + n / RATE - time.monotonic())):
            there.append(host.drop(f"{n}.plan.yaml", RECIPE.format(n=n)))
            n += 1
            if len(there) > RATE * 10:
                there.pop(0).unlink()
        self.dropped = n

    def sample(self, host):
        query = ", ".join(f"(select count(*) from {table})" for table in TABLES)
        row = host.sql(f"select {query}, pg_database_size(current_database()) / 1024")[0]
        now = dict(zip((*TABLES, "database_kib"), map(int, row)))
        now["files"], size = files_of(host.data / "blobs")
        now["store_kib"] = size // 1024
        status = pathlib.Path(f"/proc/{host.process.pid}/status").read_text()
        now["rss_kib"] = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))
        return now

    def test_everything_reaches_a_plateau(self):
        host = self.host(config=self.config, fresh=True)  # partitions of events as these ages want them
        stop, begin, series = threading.Event(), time.monotonic(), []
        dropper = threading.Thread(target=self.drop_for_ever, args=(host, stop))
        dropper.start()
        try:
            while time.monotonic() - begin < SECONDS:
                time.sleep(min(5, SECONDS / 40))
                series.append(self.sample(host))
                if len(series) == 1:
                    print("seconds " + " ".join(series[0]), flush=True)
                cells = " ".join(str(value).rjust(len(name)) for name, value in series[-1].items())
                print(f"{time.monotonic() - begin:7.0f} {cells}", flush=True)
        finally:
            stop.set()
            dropper.join()
        half = series[len(series) // 2 :]
        verdicts = {}
        for name in half[0]:
            values = [moment[name] for moment in half]
            base = max(sum(values) / len(values), FLOOR.get(name, 200))
            verdicts[name] = round(rise(values) / base, 3)
        print(f"{self.dropped} files; rise over the second half, as a share of the mean: {json.dumps(verdicts)}")
        self.assertGreater(self.dropped, SECONDS * RATE / 2)
        self.assertEqual({name: v for name, v in verdicts.items() if v > MOST_RISE}, {})
        # Nothing was pruned before it was done: every file became a plan that was built.
        eventually(lambda: not host.builds("building") and not host.plans("ready_for_build"), "it comes to rest")
        self.assertEqual(host.plans("failed"), [])
        text = host.call("GET", "/metrics").body.decode()
        built = sum(
            float(line.rsplit(" ", 1)[1])
            for line in text.splitlines()
            if line.startswith("planwright_items_finished_total") and 'outcome="finished"' in line
        )
        self.assertEqual(built, self.dropped)


if __name__ == "__main__":
    main()
