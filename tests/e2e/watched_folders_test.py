#!/usr/bin/env python3
"""What a source may take files from, whatever people and programs say and links lead to: a host that is root can read
more than they."""

import shutil

from harness import ROOT, HostCase, eventually, main, queue_config

NOT_THERE = "it is not in a folder from which its source may take files"
SOURCE = """\
#!/usr/bin/env python3
import planwright
def poll(cursor, call):
    for path in call.settings["paths"] if not cursor else ():
        yield planwright.found(path.rsplit("/", 1)[1], path=path)
    return "done", 60
planwright.run(source=poll)
"""


class WatchedFolders(HostCase):
    def setUp(self):
        super().setUp()
        self.secrets = self.folder / "secrets"
        self.secrets.mkdir()
        (self.secrets / "secret.plan.yaml").write_text("not for inputs\n")

    def refusals(self, host):
        return [event["event"]["data"] for event in host.items("/api/events?type=file.refused")]

    def test_a_folder_set_by_the_api_and_swapped_for_a_link_shows_no_other(self):
        host = self.recipe_host()
        sub = host.input / "sub"
        sub.mkdir()
        self.assertEqual(host.call("PATCH", "/api/settings", {"watch_dir": str(sub)}).status, 200)
        host.drop("a.plan.yaml", "jobs: {one: {command: 'true'}}", sub)
        eventually(lambda: host.inputs(), lambda: host.log_tail())
        shutil.rmtree(sub)
        sub.symlink_to(self.secrets)
        eventually(lambda: NOT_THERE in str(self.refusals(host)), lambda: host.log_tail())
        self.assertEqual([item["filename"] for item in host.inputs()], ["a.plan.yaml"])

    def test_a_confined_program_names_only_files_that_it_may_see(self):
        seen = self.folder / "seen"
        seen.mkdir()
        (seen / "fine").write_text("fine")
        (seen / "link").symlink_to(self.secrets)
        paths = [f"{self.secrets}/secret.plan.yaml", f"{seen}/link/secret.plan.yaml", f"{seen}/../secrets/secret.plan.yaml",
                 "/etc/shadow", f"{seen}/fine"]

        def config(folder):
            folder.mkdir(exist_ok=True)
            (folder / "watch.py").write_text(SOURCE)
            (folder / "watch.py").chmod(0o755)
            shutil.copy(ROOT / "sdk" / "python" / "planwright.py", folder)
            queue = queue_config(folder / "input", {"plugin": "planwright.noop-planner"}, {"plugin": "planwright.noop-builder"})
            queue["source"] = {
                "plugin": "exec:./watch.py", "stable_for": "100ms", "readable": [str(seen)], "settings": {"paths": paths}}
            return {"queues": {"default": queue}}

        host = self.host(config=config)
        eventually(lambda: host.inputs(), lambda: host.log_tail())
        refused = eventually(lambda: len(self.refusals(host)) >= 2 and self.refusals(host), lambda: host.log_tail())
        self.assertEqual({refusal["filename"] for refusal in refused}, {"secret.plan.yaml", "shadow"}, refused)
        self.assertEqual([item["filename"] for item in host.inputs()], ["fine"])


if __name__ == "__main__":
    main()
