#!/usr/bin/python3
"""`planwright doctor --bundle`: a report of a host with all kinds of secrets, and none of them in it."""

import base64
import os
import re
import subprocess
import tarfile
import urllib.parse

from harness import BINARY, HostCase, ServicesCase, eventually, main, queue_config

RECIPE = "jobs:\n  a: {command: 'echo hello > out.txt', outputs: [out.txt]}\n"


def report(host, env=None):
    """The files of a bundle by name, and the bytes of all."""
    file = host.folder / "report.tar.gz"
    command = [BINARY, "doctor", "--config", host.folder / "planwright.yaml", "--data", host.data, "--bundle", file]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, env={**os.environ, **(env or {})})
    assert done.returncode == 0, done.stdout + done.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    with tarfile.open(file) as tar:
        return {m.name.removeprefix("planwright-report/"): tar.extractfile(m).read().decode() for m in tar.getmembers()}


class BundleTest(HostCase):
    def test_it_says_what_is_needed_and_no_secret(self):
        files = {}
        secrets = {"in a file": "file-secret-1f8a", "in a variable": "variable-secret-77c2", "of nudges": "nudge-secret-09ab",
                   "a token in a file": "token-in-a-file-5d1e", "a token in a variable": "token-in-a-variable-c3f0",
                   "of a forge": "forge token/+ 44ee"}
        for name, text in secrets.items():
            files[name] = self.folder / name.replace(" ", "-")
            files[name].write_text(text + "\n")
        env = {"SECRET_V": secrets["in a variable"], "TOKEN_V": secrets["a token in a variable"]}

        def config(folder):
            queue = queue_config(folder / "input", nudge_secret="NUDGE")
            queue["builder"] = {**queue["builder"], "secrets": ["F", "V"]}
            return {
                "webhooks": {"allow": ["127.0.0.0/8"]},
                "secrets": {"F": {"file": str(files["in a file"])}, "V": {"env": "SECRET_V"},
                            "NUDGE": {"file": str(files["of nudges"])}, "FORGE": {"file": str(files["of a forge"])}},
                "access": {"tokens": [{"name": "f", "role": "admin", "file": str(files["a token in a file"])},
                                      {"name": "v", "role": "viewer", "env": "TOKEN_V"}]},
                "queues": {"default": queue},
            }

        host = self.host(config=config, start=False)
        host.start(env=env)
        secrets["the administrator's"] = host.token
        secrets["a token of the database"] = host.cli("token", "create", "--name", "db", "--role", "viewer").strip()
        secrets["of a webhook"] = host.cli("webhook", "add", "http://127.0.0.1:1/").strip().removeprefix("whsec_")
        secrets["the second of it"] = host.cli("webhook", "rotate", "1").strip().removeprefix("whsec_")
        link = eventually(lambda: re.search(r"http://\S+/login#(\S+)", host.log.read_text()), host.log_tail).group(1)
        secrets["of a login link"] = link
        session = host.call("POST", "/api/login", {"key": link}).headers["Set-Cookie"]
        secrets["of a session"] = session.split(";")[0].split("=", 1)[1]
        # A job that prints a secret, and an input whose name holds one: it is in the log of the host.
        host.drop("a.plan.yaml", RECIPE)
        eventually(lambda: host.plans("built"), lambda: host.log_tail())
        told = host.drop(f"{secrets['in a file']}.plan.yaml", "jobs: [")
        eventually(lambda: host.inputs("failed"), lambda: host.log_tail())
        found = report(host, env)
        self.assertTrue(told.exists())
        for name in ("versions.txt", "planwright.yaml", "queues/default.json", "doctor.json", "metrics.txt", "log.txt",
                     "migrations.txt", "tables.txt", "counts.txt"):
            self.assertTrue(found.get(name), f"{name} of {sorted(found)}")
        self.assertIn("# HELP planwright_", found["metrics.txt"])
        self.assertIn("PostgreSQL", found["versions.txt"])
        self.assertIn('"healthy":true', found["doctor.json"].replace(" ", ""))
        self.assertIn("0009_webhooks", found["migrations.txt"])
        self.assertIn("table_name=pending_inputs", found["tables.txt"])
        self.assertIn("queue=default  what=plans  status=built  count=1", found["counts.txt"])
        self.assertIn("connecting to the database", found["log.txt"])
        everything = "\n".join(found.values())
        for name, secret in secrets.items():
            for form in (secret, urllib.parse.quote(secret, safe=""), base64.b64encode(secret.encode()).decode().rstrip("=")):
                self.assertNotIn(form, everything, name)
        self.assertEqual(secrets["in a file"] in host.log.read_text(), "***" in found["log.txt"], "the name of an input")
        host.stop()
        self.assertIn("No host answered", report(host, env)["metrics.txt"])
        self.assertIn("stopped", report(host, env)["log.txt"])


class ServicesBundleTest(ServicesCase):
    def test_passwords_of_services_are_masked(self):
        def config(folder):
            keys = self.service_keys()
            mark = "&" if "?" in keys["postgres"] else "?"
            keys["postgres"] += f"{mark}password=pg-password-8ec1"
            queue = queue_config(folder / "input")
            queue["planner"] = {"plugin": "planwright.wheels", "network": True,
                                "settings": {"index_url": "https://ci:index-password-3b7e@pypi.example.org/simple"}}
            return {"queues": {"default": queue}, **keys}

        host = self.host(config=config)
        found = report(host)
        for password in ("pg-password-8ec1", "index-password-3b7e"):
            self.assertNotIn(password, "\n".join(found.values()))
        self.assertIn("https://ci:***@pypi.example.org/simple", found["planwright.yaml"])
        self.assertIn("password=***", found["planwright.yaml"])


if __name__ == "__main__":
    main()
