#!/usr/bin/python3
"""Webhooks and forge statuses from outside: real receivers, a host that is killed, forges that refuse what is wrong."""

import base64
import hashlib
import hmac
import http.server
import json
import re
import subprocess
import threading
import types
import urllib.parse

from harness import HostCase, eventually, main, queue_config

RECIPE = "jobs:\n  a: {command: 'echo %s > out.txt', outputs: [out.txt]}\n"


class Receiver:
    """An HTTP server of the test. `answer(request)` gives the status and, perhaps, a body."""

    def __init__(self, case, answer=lambda request: 204):
        self.requests = []
        self.answer = answer
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                text = self.rfile.read(int(self.headers["Content-Length"]))
                request = types.SimpleNamespace(path=self.path, headers=self.headers, text=text)
                answer = receiver.answer(request)
                status, body = answer if isinstance(answer, tuple) else (answer, b"")
                receiver.requests.append((request, status))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a host that is killed breaks its connections off
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        case.addCleanup(self.server.server_close)
        case.addCleanup(self.server.shutdown)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def taken(self):
        """What was answered with success: (headers, body)."""
        return [(request.headers, request.text) for request, status in list(self.requests) if status < 300]


def is_signed(secret, headers, body):
    """As the reference libraries of Standard Webhooks check it."""
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), content, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}" in headers["webhook-signature"].split(" ")


class WebhookTest(HostCase):
    def local_host(self, **keys):
        return self.host(config=lambda folder: {
            "webhooks": {"allow": ["127.0.0.0/8"]}, "queues": {"default": queue_config(folder / "input")}, **keys})

    def events_after(self, host, cursor):
        found = []
        while True:
            page = host.get(f"/api/events?limit=500&after={urllib.parse.quote(cursor)}")
            found += [item["event"] for item in page["items"]]
            if len(page["items"]) < 500:
                return found
            cursor = page["next_cursor"]

    def test_the_commands(self):
        host = self.local_host()
        receiver = Receiver(self)
        secret = host.cli("webhook", "add", receiver.url + "/hook", "--type", "plan.*", "--mode", "binary").strip()
        self.assertRegex(secret, r"^whsec_[\w+/=]{44}$")
        self.assertIn("delivered: it answered 204", host.cli("webhook", "test", "1"))
        headers, body = receiver.taken()[0]
        self.assertEqual(headers["ce-type"], "webhook.test")
        self.assertTrue(is_signed(secret, headers, body))
        begin = host.get("/api/webhooks/1")["cursor"]
        host.drop("a.plan.yaml", RECIPE % "a")
        arrived = lambda: [headers["ce-type"] for headers, _ in receiver.taken()]
        eventually(lambda: "plan.built" in arrived(), lambda: f"{arrived()}\n{host.log_tail()}")
        self.assertEqual({kind.split(".")[0] for kind in arrived()}, {"plan", "webhook"})
        deliveries = host.cli("webhook", "deliveries", "1", "--state", "delivered")
        self.assertIn("plan.built", deliveries)
        before = len(receiver.taken())
        host.cli("webhook", "replay", "1", "--after", begin)
        eventually(lambda: arrived().count("plan.built") == 2, lambda: arrived())
        latest = host.get("/api/webhooks/1/deliveries")["items"][0]["id"]
        host.cli("webhook", "redeliver", str(latest))
        eventually(lambda: len(receiver.taken()) > before + 1, "it is sent again")
        fresh = host.cli("webhook", "rotate", "1").strip()
        host.cli("webhook", "test", "1")
        headers, body = receiver.taken()[-1]
        self.assertTrue(is_signed(secret, headers, body) and is_signed(fresh, headers, body))
        shown = host.cli("webhook", "ls") + host.cli("webhook", "ls", "-o", "json") + host.log.read_text()
        shown += json.dumps(host.get("/api/events?limit=500")) + host.cli("webhook", "deliveries", "1", "-o", "json")
        for key in (secret, fresh):
            self.assertNotIn(key.removeprefix("whsec_"), shown)
        receiver.answer = lambda request: 500
        self.assertIn("It answered 500", host.cli_errors("webhook", "test", "1"))
        receiver.answer = lambda request: 204
        self.assertIn("it answered 204", host.cli("webhook", "test", "1"), "it does not wait behind the one that failed")
        host.cli("webhook", "rm", "1")
        added, gone = (host.get(f"/api/audit?action={action}Webhook")["items"][0] for action in ("add", "remove"))
        self.assertEqual((added["item"], gone["item"]), ("webhook/1", "webhook/1"))
        self.assertEqual(added["after"]["url"], gone["before"]["url"])
        self.assertNotIn(secret.removeprefix("whsec_"), json.dumps(added))
        self.assertEqual(host.get("/api/webhooks")["items"], [])
        self.assertIn("not a public address", host.cli_errors("webhook", "add", "http://10.1.2.3/"))

    def test_kills_of_the_host_lose_and_change_nothing(self):
        """It is killed again and again while events come and the receiver fails now and then."""
        host = self.local_host()
        count = iter(range(10**9))
        receiver = Receiver(self, lambda request: 503 if next(count) % 5 == 0 else 200)
        secret = host.cli("webhook", "add", receiver.url).strip()
        begin = host.get("/api/webhooks/1")["cursor"]
        for round_ in range(4):
            for i in range(4):
                host.drop(f"{round_}-{i}.plan.yaml", RECIPE % f"{round_} {i}")
            enough = len(receiver.taken()) + 15
            eventually(lambda: len(receiver.taken()) >= enough, lambda: f"{len(receiver.taken())} {host.log_tail()}")
            host.kill()
            host.start()
        eventually(lambda: len(host.plans("built")) == 16, lambda: host.log_tail(), 120)
        receiver.answer = lambda request: 200
        waiting = lambda: [d for d in host.items("/api/webhooks/1/deliveries?state=waiting")]

        def settled():
            for delivery in waiting():
                host.call("POST", f"/api/webhook-deliveries/{delivery['id']}/redeliver", {})
            newest = self.events_after(host, begin)[-1]["id"]
            return not waiting() and host.get("/api/webhooks/1")["cursor"] == newest

        eventually(settled, lambda: (host.get("/api/webhooks/1"), waiting()[:3]), 120, 0.5)
        expected, first, bodies = {}, {}, {}
        for event in self.events_after(host, begin):
            expected.setdefault(event["subject"], []).append(event["id"])
        for headers, body in receiver.taken():
            self.assertTrue(is_signed(secret, headers, body))
            event = json.loads(body)
            if headers["webhook-id"] not in bodies:
                first.setdefault(event["subject"], []).append(event["id"])
            bodies.setdefault(headers["webhook-id"], set()).add(body)
        self.assertEqual(first, expected, "each event, in the order of its item")
        self.assertEqual({key: len(texts) for key, texts in bodies.items() if len(texts) > 1}, {})


class Forge(Receiver):
    """A double that refuses what the real one refuses: other paths, tokens, states and commits that it does not have."""

    STATES = {
        "github": {"error", "failure", "pending", "success"},
        "gitea": {"error", "failure", "pending", "success", "warning"},
        "gitlab": {"pending", "running", "success", "failed", "canceled", "skipped"},
    }
    PATHS = {
        "github": r"/repos/acme/lib/statuses/([0-9a-f]{40})",
        "gitea": r"/api/v1/repos/acme/lib/statuses/([0-9a-f]{40})",
        "gitlab": r"/api/v4/projects/acme%2Flib/statuses/([0-9a-f]{40})",
    }
    TOKENS = {
        "github": ("authorization", "Bearer "), "gitea": ("authorization", "token "), "gitlab": ("private-token", ""),
    }

    def __init__(self, case, kind, token, commits):
        self.kind, self.token, self.commits, self.states = kind, token, commits, {}
        super().__init__(case, self.set_status)

    @property
    def api(self):
        return self.url + {"github": "", "gitea": "/api/v1", "gitlab": "/api/v4"}[self.kind]

    def set_status(self, request):
        header, start = self.TOKENS[self.kind]
        if request.headers[header] != start + self.token:
            return 401, b'{"message": "401 Unauthorized"}'
        path = re.fullmatch(self.PATHS[self.kind], request.path)
        if not path or path.group(1) not in self.commits:
            return 404, b'{"message": "Not Found"}'
        if self.kind == "github" and not request.headers["user-agent"]:
            return 403, b'{"message": "Request forbidden by administrative rules."}'
        body = json.loads(request.text)
        name = body["name" if self.kind == "gitlab" else "context"]
        if body["state"] not in self.STATES[self.kind] or len(body["description"]) > 140:
            return 422, b'{"message": "Validation Failed"}'
        states = self.states.setdefault((path.group(1), name), [])
        if self.kind == "gitlab" and states and states[-1][0] == body["state"]:
            return 400, b'{"message": "Cannot transition status via :enqueue from :pending"}'
        states.append((body["state"], body["target_url"]))
        return 201, b"{}"


class ForgeTest(HostCase):
    def repository(self):
        """A repository with a good and a bad recipe: its folder and the commit."""
        folder = self.folder / "lib"
        folder.mkdir()
        git = lambda *words: subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "safe.directory=*", *words], cwd=folder,
            check=True, capture_output=True, text=True).stdout.strip()
        git("init", "-q", "-b", "main")
        (folder / "good.plan.yaml").write_text(RECIPE % "good")
        (folder / "bad.plan.yaml").write_text("jobs:\n  a: {command: 'exit 3'}\n")
        (folder / "wrong.plan.yaml").write_text("jobs: [")
        git("add", ".")
        git("commit", "-q", "-m", "first")
        return folder, git("rev-parse", "HEAD")

    def test_commits_are_told_of_their_plans(self):
        folder, commit = self.repository()
        token = self.folder / "forge-token"
        token.write_text("a token of the forge\n")
        source = {"plugin": "planwright.git", "settings": {"url": str(folder), "branch": "main", "poll_every": "300ms"}}

        def config(place):
            queue = queue_config(place / "input")
            queue["source"] = {"plugin": "planwright.manual"}  # until the forges are known
            return {"webhooks": {"allow": ["127.0.0.0/8"]}, "secrets": {"FORGE": {"file": str(token)}},
                    "queues": {"default": queue}}

        host = self.host(config=config)
        forges = {kind: Forge(self, kind, "a token of the forge", {commit}) for kind in Forge.STATES}
        for kind, forge in forges.items():
            host.cli("webhook", "add", forge.api, "--kind", kind, "--repository", "acme/lib", "--token-secret", "FORGE",
                     "--page", "https://ci.example.org/")
        file = host.folder / "planwright.yaml"
        changed = json.loads(file.read_text())
        changed["queues"]["default"]["source"] = source
        file.write_text(json.dumps(changed))
        host.call("POST", "/api/reload", {})
        good = {"github": ("success", "failure"), "gitea": ("success", "failure"), "gitlab": ("success", "failed")}
        for kind, forge in forges.items():
            last = lambda name, forge=forge: (forge.states.get((commit, f"planwright/default/{name}.plan.yaml")) or [("", "")])[-1]
            wanted = dict(zip(("good", "bad", "wrong"), (good[kind][0], good[kind][1], good[kind][1])))
            eventually(lambda: {name: last(name)[0] for name in wanted} == wanted,
                       lambda: f"{kind} {forge.states}\n{host.log_tail()}", 60)
            self.assertRegex(last("good")[1], r"^https://ci\.example\.org/plans/\d+$")
            self.assertRegex(last("wrong")[1], r"^https://ci\.example\.org/inputs/\d+$")
            states = [state for state, _ in forge.states[(commit, "planwright/default/good.plan.yaml")]]
            self.assertEqual(states[0], "pending")
            self.assertEqual("running" in states, kind == "gitlab")
            refused = [(status, request.path) for request, status in forge.requests if status >= 400]
            self.assertEqual([r for r in refused if r[0] != 400], [])
        shown = host.cli("webhook", "ls", "-o", "json") + host.log.read_text() + host.cli("webhook", "deliveries", "1", "-o", "json")
        self.assertNotIn("a token of the forge", shown)
        self.assertIn("secrets:", host.cli_errors("webhook", "add", forges["github"].api, "--kind", "github", "--repository",
                                                  "acme/lib", "--token-secret", "NONE", "--page", "https://ci.example.org/"))
        # A token that is wrong is said, without the token.
        token.write_text("another token\n")
        host.call("POST", "/api/webhook-deliveries/1/redeliver", {})
        failed = lambda: host.get("/api/webhook-deliveries/1")
        eventually(lambda: failed()["status"] == 401, failed)
        self.assertNotIn("another token", json.dumps(failed()) + host.log.read_text())


if __name__ == "__main__":
    main()
