"""The private Postgres and Redis of a benchmark: unix sockets in a temporary folder, stopped by pid."""

import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import time

# The newest of this machine.
_INSTALLED = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
POSTGRES_BIN = pathlib.Path(os.environ.get("PGBIN", _INSTALLED[-1] if _INSTALLED else "/usr/bin"))
# Debian's defaults: snapshots only, a crash loses minutes.
REDIS_SNAPSHOTS = ["--save", "3600 1 300 100 60 10000", "--appendonly", "no"]
# As durable as a commit in Postgres.
REDIS_FSYNC = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]


class Services:
    """Owns the two servers (and a second Redis that syncs every write when `fsync_redis`) and the folder."""

    def __init__(self, folder, fsync_redis=False, preload_libraries=""):
        self.folder = pathlib.Path(folder)
        self.folder.chmod(0o755)
        self._children = []
        self._by_name = {}
        self._account = "postgres" if os.geteuid() == 0 else None
        try:
            self._start_postgres(preload_libraries)
            self.redis = self._start_redis("redis", REDIS_SNAPSHOTS)
            self.redis_fsync = self._start_redis("redis-fsync", REDIS_FSYNC) if fsync_redis else None
        except BaseException:
            self.stop()
            raise

    def postgres_url(self, database):
        return f"postgresql:///{database}?host={self.postgres_socket}&user=postgres"

    def pids(self):
        return [child.pid for child in self._children]

    def stop(self):
        for child in reversed(self._children):
            child.send_signal(2)  # Postgres: fast shutdown; Redis: shutdown
        for child in self._children:
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._children = []

    def pid(self, name):
        """Of "postgres", "redis" or "redis-fsync"."""
        return self._by_name[name].pid

    def end(self, name, how=signal.SIGINT):
        """Ends one server and waits for it. SIGINT: Postgres' fast shutdown, Redis' shutdown; SIGKILL: a crash."""
        child = self._by_name.pop(name)
        self._children.remove(child)
        child.send_signal(how)
        child.wait(20)
        if name == "postgres":  # after a crash its backends live for a moment, and a new server refuses to start
            wait_until(lambda: not self.postgres_pids(), "the end of the backends")

    def postgres_pids(self):
        """The server and its backends."""

        def place(process):
            try:
                return os.readlink(process / "cwd")
            except OSError:
                return None  # ended

        processes = (entry for entry in pathlib.Path("/proc").iterdir() if entry.name.isdigit())
        return [int(process.name) for process in processes if place(process) == str(self.postgres_socket)]

    def start_postgres(self):
        """Returns when it serves; also after end("postgres")."""
        self._by_name["postgres"] = self._run_as_postgres(self._postgres_command)
        self._children.append(self._by_name["postgres"])
        wait_until(self._postgres_answers, "Postgres")

    def start_redis(self):
        """As start_postgres."""
        self._start_redis("redis", REDIS_SNAPSHOTS)

    def _start_postgres(self, preload_libraries):
        data = self.folder / "postgres"
        data.mkdir()
        if self._account:
            shutil.chown(data, self._account)
        self._run_as_postgres(
            [POSTGRES_BIN / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale"]
        ).wait()
        self.postgres_socket = data
        settings = ["listen_addresses=", f"unix_socket_directories={data}"]
        if preload_libraries:
            settings.append(f"shared_preload_libraries={preload_libraries}")
        self._postgres_command = [POSTGRES_BIN / "postgres", "-D", data]
        for setting in settings:
            self._postgres_command += ["-c", setting]
        self.start_postgres()

    def _postgres_answers(self):
        return subprocess.call([POSTGRES_BIN / "pg_isready", "-q", "-h", self.postgres_socket]) == 0

    def _run_as_postgres(self, command):
        account = self._account and pwd.getpwnam(self._account)
        identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
        with open(self.folder / "postgres.log", "ab") as log:
            return subprocess.Popen([str(part) for part in command], stdout=log, stderr=log, cwd="/", **identity)

    def _start_redis(self, name, durability):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        path = folder / "socket"
        with open(self.folder / f"{name}.log", "ab") as log:
            command = ["redis-server", "--port", "0", "--unixsocket", str(path), "--dir", str(folder), *durability]
            self._by_name[name] = subprocess.Popen(command, stdout=log, stderr=log)
            self._children.append(self._by_name[name])
        wait_until(lambda: path.exists() and answers_ping(path), name)
        return path


def answers_ping(path):
    try:
        with Redis(path) as redis:
            return redis.call("PING") == "PONG"
    except OSError:
        return False  # the socket of the one before is still there


def wait_until(condition, what, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} was not ready within {seconds} s")
        time.sleep(0.05)


class Psql:
    """One psql session: a query costs a round trip, not a new process."""

    _END = "-- end of the answer"

    def __init__(self, services, database, variables=None):
        command = [POSTGRES_BIN / "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", services.postgres_socket]
        command += ["-U", "postgres", "-d", database]
        for name, value in (variables or {}).items():
            command += ["-v", f"{name}={value}"]
        self._process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def query(self, text):
        """Gives the answer as text, a row per line."""
        self._process.stdin.write(f"{text.rstrip().rstrip(';')};\n\\echo {self._END}\n")
        self._process.stdin.flush()
        lines = []
        for line in self._process.stdout:
            if line.rstrip("\n") == self._END:
                return "\n".join(lines)
            lines.append(line.rstrip("\n"))
        raise RuntimeError("psql ended: the message is above")

    def close(self):
        self._process.communicate()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Redis:
    """As much of a Redis client as the benchmark needs: commands with short answers."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._answers = self._socket.makefile("rb")

    def close(self):
        self._answers.close()
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def call(self, *words):
        parts = [str(word).encode() for word in words]
        frame = b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
        self._socket.sendall(frame)
        line = self._answers.readline().decode().rstrip("\r\n")
        if line.startswith("-"):
            raise RuntimeError(f"Redis: {line[1:]}")
        if line.startswith("$"):
            return self._answers.read(int(line[1:]) + 2)[:-2].decode() if int(line[1:]) >= 0 else None
        return int(line[1:]) if line.startswith(":") else line[1:]
