#!/usr/bin/python3
"""What a program with a network reaches, of a job and while it is planned: other machines and names, and nothing of the
machine that it runs on. In network namespaces of the test's own, so only for root; hosts of other users are started by it."""

import json
import os
import pathlib
import re
import shlex
import shutil
import socket
import tempfile
import threading
import unittest

import hostile
from harness import A_USER, HostCase, eventually, kinds_of_hosts, main
from machines import HERE, OUTSIDE, Machines, Resolver, no_tunnel, resolve_by, tunnel_for_all

# Prints each place that it could connect to, and what it read from the other machine.
CALLER = r"""
import socket, sys, urllib.request
for place in sys.argv[1:]:
    address, port = place.rsplit(",", 1)
    try:
        with socket.create_connection((address, int(port)), 3):
            print("REACHED", place)
    except OSError as error:
        print("kept from", place, error)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as one:
            one.sendto(b"x", (address, int(port)))
    except OSError as error:
        print("kept from", place, error)
try:
    gate = next(line.split()[2] for line in open("/proc/net/route") if line.split()[1] == "00000000")
    gate = socket.inet_ntoa(bytes.fromhex(gate)[::-1])
    with socket.create_connection((gate, int(sys.argv[1].rsplit(",", 1)[1])), 3):
        print("REACHED the gateway", gate)
except OSError as error:
    print("kept from the gateway", error)
for url in ("http://10.77.0.2/index.txt", "http://index.example/index.txt"):
    try:
        print("READ", url, urllib.request.urlopen(url, timeout=10).read().decode())
    except OSError as error:
        print("not read", url, error)
"""


@unittest.skipUnless(os.geteuid() == 0, "only root makes network namespaces")
@unittest.skipUnless(os.path.exists("/dev/net/tun"), "this machine has no /dev/net/tun")
@unittest.skipUnless(shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin:/bin"), "iproute2 is not installed")
class NetworkTest(HostCase):
    @classmethod
    def setUpClass(cls):
        os.environ["PATH"] += ":/usr/sbin:/sbin"
        cls.served = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.served.cleanup)
        (pathlib.Path(cls.served.name) / "index.txt").write_text("the other machine")
        cls.machines = Machines(cls.served.name)
        cls.addClassCleanup(cls.machines.stop)
        cls.resolver = Resolver("127.0.0.53", OUTSIDE[0])
        resolve_by(cls.served.name, "127.0.0.53")

    def setUp(self):
        super().setUp()
        self.calls = []
        self.port = self.listen()

    def listen(self):
        """On every address of this machine, TCP and UDP."""
        server = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        port = server.getsockname()[1]
        packets = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        packets.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        packets.bind(("::", port))

        def take(receive):
            while True:
                try:
                    self.calls.append(receive())
                except OSError:
                    return

        def accept():
            caller, address = server.accept()
            caller.close()
            return address

        for one, receive in ((server, accept), (packets, lambda: packets.recvfrom(9)[1])):
            threading.Thread(target=take, args=(receive,), daemon=True).start()
            self.addCleanup(one.close)
        return port

    def places(self):
        lines = [line.split() for line in pathlib.Path("/proc/net/if_inet6").read_text().splitlines()]
        linked = [words[0] for words in lines if words[5] == "out"]
        linked = [":".join(re.findall("....", word)) for word in linked]
        mine = ["127.0.0.1", "127.0.0.53", "0.0.0.0", "::1", "::ffff:127.0.0.1", "10.0.2.2", "fd00::2", "169.254.1.1",
                *HERE, *linked]
        return [f"{address},{self.port}" for address in mine]

    def network_host(self, name="host", sandbox="auto", network=True, ways=(hostile.Build(),), **options):
        """A queue for each of the ways; `options` are Host's."""
        limits = {"memory": "1GiB"}
        config = lambda folder: {"queues": {way.name: way.queue(folder, sandbox, limits, network) for way in ways}}  # noqa: E731
        return self.host(name, config=config, **options)

    def what_it_says(self, host, way=hostile.Build()):  # noqa: B008
        way.start(host, "call", " ".join(map(shlex.quote, ["/usr/bin/python3", "-c", CALLER, *self.places()])))
        return eventually(lambda: way.ended(host).get("call"), lambda: host.log_tail(), 120).said

    def assert_outgoing_only(self, name="host", sandbox="auto", **options):
        ways = hostile.ways_in()
        host = self.network_host(name, sandbox, ways=ways, **options)
        works = {f["name"]: f for f in host.get("/api/version")["sandbox"]["facilities"]}
        self.assertTrue(works["network"]["works"], works["network"]["detail"])
        for way in ways:
            with self.subTest(way.name):
                said = self.what_it_says(host, way)
                self.assertNotIn("REACHED", said)
                self.assertEqual(self.calls, [], said)
                for place in ("10.77.0.2", "index.example"):
                    read = f"READ http://{place}/index.txt the other machine"
                    # pip asks no index for this archive, so what it starts has no network at all.
                    (self.assertNotIn if way.name == "archive" else self.assertIn)(read, said)
        self.assertTrue(self.resolver.asked)
        host.stop()  # the process of a planner stays until then, with its network
        eventually(lambda: not carriers(), lambda: f"left: {carriers()}", 10)

    def test_a_program_reaches_other_machines_and_none_of_this_ones_addresses(self):
        self.assert_outgoing_only(sandbox="require")

    def test_the_same_of_a_host_that_is_not_root(self):
        self.addCleanup(tunnel_for_all(self.folder).undo)
        self.assert_outgoing_only("users", "require", user=A_USER)

    def test_the_same_without_bubblewrap(self):
        self.addCleanup(tunnel_for_all(self.folder).undo)
        for name in ("landlock", "user-landlock"):
            with self.subTest(name):
                self.assert_outgoing_only(name, **kinds_of_hosts()[name])

    def test_the_same_program_reaches_all_of_it_by_the_network_of_the_host(self):
        """So that the tests above can fail."""
        ways = [hostile.Build(), hostile.Program()]
        host = self.network_host(network="host", ways=ways)
        for way in ways:
            with self.subTest(way.name):
                self.calls.clear()
                said = self.what_it_says(host, way)
                for address in ("127.0.0.1", "::1", *HERE):
                    self.assertIn(f"REACHED {address},{self.port}", said)
                self.assertTrue(self.calls)

    def test_where_no_network_of_its_own_can_be_made_require_refuses_and_auto_says_it(self):
        self.addCleanup(no_tunnel(self.folder).undo)
        host = self.network_host()
        said = self.what_it_says(host)
        self.assertIn("the network was the machine's own, with all that listens on it", said)
        self.assertIn("REACHED 127.0.0.1", said)
        self.assertIn("/dev/net/tun", host.cli("version"))
        self.assertIn("/dev/net/tun", host.cli("status"))
        host.stop()
        ways = [hostile.Build(), hostile.Program()]
        host = self.network_host("strict", "require", ways=ways)
        for way in ways:
            with self.subTest(way.name):
                way.start(host, "call", "echo ran")
                stage = "build" if way.name == "build" else "plan"
                held = lambda: host.get(f"/api/queues/{way.name}")[stage]["reason"]  # noqa: E731, B023
                for part in ("sandbox: require cannot be met", "/dev/net/tun", "sandbox: auto"):
                    self.assertIn(part, eventually(held, lambda: host.log_tail()))

    def test_what_carries_the_packets_is_unprivileged_and_ends_with_the_job_and_with_the_host(self):
        host = self.network_host()
        hostile.Build().start(host, "long", "echo up; sleep 60")
        job = eventually(lambda: host.items("/api/jobs?status=running"), "it runs")[0]
        eventually(lambda: "up" in host.job_log(job["id"]), "it is up")
        [pid] = carriers()
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        self.assertRegex(status, r"NoNewPrivs:\s+1\b")
        self.assertRegex(status, r"CapEff:\s+0*400\b")  # to bind low ports, in no file system of the machine
        self.assertRegex(status, r"Seccomp:\s+2\b")
        host.call("POST", f"/api/jobs/{job['id']}/cancel", {})
        eventually(lambda: not carriers(), lambda: f"left: {carriers()}", 10)

        hostile.Build().start(host, "again", "echo up; sleep 61")
        eventually(carriers, "it runs")
        host.kill()
        eventually(lambda: not carriers(), lambda: f"left: {carriers()}", 30)

    def test_a_job_whose_network_breaks_is_run_again(self):
        host = self.network_host()
        hostile.Build().start(host, "cut", "echo up; while grep -q tap0 /proc/net/route; do sleep 0.05; done; exit 1")
        running = eventually(lambda: host.items("/api/jobs?status=running"), "it runs")[0]
        eventually(lambda: "up" in host.job_log(running["id"]), "it is up")
        [pid] = carriers()
        os.kill(pid, 9)
        eventually(lambda: [p for p in carriers() if p != pid], "another attempt has another network", 30)
        attempts = host.get(f"/api/jobs/{running['id']}")["attempts"]
        self.assertIn("went away", json.dumps(attempts))


def carriers():
    """Processes that carry packets of a host of this test: those in our network namespace."""
    ours, found = os.readlink("/proc/self/ns/net"), []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "comm").read_text().startswith(("slirp4netns", "pasta")):
                found += [int(entry.name)] if os.readlink(entry / "ns" / "net") == ours else []
        except OSError:
            pass  # ended
    return found


if __name__ == "__main__":
    main()
