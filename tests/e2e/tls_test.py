#!/usr/bin/python3
"""The command line in front of a host behind TLS: who signed the server's certificate, and a certificate of its own."""

import socket
import socketserver
import ssl
import subprocess
import threading
import urllib.parse

from harness import BINARY, HostCase, main
from redis_server import make_certificates


class Terminator(socketserver.ThreadingTCPServer):
    """Ends TLS, as a proxy of a site does, and passes the bytes on to `port`."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, folder, port, asks_for_certificate=False):
        self.port = port
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder / "server.crt", folder / "server.key")
        if asks_for_certificate:
            self.context.load_verify_locations(folder / "ca.crt")
            self.context.verify_mode = ssl.CERT_REQUIRED
        super().__init__(("127.0.0.1", 0), Passing)
        self.url = f"https://localhost:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Passing(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            outside = self.server.context.wrap_socket(self.request, server_side=True)
            with outside, socket.create_connection(("127.0.0.1", self.server.port)) as inside:
                answers = threading.Thread(target=self.copy, args=(inside, outside), daemon=True)
                answers.start()
                self.copy(outside, inside)
                inside.shutdown(socket.SHUT_WR)
                answers.join()
        except OSError:
            pass  # whoever asks does not like our certificate, or we do not like theirs

    @staticmethod
    def copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass  # one side has gone


class TlsTest(HostCase):
    def setUp(self):
        super().setUp()
        self.certificates = make_certificates(self.folder / "certificates")
        self.authority = self.certificates / "ca.crt"
        self.server = self.recipe_host()

    def terminator(self, **options):
        terminator = Terminator(self.certificates, urllib.parse.urlsplit(self.server.url).port, **options)
        self.addCleanup(terminator.server_close)
        self.addCleanup(terminator.shutdown)
        return terminator.url

    def run_at(self, url, *words, env=None):
        """Gives (exit code, what it said on both outputs) of a client command."""
        done = subprocess.run(
            [BINARY, "--server", url, *map(str, words)], cwd=self.folder, env={**self.server.env, **(env or {})},
            capture_output=True, text=True, timeout=120)  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def test_a_server_whose_signer_is_unknown_is_refused_with_the_remedy(self):
        code, said = self.run_at(self.terminator(), "status")
        self.assertEqual(code, 6, said)
        self.assertIn("--cacert FILE", said)
        self.assertIn("certificate", said.split("See:")[0])
        code, said = self.run_at(self.terminator(), "--cacert", self.folder / "none.pem", "status")
        self.assertEqual(code, 6, said)
        self.assertIn("none.pem", said)

    def test_the_signer_is_named_by_an_option_or_by_the_environment(self):
        url = self.terminator()
        recipe = self.folder / "one.plan.yaml"
        recipe.write_text('jobs: {hello: {command: [echo, "hello"]}}')
        code, said = self.run_at(url, "--cacert", self.authority, "submit", recipe, "--wait")
        self.assertEqual(code, 0, said)
        self.assertEqual(self.run_at(url, "logs", "1-hello", env={"SSL_CERT_FILE": str(self.authority)}), (0, "hello\n"))

    def test_a_server_that_asks_for_a_certificate_gets_it(self):
        url = self.terminator(asks_for_certificate=True)
        own = ["--client-cert", self.certificates / "server.crt", "--client-key", self.certificates / "server.key"]
        self.assertEqual(self.run_at(url, "--cacert", self.authority, "queues", "list")[0], 6)
        code, said = self.run_at(url, "--cacert", self.authority, *own, "queues", "list")
        self.assertEqual(code, 0, said)
        code, said = self.run_at(url, "--cacert", self.authority, "--client-key", own[3], "queues", "list")
        self.assertEqual(code, 2, said)
        self.assertIn("--client-cert", said)


if __name__ == "__main__":
    main()
