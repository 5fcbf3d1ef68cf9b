"""What hostile code tries, whoever starts it: a job, a planner's own program, or the build script of an archive that pip
runs to plan. `ways_in()` are these three; a test runs the same code by each of them.

Each command prints ESCAPED if it got through, and SURVIVED if it used up what it should not have had. What it finds says
ESCAPED as well: files of that name and content lie in the data folder, beside the folders of jobs, beside the host's and
in /dev/shm, readable by all; `{folder}/open` is writable for all.
"""

import collections
import io
import json
import pathlib
import re
import shlex
import socket
import tarfile
import textwrap
import threading

from harness import queue_config
from program_test import write_program

LIMITS = {"memory": "512MiB", "processes": 64, "files": 256, "file_size": "32MiB", "disk": "48MiB", "cpu": "5s"}
SECRET = "only-the-host-knows-this"
ENDED = ("succeeded", "failed", "timed_out", "cancelled")

# What keeps code from its aim:
LIMIT = "limit"            # holds without a sandbox, too
CALLS = "calls"            # a filter of system calls, which each sandbox has
USER = "user"              # a user of its own, or what hides files
ENDS = "ends"              # a user of its own, or a mark that it cannot take off
FILES = "files"            # what hides files
NAMESPACES = "namespaces"  # what hides processes

Probe = collections.namedtuple("Probe", "needs command")


def python(code):
    return f"python3 -c {shlex.quote(textwrap.dedent(code))}"


# A daemon without the mark by which the host knows its own: a limit, which anybody may lower.
DAEMON = """
    import os, resource, time
    try: resource.setrlimit(resource.RLIMIT_RTTIME, (7411, 7411))
    except (OSError, ValueError): pass
    if os.fork(): os._exit(0)
    os.setsid()
    if os.fork(): os._exit(0)
    os.closerange(0, 3)
"""

PROBES = {
    "reads /etc/shadow": Probe(USER, "cat /etc/shadow && echo ESCAPED"),
    "reads the data folder": Probe(USER, "ls {data}; cat {data}/ESC*; cat {data}/signing.key && echo ESCAPED"),
    "reads folders of other programs": Probe(
        USER, "for at in {data}/work {data}/work/neighbour {data}/planners .. ../neighbour; do ls $at; cat $at/ESC*; done"),
    "reads the configuration": Probe(USER, "cat {folder}/planwright.yaml && echo ESCAPED"),
    "reads files of the host": Probe(FILES, "ls {folder}; cat {folder}/ESC* {shm}"),
    "reads the memory of the host": Probe(
        USER, "head -c 1 /proc/{pid}/mem && echo ESCAPED; ls /proc/{pid}/fd/ | grep . && echo ESCAPED"),
    "reads the environment of the host": Probe(
        USER, "cat /proc/[0-9]*/environ 2> /dev/null | tr '\\0' '\\n' | grep {secret} && echo ESCAPED"),
    "is given the environment of the host": Probe(LIMIT, "env | grep {secret} && echo ESCAPED"),
    "writes outside": Probe(
        FILES, "for at in / /usr /etc /opt /var/lib /dev/shm {data} {folder} {folder}/build {folder}/open; do "
        "touch $at/escaped-{pid}; done"),
    "writes what is the host's": Probe(
        USER, "for at in / /usr /etc /opt {data} {data}/blobs {data}/planners/archive/planwright.wheels {folder}/build; do "
        "touch $at/escaped-{pid}; done; echo ESCAPED >> {folder}/planwright.yaml"),
    "reaches what listens on this machine": Probe(CALLS, python("""
        import socket
        def tries(family, kind, address):
            try:
                with socket.socket(family, kind) as one:
                    one.settimeout(2)
                    one.connect(address)
                    one.send(b"x")
                    if kind == socket.SOCK_STREAM: print("ESCAPED", address)
            except OSError: pass
        for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
            for address in {addresses}:
                for port in {ports}:
                    tries(socket.AF_INET6 if ":" in address else socket.AF_INET, kind, (address, port))
        tries(socket.AF_UNIX, socket.SOCK_STREAM, "\\0{abstract}")
    """)),
    "reaches the host's database and queues": Probe(CALLS, python("""
        import socket
        for path in "{data}/run/redis/redis.sock", "{data}/run/postgres/.s.PGSQL.5432":
            try:
                socket.socket(socket.AF_UNIX).connect(path)
                print("ESCAPED", path)
            except OSError: pass
    """)),
    "sees the host's processes": Probe(
        NAMESPACES, "tr '\\0' ' ' < /proc/{pid}/cmdline | grep 'planwright serve' && echo ESCAPED"),
    "signals the host": Probe(USER, "kill -CONT {pid} && echo ESCAPED; kill -9 {pid} && echo ESCAPED"),
    "slows the host down": Probe(CALLS, "renice 19 -p {pid} && echo ESCAPED; prlimit --pid {pid} --nofile=9 && echo ESCAPED"),
    "becomes root": Probe(
        CALLS, "su root -c id && echo ESCAPED; unshare --user --map-root-user id && echo ESCAPED; "
        "test $(id -u) != 0 || echo ESCAPED"),
    "opens many files": Probe(LIMIT, python("""
        kept = []
        try:
            for i in range(2000): kept.append(open("/dev/null"))
            print("SURVIVED")
        except OSError: pass
    """)),
    "leaves processes": Probe(LIMIT, "(setsid sleep 7411 < /dev/null > /dev/null 2>&1 &); " + python(DAEMON + """
    os.execvp("sleep", ["sleep", "7411"])
    """)),
    "leaves a process that is another each moment": Probe(ENDS, python(DAEMON + """
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if os.fork(): os._exit(0)
    """)),
}

# What uses up more than it may have, and what the host says of such a job. `of_all`: it is a limit of all processes of a
# program together, which takes a control group.
Glutton = collections.namedtuple("Glutton", "needs command text of_all", defaults=(False,))
GLUTTONS = {
    "writes a huge file": Glutton(LIMIT, "head -c 200M /dev/zero > huge && echo SURVIVED", "larger than its limit of 32 MiB"),
    "fills the disk": Glutton(
        LIMIT, "i=0; while [ $i -lt 20 ]; do head -c 16M /dev/zero > part.$i; i=$((i+1)); done; sleep 20; echo SURVIVED",
        "disk limit of 48 MiB"),
    "fills /tmp": Glutton(
        NAMESPACES, "i=0; while [ $i -lt 20 ]; do head -c 16M /dev/zero > /tmp/part.$i; i=$((i+1)); done; sleep 20; echo SURVIVED",
        "disk limit of 48 MiB"),
    "fills the disk below a deep path": Glutton(LIMIT, python("""
        import os, time
        for i in range(300): os.mkdir("d" * 200); os.chdir("d" * 200)
        for i in range(20): open(str(i), "wb").write(bytes(16 << 20))
        time.sleep(20); print("SURVIVED")
    """), "disk limit of 48 MiB"),
    "fills the disk without a name": Glutton(LIMIT, python("""
        import os, time
        kept = []
        for i in range(10):
            kept.append(open("x", "wb", buffering=0)); os.unlink("x"); kept[-1].write(bytes(16 << 20))
        time.sleep(20); print("SURVIVED")
    """), "disk limit of 48 MiB"),
    "takes all inodes": Glutton(LIMIT, python("""
        import time
        for i in range(15000): open(str(i), "x").close()
        time.sleep(20); print("SURVIVED")
    """), "disk limit of 48 MiB"),
    "exhausts memory": Glutton(LIMIT, python('x = b"x" * (1 << 30); print("SURVIVED")'), "more memory than its limit of 512 MiB", True),
    "exhausts processes": Glutton(
        LIMIT, "i=0; while [ $i -lt 200 ]; do sleep 20 & i=$((i+1)); done; wait; echo SURVIVED",
        "more processes at once than its limit of 64", True),
    "hides that it was refused processes": Glutton(LIMIT, python("""
        import os, time
        for i in range(200):
            try:
                if os.fork() == 0: time.sleep(20); os._exit(0)
            except OSError: pass
    """) + "; exit 0", "more processes at once than its limit of 64", True),
    "burns the processor": Glutton(LIMIT, "while :; do :; done", "more processor time than its limit of 5 s"),
}

# What a build script of an archive runs, and what it tells of it.
BACK_END = """\
import subprocess
def get_requires_for_build_wheel(config_settings=None):
    return []
def prepare_metadata_for_build_wheel(folder, config_settings=None):
    done = subprocess.run(["sh", "-c", {command!r}], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(done.stdout.decode(errors="replace"))
    raise SystemExit("EXIT %d" % done.returncode)
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "back"\nbackend-path = ["."]\n'

PROGRAM = """\
#!/usr/bin/env python3
import subprocess
import planwright
def plan(input, call):
    done = subprocess.run(["sh", "-c", input.text()], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    planwright.reject(f"EXIT {done.returncode}", done.stdout[-60000:].decode(errors="replace"))
planwright.run(planner=plan)
"""


def write_archive(folder, back_end, project="spy"):
    """An archive whose back end is this."""
    folder.mkdir(parents=True, exist_ok=True)
    about = f"Name: {project}\nVersion: 1.0\n"
    with tarfile.open(folder / f"{project}-1.0.tar.gz", "w:gz") as archive:
        for name, text in {"pyproject.toml": PROJECT, "PKG-INFO": about, "back.py": back_end}.items():
            entry = tarfile.TarInfo(f"{project}-1.0/{name}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))


# How code ended: the class of its failure, and all that it printed or that is said of it.
Ended = collections.namedtuple("Ended", "status kind said")


def all_probes(names):
    """One command that runs these, each behind a line with its name."""
    lines = [f"echo; echo {shlex.quote('== ' + name)}\n( {PROBES[name].command}\n) 2>&1" for name in names]
    return "set +e\n" + "\n".join(lines) + "\necho; echo '== end'\n"


def findings(said):
    """What each printed, by name, of what that command printed: pip shows it with blanks in front."""
    parts = re.split(r"^ *== (.+)$", said.replace("\r", ""), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


class Build:
    """A job."""
    name = "build"
    is_stranger = False  # has a user of its own without a sandbox, too

    def queue(self, folder, sandbox, limits=LIMITS, network=False):
        builder = {"plugin": "planwright.command", "settings": {"sandbox": sandbox, "network": network}, "job_slots": 2,
                   "limits": {**limits, "output": "8MiB"}}
        return queue_config(folder / self.name, builder=builder)

    def start(self, host, name, command, outputs=()):
        job = {"command": command, "outputs": list(outputs)}
        host.drop(f"{name}.plan.yaml", json.dumps({"jobs": {name: job}}), host.folder / self.name)

    def ended(self, host):
        """By name."""
        def said(job):
            return f"{job['error'] or ''}\n" + host.call("GET", f"/api/jobs/{job['id']}/log/raw").body.decode(errors="replace")

        return {job["name"]: Ended(job["status"], job["class"], said(job))
                for job in host.items("/api/jobs") if job["status"] in ENDED}


def confined(sandbox, network):
    """Keys of a planner."""
    return {"sandbox": sandbox, **({"network": network} if sandbox != "none" else {})}


class Plan:
    """Inputs of a queue that end as failures, since no planner makes a plan of them."""

    def ended(self, host):
        kinds = {letter["name"]: letter["class"] for letter in host.items("/api/dead-letters") if letter["queue"] == self.name}
        return {item["filename"].split("-")[0]: Ended("failed", kinds.get(item["filename"]), f"{item['error']}\n{item['details']}")
                for item in host.inputs("failed") if item["queue"] == self.name}


class Program(Plan):
    """A planner that is a program of somebody else."""
    name = "program"
    is_stranger = True

    def queue(self, folder, sandbox, limits=LIMITS, network=False):
        program = write_program(folder / "hostile" / "plan.py", PROGRAM)
        return queue_config(folder / self.name, {
            "plugin": f"exec:{program}", "limits": limits, "workers": 2, **confined(sandbox, network)})

    def start(self, host, name, command, outputs=()):
        host.drop(f"{name}-script.txt", command, host.folder / self.name)


class Archive(Plan):
    """The build script of an archive, run by pip."""
    is_stranger = False

    def __init__(self, isolation="inproc", name="archive"):
        self.name, self._isolation = name, isolation

    def queue(self, folder, sandbox, limits=LIMITS, network=False):
        (folder / "index" / self.name).mkdir(parents=True, exist_ok=True)
        return queue_config(folder / self.name, {
            "plugin": "planwright.wheels", "isolation": self._isolation, "limits": limits, "workers": 2, **confined(sandbox, network),
            "settings": {"find_links": [str(folder / "index" / self.name)], "no_index": True, "build_isolation": False}})

    def start(self, host, name, command, outputs=()):
        write_archive(host.folder / "index" / self.name, BACK_END.format(command=command), name)
        host.drop(f"{name}-requirements.txt", f"{name}\n", host.folder / self.name)


def ways_in():
    return [Build(), Program(), Archive()]


class Ground:
    """What there is to be reached on this machine: on each of its addresses, in the files of a host, in /dev/shm. `calls`
    has who came."""

    def __init__(self, host, cleanup):
        self.calls, self.host = [], host
        self._servers = [self._listen(), self._abstract()]
        for server in self._servers:
            cleanup(server.close)
        self.baits = [host.data, host.data / "work" / "neighbour", host.folder]
        for bait in self.baits:
            bait.mkdir(exist_ok=True)
            (bait / "ESCAPED").write_text("ESCAPED\n")
        self.shm = pathlib.Path(f"/dev/shm/bait-{host.process.pid}")
        self.shm.write_text("ESCAPED\n")
        self.shm.chmod(0o644)
        cleanup(self.shm.unlink)
        (host.folder / "open").mkdir()
        (host.folder / "open").chmod(0o777)
        self._places = {
            "{data}": str(host.data), "{folder}": str(host.folder), "{pid}": str(host.process.pid), "{secret}": SECRET,
            "{shm}": str(self.shm), "{abstract}": self._servers[1].getsockname()[1:].decode(),
            "{addresses}": json.dumps(addresses()),
            "{ports}": json.dumps([self._servers[0].getsockname()[1], int(host.url.rsplit(":", 1)[1])]),
        }

    def aimed(self, command):
        """The command with the places of this host."""
        for mark, place in self._places.items():
            command = command.replace(mark, place)
        return command

    def _listen(self):
        server = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        packets = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        packets.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        packets.bind(("::", server.getsockname()[1]))
        self._take(lambda: server.accept()[1])
        self._take(lambda: packets.recvfrom(9)[1])
        return server

    def _abstract(self):
        server = socket.socket(socket.AF_UNIX)
        server.bind(f"\0planwright-{self.host.process.pid}")
        server.listen()
        self._take(lambda: (server.accept(), "abstract")[1])
        return server

    def _take(self, receive):
        def take():
            while True:
                try:
                    self.calls.append(receive())
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()

    def escaped_files(self):
        """What code wrote where it must not; removed, since some of it is in folders of the machine."""
        name = f"escaped-{self.host.process.pid}"
        found = [pathlib.Path(at) / name for at in ("/", "/usr", "/etc", "/opt", "/var/lib", "/dev/shm")]
        found = [file for file in found if file.exists()] + list(self.host.folder.rglob(name))
        for file in found:
            file.unlink()
        return found


def addresses():
    """Of this machine."""
    own = {"127.0.0.1", "0.0.0.0", "::1", "::ffff:127.0.0.1"}
    trie = pathlib.Path("/proc/net/fib_trie").read_text()
    own.update(re.findall(r"\|-- (\S+)\n +/32 host LOCAL", trie))
    for line in pathlib.Path("/proc/net/if_inet6").read_text().splitlines():
        own.add(":".join(re.findall("....", line.split()[0])))
    return sorted(own)


def has_groups(host):
    return {each["name"]: each["works"] for each in host.get("/api/version")["sandbox"]["facilities"]}["control_groups"]


def is_kept(needs, way, sandbox, level, is_root):
    """Whether this machine promises to keep code from what needs such means."""
    if needs == LIMIT:
        return True
    if sandbox == "none":
        return needs in (USER, ENDS) and way.is_stranger and is_root
    if needs == USER:
        return level != "none" or is_root
    return needs in (CALLS, ENDS) or level == "namespaces" or (needs == FILES and level == "landlock")
