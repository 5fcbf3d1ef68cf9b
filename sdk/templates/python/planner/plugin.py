#!/usr/bin/env python3
"""A planwright planner: one job for each line of the input."""

import planwright


def plan(input, call):
    jobs = []
    for number, name in enumerate(input.text().splitlines(), 1):
        if not name:
            planwright.reject(f"line {number} is empty")
        jobs.append({
            "id": f"line-{number}",
            "inputs": {"name.txt": {"text": name}},
            "outputs": ["greeting.txt"],
            "spec": {"command": 'echo "hello $(cat name.txt)" > greeting.txt'},
        })
        call.progress(number)  # and leaves when the host wants this call to stop
    call.log(f"planned {len(jobs)} lines")
    return {"jobs": jobs}


if __name__ == "__main__":
    planwright.run(planner=plan)
