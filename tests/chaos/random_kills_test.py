#!/usr/bin/python3
"""Hosts, Postgres and Redis killed at random while work keeps coming; sessions ended, Redis flushed."""

import collections
import os
import signal
import time

from chaos import IS_LONG, LARGE, SMALL, ChaosCase, long_only, table  # before the others: it makes their folders known
from harness import main

KILLS = int(os.environ.get("CHAOS_KILLS", 250 if IS_LONG else 15))  # in each test
BACKLOG = 40
VICTIMS = {"host": 66, "postgres": 6, "postgres restart": 6, "sessions": 4, "redis": 12, "flush": 6}  # weights


class RandomKillsTest(ChaosCase):
    def keep_up(self, hosts):
        """What a service manager does: a host that ended is started again. Gives how many ended by themselves."""
        ended = [host for host in hosts if not host.is_running]
        for host in ended:
            host.process.stdout.close()
            host.spawn()
        return len(ended)

    def feed(self):
        """More files until so many are on their way."""
        now = self.progress()
        open_items = len(self.ledger) - int(now[0]) if now else BACKLOG
        for _ in range(max(0, BACKLOG - open_items)):
            number = len(self.ledger)
            self.drop(f"random-{number}", LARGE if number % 10 == 9 else SMALL)

    def kill(self, victim, hosts):
        if victim == "host":
            host = self.random.choice(hosts)
            host.process.kill()
            host.process.wait()
        elif victim.startswith("postgres"):
            self.services.end("postgres", signal.SIGINT if victim == "postgres restart" else signal.SIGKILL)
            self.services.start_postgres()
        elif victim == "sessions":
            self.services.end_sessions()
        elif victim == "redis":
            self.services.end("redis", signal.SIGKILL)
            time.sleep(self.random.uniform(0, 0.3))
            self.services.start_redis()
        else:
            self.services.flush()

    def run_kills(self, count):
        hosts = [self.new_host(f"host-{i}") for i in range(count)]
        for host in hosts:
            host.spawn()
        victims = self.random.choices(list(VICTIMS), list(VICTIMS.values()), k=KILLS)
        refused = 0
        for victim in victims:
            self.feed()
            time.sleep(self.random.uniform(0.02, 0.8))
            refused += self.keep_up(hosts)
            self.kill(victim, hosts)
            if victim == "host":
                self.keep_up(hosts)
        time.sleep(1)
        refused += self.keep_up(hosts)
        self.settle()
        problems = self.problems()
        kills = collections.Counter(victims)
        attempts = self.services.rows("select count(*), count(*) filter (where status = 'lost') from job_attempts")[0]
        rows = [(victim, kills[victim]) for victim in VICTIMS]
        rows += [("all", sum(kills.values())), ("hosts that did not find Postgres at start", refused)]
        rows += [("inputs", len(self.ledger)), ("job attempts", attempts[0]), ("of them lost by a kill", attempts[1])]
        rows += [("lost, doubled or wrong", len(problems))]
        table(f"random kills, {count} hosts", ("what", "times"), rows)
        self.assertEqual(problems, [])
        self.assertTrue(all(host.is_running for host in hosts))

    def test_two_hosts(self):
        self.run_kills(2)

    @long_only
    def test_three_hosts(self):
        self.run_kills(3)


if __name__ == "__main__":
    main()
