#!/usr/bin/python3
"""The cache of job results under loss: what went from the blob store is made again, unattended, and no more than that."""

import hashlib
import json
import math
import os
import random

from harness import HostCase, eventually, main

WIDTH = 20  # of each of the three layers
LOST = 0.05  # of the blob files
SIZE = 20_000  # bytes: larger than what lives in a row


def recipe():
    """Three layers of jobs; each but the first copies its two producers and adds lines of its own."""
    jobs = {}
    for layer in range(3):
        for i in range(WIDTH):
            needs = [f"{layer - 1}-{i}", f"{layer - 1}-{(i + 1) % WIDTH}"] if layer else []
            jobs[f"{layer}-{i}"] = {
                "command": f"{{ cat *.in; yes {layer}-{i} | head -c {SIZE}; }} > out" if layer else
                           f"yes {layer}-{i} | head -c {SIZE} > out",
                "needs": needs,
                "inputs": {f"{need}.in": f"{need}/out" for need in needs},
                "outputs": ["out"],
                "cacheable": True,
            }
    return json.dumps({"jobs": jobs})


class CacheTest(HostCase):
    def setUp(self):
        super().setUp()
        self.server = self.recipe_host()

    def artifacts(self, build):
        return {(a["name"], a["digest"]) for a in self.server.manifest(build)}

    def build_again(self, plan):
        """Gives the jobs that the cache was to answer for, those that it did, and the artifacts."""
        forecast = self.server.get(f"/api/plans/{plan}/cache")["items"]
        before = len(self.server.builds())
        self.server.call("POST", f"/api/plans/{plan}/enqueue-build", {"force": True})
        eventually(lambda: len(self.server.builds("built")) > before, lambda: f"{self.server.builds()}", 60)
        latest = max(build["id"] for build in self.server.builds())
        actual = {name for name, job in self.server.jobs(plan).items() if job["status"] == "cached"}
        return {item["name"] for item in forecast if item["result"] == "hit"}, actual, self.artifacts(latest)

    def test_lost_blobs_are_made_again_and_nothing_else_runs(self):
        self.server.drop("layers.plan.yaml", recipe())
        plan = eventually(lambda: self.server.plans("built"), lambda: f"{self.server.plans()}", 60)[0]
        first = self.artifacts(plan["build_id"])
        names = set(self.server.jobs(plan["id"]))
        self.assertEqual((len(first), len(names)), (3 * WIDTH, 3 * WIDTH))

        seed = int(os.environ.get("CACHE_SEED", random.randrange(1 << 32)))
        blobs = sorted(file for file in (self.server.data / "blobs" / "sha256").rglob("*") if file.is_file())
        lost = random.Random(seed).sample(blobs, math.ceil(LOST * len(blobs)))
        print(f"CACHE_SEED={seed}: {len(lost)} of {len(blobs)} blobs lost")
        makers = {
            name for name, job in self.server.jobs(plan["id"]).items()
            if any(output["digest"][len("sha256:") :] in {file.name for file in lost} for output in job["outputs"])
        }  # fmt: skip
        self.assertEqual(len(makers), len(lost))
        for file in lost:
            file.unlink()

        forecast, actual, artifacts = self.build_again(plan["id"])
        self.assertEqual(actual, names - makers, "only what made the lost ones runs")
        self.assertEqual(forecast, actual)
        self.assertEqual(artifacts, first)
        for name, digest in first:
            self.assertEqual("sha256:" + hashlib.sha256(self.server.blob(digest)).hexdigest(), digest, name)
        self.assertEqual(self.build_again(plan["id"]), (names, names, first), "no job runs")


if __name__ == "__main__":
    main()
