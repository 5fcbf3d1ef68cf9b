#!/usr/bin/env python3
"""`planwright plugin new` for each language and stage, the whole way as its README says: made, built, tested, checked,
installed, and an item runs through it on a host."""

import os
import pathlib
import shutil
import sys
import tempfile

from commands import BINARY, BUILD, run
from harness import ROOT, HostCase, eventually, main, queue_config

COMPILED = ("cpp", "c", "rust")
# Plans one job for any builder: its spec is a text, and it leaves a file.
TEXT_PLANNER = """\
#!/usr/bin/env python3
import planwright
def plan(input, call):
    return {"jobs": [{"id": "one", "outputs": ["out.txt"], "spec": {"text": input.text()}}]}
planwright.run(planner=plan)
"""


class NewPluginTest(HostCase):
    @classmethod
    def setUpClass(cls):
        cls.sdk = pathlib.Path(tempfile.mkdtemp(prefix="planwright-sdk."))
        run("cmake", "--install", BUILD, "--prefix", cls.sdk, "--component", "sdk")
        cls.program = cls.sdk / "bin" / "planwright"

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.sdk)

    def new(self, language, stage):
        project = self.folder / f"my_{stage}"
        run(self.program, "plugin", "new", f"org.acme.my-{stage}", "--stage", stage, "--lang", language, "--dir", project)
        return project

    def compiled(self, language, stage):
        """A host with a new project that passed its own tests, `plugin check` among them."""
        if language == "rust" and not shutil.which("rustc"):
            print("rustc is not here: projects in Rust are not tried", file=sys.stderr)
            self.skipTest("rustc is not here")
        project = self.new(language, stage)
        build = project / "build"
        debians = pathlib.Path("/usr/bin/rustc")  # the oldest that is to work; a newer one may stand before it in PATH
        options = [f"-DRUSTC={debians}"] if debians.exists() else []
        run("cmake", "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={self.sdk}", "-DCMAKE_BUILD_TYPE=Debug", *options,
            cwd=project)
        run("cmake", "--build", build)
        tests = run("ctest", "--test-dir", build, "--output-on-failure")
        self.assertIn("100% tests passed, 0 tests failed out of 2", tests)
        self.assertIn(f"my_{stage}.check", tests)
        self.file = build / f"my_{stage}.so"
        run(self.program, "plugin", "run", self.file, *project.glob("samples/*"))
        return self.install(stage)

    def install(self, stage):
        """A host that begins with it in its store."""
        host = self.host(config=lambda folder: {"queues": {"default": self.queue(folder, stage)}}, start=False)
        run(BINARY, "plugin", "install", self.file, "--data", host.data)
        return host.start()

    def queue(self, folder, stage, mine=None):
        mine = mine or {"plugin": f"org.acme.my-{stage}"}
        noop = {"plugin": "planwright.noop-builder"}
        if stage == "planner":
            return queue_config(folder / "input", mine)
        if stage == "builder":
            return queue_config(folder / "input", {"plugin": self.text_planner(folder)}, mine)
        return {**queue_config(folder / "input", {"plugin": "planwright.noop-planner"}, noop), "source": mine}

    def text_planner(self, folder):
        """A program beside the configuration."""
        folder.mkdir(parents=True, exist_ok=True)
        program = folder / "text_planner.py"
        program.write_text(TEXT_PLANNER)
        program.chmod(0o755)
        shutil.copy(ROOT / "sdk" / "python" / "planwright.py", folder)
        return "exec:./text_planner.py"

    def assert_it_plans(self, host, jobs):
        host.drop("names.txt", "one\ntwo\n")
        plan = eventually(lambda: host.plans("built"), lambda: host.inputs())[0]
        self.assertEqual(sorted(host.jobs(plan["id"])), jobs)

    def assert_it_builds(self, host):
        host.drop("text", "hello")
        eventually(lambda: host.plans("built"), lambda: [host.inputs(), host.get("/api/jobs")])
        [artifact] = host.manifest(host.builds()[0]["id"])
        self.assertIn(b"hello", host.blob(artifact["digest"]))

    def assert_it_finds_a_file(self, host):
        """The new source looks into /var/tmp; what else is there is an input, too."""
        handle, path = tempfile.mkstemp(dir="/var/tmp", prefix="planwright-new-source-")
        self.addCleanup(os.unlink, path)
        os.fchmod(handle, 0o644)  # the source is another user than the host
        os.close(handle)
        name = pathlib.Path(path).name
        eventually(lambda: any(i["filename"] == name and i["status"] == "planned" for i in host.inputs()),
                   lambda: [name, host.inputs()])

    def assert_item_runs(self, language, stage):
        host = self.compiled(language, stage)
        if stage == "planner":
            self.assert_it_plans(host, ["line-1", "line-2"])
        elif stage == "builder":
            self.assert_it_builds(host)
        else:
            self.assert_it_finds_a_file(host)

    def program_project(self, stage):
        """A new project in Python that passed its own test, and a host whose configuration is beside it."""
        project = self.new("python", stage)
        run("python3", f"my_{stage}_test.py", cwd=project)
        run(BINARY, "plugin", "run", project / f"my_{stage}.py", *project.glob("samples/*"))
        mine = {"plugin": f"exec:{project}/my_{stage}.py"}
        if stage == "source":
            mine["readable"] = ["/var/tmp"]  # which the sandbox does not show otherwise
            self.assertIn("works-again ok", run(BINARY, "plugin", "check", project / f"my_{stage}.py"))
            return self.host(config=lambda folder: {"queues": {"default": self.queue(folder, stage, mine)}})
        checked = run(BINARY, "plugin", "check", project / f"my_{stage}.py", "--input", project / "samples")
        self.assertIn("takes-its-samples ok", checked)
        if stage == "planner":
            return self.host(config=lambda folder: {"queues": {"default": queue_config(folder / "input", mine)}})
        return self.host(config=lambda folder: {"queues": {"default": queue_config(
            folder / "input", {"plugin": self.text_planner(folder)}, mine)}})

    def test_a_planner_in_python(self):
        self.assert_it_plans(self.program_project("planner"), ["line-1", "line-2"])

    def test_a_builder_in_python(self):
        self.assert_it_builds(self.program_project("builder"))

    def test_a_source_in_python(self):
        self.assert_it_finds_a_file(self.program_project("source"))


def whole_way(language, stage):
    return lambda self: self.assert_item_runs(language, stage)


for language in COMPILED:
    for stage in ("planner", "builder", "source"):
        setattr(NewPluginTest, f"test_a_{stage}_in_{language}", whole_way(language, stage))


if __name__ == "__main__":
    main()
