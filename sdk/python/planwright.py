"""A planwright stage in Python: one file, standard library only, Python 3.9 or later.

    #!/usr/bin/env python3
    import planwright

    def plan(input, call):
        names = input.text().split()
        if not names:
            planwright.reject("no name in " + input.name)
        return {"jobs": [{"id": name, "spec": {"command": ["true"]}} for name in names]}

    planwright.run(planner=plan)

A source is a generator: it yields what it found and returns where the next look begins.

    def poll(cursor, call):
        for path in newer_than(cursor):
            yield planwright.found(path.name, path=str(path))
        return now, 60.0  # the next cursor, and seconds until the next poll

    planwright.run(source=poll)

Put this file beside the program, make that executable, and write `plugin: exec:./plan.py` into the
host's configuration. What user code prints goes to the log of the call. An exception that is no
`Stop` is a bug of the stage: the call fails with the end of its traceback. Calls come one at a
time, in the main thread; everything of `Call` may be used from any thread while the call runs.
"""

import io
import json
import os
import queue
import resource
import socket
import struct
import sys
import threading
import traceback
import types

__all__ = ["run", "found", "reject", "retry", "fail", "config", "Stop", "Cancelled", "Input", "Job", "Call"]

HELLO, PLAN, BUILD, CANCEL, REPLY, POLL = 1, 2, 3, 4, 5, 6
READY, REFUSED, DONE, LOG, EVENT, METRIC, PROGRESS, PART = 16, 17, 18, 19, 20, 21, 22, 23
BLOB_GET, BLOB_PUT, SECRET, EXEC, PLACE = 32, 33, 34, 35, 36
HEADER = struct.Struct("<IIHHI")  # meta length, data length, kind, flags, number
LEVELS = {"trace": 0, "debug": 1, "info": 2, "warning": 3, "error": 4}
REASONS = {1: "user", 2: "deadline", 3: "drain", 4: "lease lost"}
LONGEST_LINE = 8192  # of what is printed, in characters
TAIL = 4000          # of a traceback, in characters
LONGEST_TEXT = 4096  # of a failure or a note, in bytes: the host keeps no more
PART_BYTES = 1 << 20  # of a list in one frame, which holds 8 MiB


def _cut(text, most=LONGEST_TEXT):
    """`text` in at most so many bytes of UTF-8; it says so if it is cut."""
    text = str(text)
    raw = text.encode("utf-8", "replace")
    if len(raw) <= most:
        return text
    return raw[:most - 64].decode("utf-8", "ignore") + f" \u2026 [cut: it had {len(raw)} bytes]"


class Stop(Exception):
    """Ends a call with a failure; made by reject(), retry(), fail() and config()."""

    def __init__(self, kind, message, details="", retry_after=0.0):
        super().__init__(message)
        self.kind, self.message, self.details, self.retry_after = kind, message, details, retry_after


class Cancelled(Stop):
    """The host wants this call to stop; raised by Call.progress() and Call.check()."""

    def __init__(self, reason):
        super().__init__("timeout" if reason == "deadline" else "cancelled", "stopped: " + reason)


def reject(message, details=""):
    """This input or job is wrong: never tried again, shown to its author."""
    raise Stop("rejected", message, details)


def retry(message, after=0.0):
    """Something outside failed for now: tried again, not before `after` seconds."""
    raise Stop("infra", message, retry_after=after)


def fail(message, details=""):
    """The work failed for good."""
    raise Stop("failed", message, details)


def config(message):
    """The settings are wrong: the queue is held, its items are not failed."""
    raise Stop("config", message)


def found(name, path=None, digest=None, attributes=None):
    """What a source yields: `name` is relative, with slashes. It is the file `path`, which is absolute
    and ends with the name, or the blob `digest` that Call.store() gave; one of the two."""
    if not name or bool(path) == bool(digest):
        raise ValueError("what was found needs a name, and either a path or a digest")
    return {"name": name, "path": os.fspath(path) if path else "", "digest": digest or "",
            "attributes": json.dumps(attributes) if attributes else ""}


class Input:
    """What a planner plans: id, name, digest, media_type, bytes, attempt, attributes (a dict),
    traceparent (W3C Trace Context of this attempt, or "")."""

    def __init__(self, meta, data, call):
        for name in ("id", "name", "digest", "media_type", "traceparent"):
            setattr(self, name, meta.get(name, ""))
        self.bytes, self.attempt = meta.get("bytes", len(data)), meta.get("attempt", 1)
        self.attributes = json.loads(meta.get("attributes") or "{}")
        self._data, self._call = (data if meta.get("inline", True) else None), call

    def content(self):
        """All of it, as bytes."""
        if self._data is None:
            with self._call.blob(self.digest) as file:
                self._data = file.read()
        return self._data

    def text(self):
        """The same as text; one that is not UTF-8 is rejected."""
        try:
            return self.content().decode("utf-8")
        except UnicodeDecodeError as e:
            reject(f"{self.name} is not UTF-8: {e}")


class Job:
    """What a builder builds: id, plan_id, plan_digest, token, attempt, spec and inputs (dicts),
    workdir (absolute), traceparent (as of an input). What matches the job's output globs there afterwards is its result."""

    def __init__(self, meta):
        for name in ("id", "plan_id", "plan_digest", "token", "workdir", "traceparent"):
            setattr(self, name, meta.get(name, ""))
        self.attempt = meta.get("attempt", 1)
        self.spec = json.loads(meta.get("spec") or "{}")
        self.inputs = json.loads(meta.get("inputs") or "{}")


class Call:
    """One piece of work, and what the host offers to it. `settings`: a dict; `queue`: its name."""

    def __init__(self, host, number, settings, queue_name):
        self.settings, self.queue = settings, queue_name
        self._host, self._number, self._outputs = host, number, []

    def log(self, message, level="info", **fields):
        """`level`: trace, debug, info, warning or error; fields are searchable."""
        meta = {"level": LEVELS[level]}
        if fields:
            meta["fields"] = json.dumps(fields)
            if len(meta["fields"]) > PART_BYTES:
                meta["fields"] = json.dumps({"cut": f"the fields had {len(meta['fields'])} bytes"})
        self._host.send(LOG, self._number, meta, str(message).encode("utf-8", "replace"))

    def progress(self, done, total=0, note=""):
        """Tells how far it is, and that it is alive. Raises Cancelled when the host wants that."""
        self._host.send(PROGRESS, self._number, {"done": done, "total": total, "note": _cut(note)})
        self.check()

    def cancelled(self):
        """None, or why to stop: "user", "deadline", "drain" or "lease lost". The host knows the
        deadline and says when it is over; two seconds later the process is ended."""
        return self._host.stop_reason(self._number)

    def check(self):
        """Raises Cancelled when the host wants this call to stop."""
        reason = self.cancelled()
        if reason:
            raise Cancelled(reason)

    def event(self, kind, **body):
        """A durable event of this call. People see `message`; `level`: info (default), warning or error."""
        self._host.send(EVENT, self._number, {"type": kind}, json.dumps(body).encode())

    def metric(self, name, value, kind="counter", **labels):
        """planwright_plugin_NAME at the host's /metrics, with the labels plugin and queue besides.
        `kind`: counter, gauge or histogram. At most 6 labels."""
        number = ("counter", "gauge", "histogram").index(kind)
        self._host.send(METRIC, self._number,
                        {"kind": number, "name": name, "value": value, "labels": json.dumps(labels)})

    def secret(self, name):
        """Its value as text. Only names of the manifest that the queue grants; KeyError else."""
        try:
            return self._host.ask(SECRET, {"name": name})[1].decode("utf-8")
        except OSError as e:
            raise KeyError(str(e)) from None

    def blob(self, digest):
        """A stored blob as a binary file, to be closed by the caller. OSError: there is none."""
        fd = self._host.ask(BLOB_GET, {"digest": digest})[2]
        if fd is None:
            raise OSError("the host sent no blob")
        return open(fd, "rb")

    def store(self, file, name=None, media_type=""):
        """Stores bytes, or the rest of a real binary file; gives "sha256:...". `name`: an output of
        the job."""
        if isinstance(file, (bytes, bytearray)):
            with open(os.memfd_create("planwright"), "w+b") as copy:
                copy.write(file)
                copy.seek(0)
                return self.store(copy, name, media_type)
        digest = self._host.ask(BLOB_PUT, {"media_type": media_type}, fd=file.fileno())[0]["digest"]
        if name:
            self._outputs.append({"name": name, "digest": digest})
        return digest

    def folder(self):
        """Of a source: a folder of its own. It stays between polls, but may be found empty."""
        folder = self._host.ask(PLACE, {})[0].get("folder")
        if not folder:
            raise OSError("the host has no folder for this source")
        return folder

    def max_bytes(self):
        """Of a source: the most that an input may have; 0 = not known."""
        return self._host.ask(PLACE, {})[0].get("max_bytes", 0)

    def refuse(self, name, reason):
        """Of a source: tells people that something cannot become an input, and why."""
        self.event("refused", name=name, reason=reason)

    def run(self, argv, **spec):
        """Runs a program under the host's limits and waits: `cwd`, `env`, `timeout_ms`, `capture`...
        Gives {"exit", "signal", "class", "stdout", "tail"}; its output is in the log."""
        return json.loads(self._host.ask(EXEC, {}, json.dumps({"argv": argv, **spec}).encode())[1])


class _Host:
    """The socket to the host. A thread reads: calls into a queue, replies to who waits for them."""

    def __init__(self, sock):
        self._socket, self._sending, self._lock = sock, threading.Lock(), threading.Lock()
        self._waiting, self._last, self._stops = {}, 0, {}
        self.calls = queue.Queue()

    def send(self, kind, number, meta, data=b"", fd=None):
        text = json.dumps(meta).encode()
        frame = HEADER.pack(len(text), len(data), kind, fd is not None, number) + text + data
        with self._sending:
            if fd is None:
                self._socket.sendall(frame)
                return
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", fd))]
            sent = self._socket.sendmsg([frame], rights)
            self._socket.sendall(frame[sent:])

    def ask(self, kind, meta, data=b"", fd=None):
        """The meta, data and descriptor of the reply; OSError with the host's words."""
        with self._lock:
            self._last += 1
            number, answer = self._last, queue.Queue(1)
            self._waiting[number] = answer
        self.send(kind, number, meta, data, fd)
        reply = answer.get()
        if "error" in reply[0]:
            raise OSError(reply[0]["error"].get("message", "the host refused"))
        return reply

    def stop_reason(self, number):
        return self._stops.get(number)

    def forget(self, number):
        for old in [each for each in list(self._stops) if each <= number]:
            self._stops.pop(old, None)

    def receive(self):
        """kind, number, meta, data, descriptor; None at the end."""
        head, fd = self._read(HEADER.size)
        if head is None:
            return None
        meta_size, data_size, kind, _, number = HEADER.unpack(head)
        meta, data = self._read(meta_size)[0], self._read(data_size)[0]
        if meta is None or data is None:
            return None
        return kind, number, json.loads(meta or b"{}"), data, fd

    def _read(self, size):
        parts, fd = bytearray(), None
        while len(parts) < size:
            part, rights, _, _ = self._socket.recvmsg(min(size - len(parts), 1 << 20), 64)
            for _, kind, raw in rights:
                if kind == socket.SCM_RIGHTS:
                    fd = struct.unpack("i", raw[:4])[0]
                    os.set_inheritable(fd, False)
            if not part:
                return None, None
            parts += part
        return bytes(parts), fd

    def read(self):
        """In a thread of its own. The end of the host is the end of the process."""
        try:
            while True:
                frame = self.receive()
                if frame is None:
                    break
                kind, number, meta, data, fd = frame
                if kind == REPLY:
                    with self._lock:
                        waiting = self._waiting.pop(number, None)
                    if waiting:
                        waiting.put((meta, data, fd))
                elif kind == CANCEL:
                    self._stops[number] = REASONS.get(meta.get("reason"), "user")
                else:
                    self.calls.put((kind, number, meta, data))
        finally:
            os._exit(0)


class _Printed(io.TextIOBase):
    """Stands for sys.stdout and sys.stderr: a line is a log line of the call that runs. Outside of
    calls it goes where it went, to the host's record of the process."""

    def __init__(self, level, before):
        self.call, self._level, self._before = None, level, before
        self._rest, self._lock = "", threading.Lock()

    def writable(self):
        return True

    def write(self, text):
        if self.call is None:
            self._before.write(text)
            self._before.flush()
            return len(text)
        with self._lock:
            lines = (self._rest + text).split("\n")
            self._rest = lines.pop()
            if len(self._rest) > LONGEST_LINE:
                lines.append(self._rest)
                self._rest = ""
        for line in lines:
            self._say(line)
        return len(text)

    def end(self):
        rest, self._rest = self._rest, ""
        if rest:
            self._say(rest)
        self.call = None

    def _say(self, line):
        call = self.call
        if call is not None:
            call.log(line[:LONGEST_LINE], self._level)


def _failure(error):
    """The failure of a frame, of what user code raised."""
    if isinstance(error, Stop):
        return {"class": error.kind, "message": _cut(error.message), "details": _cut(error.details, 16 * LONGEST_TEXT),
                "retry_after_ms": int(error.retry_after * 1000)}
    if isinstance(error, MemoryError):
        return {"class": "infra", "message": "out of memory", "details": "", "retry_after_ms": 0}
    name = type(error).__name__
    tail = "".join(traceback.format_exception(type(error), error, error.__traceback__))[-TAIL:]
    return {"class": "bug", "message": _cut(f"unexpected {name}: {error}"), "details": tail, "retry_after_ms": 0}


def _limit_cpu(seconds):
    """Processor time from now on, for one call."""
    if seconds:
        used = resource.getrusage(resource.RUSAGE_SELF)
        most = int(used.ru_utime + used.ru_stime) + 1 + seconds
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


def _polled(source, cursor, call):
    """The meta and the data of the Done of a poll."""
    if not isinstance(source, types.GeneratorType):
        raise TypeError("a source is a generator: it yields what it found and returns a cursor")
    items, end, wait = [], None, 1.0

    def whole():
        nonlocal end
        end = yield from source

    for item in whole():
        if not isinstance(item, dict):
            raise TypeError(f"the source yielded a {type(item).__name__}, not found(...)")
        try:
            item["name"].encode("utf-8")
            items.append(item)
        except UnicodeEncodeError:  # as the system gave it; JSON has no bytes
            call.refuse(ascii(item["name"]), "its name is not UTF-8")
    if isinstance(end, tuple):
        end, wait = end
    cursor = cursor if end is None else str(end)
    return {"items": items, "next_ms": int(wait * 1000)}, cursor.encode("utf-8")


def _rest(host, number, name, entries):
    """What is left of a list for Done, once as much of it went ahead as one frame may not hold."""
    part, size = [], 0
    for entry in entries:
        part.append(entry)
        size += len(json.dumps(entry))
        if size > PART_BYTES:
            host.send(PART, number, {name: part})
            part, size = [], 0
    return part


def _serve(host, stages, settings, hello, printed):
    kind, number, meta, data = host.calls.get()
    _limit_cpu(hello.get("cpu", 0))
    call = Call(host, number, settings, hello.get("queue", ""))
    for stream in printed:
        stream.call = call
    end, document = {}, b""
    try:
        if kind == PLAN and stages.get("planner"):
            plan = stages["planner"](Input(meta, data, call), call)
            if not isinstance(plan, dict):
                raise TypeError(f"plan() gave a {type(plan).__name__}, not a dict")
            document = json.dumps(plan, ensure_ascii=False).encode("utf-8")
        elif kind == BUILD and stages.get("builder"):
            stages["builder"](Job(meta), call)
        elif kind == POLL and stages.get("source"):
            cursor = data.decode("utf-8")
            end, document = _polled(stages["source"](cursor, call), cursor, call)
        else:
            raise Stop("bug", f"the program has no stage for frames of kind {kind}")
    except (Exception, SystemExit) as e:  # whatever user code raises is its failure
        end = {"failure": _failure(e)}
    for stream in printed:
        stream.end()
    host.forget(number)
    lists = {**{name: end[name] for name in ("items",) if name in end}, "outputs": call._outputs}
    rest = {name: _rest(host, number, name, entries) for name, entries in lists.items()}
    host.send(DONE, number, {**end, **rest}, document)


def run(planner=None, builder=None, source=None):
    """Serves the host until it leaves. `planner(input, call)` returns a plan as a dict; the same
    input must give the same plan. `builder(job, call)` works in job.workdir. `source(cursor, call)`
    yields found() for each input since `cursor`, which is "" at first, and returns the next cursor,
    or that and the seconds until the next poll. The host keeps inputs and cursor together, and
    nothing of a poll that raises."""
    try:
        sock = socket.socket(fileno=os.dup(0))
    except OSError:
        sys.exit("planwright: this program is started by a host; try: planwright plugin run PROGRAM INPUT")
    null = os.open(os.devnull, os.O_RDONLY)  # user code and its children must not read frames
    os.dup2(null, 0)
    os.close(null)
    host = _Host(sock)
    first = host.receive()
    if first is None or first[0] != HELLO:
        sys.exit("planwright: the host did not say Hello")
    hello = first[2]
    stages = {"planner": planner, "builder": builder, "source": source}
    wanted = hello.get("stage", "")
    if wanted and not stages.get(wanted.replace("planwright.", "").replace("/1", "")):
        host.send(REFUSED, 0, {"error": {"kind": "not_found", "message": f"the program has no stage {wanted}"}})
        return
    host.send(READY, 0, {})
    threading.Thread(target=host.read, daemon=True).start()
    settings = json.loads(hello.get("settings") or "{}")
    sys.stdout, sys.stderr = _Printed("info", sys.stdout), _Printed("warning", sys.stderr)
    while True:
        _serve(host, stages, settings, hello, (sys.stdout, sys.stderr))
