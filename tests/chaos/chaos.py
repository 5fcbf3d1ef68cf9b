"""What the chaos tests share: hosts on services that break, a ledger of all that was dropped, and the final account.

`CHAOS=long` makes the runs long (`tests/run chaos`), else they are short. Random choices come from `self.random`, whose
seed is printed; `CHAOS_SEED=N` replays it.
"""

import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys
import time
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / "e2e"), str(TESTS / "bench")]

from breakable import BreakableServices  # noqa: E402
from harness import BINARY, COMMAND, HostCase, queue_config  # noqa: E402

IS_LONG = os.environ.get("CHAOS") == "long"
LEASE = 3  # seconds
SMALL = """\
jobs:
  make: {{command: [sh, -c, "sleep 0.05; echo {token} > made.txt"], outputs: [made.txt]}}
  copy: {{command: [sh, -c, "cat in.txt > copied.txt"], inputs: {{in.txt: make/made.txt}}, outputs: [copied.txt]}}
"""
# The input and an output are files of the blob folder; the plan and the manifest are large rows.
LARGE = """\
jobs:
  make:
    command: [sh, -c, "cp text big.txt; for i in $(seq 150); do echo {token} > part-$i.txt; done"]
    inputs: {{text: {{text: "{text}"}}}}
    outputs: [big.txt, "part-*.txt"]
"""
ASIDE = ("brief", "stopped")  # queues that stay out of the account
# What must be true when nothing is left to do, and how to find what breaks it. Each gives rows (file, what is wrong).
ACCOUNT = {
    "input in a transient state": """
        select filename, status || coalesce(' queued ' || queued_at, '') from pending_inputs
         where status in ('pending', 'planning') or queued_at is not null or instance is not null""",
    "plan in a transient state": """
        select filename, status || coalesce(' queued ' || queued_at, '') from plans
         where status in ('ready_for_build', 'building') or queued_at is not null or instance is not null
            or (build_open and status <> 'built')""",
    "failed": """
        select filename, error from pending_inputs where status = 'failed'
        union all select filename, error from plans where status = 'failed'""",
    "doubled input": "select filename, count(*) from pending_inputs group by 1 having count(*) > 1",
    "not one plan": """
        select i.filename, count(p.id) from pending_inputs i left join plans p on p.pending_input_id = i.id
         group by i.id, 1 having count(p.id) <> 1""",
    "not one build": """
        select p.filename, count(b.id) from plans p left join builds b on b.plan_id = p.id
         group by p.id, 1 having count(b.id) <> 1""",
    "build not built, or without a manifest": """
        select p.filename, b.status || ' ' || b.jobs_done || '/' || b.jobs_total
          from builds b join plans p on p.id = b.plan_id
         where b.status <> 'built' or b.manifest_digest is null or b.finished_at is null
            or b.jobs_done <> b.jobs_total""",
    "job not succeeded": """
        select p.filename, j.name || ' ' || j.status from jobs j join builds b on b.id = j.build_id
          join plans p on p.id = b.plan_id where j.status <> 'succeeded'""",
    "build without all of its jobs": """
        select p.filename, count(j.id) || '/' || p.job_count from builds b join plans p on p.id = b.plan_id
          left join jobs j on j.build_id = b.id group by p.id, b.id, 1, p.job_count having count(j.id) <> p.job_count""",
    "not one good attempt": """
        select p.filename, j.name || ' ' || count(a.id) from jobs j join builds b on b.id = j.build_id
          join plans p on p.id = b.plan_id left join job_attempts a on a.job_id = j.id and a.status = 'succeeded'
         group by p.filename, j.id, j.name having count(a.id) <> 1""",
    "attempt still open": """
        select p.filename, j.name || ' attempt ' || a.n from job_attempts a join jobs j on j.id = a.job_id
          join builds b on b.id = j.build_id join plans p on p.id = b.plan_id where a.ended_at is null""",
    "fact told twice": """
        select subject, type || ' ' || count(*) from events
         where type in ('input.recorded', 'input.planned', 'plan.built', 'job.succeeded')
         group by 1, type having count(*) > 1""",
    "blob without a row": """
        select p.filename, b.manifest_digest from builds b join plans p on p.id = b.plan_id
         where not exists (select from blobs x where x.digest = b.manifest_digest)""",
}


# Of what was cancelled.
NOT_STOPPED = """
    select p.filename, 'plan is ' || p.status from plans p where p.queue = 'stopped' and p.status <> 'cancelled'
    union all select p.filename, 'build is ' || b.status from builds b join plans p on p.id = b.plan_id
     where b.queue = 'stopped' and b.status <> 'cancelled'
    union all select p.filename, j.name || ' is ' || j.status from jobs j join plans p on p.id = j.plan_id
     where p.queue = 'stopped' and j.status <> 'cancelled'"""


def sha256(content):
    return "sha256:" + hashlib.sha256(content.encode()).hexdigest()


class ChaosCase(HostCase):
    """Owns the services of one test, the folder that its hosts watch, and the ledger."""

    workers = 4
    attempts = 100

    def setUp(self):
        super().setUp()
        seed = int(os.environ.get("CHAOS_SEED", random.SystemRandom().randrange(1 << 31)))
        self.random = random.Random(seed)
        self._begin = time.monotonic()
        print(f"{self.id().split('.')[-1]}: CHAOS_SEED={seed}", flush=True)
        (self.folder / "services").mkdir()
        self.services = BreakableServices(self.folder / "services")
        self.watched = self.folder / "watched"
        self.watched.mkdir()
        self.blobs = self.folder / "blobs"
        self.ledger = {}  # file name -> (its content, {artifact: digest} of its build)

    def tearDown(self):
        for host in self._hosts:
            if host.is_running:
                host.kill()
        self.services.stop()
        super().tearDown()
        print(f"  {time.monotonic() - self._begin:.0f} s", flush=True)

    def config(self, _folder=None, **changes):
        """Of every host: queue `default` watches a folder, `manual` takes uploads and waits for "Generate plan",
        `brief` soon forgets what it did, and what `stopped` does is cancelled. Files of the last two are called brief-…
        and stopped-…"""
        builder = {**COMMAND, "workers": self.workers, "job_slots": self.workers}
        retry = {"attempts": self.attempts, "poison_after": 1000, "backoff": {"first": "100ms", "max": "1s", "jitter": 0}}
        default = queue_config(self.watched, builder=builder, retry=retry)
        default["planner"]["workers"] = self.workers
        manual = {**default, "auto_plan": False, "source": {"plugin": "planwright.manual"}}
        stopped = {**manual, "auto_plan": True}
        brief = {**stopped, "prune": {"plans": "1s", "keep_last": 0}}
        return {
            "postgres": self.services.postgres_url("planwright"),
            "redis": self.services.redis_url,
            "blobs": {"folder": str(self.blobs)},
            "lease": f"{LEASE}s",
            "queues": {"default": default, "manual": manual, "brief": brief, "stopped": stopped},
            **changes,
        }

    def new_host(self, name="host", **changes):
        return self.host(name, self.config(**changes), start=False)

    def configure(self, host, **changes):
        """For its next start."""
        (host.folder / "planwright.yaml").write_text(json.dumps(self.config(**changes), indent=1))

    # -- work

    def recipe(self, name, kind=SMALL, **words):
        """The content of a new file, entered into the ledger."""
        file = f"{name}.plan.yaml"
        assert file not in self.ledger
        text = (name * 20000)[:20000]
        content = kind.format(token=name, text=text, **words)
        token = sha256(f"{name}\n")
        if kind == LARGE:
            made = {"big.txt": sha256(text), **{f"part-{i}.txt": token for i in range(1, 151)}}
        else:
            made = {"made.txt": token, **({"copied.txt": token} if kind == SMALL else {})}
        self.ledger[file] = (content, made)
        return file, content

    def drop(self, name, kind=SMALL, **words):
        file, content = self.recipe(name, kind, **words)
        part = self.folder / "dropping"
        part.write_text(content)
        part.rename(self.watched / file)
        return file

    # -- the account

    def progress(self):
        """A row that changes with every step of any item, or None while Postgres is away."""
        try:
            return self.services.rows(
                "select (select count(*) from plans where status = 'built' and queue not in ('brief', 'stopped')),"
                " (select count(*) from pending_inputs),"
                " (select count(*) from plans), (select max(id) from events),"
                " (select count(*) from pending_inputs where status in ('pending', 'planning')),"
                " (select count(*) from plans where status in ('ready_for_build', 'building'))"
            )[0]
        except (AssertionError, subprocess.TimeoutExpired):
            return None

    def settle(self, patience=45.0):
        """Waits until all of the ledger is built; fails when nothing has moved for `patience` seconds."""
        before, since = None, time.monotonic()
        while True:
            now = self.progress()
            if now and int(now[0]) >= len(self.ledger) and now[4] == now[5] == "0":
                return
            if now != before:
                before, since = now, time.monotonic()
            elif time.monotonic() - since > patience:
                problems = json.dumps(self.problems()[:20], indent=1)
                raise AssertionError(f"stuck at {now} of {len(self.ledger)}: {problems}")
            time.sleep(0.1)

    def problems(self):
        """All differences between what was dropped and what there is: [(file, what is wrong)]."""
        found = []
        for what, query in ACCOUNT.items():
            rows = [row for row in self.services.rows(query) if not row[0].startswith(ASIDE)]
            found += [(row[0], f"{what}: {' '.join(row[1:])}") for row in rows]
        query = "select filename, digest from pending_inputs where queue not in ('brief', 'stopped')"
        inputs = {row[0]: row[1] for row in self.services.rows(query)}
        for file, (content, _) in self.ledger.items():
            if file not in inputs:
                found.append((file, "lost: no input"))
            elif inputs[file] != sha256(content):
                found.append((file, f"another content: {inputs[file]}"))
        found += [(file, "nobody dropped it") for file in inputs if file not in self.ledger]
        found += [(row[0], f"not cancelled: {row[1]}") for row in self.services.rows(NOT_STOPPED)]
        return found + self._wrong_results() + self._what_the_doctor_finds()

    def _what_the_doctor_finds(self):
        host = self._hosts[0]
        command = [BINARY, "doctor", "--config", host.folder / "planwright.yaml", "--data", host.data, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode == 0:
            return []
        try:
            checks = json.loads(done.stdout)["checks"]
        except ValueError:
            return [("doctor", f"exit code {done.returncode}: {done.stdout}{done.stderr}")]
        return [(v["item"], f"doctor, {check['name']}: {v['what']}") for check in checks for v in check["violations"]]

    def _wrong_results(self):
        found = []
        rows = self.services.rows(
            "select p.filename, b.manifest_digest, encode(x.content, 'hex') from builds b"
            " join plans p on p.id = b.plan_id join blobs x on x.digest = b.manifest_digest where p.queue not in ('brief', 'stopped')"
        )
        for file, digest, content in rows:
            try:
                manifest = json.loads(self._bytes(digest, content))
            except OSError as error:
                found.append((file, f"manifest: {error}"))
                continue
            made = {a["name"]: a["digest"] for a in manifest["artifacts"]}
            expected = self.ledger.get(file, (None, None))[1]
            if made != expected:
                found.append((file, f"the manifest has {sorted(made)}, not {sorted(expected or [])}"))
        large = self.services.rows("select digest from blobs where content is null")
        for (digest,) in large:
            try:
                self._bytes(digest, "")
            except (OSError, ValueError) as error:
                found.append((digest, str(error)))
        return found

    def _bytes(self, digest, content):
        if content:
            return bytes.fromhex(content)
        hex_digest = digest.removeprefix("sha256:")
        data = (self.blobs / "sha256" / hex_digest[:2] / hex_digest).read_bytes()
        if hashlib.sha256(data).hexdigest() != hex_digest:
            raise ValueError("its bytes do not fit its digest")
        return data

    def assert_account(self):
        self.settle()
        self.assertEqual(self.problems(), [])

    def metric(self, host, name):
        """The sum of a metric over its labels."""
        lines = host.call("GET", "/metrics").body.decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((name + "{", name + " ")))


def table(title, head, rows):
    """Prints a table; `tests/run chaos` shows it."""
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    print(f"\n{title}")
    for row in [head, *rows]:
        print("  " + "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())
    sys.stdout.flush()


long_only = unittest.skipUnless(IS_LONG, "only in the long run: tests/run chaos")
