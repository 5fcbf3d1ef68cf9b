#!/usr/bin/python3
"""Two hosts with one Postgres, one Redis and one blob folder share the work."""

import os
import socket
import urllib.parse

from harness import ServicesCase, eventually, main, queue_config
from services import Psql

INPUTS = 240


class TwoHostsTest(ServicesCase):
    def setUp(self):
        super().setUp()
        self.watched = self.folder / "watched"
        self.watched.mkdir()

    def config(self, _folder):
        return {
            **self.service_keys(),
            "blobs": {"folder": str(self.folder / "blobs")},
            "lease": "4s",
            "queues": {
                "default": queue_config(
                    self.watched,
                    {"plugin": "planwright.noop-planner", "settings": {"jobs": 2, "sleep": 5}},
                    {"plugin": "planwright.noop-builder", "settings": {"sleep": 5}},
                )
            },
        }

    def query(self, text):
        with Psql(self.services, "planwright") as psql:
            return [line.split("|") for line in psql.query(text).splitlines()]

    def drop_all(self, prefix):
        for i in range(INPUTS):
            (self.watched / f"{prefix}-{i}").write_text(f"{prefix} {i}")

    def assert_once(self, inputs):
        self.assertEqual(
            self.query("select status, count(*) from pending_inputs group by 1"), [["planned", str(inputs)]]
        )
        self.assertEqual(
            self.query("select count(*), count(distinct pending_input_id), count(distinct filename) from plans"),
            [[str(inputs)] * 3],
        )
        self.assertEqual(
            self.query("select status, count(*), count(distinct plan_id) from builds group by 1"),
            [["built", str(inputs), str(inputs)]],
        )
        self.assertEqual(
            self.query("select count(*), count(distinct job_id) from job_attempts"), [[str(2 * inputs)] * 2]
        )

    def test_they_share_the_work_and_do_nothing_twice(self):
        hosts = [self.host(name, self.config) for name in ("first", "second")]
        self.drop_all("item")
        eventually(
            lambda: self.query("select count(*) from plans where status = 'built'") == [[str(INPUTS)]],
            lambda: self.query("select status, count(*) from plans group by 1"),
            60,
        )
        self.assert_once(INPUTS)
        self.assertEqual(self.query("select max(attempt) from plans"), [["1"]])
        self.assertEqual(self.query("select max(attempt) from pending_inputs"), [["1"]])
        self.assertEqual(self.query("select count(distinct instance) from job_attempts"), [["2"]], "both took part")
        self.assertEqual([len(host.plans("built")) for host in hosts], [INPUTS] * 2)
        builds = hosts[0].builds()
        self.assertEqual(hosts[0].manifest(builds[0]["id"]), hosts[1].manifest(builds[0]["id"]))

    def test_a_host_with_another_folder_says_that_it_moves_the_queue(self):
        first = self.host("first", self.config)
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()

        def moved(folder):
            config = self.config(folder)
            config["queues"]["default"]["source"]["settings"]["path"] = str(elsewhere)
            return config

        self.assertEqual(first.items("/api/events?type=queue.watch_dir_moved"), [])
        self.host("second", moved)
        told = first.items("/api/events?type=queue.watch_dir_moved")
        self.assertEqual([event["event"]["data"]["before"] for event in told], [str(self.watched)])
        self.assertIn(f"watches {elsewhere} now and not {self.watched}", told[0]["event"]["data"]["message"])

    def test_a_download_goes_on_while_another_host_takes_in_the_same_bytes(self):
        first, second = [self.host(name, self.config) for name in ("first", "second")]
        large = os.urandom(1 << 20) * 64
        made = first.call("POST", "/api/pending-inputs?filename=large", large).json
        place = urllib.parse.urlsplit(first.url)
        for path in (f"/api/pending-inputs/{made['id']}/content", f"/api/blobs/{made['digest']}"):
            with self.subTest(path), socket.create_connection((place.hostname, place.port), timeout=60) as slow:
                slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
                slow.sendall(f"GET {path} HTTP/1.0\r\nAuthorization: Bearer {first.token}\r\n\r\n".encode())
                got = bytearray(slow.recv(65536))
                self.assertEqual(second.call("POST", "/api/pending-inputs?filename=again", large).json["digest"],
                                 made["digest"])
                while piece := slow.recv(1 << 20):
                    got += piece
                self.assertTrue(bytes(got).split(b"\r\n\r\n", 1)[1] == large, got[:500])

    def test_one_takes_over_when_the_other_is_killed(self):
        first, second = [self.host(name, self.config) for name in ("first", "second")]
        self.drop_all("item")
        eventually(lambda: len(first.plans("built")) > 20, "both are at work")
        first.kill()
        eventually(
            lambda: self.query("select count(*) from plans where status = 'built'") == [[str(INPUTS)]],
            lambda: self.query("select status, count(*) from plans group by 1"),
            60,
        )
        self.assertEqual(len(second.plans("built")), INPUTS)
        self.assertEqual(
            self.query("select count(*), count(distinct pending_input_id) from plans"), [[str(INPUTS)] * 2]
        )
        self.assertEqual(
            self.query("select count(*), count(distinct plan_id) from builds"), [[str(INPUTS)] * 2]
        )
        (self.watched / "late").write_text("late")  # the source has a new holder too
        eventually(lambda: len(second.plans("built")) == INPUTS + 1, "the late file is built")


if __name__ == "__main__":
    main()
