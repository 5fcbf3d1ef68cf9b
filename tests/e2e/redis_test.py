#!/usr/bin/python3
"""Redis with logins, TLS, and answers that refuse: what the host says of it, and that work goes on."""

import pathlib
import subprocess

from harness import BINARY, HostCase, eventually, main, queue_config
from redis_server import RedisServer, free_port, make_certificates
from services import Redis

PASSWORD = "p@ss:w?rd/%41#x"
ENCODED = "p%40ss%3Aw%3Frd%2F%2541%23x"
# What host/config/README.md says that it needs.
RIGHTS = "~plan_queue* ~build_queue* ~planwright:* +rpush +lpush +blmpop +llen +lrange +setnx +select"
ADMIN = ("admin", "hunter2")
ACL = ["default off", "admin on >hunter2 ~* +@all", f"worker on >{PASSWORD} {RIGHTS}"]


class RedisTest(HostCase):
    def redis(self, *options, **keys):
        server = RedisServer(self.folder / f"redis-{len(list(self.folder.iterdir()))}", *options, **keys)
        self.addCleanup(server.stop)
        return server

    def serving(self, url):
        return self.host(config=lambda folder: {"redis": url, "queues": {"default": queue_config(folder / "input")}})

    def state(self, host):
        return host.call("GET", "/readyz").json["dependencies"]["redis"]

    def build_one(self, host, name):
        before = len(host.plans("built"))
        host.drop(f"{name}.plan.yaml", 'jobs: {only: {command: "true"}}')
        eventually(lambda: len(host.plans("built")) == before + 1, lambda: (self.state(host), host.plans()), 15)

    def assert_normal(self, host, redis):
        eventually(lambda: self.state(host)["ready"], lambda: self.state(host), 15)
        self.build_one(host, f"normal-{len(host.plans())}")
        self.assertGreater(int(redis.call("EXISTS", "planwright:probe")), 0)

    def assert_refused(self, host, word):
        """The state is said, by an event and the log as well, and work goes on."""
        eventually(lambda: word in str(self.state(host)["detail"]), lambda: self.state(host), 15)
        answer = host.call("GET", "/readyz")
        self.assertEqual((answer.status, answer.json["mode"]), (200, "redis_away"))
        self.build_one(host, f"refused-{len(host.plans())}")

        def told():  # by an event, once it was seen
            events = [e["event"] for e in host.items("/api/events?subject=service/redis")]
            return [event["data"] for event in events if event["type"] == "service.away"]

        eventually(lambda: word in str(told()), told, 15)
        self.assertIn(word, host.log.read_text())

    def assert_secret(self, host):
        """The password stands nowhere that anybody reads."""
        said = [host.log.read_bytes(), pathlib.Path(f"/proc/{host.process.pid}/cmdline").read_bytes()]
        said += [host.call("GET", path).body for path in ("/readyz", "/metrics", "/api/version", "/api/settings")]
        said.append(str(host.items("/api/events")).encode())
        for text in said:
            self.assertNotIn(PASSWORD.encode(), text)
            self.assertNotIn(ENCODED.encode(), text)

    def test_a_user_with_a_password(self):
        redis = self.redis(port=free_port(), acl=ACL, login=ADMIN)
        host = self.serving(f"redis://worker:{ENCODED}@127.0.0.1:{redis.port}/3")
        eventually(lambda: self.state(host)["ready"], lambda: self.state(host), 15)
        self.build_one(host, "one")
        self.assertIn("db3:", redis.call("INFO", "keyspace"))
        redis.call("ACL", "SETUSER", "worker", "resetpass", ">other")
        redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        self.assert_refused(host, "WRONGPASS")
        redis.call("ACL", "SETUSER", "worker", "resetpass", f">{PASSWORD}")
        eventually(lambda: self.state(host)["ready"], lambda: self.state(host), 15)
        redis.call("ACL", "SETUSER", "worker", "-blmpop")
        self.assert_refused(host, "NOPERM")
        redis.call("ACL", "SETUSER", "worker", "+blmpop")
        eventually(lambda: self.state(host)["ready"], lambda: self.state(host), 15)
        self.assert_secret(host)

    def test_a_password_alone_and_none(self):
        redis = self.redis("--requirepass", PASSWORD, port=free_port(), login=(PASSWORD,))
        host = self.serving(f"redis://:{ENCODED}@localhost:{redis.port}")
        self.assert_normal(host, redis)
        self.assert_secret(host)
        without = self.host("without", config=lambda folder: {
            "redis": f"unix:{redis.socket}", "queues": {"default": queue_config(folder / "input")}})
        self.assert_refused(without, "NOAUTH")

    def test_a_wrong_password_is_not_shown(self):
        redis = self.redis("--requirepass", "another", port=free_port(), login=("another",))
        host = self.serving(f"redis://:{ENCODED}@127.0.0.1:{redis.port}")
        self.assert_refused(host, "WRONGPASS")
        self.assert_secret(host)

    def test_tls_with_a_ca_of_ones_own(self):
        keys = make_certificates(self.folder / "keys")
        port = free_port()
        redis = self.redis("--tls-port", port, "--tls-cert-file", keys / "server.crt", "--tls-key-file",
                           keys / "server.key", "--tls-ca-cert-file", keys / "ca.crt", "--tls-auth-clients", "no")
        host = self.serving(f"rediss://localhost:{port}/?ca={keys / 'ca.crt'}")
        self.assert_normal(host, redis)
        strange = self.host("strange", config=lambda folder: {
            "redis": f"rediss://127.0.0.1:{port}", "queues": {"default": queue_config(folder / "input")}})
        self.assert_refused(strange, "certificate")

    def test_an_ipv6_address_and_a_database(self):
        port = free_port()
        redis = self.redis(port=port)
        host = self.serving(f"redis://[::1]:{port}/5")
        eventually(lambda: self.state(host)["ready"], lambda: self.state(host), 15)
        self.build_one(host, "one")
        self.assertIn("db5:", redis.call("INFO", "keyspace"))
        self.assertNotIn("db0:", redis.call("INFO", "keyspace"))

    def test_a_database_that_redis_does_not_have(self):
        redis = self.redis(port=free_port())
        host = self.serving(f"redis://127.0.0.1:{redis.port}/99")
        self.assert_refused(host, "DB index is out of range")
        self.assertEqual(redis.call("INFO", "keyspace").strip(), "# Keyspace")

    def test_a_replica_a_full_one_and_one_without_replicas(self):
        redis = self.redis(port=free_port())
        host = self.serving(f"unix:{redis.socket}")
        self.assert_normal(host, redis)
        for word, on, off in [
            ("READONLY", ("REPLICAOF", "127.0.0.1", free_port()), ("REPLICAOF", "NO", "ONE")),
            ("OOM", ("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
            ("NOREPLICAS", ("CONFIG", "SET", "min-replicas-to-write", "1"),
             ("CONFIG", "SET", "min-replicas-to-write", "0")),
        ]:
            with self.subTest(word):
                redis.call(*on)
                self.assert_refused(host, word)
                redis.call(*off)
                self.assert_normal(host, redis)

    def test_a_key_of_somebody_else_in_the_place_of_a_list(self):
        redis = self.redis(port=free_port())
        host = self.serving(f"unix:{redis.socket}")
        self.assert_normal(host, redis)
        for key in ("plan_queue", "build_queue"):
            for make in (("SET", "a text"), ("HSET", "a field", "1"), ("SADD", "7")):
                with self.subTest(f"{key} {make[0]}"):
                    redis.call(make[0], "strange", *make[1:])
                    redis.call("RENAME", "strange", key)
                    self.assert_refused(host, "WRONGTYPE")
                    self.assertNotIn(redis.call("TYPE", key), ("list", "none"), "it is not ours")
                    redis.call("DEL", key)
                    self.assert_normal(host, redis)

    def test_a_redis_that_takes_no_more_connections(self):
        redis = self.redis(port=free_port())
        host = self.serving(f"unix:{redis.socket}")
        self.assert_normal(host, redis)
        with Redis(redis.socket) as only:
            only.call("CONFIG", "SET", "maxclients", "1")
            only.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            self.assert_refused(host, "max number of clients")
            only.call("CONFIG", "SET", "maxclients", "1000")
        self.assert_normal(host, redis)

    def test_check_config_refuses_what_it_cannot_read_and_shows_no_password(self):
        for url, why in [
            (f"redis://:{PASSWORD}@host", "%3F"),
            (f"redis://:{ENCODED}@host:x", "port"),
            (f"redis://:{ENCODED}@host/zero", "database"),
            (f"redis://:{ENCODED}@host?tls=yes", "no option tls"),
            (f"redis://worker:{ENCODED}@::1", "brackets"),
            (f"https://:{ENCODED}@host", "rediss://"),
            (f"redis://:{ENCODED}@host?ca=/x", "rediss"),
        ]:
            with self.subTest(url):
                config = self.folder / "planwright.yaml"
                config.write_text(f"redis: '{url}'\n")
                done = subprocess.run([BINARY, "check-config", config], capture_output=True, text=True)
                self.assertEqual(done.returncode, 2, done.stdout)
                self.assertIn("planwright.yaml:1", done.stderr)
                self.assertIn(why, done.stderr)
                self.assertNotIn("w?rd", done.stderr)
                self.assertNotIn("w%3Frd", done.stderr)


if __name__ == "__main__":
    main()
