#!/usr/bin/python3
"""Who may do what: every operation by every kind of caller, asked from outside."""

import http.client
import json
import os
import re
import socket
import subprocess
import urllib.parse

import openapi
from harness import BINARY, HostCase, eventually, main, queue_config

RECIPE = "jobs:\n  a: {command: 'echo hello > out.txt', outputs: [out.txt]}\n"
ROLES = ["viewer", "operator", "approver", "admin"]
OPEN = {
    "GET /healthz", "GET /readyz", "GET /api/me", "POST /api/login", "POST /api/logout", "POST /api/queues/{queue}/nudge",
}
ADMIN = re.compile(r"settings|tokens|webhook|maintenance|reload|rollback|pause|resume|release|^/api/queues/\{queue\}$")
# Answers that are not of one queue, and hide nothing of one.
SHARED = {
    "/api/version", "/api/openapi.json", "/api/workers", "/api/reconciler", "/api/plugins", "/api/plugins/{id}",
    "/api/provenance/keys", "/api/maintenance", "/api/settings/schema", "/api/login-links",
}
WHOLE = {"/metrics", "/api/blobs/{digest}", "/api/reload", "/api/plugins/{id}/release", "/api/tokens", "/api/tokens/{id}", "/api/audit"}
WHOLE_WRITES = {("PUT", "/api/maintenance"), ("DELETE", "/api/maintenance")}
WHOLE |= {"/api/webhooks", "/api/webhook-deliveries/{id}", "/api/webhook-deliveries/{id}/redeliver"}
WHOLE |= {"/api/webhooks/{id}" + rest for rest in ("", "/test", "/replay", "/rotate-secret", "/deliveries")}


def needed(method, path):
    """The role that an operation takes, said a second time and in another way than in the host."""
    if f"{method} {path}" in OPEN:
        return None
    if method != "GET" and path != "/api/login-links":
        return "admin" if ADMIN.search(path) else "operator"
    return "admin" if path.startswith(("/api/tokens", "/api/audit", "/api/webhook")) else "viewer"


def request(url, method, path, headers=None, body=None):
    """(status, headers, body) of one request that shows nothing but these headers."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        # Streams go on for ever; their head says enough.
        is_stream = "event-stream" in (answer.headers["Content-Type"] or "")
        return answer.status, answer.headers, b"" if is_stream else answer.read()
    finally:
        connection.close()


def machine_address():
    """One that others reach this machine by; None: there is none. No packet is sent for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address = probe.getsockname()[0]
    return None if address.startswith("127.") else address


def bearer(token):
    return {"Authorization": f"Bearer {token}"} if token else {}


class AccessTest(HostCase):
    def two_queues(self, **keys):
        def config(folder):
            return {"queues": {name: queue_config(folder / name) for name in ("mine", "theirs")}, **keys}

        host = self.host(config=config)
        for name in ("mine", "theirs"):
            host.drop(f"{name}.plan.yaml", RECIPE, host.folder / name)
        eventually(lambda: len(host.builds("built")) == 2, lambda: host.log_tail())
        return host

    def token(self, host, name, role, *queues):
        options = [word for queue in queues for word in ("--queue", queue)]
        return host.cli("token", "create", "--name", name, "--role", role, *options).strip()

    def ids(self, host, queue):
        """What stands in the paths of operations on something of that queue."""
        plan = next(p for p in host.plans() if p["queue"] == queue)
        job = host.jobs(plan["id"])["a"]
        digest = host.manifest(plan["build_id"])[0]["digest"]
        return {"pending-inputs": plan["pending_input_id"], "plans": plan["id"], "builds": plan["build_id"],
                "jobs": job["id"], "queue": queue, "digest": digest}

    def concrete(self, path, ids):
        kind = path.split("/")[2] if path.startswith("/api/") else ""
        path = path.replace("{id}", str(ids.get(kind, "planwright.recipe" if kind == "plugins" else 999999)))
        path = path.replace("{queue}", ids["queue"]).replace("{index}", ids["queue"]).replace("{stage}", "plan")
        path = path.replace("{digest}", ids["digest"]).replace("{path}", "out.txt")
        return path.replace("{project}", "none").replace("{file}", "none-1-py3-none-any.whl")

    def operations(self):
        for path, operations in json.loads(openapi.DOCUMENT.read_text())["paths"].items():
            for method in operations:
                yield method.upper(), path

    def ask(self, host, token, method, path):
        body = None if method == "GET" else b"{}"
        if path == "/api/pending-inputs" and method == "POST":
            path, body = path + "?filename=x.txt", b"x"
        return request(host.url, method, path, {**bearer(token), "Content-Type": "application/json"}, body)

    def test_every_operation_by_every_caller_on_own_and_other_queues(self):
        host = self.two_queues()
        for queue in ("mine", "theirs"):  # nothing that is asked for changes much
            for stage in ("plan", "build"):
                host.call("POST", f"/api/queues/{queue}/{stage}/pause", {})
        tokens = {role: self.token(host, role, role) for role in ROLES}
        limited = {role: self.token(host, f"my-{role}", role, "mine") for role in ROLES}
        mine, theirs = self.ids(host, "mine"), self.ids(host, "theirs")
        wrong = []

        def expect(who, method, path, status, refused):
            if (status in (401, 403)) != (refused is not None) or (refused and status != refused):
                wrong.append(f"{who} {method} {path}: {status}, expected {refused or 'to be let in'}")

        for method, path in self.operations():
            role = needed(method, path)
            own, other = self.concrete(path, mine), self.concrete(path, theirs)
            if path in ("/api/login", "/api/queues/{queue}/nudge"):  # they refuse for reasons of their own
                continue
            expect("nobody", method, own, self.ask(host, None, method, own)[0], 401 if role else None)
            forged = self.ask(host, "pwt_" + "x" * 43, method, own)[0]
            forged = (401 if role else 200) if forged == 429 else forged  # after so many tries
            expect("a forger", method, own, forged, 401 if role else None)
            for at, (name, token) in enumerate(tokens.items()):
                is_refused = role and at < ROLES.index(role)
                expect(name, method, own, self.ask(host, token, method, own)[0], 403 if is_refused else None)
            for at, (name, token) in enumerate(limited.items()):
                is_below = role and at < ROLES.index(role)
                is_whole = bool(role) and (path in WHOLE or (method, path) in WHOLE_WRITES)
                expect(f"my {name}", method, own, self.ask(host, token, method, own)[0], 403 if is_below or is_whole else None)
                is_of_queue = other != own or path.startswith("/api/settings") and path not in SHARED
                if is_of_queue and path not in SHARED and not is_below and not is_whole and path != "/api/settings/sources":
                    status = self.ask(host, token, method, other)[0]
                    is_default = path.startswith("/api/settings")  # the default queue is "mine", the first
                    expect(f"my {name} elsewhere", method, other, status, None if is_default else 403)
        self.assertEqual(wrong, [])

    def test_lists_and_events_show_what_one_may_see(self):
        host = self.two_queues()
        token = self.token(host, "me", "operator", "mine")
        get = lambda path: json.loads(request(host.url, "GET", path, bearer(token))[2])
        for kind in ("pending-inputs", "plans", "builds", "jobs"):
            self.assertEqual(len(get(f"/api/{kind}")["items"]), 1, kind)
            self.assertEqual(get(f"/api/{kind}")["total"], 1, kind)
            self.assertEqual(get(f"/api/{kind}?queue=theirs")["items"], [], kind)
        self.assertEqual([queue["name"] for queue in get("/api/queues")["items"]], ["mine"])
        events = get("/api/events?limit=500")["items"]
        self.assertEqual({event["event"]["queue"] for event in events}, {"mine"})
        older = get("/api/events?limit=500&after=0")["items"]
        self.assertEqual({event["event"]["queue"] for event in older} - {"mine"}, set())
        self.assertEqual(request(host.url, "GET", "/simple/theirs/", bearer(token))[0], 403)

        connection = http.client.HTTPConnection(urllib.parse.urlsplit(host.url).netloc, timeout=30)
        self.addCleanup(connection.close)
        connection.request("GET", "/api/events/stream?after=0", headers=bearer(token))
        stream = connection.getresponse()
        host.drop("later.plan.yaml", RECIPE, host.folder / "theirs")
        eventually(lambda: len(host.builds("built")) == 3, lambda: host.log_tail())
        host.drop("own.plan.yaml", RECIPE + "#", host.folder / "mine")
        seen = ""
        while "own.plan.yaml" not in seen and '"type":"plan.built"' not in seen.split("own.plan.yaml")[-1]:
            seen += stream.readline().decode()
        self.assertNotIn("theirs", seen)

    def test_dead_letters_of_others_are_neither_seen_nor_answered(self):
        host = self.two_queues()
        for name in ("mine", "theirs"):
            host.drop("bad.plan.yaml", "jobs: [", host.folder / name)
        eventually(lambda: len(host.items("/api/dead-letters")) == 2, lambda: host.log_tail())
        token = self.token(host, "me", "operator", "mine")
        letters = json.loads(request(host.url, "GET", "/api/dead-letters", bearer(token))[2])["items"]
        self.assertEqual([letter["queue"] for letter in letters], ["mine"])
        theirs = next(letter for letter in host.items("/api/dead-letters") if letter["queue"] == "theirs")
        self.assertEqual(request(host.url, "POST", f"/api/dead-letters/{theirs['id']}/discard", bearer(token), b"{}")[0], 403)
        body = json.dumps({"action": "discard", "target": "dead-letters", "filter": {}}).encode()
        status, headers, text = request(host.url, "POST", "/api/bulk-operations", bearer(token), body)
        self.assertEqual((status, json.loads(text)["matched"]), (202, 1))
        eventually(lambda: len(host.items("/api/dead-letters")) == 1, lambda: host.items("/api/dead-letters"))
        self.assertEqual(host.items("/api/dead-letters")[0]["queue"], "theirs")
        self.assertEqual(request(host.url, "GET", headers["Location"], bearer(token))[0], 200)

    def test_events_name_the_caller(self):
        host = self.two_queues()
        token = self.token(host, "deploy-bot", "operator")
        host.call("POST", "/api/queues/mine/build/pause", {})
        plan = next(p for p in host.plans() if p["queue"] == "mine")["id"]
        body = b'{"force": true}'
        self.assertEqual(request(host.url, "POST", f"/api/plans/{plan}/enqueue-build", bearer(token), body)[0], 202)
        events = host.get(f"/api/events?subject=plan/{plan}")["items"]
        self.assertEqual(events[0]["event"]["actor"], "deploy-bot")
        paused = host.get("/api/events?type=queue.settings")["items"]
        self.assertEqual(paused[0]["event"]["actor"], "admin")

    def test_tokens_are_made_listed_and_revoked_by_the_command_line(self):
        host = self.host()
        self.assertEqual((host.data / "token").stat().st_mode & 0o777, 0o600)
        token = self.token(host, "ci", "operator", "default")
        self.assertRegex(token, r"^pwt_[\w-]{43}$")
        me = lambda: json.loads(request(host.url, "GET", "/api/me", bearer(token))[2])
        self.assertEqual(me(), {"access": "token", "name": "ci", "role": "operator", "queues": ["default"]})
        listed = host.cli("token", "ls")
        self.assertIn("ci", listed)
        self.assertNotIn(token, listed + host.cli("token", "ls", "-o", "json") + host.log.read_text())
        self.assertIn("is in use", host.cli_errors("token", "create", "--name", "ci", "--role", "viewer"))
        self.assertIn("no queue", host.cli_errors("token", "create", "--name", "x", "--role", "viewer", "--queue", "no"))
        self.assertIn("revoked", host.cli("token", "revoke", "ci"))
        self.assertIsNone(me()["name"])
        self.assertNotIn("ci ", host.cli("token", "ls"))
        self.assertIn("ci ", host.cli("token", "ls", "--all"))
        self.assertEqual(host.sql(f"select count(*) from access_keys where digest like '%{token[4:]}%'"), [["0"]])
        brief = host.cli("token", "create", "--name", "brief", "--role", "viewer", "--expires", "1s").strip()
        eventually(lambda: request(host.url, "GET", "/api/plans", bearer(brief))[0] == 401, "it expires")

    def test_on_one_machine_nothing_is_typed(self):
        """The commands of a folder find the token beside the address, but show it to no other server."""
        host = self.host(start=False)
        home = self.folder / "home"
        home.mkdir()
        place = host.folder / ".planwright"
        os.symlink(host.data, place)
        host.start()
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PLANWRIGHT_")}
        run = lambda *words: subprocess.run([BINARY, *words], cwd=host.folder, env={**clean, "HOME": str(home)},
                                            capture_output=True, text=True)
        self.assertEqual(run("status").returncode, 0)
        self.assertIn("admin", run("whoami").stdout)
        other = self.host("other")
        refused = run("--server", other.url, "status")
        self.assertEqual(refused.returncode, 4, refused.stderr)
        self.assertIn("Say who you are", refused.stderr)
        (home / ".config" / "planwright").mkdir(parents=True)
        (home / ".config" / "planwright" / "token").write_text(other.token + "\n")
        self.assertEqual(run("--server", other.url, "status").returncode, 0)

    def test_a_link_signs_a_browser_in_once(self):
        host = self.host()
        link = eventually(lambda: re.search(r"http://\S+/login#(\S+)", host.log.read_text()), host.log_tail)
        self.assertEqual(request(host.url, "GET", "/login")[0], 200, "the page")
        post = lambda path, body, **headers: request(
            host.url, "POST", path, {"Content-Type": "application/json", **headers}, json.dumps(body).encode())
        status, headers, body = post("/api/login", {"key": link.group(1)})
        self.assertEqual((status, json.loads(body)["role"]), (200, "admin"))
        cookie = headers["Set-Cookie"]
        for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(word, cookie)
        session = {"Cookie": cookie.split(";")[0]}
        self.assertEqual(request(host.url, "GET", "/api/plans", session)[0], 200)
        self.assertEqual(post("/api/login", {"key": link.group(1)})[0], 403, "used up")
        # A page of another site sends the cookie of a browser that is older than SameSite.
        self.assertEqual(post("/api/queues/default/plan/pause", {}, **session, Origin="http://evil.example")[0], 403)
        made = host.cli("login-link").strip()
        self.assertTrue(made.startswith(host.url + "/login#"), made)
        self.assertEqual(post("/api/login", {"key": made.split("#")[1]})[0], 200)
        self.assertEqual(post("/api/logout", {}, **session)[0], 204)
        self.assertEqual(request(host.url, "GET", "/api/plans", session)[0], 401)
        self.assertEqual(post("/api/login", {"key": host.token})[0], 200, "a token signs in, too")
        stored = host.sql("select string_agg(digest, ' ') from access_keys")[0][0]
        for secret in (link.group(1), session["Cookie"].split("=")[1], host.token):
            self.assertNotIn(secret, stored)

    def test_readiness_says_little_to_strangers(self):
        host = self.host()
        self.assertEqual(json.loads(request(host.url, "GET", "/readyz")[2]), {"ready": True})
        self.assertIn("dependencies", host.get("/readyz"))
        self.assertEqual(request(host.url, "GET", "/healthz")[0], 200)
        status, headers, body = request(host.url, "GET", "/api/plans")
        self.assertEqual((status, headers["WWW-Authenticate"]), (401, 'Bearer realm="planwright"'))
        self.assertIn("token create", json.loads(body)["detail"])
        self.assertTrue(request(host.url, "GET", "/simple/default/")[1]["WWW-Authenticate"].startswith("Basic"))

    def test_wrong_tokens_are_slowed_down_and_lock_nobody_out(self):
        host = self.host()
        statuses = [request(host.url, "GET", "/api/plans", bearer(f"pwt_{i:043}"))[0] for i in range(60)]
        self.assertEqual(statuses[0], 401)
        self.assertEqual(statuses[-1], 429)
        self.assertEqual(request(host.url, "GET", "/api/plans")[0], 401, "no token is no attempt")
        self.assertEqual(request(host.url, "GET", "/api/plans", bearer(host.token))[0], 200)
        self.assertEqual(request(host.url, "POST", "/api/login", {}, b'{"key": "pwl_no"}')[0], 429)

    def test_wrong_tokens_count_wherever_they_are_shown(self):
        host = self.host()
        guess = lambda path, i: request(host.url, "GET", path, bearer(f"pwt_{i:043}"))[0]
        self.assertEqual({guess("/readyz", i) for i in range(30)} | {guess("/healthz", 1)}, {200}, "probes are not refused")
        self.assertEqual(guess("/api/me", 1), 429, "there they were counted")
        self.assertEqual(guess("/api/plans", 1), 429)
        self.assertEqual(request(host.url, "GET", "/api/me", bearer(host.token))[0], 200)

    def test_a_caller_is_held_to_its_requests(self):
        host = self.host(config={"access": {"requests_per_minute": 30}})
        token = self.token(host, "ci", "viewer")
        answers = [request(host.url, "GET", "/api/plans", bearer(token)) for _ in range(31)]
        self.assertEqual([status for status, _, _ in answers], [200] * 30 + [429])
        self.assertRegex(answers[-1][1]["Retry-After"], r"^[1-5]?\d$|^60$")
        self.assertEqual(request(host.url, "GET", "/readyz", bearer(token))[0], 200, "probes do not count")
        self.assertEqual(request(host.url, "GET", "/api/plans", bearer(host.token))[0], 200, "others do not count")

    def test_names_of_this_machine_are_for_this_machine(self):
        """A page of somebody else that a browser reaches under that one's name, and old requests without a name."""
        outside = machine_address()
        if not outside:
            self.skipTest("this machine has no address but loopback ones")
        (self.folder / "admin").write_text("long enough to be a secret\n")
        token = {"name": "root", "role": "admin", "file": str(self.folder / "admin")}
        host = self.host(config={"access": {"tokens": [token]}, "hosts": ["ci.example.org"]}, listen="0.0.0.0:0")
        port = urllib.parse.urlsplit(host.url).port

        def status(address, head):
            with socket.create_connection((address, port), timeout=30) as connection:
                connection.sendall(f"GET /healthz {head}\r\n\r\n".encode())
                return int(connection.makefile().readline().split()[1])

        for head, here, there in (
            ("HTTP/1.1\r\nHost: localhost", 200, 421),
            ("HTTP/1.1\r\nHost: 127.0.0.1", 200, 421),
            ("HTTP/1.0", 200, 421),
            ("HTTP/1.1\r\nHost: ci.example.org", 200, 200),
            ("HTTP/1.1\r\nHost: evil.example", 421, 421),
        ):
            self.assertEqual((status("127.0.0.1", head), status(outside, head)), (here, there), head)

    def test_a_stream_of_events_ends_with_its_token(self):
        host = self.host()
        token, other = self.token(host, "ci", "viewer"), self.token(host, "other", "viewer")
        streams = []
        for each in (token, other):
            connection = http.client.HTTPConnection(urllib.parse.urlsplit(host.url).netloc, timeout=60)
            self.addCleanup(connection.close)
            connection.request("GET", "/api/events/stream", headers=bearer(each))
            streams.append(connection.getresponse())
        host.cli("token", "revoke", "ci")
        while streams[0].readline():
            pass
        host.drop("a.plan.yaml", RECIPE)
        while b"input.recorded" not in (line := streams[1].readline()):
            self.assertTrue(line, "the other one goes on")

    def test_without_access_control_only_on_this_machine_and_the_page_says_so(self):
        host = self.host(config={"access": {"mode": "none"}})
        self.assertFalse((host.data / "token").exists())
        self.assertEqual(request(host.url, "GET", "/api/plans")[0], 200)
        self.assertEqual(json.loads(request(host.url, "GET", "/api/me")[2])["access"], "none")
        self.assertIn("mode: none", host.cli_errors("token", "ls"))

    def refusal(self, config, *words):
        file = self.folder / "planwright.yaml"
        file.write_text(json.dumps(config))
        data = self.folder / "refused"
        command = [BINARY, "serve", "--config", file, "--data", data, *words]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertFalse(data.exists(), "nothing was started")
        return done.stderr

    def test_beyond_this_machine_the_configuration_must_say_who_comes_in(self):
        for words in ({"listen": "0.0.0.0:0"}, {"listen": "[::]:0"}, {"listen": "10.1.2.3:0"}):
            self.assertIn("token", self.refusal(words))
        self.assertIn("token", self.refusal({}, "--listen", "0.0.0.0:0"))
        self.assertIn("loopback", self.refusal({"access": {"mode": "none"}, "listen": "0.0.0.0:0"}))
        (self.folder / "admin").write_text("long enough to be a secret\n")
        token = {"name": "root", "role": "admin", "file": str(self.folder / "admin")}
        host = self.host(config={"access": {"tokens": [token]}}, listen="0.0.0.0:0")
        url = f"http://127.0.0.1:{urllib.parse.urlsplit(host.url).port}"
        self.assertEqual(request(url, "GET", "/api/plans")[0], 401)
        self.assertEqual(request(url, "GET", "/api/plans", bearer("long enough to be a secret"))[0], 200)

    def test_mistakes_in_the_configuration_are_named(self):
        cases = [
            ({"tokens": [{"name": "a b", "role": "admin", "env": "X"}]}, "1 to 64 letters"),
            ({"tokens": [{"name": "a", "role": "root", "env": "X"}]}, "viewer, operator, approver, admin"),
            ({"tokens": [{"name": "a", "role": "admin"}]}, "file: PATH and env: NAME"),
            ({"tokens": [{"name": "a", "role": "admin", "env": "X", "queue": "q"}]}, 'did you mean "queues"'),
            ({"tokens": [{"name": "a", "role": "admin", "env": "X"}] * 2}, "two tokens"),
            ({"mode": "none", "tokens": [{"name": "a", "role": "admin", "env": "X"}]}, "asks nobody"),
            ({"oidc": {}}, "not supported"),
        ]
        for access, words in cases:
            file = self.folder / "planwright.yaml"
            file.write_text(json.dumps({"access": access}))
            done = subprocess.run([BINARY, "check-config", file], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2, access)
            self.assertIn(words, done.stderr)
            self.assertRegex(done.stderr, r"planwright\.yaml:\d+:\d+: ")

    def test_another_user_of_this_machine_can_only_be_refused(self):
        if os.geteuid() != 0:
            self.skipTest("only root can be another user")
        host = self.host()
        script = f"cat {host.data}/token; {BINARY} --server {host.url} status; {BINARY} --server {host.url} submit /etc/hostname"
        done = subprocess.run(["setpriv", "--reuid=54322", "--regid=54322", "--clear-groups", "sh", "-c", script],
                              cwd="/", env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"}, capture_output=True, text=True)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("Say who you are"), 2, done.stderr)
        self.assertEqual(host.inputs(), [])


if __name__ == "__main__":
    main()
