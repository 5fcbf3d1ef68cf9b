#!/usr/bin/env python3
"""planwright.git: files of new commits become inputs, each once, whatever happens to the branch and to the host."""

import base64
import hashlib
import hmac
import http.server
import os
import socket
import subprocess
import threading
import time
import unittest

from harness import HostCase, ServicesCase, eventually, main

GIT_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": f"{who}@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}
TOKEN = "correct-horse-battery"


def git(folder, *words):
    done = subprocess.run(["git", "-C", folder, *words], env=GIT_ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout.strip()


class Repository:
    """A bare repository, as a forge has it, and somebody's clone of it."""

    def __init__(self, folder):
        self.bare, self.clone = folder / "forge" / "repo.git", folder / "clone"
        self.bare.mkdir(parents=True)
        git(self.bare, "init", "-q", "--bare", "-b", "main")
        git(self.bare, "config", "http.receivepack", "true")
        git(folder, "clone", "-q", self.bare, self.clone)
        git(self.clone, "checkout", "-q", "-b", "main")
        self.url = f"file://{self.bare}"

    def commit(self, *words, **files):
        """Writes `files` (a name's "__" is a slash, "_" a dot) and commits them; gives the commit."""
        for name, content in files.items():
            path = self.clone / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content) if isinstance(content, bytes) else path.write_text(content)
        git(self.clone, "add", "-A")
        git(self.clone, "commit", "-q", "-m", "text", *words)
        return git(self.clone, "rev-parse", "HEAD")

    def push(self, *words):
        git(self.clone, "push", "-q", "origin", *(words or ("HEAD:main",)))


class Forge(http.server.BaseHTTPRequestHandler):
    """git http-backend for whoever knows the token."""

    def do_GET(self):
        self.answer(b"")

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, body):
        login = "Basic " + base64.b64encode(f"git:{TOKEN}".encode()).decode()
        if self.headers.get("Authorization") != login:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="forge"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        environment = {
            **GIT_ENVIRONMENT,
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_USER": "git",
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, timeout=60)
        head, _, rest = done.stdout.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        status = next((value for name, value in headers if name == "Status"), "200 OK")
        self.send_response(int(status.split()[0]))
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest)

    def log_message(self, *_):
        pass


class GitCase(HostCase):
    isolation = "auto"

    def setUp(self):
        super().setUp()
        self.repository = Repository(self.folder)

    def git_host(self, name="host", *, start=True, top=None, source=None, settings=None, queue=None):
        config = {
            **(top or {}),
            "queues": {
                "default": {
                    "auto_plan": True,
                    "source": {
                        "plugin": "planwright.git",
                        "isolation": self.isolation,
                        "settings": {
                            "url": self.repository.url,
                            "branch": "main",
                            "path": "**/*.txt",
                            "poll_every": "100ms",
                            **(settings or {}),
                        },
                        **(source or {}),
                    },
                    "planner": {"plugin": "planwright.noop-planner"},
                    "builder": {"plugin": "planwright.noop-builder"},
                    **(queue or {}),
                }
            },
        }
        return self.host(name, config, start=start)

    def recorded(self, host):
        """What became inputs, in order: (name, commit)."""
        inputs = sorted(host.inputs(), key=lambda each: each["id"])
        for each in inputs:
            self.assertEqual(each["attributes"]["path"], each["filename"])
        return [(each["filename"], each["attributes"]["commit"]) for each in inputs]

    def await_recorded(self, host, expected):
        """They and no others; of one commit in whatever order."""
        eventually(lambda: len(self.recorded(host)) >= len(expected), lambda: (self.recorded(host), host.log_tail()))
        self.assertEqual(sorted(self.recorded(host)), sorted(expected))

    def problem(self, host):
        return host.call("GET", "/readyz").body.decode()

    def events(self, host, kind):
        return host.items(f"/api/events?type={kind}")


class BranchTest(GitCase):
    @unittest.skipUnless(os.geteuid() == 0, "only root can give a repository to somebody else")
    def test_a_repository_of_somebody_else_is_read(self):
        commit = self.repository.commit(a_txt="1")
        self.repository.push()
        subprocess.run(["chown", "-R", "65534:65534", self.repository.bare], check=True)
        for number, url in enumerate((self.repository.url, str(self.repository.bare))):
            self.await_recorded(self.git_host(f"host{number}", settings={"url": url}), [("a.txt", commit)])

    def test_every_file_of_every_commit_once_whatever_happens(self):
        repository = self.repository
        first = repository.commit(a_txt="1", sub__b_txt="1", README_md="no match")
        repository.push()
        host = self.git_host()
        expected = [("a.txt", first), ("sub/b.txt", first)]
        self.await_recorded(host, expected)

        # Two commits in one push: the second takes back what the first did, and both count.
        second = repository.commit(a_txt="2", sub__deep__c_txt="1")
        third = repository.commit(a_txt="1", README_md="no match either")
        repository.push()
        expected += [("a.txt", second), ("sub/deep/c.txt", second), ("a.txt", third)]
        self.await_recorded(host, expected)
        generations = {each["generation"]: each["digest"] for each in host.inputs() if each["filename"] == "a.txt"}
        self.assertEqual(len(generations), 3)
        self.assertEqual(generations[1], generations[3])

        # Killed, and the branch goes on meanwhile.
        host.kill()
        fourth = repository.commit(sub__b_txt="2")
        repository.push()
        host.start()
        expected += [("sub/b.txt", fourth)]
        self.await_recorded(host, expected)

        # A forced push: what differs from the commit known before.
        host.kill()
        git(repository.clone, "reset", "-q", "--hard", third)
        forced = repository.commit(sub__b_txt="3", d_txt="1")
        repository.push("-f", "HEAD:main")
        host.start()
        expected += [("sub/b.txt", forced), ("d.txt", forced)]
        self.await_recorded(host, expected)

        # The branch is gone, and comes back with one commit more.
        git(repository.bare, "update-ref", "-d", "refs/heads/main")
        eventually(lambda: "there is no refs/heads/main there" in self.problem(host), lambda: self.problem(host))
        self.assertIn(repository.url, self.problem(host))
        host.kill()
        host.start()
        eventually(lambda: len(self.events(host, "source.failed")) >= 2, lambda: self.events(host, "source.failed"))
        last = repository.commit(d_txt="2")
        repository.push()
        expected += [("d.txt", last)]
        self.await_recorded(host, expected)
        eventually(lambda: self.events(host, "source.back"), "it tells that it is back")
        time.sleep(0.5)  # a few polls more
        self.await_recorded(host, expected)

    def test_a_host_killed_while_it_records_a_large_commit_records_each_file_once(self):
        files = {f"f{i}_txt": f"{i}" for i in range(250)}
        commit = self.repository.commit(**files)
        self.repository.push()
        host = self.git_host()
        expected = [(f"f{i}.txt", commit) for i in range(250)]
        self.await_recorded(host, expected)
        host.stop()
        left = host.data / "sources" / "removed" / "git"  # of a queue that is not configured any more
        left.mkdir(parents=True)
        changed = self.repository.commit(**{name: "again " + content for name, content in files.items()})
        self.repository.push()
        for part in (1, 2):
            host.spawn({"PLANWRIGHT_FAILPOINTS": f"intake.record.after=kill@{part}"})
            host.process.wait(30)
            host.process.stdout.close()
        host.start()
        expected += [(name, changed) for name, _ in expected]
        self.await_recorded(host, expected)
        self.assertFalse(left.parent.exists())

    def test_what_is_too_large_or_no_file_is_refused_by_name(self):
        (self.repository.clone / "link.txt").symlink_to("/etc/passwd")
        commit = self.repository.commit(large_txt=b"x" * 2000, small_txt="x")
        self.repository.push()
        host = self.git_host(source={"max_bytes": "1KiB"})
        self.await_recorded(host, [("small.txt", commit)])
        refused = {each["event"]["data"]["filename"]: each["event"]["data"]["reason"]
                   for each in self.events(host, "file.refused")}
        self.assertEqual(refused, {"large.txt": "its 2000 bytes are more than max_bytes (1024)",
                                   "link.txt": "it is a symbolic link"})


class BranchInTheHostTest(BranchTest):
    isolation = "inproc"


class ForgeTest(GitCase):
    def setUp(self):
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Forge)
        self.server.root = self.repository.bare.parent
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def test_logs_in_with_a_secret_that_is_never_shown(self):
        commit = self.repository.commit(a_txt="1")
        self.repository.push()
        secret = self.folder / "token"
        secret.write_text("wrong-horse-battery")
        host = self.git_host(
            start=False,
            top={"secrets": {"FORGE": {"file": str(secret)}}},
            settings={"url": f"http://127.0.0.1:{self.server.server_port}/repo.git", "token": "!secret FORGE"},
        )
        file = host.folder / "planwright.yaml"
        file.write_text(file.read_text().replace('"!secret FORGE"', "!secret FORGE"))  # JSON has no tags
        host.start()
        eventually(lambda: "/repo.git: it refused the login as git" in self.problem(host), lambda: self.problem(host))
        secret.write_text(TOKEN + "\n")
        self.await_recorded(host, [("a.txt", commit)])
        for shown in (host.log.read_text(), str(host.items("/api/events")), self.problem(host)):
            self.assertNotIn("horse-battery", shown)


class SilentServerTest(GitCase):
    def test_does_not_keep_the_host_from_ending(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            host = self.git_host(settings={"url": f"git://127.0.0.1:{server.getsockname()[1]}/repo.git"})
            server.settimeout(20)
            with server.accept()[0] as connection:
                connection.recv(100)
                self.assertEqual(host.stop(20), 0)

    def test_is_given_up_and_asked_again(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            url = f"git://127.0.0.1:{server.getsockname()[1]}/repo.git"
            host = self.git_host(settings={"url": url}, source={"silence_timeout": "1s"})
            server.settimeout(20)
            connections = [server.accept()[0] for _ in range(2)]
            self.assertIn("Ended by the host after 1 s without output or progress.", self.problem(host))
            for connection in connections:
                connection.close()


class NudgeTest(GitCase):
    """With an hour between two polls, only a webhook brings what is new."""

    def nudged_host(self, name="host", **options):
        return self.git_host(name, settings={"poll_every": "1h"}, **options)

    def push(self, **files):
        commit = self.repository.commit(**files)
        self.repository.push()
        return commit

    def nudge(self, host, body=b'{"ref": "refs/heads/main"}', secret=None, delivery=None, more=None):
        headers = {"Content-Type": "application/json", **(more or {})}
        if secret:
            headers["X-Hub-Signature-256"] = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
        if delivery:
            headers["X-GitHub-Delivery"] = delivery
        return host.call("POST", "/api/queues/default/nudge", body, headers)

    def test_a_push_is_an_input_within_seconds(self):
        first = self.push(a_txt="1")
        host = self.nudged_host()
        self.await_recorded(host, [("a.txt", first)])
        second = self.push(a_txt="2")
        answer = self.nudge(host, delivery="one")
        self.assertEqual((answer.status, answer.json), (202, {"queue": "default", "repeated": False}))
        self.await_recorded(host, [("a.txt", first), ("a.txt", second)])
        self.push(a_txt="3")
        answer = self.nudge(host, delivery="one")
        self.assertEqual((answer.status, answer.json), (202, {"queue": "default", "repeated": True}))
        time.sleep(1)
        self.assertEqual(len(host.inputs()), 2)
        self.nudge(host)
        eventually(lambda: len(host.inputs()) == 3, lambda: host.inputs())
        self.assertEqual(host.call("POST", "/api/queues/none/nudge", b"").status, 404)
        page = {"Sec-Fetch-Site": "cross-site"}
        self.assertEqual(host.call("POST", "/api/queues/default/nudge", b"", page).status, 403)

    def test_with_a_secret_only_who_knows_it_is_heard(self):
        secret = self.folder / "hook"
        secret.write_text("right")
        first = self.push(a_txt="1")
        host = self.nudged_host(top={"secrets": {"HOOK": {"file": str(secret)}}}, queue={"nudge_secret": "HOOK"})
        self.await_recorded(host, [("a.txt", first)])
        second = self.push(a_txt="2")
        for wrong in (None, b"wrong"):
            answer = self.nudge(host, secret=wrong)
            self.assertEqual((answer.status, answer.json["type"]), (403, "/problems/wrong-signature"))
        time.sleep(1)
        self.assertEqual(len(host.inputs()), 1)
        self.assertEqual(self.nudge(host, secret=b"right").status, 202)
        self.await_recorded(host, [("a.txt", first), ("a.txt", second)])
        secret.unlink()
        self.assertEqual(self.nudge(host, secret=b"right").status, 503)

    def test_each_forge_shows_in_its_own_way_that_it_knows_the_secret(self):
        secret = self.folder / "hook"
        secret.write_text("right")
        self.push(a_txt="1")
        host = self.nudged_host(top={"secrets": {"HOOK": {"file": str(secret)}}}, queue={"nudge_secret": "HOOK"})
        body = b'{"ref": "refs/heads/main"}'
        hexed = hmac.new(b"right", body, hashlib.sha256).hexdigest()
        old = hmac.new(b"right", body, hashlib.sha1).hexdigest()
        ways = {"X-Hub-Signature": "sha256=" + hexed, "X-Gitlab-Token": "right", "X-Gogs-Signature": hexed,
                "X-Gitea-Signature": hexed, "X-Forgejo-Signature": hexed}
        for header, proof in ways.items():
            self.assertEqual(self.nudge(host, body, more={header: proof}).status, 202, header)
            for wrong in ("", proof[:-1], proof + "0", "sha1=" + old):
                answer = self.nudge(host, body, more={header: wrong})
                self.assertEqual((answer.status, answer.json["type"]), (403, "/problems/wrong-signature"), header)
        both = {"X-Hub-Signature": "sha1=" + old, "X-Hub-Signature-256": "sha256=" + hexed}
        self.assertEqual(self.nudge(host, body, more=both).status, 202, "GitHub sends both")


class NudgeOfAnotherHostTest(NudgeTest, ServicesCase):
    """The host that hears the webhook is not the one that has the source."""

    def nudged_host(self, name="host", top=None, **options):
        shared = {**self.service_keys(), "blobs": {"folder": str(self.folder / "blobs")}, **(top or {})}
        self.holder = super().nudged_host("holder", top=shared, **options)
        eventually(self.holder.inputs, "it holds the source")
        return super().nudged_host(name, top=shared, **options)


if __name__ == "__main__":
    main()
