#!/usr/bin/python3
"""What a job with a network reaches: other machines and names, and nothing of the machine that it runs on. In network
namespaces of the test's own, so only for root; hosts of other users are started by it."""

import json
import os
import pathlib
import re
import shutil
import socket
import tempfile
import threading
import unittest

from harness import A_USER, HostCase, eventually, kinds_of_hosts, main, queue_config
from machines import HERE, OUTSIDE, Machines, Resolver, no_tunnel, resolve_by, tunnel_for_all

ENDED = ("succeeded", "failed", "timed_out", "cancelled")

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

    def network_host(self, name="host", builder=None, **options):
        """`builder`: more of its settings, `options` are Host's."""
        builder = {"plugin": "planwright.command", "settings": {"network": True, **(builder or {})}, "job_slots": 2}
        config = lambda folder: {"queues": {"default": queue_config(folder / "input", builder=builder)}}  # noqa: E731
        return self.host(name, config=config, **options)

    def what_a_job_says(self, host):
        job = {"command": ["/usr/bin/python3", "-c", CALLER, *self.places()]}
        host.drop("call.plan.yaml", json.dumps({"jobs": {"call": job}}))
        done = eventually(lambda: [j for j in host.items("/api/jobs") if j["status"] in ENDED], lambda: host.items("/api/jobs"), 120)
        said = host.job_log(done[0]["id"])
        self.assertEqual(done[0]["status"], "succeeded", f"{done[0]['error']}\n{said}")
        return said

    def assert_outgoing_only(self, host):
        works = {f["name"]: f for f in host.get("/api/version")["sandbox"]["facilities"]}
        self.assertTrue(works["network"]["works"], works["network"]["detail"])
        said = self.what_a_job_says(host)
        self.assertNotIn("REACHED", said)
        self.assertEqual(self.calls, [], said)
        self.assertIn("READ http://10.77.0.2/index.txt the other machine", said)
        self.assertIn("READ http://index.example/index.txt the other machine", said)
        self.assertTrue(self.resolver.asked)
        eventually(lambda: not carriers(), lambda: f"left: {carriers()}", 10)

    def test_a_job_reaches_other_machines_and_none_of_this_ones_addresses(self):
        self.assert_outgoing_only(self.network_host(builder={"sandbox": "require"}))

    def test_the_same_of_a_host_that_is_not_root(self):
        self.addCleanup(tunnel_for_all(self.folder).undo)
        self.assert_outgoing_only(self.network_host("users", {"sandbox": "require"}, user=A_USER))

    def test_the_same_without_bubblewrap(self):
        self.addCleanup(tunnel_for_all(self.folder).undo)
        for name in ("landlock", "user-landlock"):
            with self.subTest(name):
                self.assert_outgoing_only(self.network_host(name, **kinds_of_hosts()[name], builder={"sandbox": "auto"}))

    def test_the_same_job_reaches_all_of_it_by_the_network_of_the_host(self):
        """So that the tests above can fail."""
        said = self.what_a_job_says(self.network_host(builder={"network": "host"}))
        for address in ("127.0.0.1", "::1", *HERE):
            self.assertIn(f"REACHED {address},{self.port}", said)
        self.assertTrue(self.calls)

    def test_where_no_network_of_its_own_can_be_made_require_refuses_and_auto_says_it(self):
        self.addCleanup(no_tunnel(self.folder).undo)
        host = self.network_host()
        said = self.what_a_job_says(host)
        self.assertIn("the network was the machine's own, with all that listens on it", said)
        self.assertIn("REACHED 127.0.0.1", said)
        self.assertIn("/dev/net/tun", host.cli("version"))
        self.assertIn("/dev/net/tun", host.cli("status"))
        host.stop()
        host = self.network_host("strict", {"sandbox": "require"})
        host.drop("call.plan.yaml", json.dumps({"jobs": {"call": {"command": "echo ran"}}}))
        held = eventually(lambda: host.get("/api/queues/default")["build"]["reason"], "it is held")
        for part in ("sandbox: require cannot be met", "/dev/net/tun", "sandbox: auto"):
            self.assertIn(part, held)

    def test_what_carries_the_packets_is_unprivileged_and_ends_with_the_job_and_with_the_host(self):
        host = self.network_host()
        host.drop("long.plan.yaml", json.dumps({"jobs": {"long": {"command": "echo up; sleep 60"}}}))
        job = eventually(lambda: host.items("/api/jobs?status=running"), "it runs")[0]
        eventually(lambda: "up" in host.job_log(job["id"]), "it is up")
        [pid] = carriers()
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        self.assertRegex(status, r"NoNewPrivs:\s+1\b")
        self.assertRegex(status, r"CapEff:\s+0*400\b")  # to bind low ports, in no file system of the machine
        self.assertRegex(status, r"Seccomp:\s+2\b")
        host.call("POST", f"/api/jobs/{job['id']}/cancel", {})
        eventually(lambda: not carriers(), lambda: f"left: {carriers()}", 10)

        host.drop("again.plan.yaml", json.dumps({"jobs": {"again": {"command": "echo up; sleep 61"}}}))
        eventually(carriers, "it runs")
        host.kill()
        eventually(lambda: not carriers(), lambda: f"left: {carriers()}", 30)

    def test_a_job_whose_network_breaks_is_run_again(self):
        host = self.network_host()
        job = {"command": "echo up; while grep -q tap0 /proc/net/route; do sleep 0.05; done; exit 1"}
        host.drop("cut.plan.yaml", json.dumps({"jobs": {"cut": job}}))
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
