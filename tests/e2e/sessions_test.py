#!/usr/bin/python3
"""Sessions of Postgres that are cut, left behind or taken away while a host works, and how many it opens."""

import os
import pathlib
import pwd
import socket
import subprocess
import threading
import time

from commands import SLOWNESS
from harness import BINARY, HostCase, Psql, ServicesCase, eventually, main, queue_config

SOON = 5.0
PGBOUNCER = pathlib.Path("/usr/sbin/pgbouncer")


def readiness(host):
    answer = host.call("GET", "/readyz")
    return answer.status, answer.json["dependencies"]


def failures(host):
    """What was ever booked as the failure of an item, and events of it."""
    tried = [item["attempt"] for item in host.inputs() + host.plans()]
    types = {event["event"]["type"] for event in host.items("/api/events")}
    return [n for n in tried if n > 1], [t for t in types if "fail" in t or "retry" in t]


class PostgresCase(ServicesCase):
    def serving_host(self, **keys):
        return self.host(
            config=lambda folder: {
                **self.service_keys(),
                "lease": "6s",
                "queues": {"default": queue_config(folder / "input")},
                **keys,
            }
        )

    def sql(self, text, database="planwright"):
        with Psql(self.services, database) as psql:
            return psql.query(text)

    def end_sessions(self):
        self.sql(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where datname = 'planwright' and pid <> pg_backend_pid()"
        )

    def drop(self, host, name):
        host.drop(f"{name}.plan.yaml", 'jobs: {only: {command: "true"}}')

    def built(self, host, count, seconds=30):
        eventually(lambda: len(host.plans("built")) == count, lambda: (readiness(host), host.inputs()), seconds)


class SessionsTest(PostgresCase):
    def test_the_first_use_after_sessions_were_cut_succeeds(self):
        host = self.serving_host()
        self.drop(host, "before")
        self.built(host, 1)
        for _ in range(3):
            self.end_sessions()
            for path in ("/api/plans", "/api/queues", "/api/pending-inputs", "/api/events", "/api/settings"):
                self.assertEqual(host.call("GET", path).status, 200, path)
            self.end_sessions()
            answer = host.call("POST", f"/api/plans/{host.plans()[0]['id']}/enqueue-build", {"force": True})
            self.assertEqual(answer.status, 202, answer.body)
        self.drop(host, "after")
        self.built(host, 2)

    def test_a_database_that_was_read_only_for_a_while_is_worked_with_again(self):
        host = self.serving_host()
        self.drop(host, "before")
        self.built(host, 1)
        self.sql("alter database planwright set default_transaction_read_only = on", "postgres")
        self.end_sessions()
        self.drop(host, "meanwhile")
        eventually(
            lambda: readiness(host)[0] == 503 and "read-only" in str(readiness(host)[1]["postgres"]["detail"]),
            lambda: readiness(host),
            10,
        )
        time.sleep(8)  # longer than a lease; as an outage of that length is
        self.sql("alter database planwright reset default_transaction_read_only", "postgres")
        began = time.monotonic()
        eventually(lambda: readiness(host)[0] == 200, lambda: readiness(host), SOON)
        self.built(host, 2)
        self.assertLess(time.monotonic() - began, SOON * SLOWNESS)
        self.assertEqual(failures(host), ([], []))

    def test_defaults_of_the_role_and_the_database_change_nothing(self):
        for setting in ("bytea_output = escape", "array_nulls = off", "search_path = pg_catalog",
                        "statement_timeout = '1s'", "lock_timeout = 1", "idle_session_timeout = '1s'",
                        "default_transaction_isolation = serializable", "client_encoding = LATIN1",
                        "standard_conforming_strings = off", "timezone = 'Asia/Tokyo'"):
            self.sql(f"alter database planwright set {setting}", "postgres")
            self.sql(f"alter role postgres set {setting}", "postgres")
        host = self.serving_host()
        content = b'jobs: {only: {command: "echo \\"\\xc3\\xa4\\" > out", outputs: [out]}}\n'
        host.drop("bytes.plan.yaml", content)
        self.built(host, 1)
        answer = host.call("GET", f"/api/pending-inputs/{host.inputs()[0]['id']}/content")
        self.assertEqual((answer.status, answer.body), (200, content))
        host.cli("doctor", "--config", host.folder / "planwright.yaml", "--data", host.data)  # no violation

    def test_a_blob_folder_that_cannot_be_written_to_is_said(self):
        host = self.serving_host()
        tmp = host.data / "blobs" / "tmp"
        tmp.rename(tmp.with_name("away"))
        eventually(lambda: readiness(host)[0] == 503, lambda: readiness(host), 10)
        self.assertIn(str(host.data / "blobs"), readiness(host)[1]["store"]["detail"])
        self.assertTrue(readiness(host)[1]["postgres"]["ready"])
        tmp.with_name("away").rename(tmp)
        eventually(lambda: readiness(host)[0] == 200, lambda: readiness(host), 10)
        said = [event["event"]["type"] for event in host.items("/api/events?subject=service/store")]
        self.assertEqual(said, ["service.back", "service.away"])


class Pooler:
    """A PgBouncer in front of the services' Postgres."""

    def __init__(self, folder, services, mode):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
        folder.mkdir()
        (folder / "users").write_text('"postgres" ""\n')
        (folder / "ini").write_text(
            f"[databases]\nplanwright = host={services.postgres_socket} dbname=planwright user=postgres\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\nauth_type = any\n"
            f"auth_file = {folder / 'users'}\npool_mode = {mode}\ndefault_pool_size = 40\n"
        )
        account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
        with open(folder / "log", "ab") as log:
            self._process = subprocess.Popen([PGBOUNCER, folder / "ini"], stdout=log, stderr=log, **identity)
        eventually(self._answers, lambda: (folder / "log").read_text())

    @property
    def url(self):
        return f"postgresql://postgres@127.0.0.1:{self.port}/planwright"

    def stop(self):
        self._process.terminate()
        self._process.wait(20)

    def _answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False


class PoolerTest(PostgresCase):
    def pooler(self, mode):
        pooler = Pooler(self.folder / f"pooler-{mode}", self.services, mode)
        self.addCleanup(pooler.stop)
        return pooler

    def refused(self, mode):
        config = self.folder / "refused.yaml"
        config.write_text(f"postgres: {self.pooler(mode).url}\nredis: unix:{self.services.redis}\n")
        done = subprocess.run(
            [BINARY, "serve", "--config", config, "--data", self.folder / "data", "--listen", "127.0.0.1:0"],
            capture_output=True, text=True, timeout=120, cwd=self.folder,
        )
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("pool_mode=session", done.stderr)
        self.assertEqual(self.sql("select count(*) from pg_class where relnamespace = 'public'::regnamespace"), "0")

    def test_a_pooler_that_gives_sessions_away_is_refused_before_anything_is_changed(self):
        self.refused("transaction")
        self.refused("statement")

    def test_a_pooler_that_keeps_sessions_is_worked_with(self):
        host = self.serving_host(postgres=self.pooler("session").url)
        self.drop(host, "one")
        self.built(host, 1)


class ManyQueuesTest(HostCase):
    QUEUES = 100
    FILES = 3

    def test_a_hundred_queues_work_over_a_few_connections(self):
        host = self.host(
            config=lambda folder: {
                "queues": {f"q{n}": queue_config(folder / f"in{n}") for n in range(self.QUEUES)},
            }
        )
        most, is_over = [0], threading.Event()

        def count():
            while not is_over.wait(0.2):
                rows = host.sql("select count(*) from pg_stat_activity where backend_type = 'client backend'"
                                " and pid <> pg_backend_pid()")
                most[0] = max(most[0], int(rows[0][0]))

        counting = threading.Thread(target=count)
        counting.start()
        try:
            for file in range(self.FILES):
                for n in range(self.QUEUES):
                    host.drop(f"f{file}.plan.yaml", 'jobs: {only: {command: "true"}}', host.folder / f"in{n}")
            done = [[str(self.QUEUES * self.FILES)]]
            eventually(
                lambda: host.sql("select count(*) from plans where status = 'built'") == done,
                lambda: host.sql("select status, count(*) from plans group by 1"),
                180,
            )
        finally:
            is_over.set()
            counting.join()
        self.assertGreater(most[0], 0)
        self.assertLessEqual(most[0], 40)
        self.assertEqual(host.sql("select count(*) from plans where attempt > 1 or status <> 'built'"), [["0"]])
        self.assertNotIn("postgres is away", host.log.read_text())
        metrics = host.call("GET", "/metrics").body.decode()
        need = [line for line in metrics.splitlines() if line.startswith("planwright_postgres_connections_needed ")]
        self.assertLessEqual(most[0], float(need[0].split()[-1]))
        self.assertIn("planwright_postgres_max_connections 100", metrics)


if __name__ == "__main__":
    main()
