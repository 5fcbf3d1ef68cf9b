#!/usr/bin/python3
"""The audit: each write and each sign-in leaves one row that says who, from where, what and what came of it."""

import json
import signal

from access_test import RECIPE, bearer, request
from harness import HostCase, eventually, main


class AuditTest(HostCase):
    def setUp(self):
        super().setUp()
        self.server = self.host(config=None)

    def rows(self, **wanted):
        """Those of the audit that have these members, the latest first."""
        rows = self.server.items("/api/audit")
        return [row for row in rows if all(row[name] == value for name, value in wanted.items())]

    def token(self, name, role):
        return self.server.cli("token", "create", "--name", name, "--role", role).strip()

    def write(self, path, token, body=None, method="POST"):
        headers = {**bearer(token), "Content-Type": "application/json", "User-Agent": "ci/1", "X-Request-Id": f"to-{path[5:9]}"}
        return request(self.server.url, method, path, headers, json.dumps(body or {}).encode())[0]

    def test_a_write_says_who_from_where_what_and_what_came_of_it(self):
        token = self.token("ci", "operator")
        self.server.drop("a.plan.yaml", RECIPE)
        plan = eventually(lambda: self.server.plans("built") or self.server.plans("ready_for_build"), self.server.log_tail)[0]
        item = f"plan/{plan['id']}"
        self.assertEqual(self.write(f"/api/plans/{plan['id']}/enqueue-build", token, {"force": True}), 202)
        row = self.rows(actor="ci")[0]
        self.assertTrue(row.pop("at") and row.pop("id"))
        self.assertEqual(row, {
            "actor": "ci", "actor_kind": "token", "address": "127.0.0.1", "user_agent": "ci/1", "request_id": "to-plan",
            "action": "enqueueBuild", "item": item, "queue": "default", "allowed": True, "status": 202, "reason": None,
            "before": None, "after": {"force": True},
        })  # fmt: skip
        self.assertEqual(self.write("/api/plans/999/cancel", token), 404)
        failed = self.rows(actor="ci")[0]
        self.assertEqual((failed["allowed"], failed["status"], failed["reason"]), (True, 404, "not-found"))
        self.assertEqual(self.write("/api/settings", token, {"auto_build": True}, "PATCH"), 403)
        refused = self.rows(actor="ci")[0]
        self.assertEqual((refused["allowed"], refused["action"], refused["reason"]), (False, "patchSettings", "forbidden"))
        self.assertEqual(refused["item"], "queue/default")

    def test_old_and_new_values_of_settings_and_tokens(self):
        self.server.call("PATCH", "/api/queues/default", {"plan_workers": 7})
        self.server.call("PATCH", "/api/settings", {"plan_workers": 5, "auto_build": False})
        latest, first = self.rows(action="patchSettings")[0], self.rows(action="patchQueue")[0]
        self.assertEqual((first["before"], first["after"]), ({"plan_workers": 2}, {"plan_workers": 7}))
        self.assertEqual(latest["before"]["plan_workers"], 7)
        self.assertEqual((latest["after"]["plan_workers"], latest["item"]), (5, "queue/default"))
        self.server.call("POST", "/api/queues/default/plan/pause", {})
        self.assertEqual(self.rows(action="pauseStage")[0]["after"], {"plan_paused": True})
        token = self.token("ci", "viewer")
        self.server.cli("token", "revoke", "ci")
        made, revoked = self.rows(action="createToken")[0], self.rows(action="revokeToken")[0]
        self.assertEqual((made["after"]["name"], made["after"]["role"], made["item"]), ("ci", "viewer", revoked["item"]))
        self.assertEqual((revoked["before"]["name"], revoked["status"]), ("ci", 204))
        self.server.call("POST", "/api/pending-inputs?filename=x", b"x")
        upload = self.rows(action="uploadInput")[0]
        self.assertEqual((upload["after"]["filename"], upload["item"]), ("x", f"input/{self.server.inputs()[0]['id']}"))
        self.assertNotIn(token[4:], self.everything())

    def everything(self):
        return self.server.sql("select string_agg(a::text, ' ') from audit_log a")[0][0]

    def test_sign_ins_and_what_strangers_are_refused(self):
        post = lambda path, body, headers=None: request(self.server.url, "POST", path, headers or {}, json.dumps(body).encode())
        link = self.server.cli("login-link").strip().split("#")[1]
        cookie = post("/api/login", {"key": link})[1]["Set-Cookie"].split(";")[0]
        self.assertEqual(post("/api/login", {"key": link})[0], 403)
        self.assertEqual(post("/api/queues/default/plan/pause", {}, {"Cookie": cookie})[0], 200)
        self.assertEqual(post("/api/logout", {}, {"Cookie": cookie})[0], 204)
        used, signed_in = self.rows(action="login")
        self.assertEqual((signed_in["actor"], signed_in["actor_kind"], signed_in["allowed"]), ("admin", "session", True))
        self.assertEqual((used["actor_kind"], used["allowed"], used["reason"]), ("nobody", False, "sign-in-refused"))
        self.assertEqual(self.rows(action="pauseStage")[0]["actor_kind"], "session")
        self.assertEqual(self.rows(action="logout")[0]["actor"], "admin")
        evil = {**bearer(self.server.token), "Origin": "http://evil.example"}
        self.assertEqual(post("/api/reload", {}, evil)[0], 403)
        self.assertEqual(self.rows(action="reload")[0]["reason"], "cross-site")
        for secret in (link[4:], cookie.split("=")[1][4:], self.server.token[4:]):
            self.assertNotIn(secret, self.everything())

        for _ in range(60):
            self.assertEqual(post("/api/reload", {})[0], 401)
            self.assertEqual(post("/api/logout", {})[0], 204)
        self.assertLess(len(self.rows(actor="nobody")), 41, "nobody fills the table from outside")
        self.assertIn("planwright_audit_left_out_total", self.server.call("GET", "/metrics").body.decode())

    def test_reading_leaves_nothing_and_nothing_is_changed_or_taken_away(self):
        viewer = self.token("v", "viewer")
        before = self.server.sql("select count(*) from audit_log")
        for path in ("/api/plans", "/api/audit", "/api/queues", "/api/tokens"):
            request(self.server.url, "GET", path, bearer(viewer))
        self.assertEqual(self.server.sql("select count(*) from audit_log"), before)
        for statement in ("update audit_log set actor = 'x'", "delete from audit_log", "truncate audit_log"):
            with self.assertRaisesRegex(AssertionError, "neither changed nor deleted"):
                self.server.sql(statement)
        self.assertEqual(self.server.sql("select count(*) from audit_log"), before)

    def test_filters_pages_and_the_command(self):
        for workers in (3, 4, 5):
            self.server.call("PATCH", "/api/settings", {"plan_workers": workers})
        viewer = self.token("v", "viewer")
        self.assertEqual(self.write("/api/reload", viewer), 403)
        get = lambda query: self.server.get(f"/api/audit?{query}")
        page = get("action=patchSettings&limit=2")
        self.assertEqual([row["after"]["plan_workers"] for row in page["items"]], [5, 4])
        self.assertEqual(page["total"], 3)
        rest = get(f"action=patchSettings&limit=2&cursor={page['next_cursor']}")
        self.assertEqual(([row["after"]["plan_workers"] for row in rest["items"]], rest["next_cursor"]), ([3], None))
        self.assertEqual([row["actor"] for row in get("allowed=false")["items"]], ["v"])
        self.assertEqual(get("item=queue/default&queue=default&actor=admin")["total"], 3)
        self.assertEqual((get("until=2020-01-01")["total"], get("since=2020-01-01T00:00:00Z&actor=v")["total"]), (0, 1))
        for wrong in ("allowed=maybe", "since=today", "cursor=x", "limit=0", "who=me"):
            self.assertEqual(self.server.call("GET", f"/api/audit?{wrong}").status, 400, wrong)
        self.assertEqual(request(self.server.url, "GET", "/api/audit", bearer(viewer))[0], 403)
        table = self.server.cli("audit", "--refused")
        self.assertIn(" reload ", table)
        self.assertNotIn("patchSettings", table)
        listed = json.loads(self.server.cli("audit", "--action", "patchSettings", "-o", "json"))
        self.assertEqual(len(listed["items"]), 3)

    def test_a_signal_is_the_hosts_own(self):
        self.server.process.send_signal(signal.SIGHUP)
        row = eventually(lambda: self.rows(action="reload"), self.server.log_tail)[0]
        self.assertEqual((row["actor"], row["actor_kind"], row["address"], row["status"]), ("signal", "host", None, None))


if __name__ == "__main__":
    main()
