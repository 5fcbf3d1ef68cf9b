"""The machine of a run: how busy others keep it, and how much memory a process holds."""

import os
import pathlib
import platform
import re
import time

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def wait_for_quiet(seconds=15, idle_percent=85):
    """Waits until the machine is mostly idle, at most `seconds`, so that neighbours disturb a run less."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        busy, at = _busy_ticks(), time.monotonic()
        time.sleep(0.5)
        used = (_busy_ticks() - busy) / ((time.monotonic() - at) * TICKS_PER_SECOND * os.cpu_count())
        if used <= 1 - idle_percent / 100:
            return


def description():
    """Kind and number of cores, memory, kernel."""
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    name = cpu[1] if cpu else platform.machine()
    return f"{os.cpu_count()} cores ({name}), {memory:.0f} GiB, Linux {platform.release()}"


class Neighbours:
    """Measures the share of all cores that processes outside our own tree used since it was made, in percent."""

    def __init__(self):
        self._busy, self._ours, self._at = _busy_ticks(), _tree_ticks(), time.monotonic()

    def percent(self):
        elapsed = (time.monotonic() - self._at) * TICKS_PER_SECOND * os.cpu_count()
        others = (_busy_ticks() - self._busy) - (_tree_ticks() - self._ours)
        return round(max(0.0, 100 * others / elapsed), 1)


def resident_mb(pid):
    """Resident memory of one process in MB."""
    return _status_kb(pid, "VmRSS") / 1024


def peak_resident_mb(pid):
    return _status_kb(pid, "VmHWM") / 1024


def cpu_seconds(pid):
    """Of one process and all below it, since each began."""
    table = _process_table()
    return sum(table[each][1] for each in [pid, *descendants(pid)] if each in table) / TICKS_PER_SECOND


def descendants(pid):
    """The processes below `pid`, without itself."""
    children = {}
    for child, (parent, _) in _process_table().items():
        children.setdefault(parent, []).append(child)
    found, todo = [], [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def _status_kb(pid, field):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    return 0


def _busy_ticks():
    user, nice, system = (int(word) for word in pathlib.Path("/proc/stat").read_text().split()[1:4])
    return user + nice + system


def _tree_ticks():
    """CPU of this process and all below it, the ended ones included."""
    table = _process_table()
    return sum(table[pid][1] for pid in [os.getpid(), *descendants(os.getpid())] if pid in table)


def _process_table():
    table = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            stat = pathlib.Path(f"/proc/{entry}/stat").read_text()
        except OSError:
            continue  # ended meanwhile
        fields = stat[stat.rindex(")") + 2 :].split()
        table[int(entry)] = (int(fields[1]), sum(int(ticks) for ticks in fields[11:15]))
    return table
