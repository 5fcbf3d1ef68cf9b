#!/usr/bin/python3
"""A host that listens on a unix socket: who may connect is a matter of the file's rights."""

import grp
import http.client
import json
import os
import pathlib
import socket
import stat
import subprocess
import unittest

from harness import BINARY, HostCase, main


class Connection(http.client.HTTPConnection):
    """To localhost, which the socket at `path` is."""

    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def request(path, method, target, token=None, body=None):
    connection = Connection(path)
    try:
        connection.request(method, target, body, {"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class UnixSocketTest(HostCase):
    def setUp(self):
        super().setUp()
        self.path = pathlib.Path("/tmp") / f"planwright-test-{os.getpid()}-{self.id().rsplit('.', 1)[1][-20:]}.sock"
        self.addCleanup(lambda: self.path.unlink(missing_ok=True))

    def test_the_address_is_said_and_taken_everywhere(self):
        host = self.host(listen=f"unix:{self.path}")
        self.assertEqual(host.url, f"unix:{self.path}")
        self.assertEqual((host.data / "planwright.url").read_text(), f"unix:{self.path}\n")
        mode = os.stat(self.path).st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        self.assertEqual(request(self.path, "GET", "/healthz")[0], 200)
        self.assertEqual(request(self.path, "GET", "/api/plans")[0], 401)
        self.assertEqual(json.loads(host.cli("whoami", "-o", "json"))["name"], "admin")
        file = host.folder / "a.txt"
        file.write_text("x")
        host.cli("submit", str(file))
        self.assertTrue(host.cli("login-link").startswith("/login#"))
        self.assertNotIn("/login#", host.log.read_text(), "no browser opens a socket")
        rows = json.loads(request(self.path, "GET", "/api/audit", host.token)[1])["items"]
        self.assertEqual({row["address"] for row in rows}, {f"uid {os.geteuid()}"})

    def test_the_commands_of_the_folder_find_it(self):
        host = self.host(start=False, listen=f"unix:{self.path}")
        os.symlink(host.data, host.folder / ".planwright")
        host.start()
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PLANWRIGHT_")}
        done = subprocess.run([BINARY, "status"], cwd=host.folder, env=clean, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_what_a_dead_host_left_is_replaced_and_a_living_one_is_not(self):
        host = self.host(listen=f"unix:{self.path}")
        other = self.host("other", start=False, listen=f"unix:{self.path}")
        other.spawn()
        self.assertEqual(other.process.wait(60), 1)
        other.process.stdout.close()
        self.assertIn(f"Cannot listen on unix:{self.path}", other.log.read_text())
        self.assertEqual(request(self.path, "GET", "/healthz")[0], 200, "the first one goes on")
        host.kill()
        self.assertTrue(self.path.exists())
        host.start()
        self.assertEqual(request(self.path, "GET", "/healthz")[0], 200)
        self.assertEqual(host.stop(), 0)
        self.assertFalse(self.path.exists(), "a host that stops leaves nothing")

    def test_a_file_of_somebody_else_is_not_touched(self):
        self.path.write_text("mine")
        host = self.host(start=False, listen=f"unix:{self.path}")
        host.spawn()
        self.assertEqual(host.process.wait(60), 1)
        host.process.stdout.close()
        self.assertEqual(self.path.read_text(), "mine")

    @unittest.skipIf(os.geteuid() != 0, "only root gives files to groups, and can be another user")
    def test_rights_and_group_say_who_may_connect_and_nobody_is_asked(self):
        config = {"access": {"mode": "none"}, "listen": {"unix": str(self.path), "mode": "MODE", "group": "daemon"}}
        host = self.host(config=config, start=False, listen=None)
        file = host.folder / "planwright.yaml"
        file.write_text(file.read_text().replace('"MODE"', "0660"))
        host.start()
        info = os.stat(self.path)
        self.assertEqual((stat.S_IMODE(info.st_mode), grp.getgrgid(info.st_gid).gr_name), (0o660, "daemon"))
        ask = ["curl", "-sS", "--unix-socket", str(self.path), "http://localhost/api/plans", "-o", "/dev/null", "-w", "%{http_code}"]
        group = str(info.st_gid)
        as_user = lambda *groups: subprocess.run(
            ["setpriv", "--reuid=54322", "--regid=54322", *groups, *ask], cwd="/", capture_output=True, text=True).stdout
        self.assertEqual(as_user(f"--groups={group}"), "200")
        self.assertEqual(as_user("--clear-groups"), "000", "the system refuses whoever is not of the group")

    def test_mistakes_are_named(self):
        for listen, words in (
            ({"unix": "s", "mode": "99"}, "mode must be octal rights"),
            ({"unix": "s" * 200}, "longer than 107 bytes"),
            ({"mode": "0600"}, "unix: names no socket"),
            ({"unix": "s", "user": "x"}, "user"),
            ("unix:", "unix: names no socket"),
            ("nowhere", "neither HOST:PORT nor unix:PATH"),
        ):
            file = self.folder / "planwright.yaml"
            file.write_text(json.dumps({"listen": listen}))
            done = subprocess.run([BINARY, "check-config", file], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2, listen)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    main()
