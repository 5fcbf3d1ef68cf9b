#!/usr/bin/python3
"""Cancel, asked at one host for work of another: cancelled means that nothing of it lives any more."""

import pathlib
import signal

from harness import ServicesCase, eventually, main, queue_config
from services import Psql

STUBBORN = """\
jobs:
  stubborn:
    command: |
      trap '' TERM INT HUP
      grep 'realtime timeout' /proc/$$/limits
      (setsid sh -c 'setsid sleep 600 & sleep 600' &)
      while :; do sleep 1; done
  after: {needs: [stubborn], command: ["true"]}
"""


def living(tag):
    """Processes that the keeper marked so: a limit that everything a run starts inherits."""
    count = 0
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and tag in (entry / "limits").read_text():
                count += (entry / "stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
        except OSError:
            pass  # ended
    return count


class CancelTest(ServicesCase):
    def setUp(self):
        super().setUp()
        self.watched = self.folder / "watched"
        self.watched.mkdir()
        self.hosts = [self.host(name, self.config) for name in ("first", "second")]

    def config(self, _folder):
        return {
            **self.service_keys(),
            "blobs": {"folder": str(self.folder / "blobs")},
            "lease": "4s",
            "queues": {"default": queue_config(self.watched)},
        }

    def start_job(self):
        """The running job, its tag, its host and another one."""
        (self.watched / "stubborn.plan.yaml").write_text(STUBBORN)
        jobs = eventually(lambda: self.hosts[0].items("/api/jobs?status=running"), "the job runs", 30)
        log = eventually(lambda: self.hosts[0].job_log(jobs[0]["id"]), "it told its tag")
        tag = log.split()[3]
        eventually(lambda: living(tag) >= 3, "its daemons live")
        with Psql(self.services, "planwright") as psql:
            pid = psql.query("select pid from instances i join job_attempts a on a.instance = i.id").split()[0]
        owner = next(host for host in self.hosts if host.process.pid == int(pid))
        other = next(host for host in self.hosts if host is not owner)
        return jobs[0], tag, owner, other

    def test_asked_at_one_host_for_work_of_another(self):
        job, tag, _, other = self.start_job()
        answer = other.call("POST", f"/api/jobs/{job['id']}/cancel", {})
        self.assertEqual((answer.status, answer.json["cancel_requested"]), (202, True))
        eventually(lambda: other.get(f"/api/jobs/{job['id']}")["status"] == "cancelled", "it is cancelled", 30)
        self.assertEqual(living(tag), 0)
        plan = eventually(lambda: other.plans("cancelled"), "and so is the plan")[0]
        self.assertEqual({n: j["status"] for n, j in other.jobs(plan["id"]).items()},
                         {"stubborn": "cancelled", "after": "dep_failed"})

    def test_the_owner_falls_silent_before_it_can(self):
        job, tag, owner, other = self.start_job()
        owner.process.send_signal(signal.SIGSTOP)
        try:
            answer = other.call("POST", f"/api/builds/{job['build_id']}/cancel", {})
            self.assertEqual(answer.status, 202)
            eventually(lambda: other.plans("cancelled"), lambda: other.plans(), 40)
            self.assertEqual(living(tag), 0)
        finally:
            owner.process.send_signal(signal.SIGCONT)
        self.assertEqual({j["status"] for j in other.jobs(job["plan_id"]).values()}, {"cancelled"})
        self.assertEqual(other.get(f"/api/plans/{job['plan_id']}")["attempt"], 1, "it was not tried again")


if __name__ == "__main__":
    main()
