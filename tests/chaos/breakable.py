"""Services that a test can break: a Postgres and a Redis to kill or to freeze, and a cable to pull out between host and
Postgres."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import threading
import time

from services import POSTGRES_BIN, Psql, Redis, Services

DATABASE = "planwright"


class BreakableServices(Services):
    """Its Redis keeps nothing over a kill, its Postgres everything that was committed. Ended by `end`, they serve again
    after `start_postgres` and `start_redis`."""

    def __init__(self, folder):
        super().__init__(folder)
        with Psql(self, "postgres") as psql:
            psql.query(f"create database {DATABASE}")

    @property
    def redis_url(self):
        return f"unix:{self.redis}"

    def end_sessions(self):
        """Of everybody, as an administrator or a failover does."""
        self.rows("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                  " and pid <> pg_backend_pid()")

    @contextlib.contextmanager
    def frozen_postgres(self):
        """All of it is stopped, as by a hypervisor: connections stay and nothing answers."""
        frozen = [self.pid("postgres")]  # first, since it makes new backends
        try:
            self._signal(frozen, signal.SIGSTOP)
            frozen += [pid for pid in self.postgres_pids() if pid not in frozen]
            self._signal(frozen, signal.SIGSTOP)
            yield
        finally:
            self._signal(frozen, signal.SIGCONT)

    @staticmethod
    def _signal(pids, how):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # a backend that has just ended
                os.kill(pid, how)

    def flush(self):
        with Redis(self.redis) as redis:
            redis.call("FLUSHALL")

    def rows(self, text):
        """Rows of the database as lists of text. Raises AssertionError while Postgres is away."""
        command = [POSTGRES_BIN / "psql", "-qAtX", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", self.postgres_socket]
        command += ["-U", "postgres", "-d", DATABASE, "-c", text]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise AssertionError(f"{text}: {done.stderr}")
        return [line.split("\t") for line in done.stdout.splitlines()]


class Cable:
    """A loopback port in front of the socket of Postgres. While it is cut, bytes vanish in both directions and nobody
    is told; mended, connections from before are reset, as a router does that has forgotten them."""

    def __init__(self, postgres_folder):
        self._target = str(postgres_folder / ".s.PGSQL.5432")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._is_cut = self._is_over = False
        self._pairs = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def url(self):
        return f"postgresql://postgres@127.0.0.1:{self._listener.getsockname()[1]}/{DATABASE}"

    def cut(self):
        self._is_cut = True

    def mend(self):
        self._is_cut = False

    def close(self):
        self._is_over = True
        self._thread.join()
        self._listener.close()

    def _run(self):
        was_cut = False
        while not self._is_over:
            if was_cut and not self._is_cut:
                self._drop_all()
            was_cut = self._is_cut
            ends = {end: pair for pair in self._pairs for end in pair}
            ready, _, _ = select.select([self._listener, *ends], [], [], 0.02)
            for end in ready:
                if end is self._listener:
                    self._connect()
                elif ends[end] in self._pairs:
                    self._forward(end, ends[end])
        self._drop_all()

    def _connect(self):
        client, _ = self._listener.accept()
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self._target)
        except OSError:
            client.close()
            server.close()
            return
        self._pairs.append((client, server))

    def _forward(self, end, pair):
        other = pair[1] if end is pair[0] else pair[0]
        try:
            data = end.recv(1 << 16)
            if data and not self._is_cut:
                other.sendall(data)
        except OSError:
            data = b""
        if not data and not self._is_cut:
            self._drop(pair)
        elif not data:  # closed by one end: the other never hears of it
            time.sleep(0.005)

    def _drop(self, pair):
        self._pairs.remove(pair)
        for end in pair:
            end.close()

    def _drop_all(self):
        for pair in list(self._pairs):
            self._drop(pair)
