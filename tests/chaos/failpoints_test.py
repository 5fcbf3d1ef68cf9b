#!/usr/bin/python3
"""The crash matrix: the host killed at every step boundary, started again, and the account made."""

import os
import subprocess
import urllib.error

from chaos import BINARY, IS_LONG, LARGE, SMALL, ChaosCase, long_only, sha256, table  # before the others: it makes their folders known
from harness import eventually, main

NAMES = subprocess.run([BINARY, "failpoints"], capture_output=True, text=True, check=True).stdout.split()
LARGE_ONLY = ("blob.publish.", "build.restore.")
REACHED_BY_ASKING = ("enqueue.commit.",)
REACHED_WHEN_PAUSED = ("reconcile.push.",)
REACHED_WHEN_PRUNED = ("prune.",)
REACHED_BY_CANCEL = ("cancel.",)
REACHED_BY_COLLECTING = ("gc.",)
# An idle line needs no tickets: what waits behind a pause does.
REACHED_BY_QUEUE = ("push.", "take.", "plan.claim.", "build.claim.")


# Somebody has to ask again, or to resume what was paused.
NEED_AN_END = REACHED_BY_ASKING + REACHED_WHEN_PAUSED + REACHED_BY_QUEUE + REACHED_BY_CANCEL
FIRST_COLLECTING = next(name for name in NAMES if name.startswith(REACHED_BY_COLLECTING))
STUBBORN = """\
jobs:
  stubborn: {command: [sh, -c, "trap '' TERM; setsid sleep 600 & while :; do sleep 1; done"]}
  after: {needs: [stubborn], command: ["true"]}
"""


class FailpointsTest(ChaosCase):
    def setUp(self):
        super().setUp()
        self._count = 0

    def give_work(self, name, files=2):
        """Some files of both kinds; gives their names."""
        self._count += 1
        prefix = f"{name}-{self._count}"
        kinds = [LARGE] if name.startswith(LARGE_ONLY) else [SMALL] * files
        return [self.drop(f"{prefix}-{i}", kind) for i, kind in enumerate(kinds)]

    def ask_for_plan(self, host, file, content):
        """Uploads and presses "Generate plan", as often as it takes: a person would, after an error."""

        def asked():
            try:
                upload = host.call("POST", f"/api/pending-inputs?filename={file}&queue=manual", content.encode())
                answer = host.call("POST", f"/api/pending-inputs/{upload.json['id']}/enqueue-plan", {})
                return answer.status in (200, 202, 409)  # 409: it is being planned, or was
            except (urllib.error.URLError, OSError):
                return not host.is_running

        eventually(asked, "the input is queued")

    def upload_brief(self, host):
        """Something that is pruned a second after it is built."""
        self.upload(host, "brief", SMALL.format(token=f"brief {self._count}"))

    def upload(self, host, queue, content):
        name = f"{queue}-{self._count}.plan.yaml"
        path = f"/api/pending-inputs?filename={name}&queue={queue}"
        self.assertEqual(host.call("POST", path, content.encode()).status, 201)
        return name

    def cancel_a_build(self, host):
        """One whose job runs and does not want to end. The row of one that died with a host says the same for a while, so
        it is cancelled first."""
        self.cancel(host)
        name = self.upload(host, "stopped", STUBBORN)
        running = f"select 1 from jobs j join plans p on p.id = j.plan_id where p.filename = '{name}' and j.status = 'running'"
        eventually(lambda: self.services.rows(running), "its job runs")
        self.cancel(host)

    def cancel(self, host):
        """Everything in that queue: a person asks again when the host did not answer."""
        for (plan,) in self.services.rows("select id from plans where queue = 'stopped' and status <> 'cancelled'"):
            self.assertIn(host.call("POST", f"/api/plans/{plan}/cancel", {}).status, (200, 202))

    def leave_garbage(self):
        """A blob that nothing reaches, one whose grace is over, and a file that no row knows."""
        digests = [sha256(f"garbage {self._count} {i}") for i in range(3)]
        self.services.rows(
            f"insert into blobs (digest, size, content, doomed_at) values ('{digests[0]}', 1, 'x', null),"
            f" ('{digests[1]}', 1, 'x', now() - interval '1 day') on conflict do nothing")
        name = digests[2].removeprefix("sha256:")
        file = self.blobs / "sha256" / name[:2] / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
        os.utime(file, (1, 1))

    def collect_soon(self, host, soon=True):
        """Only small files may be on their way then: the bytes of large ones are safe for as long as the grace."""
        blobs = {"folder": str(self.blobs), **({"grace": "1s"} if soon else {})}
        self.configure(host, blobs=blobs)

    def pause(self, host, verb, stage="plan"):
        self.assertEqual(host.call("POST", f"/api/queues/default/{stage}/{verb}", {}).status, 200)

    def resume(self, host):
        for stage in ["plan", "build"]:
            self.pause(host, "resume", stage)

    def waits(self, table):
        rows = self.services.rows(f"select 1 from {table} where queue = 'default' and queued_at is not null")
        return bool(rows)

    def lose_ticket(self, host, file):
        """A file that waits for a paused planner while Redis forgets it."""
        self.pause(host, "pause")
        self.drop(file)
        eventually(lambda: self.waits("pending_inputs"), "the input waits")
        self.services.flush()

    def queue_up(self, host, file):
        """A file that waits in both queues."""
        for stage in ["plan", "build"]:
            self.pause(host, "pause", stage)
        self.drop(file)
        eventually(lambda: self.waits("pending_inputs"), "the input waits")
        self.pause(host, "resume")
        eventually(lambda: self.waits("plans"), "the plan waits")
        self.pause(host, "resume", "build")

    def lead_to(self, host, name, asked):
        """What it takes, besides files, to come to this failpoint."""
        if asked:
            host.await_ready()
            self.ask_for_plan(host, *asked)
        elif name.startswith(REACHED_BY_QUEUE):
            host.await_ready()
            self.queue_up(host, f"{name}-{self._count}-queued")
        elif name.startswith(REACHED_WHEN_PAUSED):
            host.await_ready()
            self.lose_ticket(host, f"{name}-{self._count}-paused")
        elif name.startswith(REACHED_WHEN_PRUNED):
            host.await_ready()
            self.upload_brief(host)
        elif name.startswith(REACHED_BY_CANCEL):
            host.await_ready()
            self.cancel_a_build(host)
        elif name.startswith(REACHED_BY_COLLECTING):
            self.leave_garbage()

    def crash_at(self, host, name, nth=1):
        """True if the host died at this failpoint; it is not running afterwards."""
        files = self.give_work(name)
        self.collect_soon(host, name.startswith(REACHED_BY_COLLECTING))
        mark = host.log.stat().st_size if host.log.exists() else 0
        host.spawn({"PLANWRIGHT_FAILPOINTS": f"{name}=kill@{nth}"})
        asked = self.recipe(f"{name}-{self._count}-asked") if name.startswith(REACHED_BY_ASKING) else None
        try:
            self.lead_to(host, name, asked)
        except (AssertionError, OSError):  # it came there by what was left from the crash before
            eventually(lambda: not host.is_running, lambda: f"it has ended: {host.log_tail()}")
        try:
            host.process.wait(60 if nth == 1 else 10)
        except subprocess.TimeoutExpired:
            host.kill()
        host.process.stdout.close()
        log = host.log.read_text(errors="replace")[mark:]
        self._after = lambda: (asked and self.ask_for_plan(host, *asked), self.resume(host), self.cancel(host))
        return f"failpoint {name} ends the host" in log, files

    def outcome(self, files, problems):
        wrong = {file for file, _ in problems}
        return "ok" if not wrong & set(files) else "; ".join(what for file, what in problems if file in files)

    def run_matrix(self, nth, settle_each):
        """Kills at each name in turn. Not settled in between, the next crash hits the recovery from the one before."""
        host = self.new_host()
        died, files = {}, {}
        for name in NAMES:
            if name == FIRST_COLLECTING and not settle_each:
                host.start()
                self.settle()
                host.kill()
            died[name], files[name] = self.crash_at(host, name, nth)
            if settle_each or name.startswith(NEED_AN_END):
                host.start()
                self._after()
                if settle_each:
                    self.settle()
                host.kill()
        host.start()
        self.settle()
        problems = self.problems()
        title = f"host killed at each failpoint, the time it is reached: {nth}; " + (
            "finished before the next" if settle_each else "the next crash comes before it has recovered"
        )
        rows = [(n, "died" if died[n] else "NOT REACHED", self.outcome(files[n], problems)) for n in NAMES]
        table(title, ("failpoint", "crash", "outcome"), rows)
        lost = sum("lost" in what or "transient" in what or "not one plan: 0" in what for _, what in problems)
        print(f"  {len(NAMES)} crashes, {len(self.ledger)} inputs: {lost} lost, {len(problems) - lost} doubled or wrong")
        self.assertEqual(problems, [])
        return [name for name in NAMES if not died[name]]

    def test_killed_at_each_failpoint(self):
        self.assertEqual(self.run_matrix(1, settle_each=IS_LONG), [])

    @long_only
    def test_killed_at_each_failpoint_during_recovery(self):
        self.assertEqual(self.run_matrix(1, settle_each=False), [])

    @long_only
    def test_killed_at_each_failpoint_the_second_time(self):
        self.run_matrix(2, settle_each=False)  # some are passed once only in so little work

    def test_a_normal_run_passes_each_failpoint(self):
        host = self.new_host()
        host.start(env={"PLANWRIGHT_FAILPOINTS": "*=log"})
        self.give_work("small")
        self.drop("large", LARGE)
        self.ask_for_plan(host, *self.recipe("asked"))
        self.settle()
        self.queue_up(host, "queued")
        self.upload_brief(host)
        self.cancel_a_build(host)
        self.settle()
        host.stop()
        self.collect_soon(host)
        host.start(env={"PLANWRIGHT_FAILPOINTS": "*=log"})
        self.leave_garbage()
        self.lose_ticket(host, "paused")
        missing = lambda: [n for n in NAMES if f"failpoint {n} reached" not in host.log.read_text(errors="replace")]
        eventually(lambda: not missing(), lambda: f"not passed: {missing()}")
        self.pause(host, "resume")
        self.assert_account()

    def test_each_failpoint_fails_now_and_then(self):
        """What throws there is what a broken service throws: the host goes on by itself."""
        host = self.new_host()
        host.start(env={"PLANWRIGHT_FAILPOINTS": "*=error@3x1"})
        for i in range(20 if IS_LONG else 5):
            self.drop(f"error-{i}", LARGE if i % 5 == 4 else SMALL)
        self.settle(90)
        self.assertEqual(self.problems(), [])
        self.assertTrue(host.is_running)


if __name__ == "__main__":
    main()
