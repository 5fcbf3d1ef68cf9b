#!/usr/bin/python3
"""No dropped file is missed: thousands of them, a small inotify queue, and a host that is killed twice."""

import pathlib
import threading

from harness import HostCase, eventually, main, queue_config

FILES = 20_000
SMALL_QUEUE = 256  # events that the kernel keeps before it drops some; the default is 16,384
QUEUE_SIZE = pathlib.Path("/proc/sys/fs/inotify/max_queued_events")


class FilesTest(HostCase):
    def setUp(self):
        super().setUp()
        try:
            before = QUEUE_SIZE.read_text()
            QUEUE_SIZE.write_text(str(SMALL_QUEUE))
            self.addCleanup(QUEUE_SIZE.write_text, before)
        except OSError:
            pass  # not root, or /proc/sys is read-only: 20,000 files overflow the default too

    def config(self, folder):
        queue = queue_config(folder / "input", auto_plan=False)
        queue["source"]["settings"]["rescan_every"] = "2s"
        return {"queues": {"default": queue}}

    def test_every_dropped_file_is_recorded_once(self):
        host = self.host(config=self.config)
        names = [f"{i:05}.plan.yaml" for i in range(FILES)]

        def drop_all():
            for name in names:
                host.drop(name, name)

        writer = threading.Thread(target=drop_all)
        writer.start()

        def recorded():
            return int(host.sql("select count(*) from pending_inputs")[0][0])

        def until(count):  # however slow the machine is: only a minute without any progress fails
            seen = recorded()
            while seen < count:
                eventually(lambda: recorded() > seen, lambda: f"no more than {seen} recorded", 60)
                seen = recorded()

        for part in (0.1, 0.5):
            until(part * FILES)
            host.kill()
            host.start()
        writer.join()
        until(FILES)
        rows = host.sql("select filename, generation from pending_inputs order by 1")
        self.assertEqual(rows, [[name, "1"] for name in names])


if __name__ == "__main__":
    main()
