"""A machine of our own and another beside it, as network namespaces: `Machines` moves this process, and all that it
starts from then on, to the first, for good; the second answers. Only root can."""

import ctypes
import os
import pathlib
import socket
import subprocess
import sys
import threading

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x1000, 0x4000, 0x40000, 2
TUN = pathlib.Path("/dev/net/tun")
RESOLVER = pathlib.Path("/etc/resolv.conf")

OUTSIDE = ("10.77.0.2", "fd77::2")
HERE = ("10.77.0.1", "fd77::1", "10.77.1.1", "fd77:1::1")  # and another of its addresses

ANSWER = """
import http.server, os, socket, sys
class Answer(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6  # and AF_INET
os.chdir(sys.argv[1])
print("up", flush=True)
server = Server(("::", 80), Answer)
print("ready", flush=True)
server.serve_forever()
"""


def _call(name, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


def _run(*words):
    subprocess.run(list(map(str, words)), check=True)


class Machines:
    def __init__(self, served):
        """`served`: the folder whose files the other machine serves on port 80."""
        _call("unshare", CLONE_NEWNET | CLONE_NEWNS)
        _call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
        self._other = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", sys.executable, "-c", ANSWER, str(served)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self._connect()

    def stop(self):
        self._other.kill()
        self._other.wait()
        self._other.stdout.close()

    def _connect(self):
        self._other.stdout.readline()
        there = ["nsenter", f"--net=/proc/{self._other.pid}/ns/net", "ip"]
        _run("ip", "link", "add", "out", "type", "veth", "peer", "name", "in", "netns", self._other.pid)
        for ip, device, addresses in ((["ip"], "out", HERE), (there, "in", OUTSIDE)):
            for address in addresses:
                quick = ["nodad"] if ":" in address else []
                length = 64 if ":" in address else 24
                _run(*ip, "address", "add", f"{address}/{length}", "dev", device, *quick)
            for name in ("lo", device):
                _run(*ip, "link", "set", name, "up")
        _run("ip", "route", "add", "default", "via", OUTSIDE[0])
        self._other.stdout.readline()


class Mounted:
    """Something else in the place of a file or folder of the machine, for this process and its children."""

    def __init__(self, what, where):
        self._where = os.fsencode(where)
        _call("mount", os.fsencode(what), self._where, None, MS_BIND, None)

    def undo(self):
        _call("umount2", self._where, MNT_DETACH)


def tunnel_for_all(folder):
    """As on most machines: any user may open /dev/net/tun."""
    node = pathlib.Path(folder) / "tun"
    os.mknod(node, 0o020666, os.makedev(10, 200))
    node.chmod(0o666)
    return Mounted(node, TUN)


def no_tunnel(folder):
    """As in most containers: there is no /dev/net/tun."""
    empty = pathlib.Path(folder) / "empty"
    empty.mkdir()
    return Mounted(empty, TUN.parent)


def resolve_by(folder, address):
    """/etc/resolv.conf names this resolver."""
    file = pathlib.Path(folder) / "resolv.conf"
    file.write_text(f"nameserver {address}\n")
    file.chmod(0o644)
    return Mounted(file, RESOLVER)


class Resolver:
    """Answers every question for an IPv4 address of a name with one address, on port 53 of `listen`."""

    def __init__(self, listen, address):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((listen, 53))
        self._address = socket.inet_aton(address)
        self.asked = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                query, asker = self._socket.recvfrom(512)
            except OSError:
                return
            self.asked += 1
            end = query.index(b"\0", 12) + 5  # the name, its type and class
            is_v4 = query[end - 4:end - 2] == b"\0\1"
            answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + self._address if is_v4 else b""
            head = query[:2] + b"\x81\x80\0\1" + (b"\0\1" if is_v4 else b"\0\0") + b"\0\0\0\0"
            self._socket.sendto(head + query[12:end] + answer, asker)
