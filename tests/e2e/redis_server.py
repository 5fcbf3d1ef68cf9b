"""A Redis with the options of a test, on a loopback port or a socket: ACL, TLS, replicas."""

import pathlib
import signal
import socket
import subprocess

from harness import eventually
from services import Redis


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class RedisServer:
    """Serves until stop(). `port` 0: only on its socket, on which every call of this class goes."""

    def __init__(self, folder, *options, port=0, acl=(), login=()):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.socket = self.folder / "socket"
        self.port = port
        self.login = login
        self._command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "-::1", "--save", ""]
        self._command += ["--unixsocket", str(self.socket), "--dir", str(self.folder), *map(str, options)]
        if acl:
            (self.folder / "users").write_text("".join(f"user {line}\n" for line in acl))
            self._command += ["--aclfile", str(self.folder / "users")]
        self._process = None
        self.start()

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        eventually(self._answers, lambda: (self.folder / "log").read_text())

    def stop(self):
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(20)
            self._process = None

    def call(self, *words):
        with Redis(self.socket) as redis:
            if self.login:
                redis.call("AUTH", *self.login)
            return redis.call(*map(str, words))

    def _answers(self):
        try:
            return self.call("PING") == "PONG"
        except OSError:
            return False


def make_certificates(folder):
    """A CA and a certificate of the server by it for localhost and 127.0.0.1: ca.crt, server.crt, server.key."""
    folder = pathlib.Path(folder)
    folder.mkdir(exist_ok=True)

    def openssl(*words):
        subprocess.run(["openssl", *map(str, words)], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2, "-subj", "/CN=test CA", "-keyout", "ca.key",
            "-out", "ca.crt")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "server.key", "-out",
            "server.csr")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", 2,
            "-extfile", "names", "-out", "server.crt")
    return folder
