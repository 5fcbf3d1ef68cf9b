#!/usr/bin/python3
"""Strangers who keep thousands of connections open: everybody else is served all the same."""

import http.client
import os
import re
import resource
import select
import socket
import threading
import unittest
import urllib.parse

from harness import HostCase, eventually, main

STRANGERS = 3000  # the host keeps 2,000 connections
RECIPE = "jobs: {{a: {{command: [echo, '{}']}}}}\n"


class ConnectionsTest(HostCase):
    @classmethod
    def setUpClass(cls):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < 3 * STRANGERS:
            raise unittest.SkipTest(f"a process may open {hard} files here; this takes {3 * STRANGERS}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        cls.addClassCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def setUp(self):
        super().setUp()
        self.server = self.recipe_host()
        place = urllib.parse.urlsplit(self.server.url)
        self.place = (place.hostname, place.port)
        self.head = f"Host: localhost\r\nAuthorization: Bearer {self.server.token}\r\n"
        self.strangers = []
        self.addCleanup(self.leave)

    def leave(self):
        for stranger in self.strangers:
            stranger.close()
        self.strangers.clear()

    def hold(self, text, count=STRANGERS):
        """So many connections, of which each says this and then takes its time."""
        for _ in range(count):
            stranger = socket.socket()
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stranger.settimeout(20)
            self.strangers.append(stranger)
            try:
                stranger.connect(self.place)
                stranger.sendall(text.encode())
            except ConnectionError:
                pass  # it was closed already

    def metric(self, name):
        return float(re.search(rf"^{name} (\S+)$", self.server.call("GET", "/metrics").body.decode(), re.M)[1])

    def assert_page(self):
        for path in ("/healthz", "/readyz", "/", "/api/plans"):
            self.assertEqual(self.server.call("GET", path).status, 200, path)

    def assert_served(self, name):
        for _ in range(5):
            self.assert_page()
        self.assertIn("queue", self.server.cli("status"))
        heard, over = threading.Event(), threading.Event()
        since = self.server.get("/api/events?limit=1")["newest_cursor"]

        def listen():
            """As a page does: it comes back when its place was given away, and misses nothing."""
            while not over.is_set():
                listener = http.client.HTTPConnection(*self.place, timeout=60)
                try:
                    listener.request("GET", f"/api/events/stream?types=plan.built&after={since}", headers=self.server.shown)
                    stream = listener.getresponse()
                    while line := stream.readline():
                        if line.startswith(b"data:"):
                            return heard.set()
                except (OSError, http.client.HTTPException):
                    pass  # given up
                finally:
                    listener.close()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        file = self.server.folder / f"{name}.plan.yaml"
        file.write_text(RECIPE.format(name))
        self.server.cli("submit", file, "--wait")
        eventually(lambda: [p for p in self.server.plans("built") if p["filename"] == file.name], "it is built")
        self.assertTrue(heard.wait(10), "an event stream that was opened meanwhile")
        over.set()
        other = http.client.HTTPConnection(*self.place, timeout=20, source_address=("127.0.0.2", 0))
        self.addCleanup(other.close)
        for _ in range(5):
            other.request("GET", "/readyz")
            answer = other.getresponse()
            answer.read()
            self.assertEqual(answer.status, 200)

    def assert_held(self, kind, text):
        with self.subTest(kind):
            before = self.metric("planwright_http_connections_given_up_total")
            self.hold(text)
            self.assert_served(kind)
            self.assertGreater(self.metric("planwright_http_connections_given_up_total"), before)
            eventually(lambda: self.metric("planwright_http_connections") <= 2000, "those that were given up have left")
            self.leave()

    def test_who_waits_or_never_ends_a_request_keeps_nobody_out(self):
        self.assert_held("silent", "")
        self.assert_held("idle", f"GET /healthz HTTP/1.1\r\n{self.head}\r\n")
        self.assert_held("header", f"GET /healthz HTTP/1.1\r\n{self.head}X: ")
        self.assert_held("body", f"POST /api/reload HTTP/1.1\r\n{self.head}Content-Length: 1000\r\n\r\n{{")
        upload = f"POST /api/pending-inputs?filename=x.plan.yaml HTTP/1.1\r\n{self.head}Content-Length: 1000\r\n\r\nj"
        self.assert_held("upload", upload)

    def test_who_takes_what_it_gets_slowly_keeps_nobody_out(self):
        self.assert_held("stream", f"GET /api/events/stream HTTP/1.1\r\n{self.head}\r\n")
        large = os.urandom(1 << 20) * 16
        made = self.server.call("POST", "/api/pending-inputs?filename=large.bin", large).json
        self.assert_held("download", f"GET /api/pending-inputs/{made['id']}/content HTTP/1.1\r\n{self.head}\r\n")

    def test_searches_of_large_logs_keep_nobody_waiting(self):
        """Each takes a processor for two seconds, and there are more of them than threads that answer."""
        print_much = "head -c 16000000 /dev/urandom | base64 -w 100"
        self.server.drop("a.plan.yaml", f"jobs: {{a: {{command: '{print_much}'}}}}")
        eventually(lambda: self.server.plans("built"), lambda: (self.server.plans(), self.server.log_tail()))
        job = self.server.jobs(self.server.plans()[0]["id"])["a"]["id"]
        slow = f"/api/jobs/{job}/log/search?regex=true&q=%5Ba-q%5D.%7B60%7D%5C%5E"
        whole = self.server.get(slow)
        self.assertEqual((whole["total"], whole["complete"]), (0, False), "it takes as long as one may")
        self.hold(f"GET {slow} HTTP/1.1\r\n{self.head}\r\n", 40)
        for _ in range(10):
            self.assert_page()
        self.assertEqual(self.server.get(f"/api/jobs/{job}/log?limit=1")["total_lines"], 213334)
        waiting = [stranger for stranger in self.strangers if not select.select([stranger], [], [], 0)[0]]
        self.assertGreater(len(waiting), 20)
        self.leave()


if __name__ == "__main__":
    main()
