#!/usr/bin/python3
"""What check-config and serve say of a configuration file: every mistake at once, each with its line and the remedy."""

import itertools
import pathlib
import re
import subprocess

from harness import BINARY, ROOT, HostCase, eventually, main

MANY = """\
secrets:
  TOKEN: {file: run/token}
plugins: {require_lock: true}
queues:
  wheels:
    source: {plugin: planwright.folder, settings: {path: drop}, pattern: "[a-"}
    planner: {plugin: planwright.recipe, limits: {memory: 1GiB}}
    builder: {plugin: planwright.command, settings: {sandbox: maybe}, secrets: [TOKEN]}
  more:
    source: {plugin: planwright.folder, settings: {path: missing, poll_every: soon}}
    planner: {plugin: planwright.recipe@^1}
  again:
    source: [{plugin: planwright.git, settings: {url: /srv/repo, path: "*.[t"}}, {plugin: planwright.folder, settings: {path: missing}}]
    planner: {plugin: planwright.recipe, isolation: process, worker_sandbox: {profile: strict, network: true}}
"""


class ConfigTest(HostCase):
    def run_planwright(self, *words):
        done = subprocess.run([BINARY, *words], capture_output=True, text=True, cwd=self.folder, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def write(self, text):
        (self.folder / "team.yaml").write_text(text)
        (self.folder / "drop").mkdir(exist_ok=True)

    def test_check_config_says_every_mistake_at_once(self):
        self.write(MANY)
        code, said = self.run_planwright("check-config", "team.yaml")
        self.assertEqual(code, 2, said)
        here = str(self.folder)
        expected = [
            ("2:17", f"the secret TOKEN has no file {here}/run/token; write its value there"),
            ("3:25", f"There is no {here}/plugins.lock; write it with `planwright plugin lock`"),
            ("6:74", 'pattern: "[a-" has a [ that no ] closes'),
            ("7:50", "limits means nothing for planwright.recipe, which starts no programs and runs inside the host; write isolation: process"),
            ("8:63", "settings of planwright.command: /sandbox: must be one of"),
            ("10:58", f'queue "more" watches {here}/missing, which does not exist; make it (mkdir -p)'),
            ("10:79", '"soon" is not a time; write a whole number with ms, s, min, h or d'),
            ("11:23", "a version after @ means nothing; write plugin: planwright.recipe"),
            ("13:72", '"*.[t" has a [ that no ] closes'),
            ("13:127", f'queue "more" watches {here}/missing too (team.yaml:10:58)'),
            ("14:78", "worker_sandbox cannot give planwright.recipe the network"),
        ]
        lines = said.splitlines()
        self.assertEqual(len(lines), len(expected), said)
        for line, (place, what) in zip(lines, expected):
            self.assertTrue(line.startswith(f"team.yaml:{place}: "), (line, place))
            self.assertIn(what, line)

    def test_a_file_for_another_machine_can_be_checked(self):
        self.write("queues: {a: {source: {plugin: planwright.folder, settings: {path: /no/such}}}}")
        self.assertEqual(self.run_planwright("check-config", "team.yaml")[0], 2)
        self.assertEqual(
            self.run_planwright("check-config", "--elsewhere", "team.yaml"), (0, "team.yaml: ok, 1 queue\n")
        )

    def test_a_host_does_not_start_without_the_lock_that_it_must_have(self):
        self.write("plugins:\n  require_lock: true\n")
        code, said = self.run_planwright("serve", "--config", "team.yaml", "--data", "data")
        self.assertEqual(code, 2, said)
        self.assertIn("team.yaml:2:17: There is no ", said)

    def test_a_folder_that_is_missing_is_not_made_and_is_watched_once_it_is_there(self):
        folder = self.folder / "mount" / "drop"

        def config(_):
            source = {"plugin": "planwright.folder", "settings": {"path": str(folder)}, "stable_for": "100ms"}
            return {"queues": {"default": {"auto_plan": True, "source": source}}}

        host = self.host(config=config)
        state = lambda: host.call("GET", "/readyz").body.decode()
        eventually(lambda: "No such file or directory" in state(), state)
        self.assertFalse(folder.parent.exists())
        self.assertIn("which does not exist", host.log_tail())
        folder.mkdir(parents=True)
        (folder / "a.plan.yaml").write_text("jobs: {a: {command: 'true'}}")
        eventually(lambda: host.plans(), lambda: host.inputs())

    def test_limits_of_a_source_hold_for_its_process(self):
        def config(folder):
            source = {
                "plugin": "planwright.folder",
                "settings": {"path": str(folder / "input")},
                "isolation": "process",
                "limits": {"memory": "1GiB", "files": 77, "cpu": "1min"},
            }
            return {"queues": {"default": {"source": source}}}

        self.host(config=config)
        eventually(lambda: any(limit == "77" for limit in self.open_file_limits()), self.open_file_limits)

    @staticmethod
    def open_file_limits():
        limits = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if (process / "comm").read_text().strip() == "pw-worker":
                    lines = (process / "limits").read_text().splitlines()
                    limits += [line.split()[3] for line in lines if line.startswith("Max open files")]
            except OSError:
                pass
        return limits


class ReadmeTest(HostCase):
    """The examples of the READMEs."""

    def test_every_file_of_the_readme_is_a_good_one(self):
        (self.folder / "planner.py").write_text("#!/usr/bin/env python3\n")
        (self.folder / "planner.py").chmod(0o755)
        blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "host" / "config" / "README.md").read_text(), re.S)
        self.assertGreater(len(blocks), 10)
        for block in blocks:
            (self.folder / "example.yaml").write_text(block)
            command = [BINARY, "check-config", "--elsewhere", "example.yaml"]
            done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, block + done.stderr)

    def test_every_command_of_the_readmes_exists_with_its_options(self):
        commands = set()
        for readme in (ROOT / "README.md", ROOT / "host" / "cli" / "README.md", ROOT / "host" / "config" / "README.md"):
            for block in re.findall(r"```sh\n(.*?)```", readme.read_text(), re.S):
                commands |= set(re.findall(r"^(?:build/)?planwright ([^#\n&]*)", block, re.M))
        self.assertGreater(len(commands), 15)
        for command in sorted(commands):
            words = list(itertools.takewhile(lambda word: re.fullmatch(r"[a-z][a-z-]*", word), command.split()))
            done = subprocess.run([BINARY, *words, "--help"], capture_output=True, text=True, timeout=20)
            self.assertEqual(done.returncode, 0, command + done.stderr)
            for option in re.findall(r"(?<= )--?[a-z][a-z-]*", command):
                self.assertIn(option, done.stdout, command)


if __name__ == "__main__":
    main()
