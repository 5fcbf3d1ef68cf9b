#!/usr/bin/python3
"""Nothing hangs for ever: silent work is ended, a stop waits for running work but not for long, standstill is told."""

import pathlib
import resource
import signal
import time

from commands import SLOWNESS
from harness import BINARY, COMMAND, HostCase, eventually, main, queue_config

TEST_PLUGINS = pathlib.Path(BINARY).resolve().parent / "tests" / "plugins"


def recipe(script):
    return f"jobs:\n  only:\n    command: |\n      {script}\n"


class LivenessTest(HostCase):
    def one_queue(self, folder, top=None, **keys):
        return {"queues": {"default": queue_config(folder / "input", **keys)}, **(top or {})}

    def only_job(self, host, status):
        plan = eventually(lambda: host.plans() and host.plans()[0], "a plan")["id"]
        return eventually(
            lambda: [job for job in host.jobs(plan).values() if job["status"] == status],
            lambda: host.jobs(plan),
        )[0]

    def starts(self, host):
        file = host.folder / "started"
        return len(file.read_text().split()) if file.exists() else 0

    def running_host(self, script, **top):
        host = self.host(config=lambda folder: self.one_queue(folder, top))
        host.drop("a.plan.yaml", recipe(f"date +%s >> {host.folder}/started; {script}"))
        eventually(lambda: self.starts(host) == 1, "the job runs")
        return host

    def test_a_job_that_prints_nothing_is_ended(self):
        builder = {**COMMAND, "silence_timeout": "700ms"}
        host = self.host(config=lambda folder: self.one_queue(folder, builder=builder))
        host.drop("a.plan.yaml", recipe("echo now I hang; sleep 60"))
        job = self.only_job(host, "timed_out")
        self.assertEqual(job["attempts"][0]["class"], "timeout")
        self.assertIn("0.7 s without output", job["reason"]["message"])

    def test_a_job_that_prints_now_and_then_is_not(self):
        builder = {**COMMAND, "silence_timeout": "1s"}
        host = self.host(config=lambda folder: self.one_queue(folder, builder=builder))
        host.drop("a.plan.yaml", recipe("for i in 1 2 3 4 5 6; do echo $i; sleep 0.3; done"))
        self.only_job(host, "succeeded")

    def test_a_planner_that_hangs_is_ended(self):
        limits = {"silence_timeout": "500ms", "deadline": "60s"}, {"silence_timeout": "60s", "deadline": "500ms"}
        for limit, words in zip(limits, ("without output or progress", "time limit of 0.5 s")):
            with self.subTest(**limit):
                planner = {"plugin": "test.faulty", "settings": {"how": "wait"}, **limit}
                top = {"plugins": {"path": [str(TEST_PLUGINS)]}}
                host = self.host(words[:4], lambda folder: self.one_queue(folder, top, planner=planner))
                host.drop("a.txt", "a")
                failed = eventually(lambda: host.inputs("failed"), lambda: host.inputs())[0]
                self.assertEqual(failed["reason"]["code"], "timeout")
                self.assertIn(words, failed["reason"]["message"])

    def test_a_stop_waits_for_running_jobs(self):
        host = self.running_host("sleep 1.5", drain_timeout="20s")
        self.assertEqual(host.stop(), 0)
        host.start()
        eventually(lambda: host.plans("built"), lambda: host.plans())
        self.assertEqual(self.starts(host), 1)

    def test_a_stop_gives_back_what_takes_too_long(self):
        seen = self.folder / "host" / "started"
        host = self.running_host(f"test $(wc -l < {seen}) = 2 || sleep 60", drain_timeout="500ms")
        begin = time.monotonic()
        self.assertEqual(host.stop(), 0)
        self.assertLess(time.monotonic() - begin, 8 * SLOWNESS)
        host.start()
        eventually(lambda: host.plans("built"), lambda: host.plans())
        self.assertEqual((self.starts(host), host.plans()[0]["attempt"]), (2, 1))

    def test_a_second_signal_stops_at_once(self):
        host = self.running_host("sleep 60", drain_timeout="60s")
        host.process.send_signal(signal.SIGTERM)
        eventually(lambda: "waiting for running work" in host.log_tail(), lambda: host.log_tail())
        self.assertEqual(host.call("GET", "/healthz").status, 200, "it answers while it drains")
        begin = time.monotonic()
        host.stop()
        self.assertLess(time.monotonic() - begin, 3 * SLOWNESS)
        self.assert_no_process_left()

    def test_a_stop_goes_on_when_the_host_is_declared_dead_meanwhile(self):
        def config(folder):
            queues = {"idle": queue_config(folder / "idle"), "busy": queue_config(folder / "input")}
            return {"queues": queues, "lease": "2s", "drain_timeout": "100ms"}

        host = self.host(config=config)
        script = f"trap '' TERM; date >> {host.folder}/started; while true; do sleep 1; done"
        host.drop("a.plan.yaml", recipe(script))
        eventually(lambda: (host.folder / "started").exists(), "the job runs")
        host.process.send_signal(signal.SIGTERM)
        eventually(lambda: "running work is stopped" in host.log_tail(), lambda: host.log_tail())
        while host.is_running:  # for a while the idle queue is gone and the busy one ends its job
            try:
                host.sql("update instances set ended_at = now() where ended_at is null")
            except AssertionError:
                break  # Postgres is stopped, too
        code = host.process.wait(20)
        host.process.stdout.close()
        self.assertEqual(code, 0, host.log_tail())

    def test_work_that_nobody_takes_is_told(self):
        top = {"stalled_after": "1s", "roles": ["api", "intake", "build", "upkeep"]}
        host = self.host(config=lambda folder: self.one_queue(folder, top))

        def stalled():
            lines = host.call("GET", "/metrics").body.decode().splitlines()
            return [line.split()[-1] for line in lines if line.startswith('planwright_stalled{queue="plan_queue"}')]

        eventually(lambda: stalled() == ["0"], lambda: stalled())
        host.drop("a.plan.yaml", recipe("true"))
        eventually(lambda: stalled() == ["1"], lambda: stalled())
        events = [item["event"] for item in host.get("/api/events?type=queue.stalled")["items"]]
        self.assertEqual([event["data"]["stage"] for event in events], ["plan"])

    def test_the_host_may_open_many_files_and_jobs_get_the_usual_limit(self):
        host = self.running_host("ulimit -Sn")
        eventually(lambda: host.plans("built"), lambda: host.plans())
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        limits = pathlib.Path(f"/proc/{host.process.pid}/limits").read_text().splitlines()
        self.assertIn(str(hard), next(line for line in limits if line.startswith("Max open files")).split()[3])
        self.assertEqual(host.job_log(self.only_job(host, "succeeded")["id"]), str(soft))


if __name__ == "__main__":
    main()
