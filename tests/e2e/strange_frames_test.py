#!/usr/bin/env python3
"""Programs as plugins that send what nobody should: the host stays whole, says what it was, and goes on."""

import os

from harness import HostCase, eventually, main, queue_config
from program_test import write_program

# The first word of an input is what to do.
PLANNER = """\
#!/usr/bin/env python3
import array, os, socket, struct
import planwright
def many(call, count):
    text = b"{}"
    frame = struct.pack("<IIHHI", len(text), 0, 33, 1, 4711) + text
    null = os.open("/dev/null", os.O_RDONLY)
    fds = array.array("i", [null] * count)
    call._host._socket.sendmsg([frame], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
def plan(input, call):
    word = input.text().split()[0]
    if word == "many": many(call, 200)
    if word == "half": call._host._socket.sendall(b"\\x02\\0\\0\\0")
    if word in ("many", "half"):
        while True: call.check()
    if word == "fifo":
        os.mkfifo("fifo")
        call.store(os.fdopen(os.open("fifo", os.O_RDWR), "rb", buffering=0, closefd=False))
    if word == "socket": call.store(socket.socketpair()[0].makefile("rb", buffering=0))
    if word == "device": call.store(open("/dev/zero", "rb"))
    if word == "folder": call._host.ask(33, {}, fd=os.open("/", os.O_RDONLY))
    if word == "loud":
        call.log("x" * (20 << 20), "warning")
        call.progress(1, 2, "y" * (20 << 20))
    if word == "text": planwright.reject("\\n\\u00e9" * (2 << 20), "\\u00e9" * (4 << 20))
    return {"jobs": [{"id": "one", "spec": {}}]}
planwright.run(planner=plan)
"""
SOURCE = """\
#!/usr/bin/env python3
import planwright
def poll(cursor, call):
    if cursor: return cursor, 60
    for i in range(200):
        yield planwright.found(f"{i}.txt", digest=call.store(b"%d" % i), attributes={"why": "x" * 60000})
    return "all", 60
planwright.run(source=poll)
"""
STRANGE = {"fifo": "a fifo", "socket": "a socket", "device": "a device", "folder": "a folder"}


class StrangeFramesTest(HostCase):
    def start(self, **keys):
        def config(folder):
            write_program(folder / "plan.py", PLANNER)
            planner, builder = {"plugin": "exec:./plan.py", **keys}, {"plugin": "planwright.noop-builder"}
            return {"queues": {"default": queue_config(folder / "input", planner, builder, retry={"attempts": 1})}}

        return self.host(config=config)

    def failed(self, host, name):
        def ended():
            return next((i for i in host.inputs("failed") if i["filename"] == name), None)

        return eventually(ended, lambda: (host.inputs(), host.log_tail()))

    def test_a_blob_that_is_no_file_is_refused_at_once(self):
        host = self.start()
        for word, what in STRANGE.items():
            host.drop(word, word)
            self.assertIn(what, self.failed(host, word)["error"])
        host.drop("fine", "fine")
        eventually(lambda: host.inputs("planned"), host.log_tail)

    def test_descriptors_that_nobody_asked_for_are_not_kept(self):
        host = self.start()
        host.drop("fine", "fine")
        eventually(lambda: host.inputs("planned"), host.log_tail)
        count = lambda: len(os.listdir(f"/proc/{host.process.pid}/fd"))  # noqa: E731
        before = count()
        for i in range(3):
            host.drop(f"many-{i}", "many")
            self.assertIn("one descriptor at most", self.failed(host, f"many-{i}")["error"])
        eventually(lambda: count() < before + 100, lambda: f"{before} descriptors became {count()}")

    def test_half_a_frame_does_not_outlast_the_deadline(self):
        host = self.start(deadline="500ms")
        host.drop("half", "half")
        self.assertIn("time limit", self.failed(host, "half")["error"])

    def test_a_reason_of_megabytes_is_a_reason(self):
        host = self.start()
        host.drop("text", "text")
        failed = self.failed(host, "text")
        self.assertEqual(failed["error"][-28:], " … [cut: it had 6291456 bytes]"[-28:])
        self.assertLess(len(failed["error"].encode()), 5000)
        self.assertEqual([letter["class"] for letter in host.items("/api/dead-letters")], ["rejected"])

    def test_a_line_of_megabytes_is_a_line_of_the_hosts_log(self):
        host = self.start()
        host.drop("loud", "loud")
        eventually(lambda: host.inputs("planned"), host.log_tail)
        log = host.log.read_text()
        self.assertIn("[cut: it had 20971520 bytes]", log)
        self.assertLess(len(log), 1 << 20)

    def test_a_poll_may_bring_more_than_a_frame_holds(self):
        def config(folder):
            write_program(folder / "watch.py", SOURCE)
            queue = queue_config(folder / "input", {"plugin": "planwright.noop-planner"}, {"plugin": "planwright.noop-builder"})
            queue["source"] = {"plugin": "exec:./watch.py"}
            return {"queues": {"default": queue}}

        host = self.host(config=config)
        eventually(lambda: len(host.inputs()) == 200, lambda: (len(host.inputs()), host.log_tail()))


if __name__ == "__main__":
    main()
