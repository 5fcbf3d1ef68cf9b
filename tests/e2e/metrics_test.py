#!/usr/bin/python3
"""Metrics and probes at an address of their own, for hosts of any role."""

import json
import re

from access_test import bearer, request
from harness import HostCase, eventually, main


class MetricsTest(HostCase):
    def place(self, host):
        """The address that the host took for its metrics."""
        found = eventually(lambda: re.search(r"metrics listen=(\S+)", host.log.read_text()), host.log_tail)
        return found.group(1)

    def check(self, url):
        status, headers, body = request(url, "GET", "/metrics", {"Host": "collector.example"})
        self.assertEqual((status, headers["Content-Type"].split(";")[0]), (200, "text/plain"))
        self.assertIn(b"planwright_process_start_time_seconds", body)
        self.assertEqual(request(url, "GET", "/healthz")[0], 200)
        self.assertEqual(json.loads(request(url, "GET", "/readyz")[2]), {"ready": True})
        for path in ("/api/plans", "/", "/api/me"):
            self.assertEqual(request(url, "GET", path)[0], 404, path)
        self.assertEqual(request(url, "POST", "/metrics")[0], 405)

    def test_a_host_without_the_api_tells_how_it_is(self):
        config = {"metrics_listen": "127.0.0.1:0", "queues": {"q": {"source": {"plugin": "planwright.manual"}}}}
        host = self.host(config=config, arguments=["--roles", "plan,build,upkeep"])
        self.assertIsNone(host.url)
        self.check(self.place(host))

    def test_beside_the_api_the_token_is_for_the_other_address(self):
        host = self.host(config={"metrics_listen": "127.0.0.1:0"})
        self.check(self.place(host))
        self.assertEqual(request(host.url, "GET", "/metrics")[0], 401)
        viewer = host.cli("token", "create", "--name", "v", "--role", "viewer").strip()
        body = request(host.url, "GET", "/metrics", bearer(viewer))[2]
        self.assertIn(b"planwright_http_connections", body)


if __name__ == "__main__":
    main()
