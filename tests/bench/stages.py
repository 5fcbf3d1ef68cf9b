"""What a stage costs in the host and in a process of its own: calls, starts, and the drain with both."""

import json
import subprocess

import drain
from host import NOOP_BUILDER, NOOP_PLANNER

CHILD_PLANNER = NOOP_PLANNER.replace("{{plugin:", "{{isolation: process, plugin:")
CHILD_BUILDER = NOOP_BUILDER.replace("{plugin:", "{isolation: process, plugin:")


def calls(program, folder):
    """Medians of stage_bench, which stands beside the program."""
    folder.mkdir()
    bench = next(path for path in (program.parent / "stage_bench", program.parent / "tests/bench/stage_bench") if path.exists())
    command = [bench, program, program.parent / "plugins", folder]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=120).stdout)


def child_drain(services, program, folder, items):
    """As the drain, with planners and builders in processes."""
    return drain.drain(services, program, folder, items, jobs=1, planner=CHILD_PLANNER, builder=CHILD_BUILDER)
