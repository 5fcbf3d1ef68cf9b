#!/usr/bin/python3
"""Maintenance mode on two hosts: writes by the API are refused with a sentence, and work goes on."""

from harness import ServicesCase, eventually, main, queue_config

RECIPE = "jobs:\n  a: {command: 'echo %s > out.txt', outputs: [out.txt]}\n"
SENTENCE = "The disks are changed until noon."


class MaintenanceTest(ServicesCase):
    def test_writes_are_refused_everywhere_and_work_goes_on(self):
        config = lambda folder: {"queues": {"default": queue_config(self.folder / "input")}, **self.service_keys(),
                                 "blobs": {"folder": str(self.folder / "blobs")}}
        first, second = self.host("first", config), self.host("second", config)
        self.assertIn("no maintenance", first.cli("maintenance", "show"))
        self.assertIn(SENTENCE, first.cli("maintenance", "on", SENTENCE))
        upload = lambda host: host.call("POST", "/api/pending-inputs?filename=x.plan.yaml", b"jobs: {}")
        eventually(lambda: upload(second).status == 503, "the other host sees it")
        for host in (first, second):
            answer = upload(host)
            self.assertEqual((answer.status, answer.json["detail"]), (503, SENTENCE))
            self.assertEqual(answer.json["type"], "/problems/maintenance")
            self.assertIn(SENTENCE, host.cli_errors("pause", "default", "plan"))
            self.assertEqual(host.get("/api/maintenance")["by"], "admin")
            self.assertEqual(host.call("POST", "/api/login", {"key": host.token}).status, 200, "people may sign in")
        self.assertEqual(first.inputs(), [])
        first.drop("a.plan.yaml", RECIPE % "a", self.folder / "input")
        eventually(lambda: first.plans("built"), lambda: first.log_tail())
        second.kill()
        second.start()
        self.assertEqual(upload(second).status, 503, "a restart does not end it")
        self.assertIn("no maintenance", second.cli("maintenance", "off"))
        self.assertIn(upload(second).status, (200, 201))
        eventually(lambda: upload(first).status in (200, 201), "the first host sees its end")


if __name__ == "__main__":
    main()
