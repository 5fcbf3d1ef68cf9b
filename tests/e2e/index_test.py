#!/usr/bin/python3
"""The wheels that builds left, as a package index: /simple/QUEUE/ and /simple/QUEUE@PLAN/, read by pip."""

import base64
import hashlib
import html.parser
import http.client
import io
import json
import os
import re
import subprocess
import sys
import urllib.parse
import zipfile

from harness import BINARY, HostCase, eventually, main, queue_config

JSON = "application/vnd.pypi.simple.v1+json"
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
ALONE = {"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_CACHE_DIR": "1", "PYTHONNOUSERSITE": "1"}


def wheel(name, version="1.0", requires=(), python=">=3.8", padding=0):
    """The bytes of a wheel whose module says its version."""
    module = re.sub(r"[^a-z0-9]+", "_", name.lower())
    info = f"{re.sub(r'[-_.]+', '_', name)}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: {python}\n"
    metadata += "".join(f"Requires-Dist: {project}\n" for project in requires) + "\nRequires-Python: none of it\n"
    files = {
        f"{module}.py": f"version = '{version}'\n",
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if padding:
        files["padding.bin"] = hashlib.sha512(name.encode()).hexdigest() * (padding // 128)
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED if padding else zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), text)
    return out.getvalue()


def file_of(name, version="1.0"):
    return f"{re.sub(r'[-_.]+', '_', name)}-{version}-py3-none-any.whl"


def recipe(files):
    """A recipe with a job for each of these, which leaves that file in dist/."""
    jobs = {}
    for i, (name, content) in enumerate(files.items()):
        text = base64.b64encode(content).decode()
        command = ["sh", "-c", 'mkdir dist; echo "$1" | base64 -d > "dist/$2"', "sh", text, name]
        jobs[f"j{i}"] = {"command": command, "outputs": [f"dist/{name}"]}
    return json.dumps({"jobs": jobs})


class Links(html.parser.HTMLParser):
    """The links of a page: [(text, attributes)]."""

    def __init__(self, page):
        super().__init__()
        self.links, self._open = [], False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.links.append(["", dict(attrs)])
        self._open = tag == "a"

    def handle_data(self, data):
        if self._open:
            self.links[-1][0] += data

    def handle_endtag(self, tag):
        self._open = False


class IndexTest(HostCase):
    def built(self, host, name, files):
        """Drops a recipe of these files; gives its plan, once it is built."""
        before = {plan["id"] for plan in host.plans("built")}
        host.drop(name, recipe(files))

        def new():
            return next((p for p in host.plans("built") if p["filename"] == name and p["id"] not in before), None)

        return eventually(new, lambda: f"{name} is built: {host.plans()}", 60)

    def ask(self, host, method, path, **headers):
        """One request, no redirect followed: (status, headers, body)."""
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(host.url).netloc, timeout=30)
        shown = {**host.shown, **headers}
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in shown.items()})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, answer.headers, body

    def page(self, host, path, expect=200):
        """A page as JSON."""
        answer = host.call("GET", path, headers={"Accept": JSON})
        self.assertEqual(answer.status, expect, answer.body)
        self.assertIn("json", answer.headers["Content-Type"])
        return answer.json

    def files(self, host, index, project):
        return {f["filename"]: f for f in self.page(host, f"/simple/{index}/{project}/")["files"]}

    def index(self, host, path):
        """An address for pip, with a token as it takes one."""
        return host.url.replace("://", f"://token:{host.token}@") + path

    def pip(self, *words, expect=0):
        done = subprocess.run(list(map(str, words)), env={**os.environ, **ALONE}, capture_output=True, text=True)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def download(self, host, index, *words, expect=0):
        """The files that pip takes from the index."""
        folder = self.folder / f"taken-{index}"
        self.pip(*PIP, "download", "-d", folder, "--index-url", self.index(host, f"/simple/{index}/"), *words, expect=expect)
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def test_pip_installs_from_it_at_once(self):
        host = self.recipe_host()
        wheels = {
            file_of("Foo.Bar__baz"): wheel("Foo.Bar__baz", requires=["plain>=1"]),
            file_of("plain"): wheel("plain"),
            file_of("future"): wheel("future", python=">=4"),
        }
        plan = self.built(host, "tools.plan.yaml", wheels)
        self.assertEqual(plan["index_url"], f"/simple/default@{plan['id']}/")
        place = self.folder / "venv"
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        pip = [place / "bin" / "pip", "--disable-pip-version-check", "install", "--index-url"]
        self.pip(*pip, self.index(host, "/simple/default/"), "foo-bar.BAZ")
        shown = self.pip(place / "bin" / "python", "-c", "import foo_bar_baz as f, plain as p; print(f.version, p.version)")
        self.assertEqual(shown, "1.0 1.0\n")
        refused = self.pip(*pip, self.index(host, "/simple/default/"), "future", expect=1)
        self.assertIn(">=4", refused)

        lines = [
            f"{project}==1.0 --hash=sha256:{hashlib.sha256(wheels[file_of(name)]).hexdigest()}"
            for project, name in [("foo-bar-baz", "Foo.Bar__baz"), ("plain", "plain")]
        ]
        good, bad = self.folder / "good.txt", self.folder / "bad.txt"
        good.write_text("\n".join(lines))
        bad.write_text("\n".join(lines).replace(lines[1][-8:], "00000000"))
        own = self.index(host, plan["index_url"])
        self.pip(*pip, own, "--require-hashes", "--force-reinstall", "-r", good)
        self.assertIn("HASHES", self.pip(*pip, own, "--require-hashes", "--force-reinstall", "-r", bad, expect=1))
        # What the command line and the page say, is what works.
        said = subprocess.run(
            [BINARY, "watch", "plan", str(plan["id"])], env=host.env, capture_output=True, text=True, check=True
        ).stderr
        self.assertIn(f"pip install --index-url {host.url}{plan['index_url']} ", said)

    def test_the_newest_plan_of_each_file_counts_and_a_named_one_stays(self):
        host = self.recipe_host()
        other = self.built(host, "other.plan.yaml", {file_of("other"): wheel("other")})
        first = self.built(host, "a.plan.yaml", {file_of("foo"): wheel("foo"), file_of("gone"): wheel("gone")})
        self.assertEqual(self.download(host, "default", "foo", "other"), [file_of("foo"), file_of("other")])
        second = self.built(host, "a.plan.yaml", {file_of("foo", "2.0"): wheel("foo", "2.0")})
        projects = {p["name"] for p in self.page(host, "/simple/default/")["projects"]}
        self.assertEqual(projects, {"foo", "other"}, "what the newest plan of its file did not build is not there")
        self.assertEqual(list(self.files(host, "default", "foo")), [file_of("foo", "2.0")])
        for plan, version in ((first, "1.0"), (second, "2.0")):
            self.assertEqual(self.download(host, f"default@{plan['id']}", "foo"), [file_of("foo", version)])
        self.download(host, f"default@{first['id']}", "other", expect=1)

        # Built again, an old plan is as it was, and the newest stays the newest.
        host.cli("enqueue-build", first["id"], "--force")
        host.cli("watch", "plan", first["id"], "--timeout", "60s")
        self.assertEqual(list(self.files(host, "default", "foo")), [file_of("foo", "2.0")])
        # While the newest is built again, what it left is served.
        host.call("POST", "/api/queues/default/build/pause", {})
        host.cli("enqueue-build", second["id"], "--force")
        self.assertEqual(host.get(f"/api/plans/{second['id']}")["status"], "ready_for_build")
        self.assertEqual(list(self.files(host, "default", "foo")), [file_of("foo", "2.0")])
        self.assertEqual(self.files(host, f"default@{other['id']}", "other").keys(), {file_of("other")})
        host.call("POST", "/api/queues/default/build/resume", {})
        host.cli("watch", "plan", second["id"], "--timeout", "60s")

    def test_of_two_files_of_one_name_that_of_the_newest_plan_counts(self):
        host = self.recipe_host()
        old, new = wheel("foo"), wheel("foo", requires=["more"])
        plans = [
            self.built(host, name, {file_of("foo"): content}) for name, content in (("b.plan.yaml", old), ("a.plan.yaml", new))
        ]
        self.assertEqual(self.served(host, "default", file_of("foo")), new)
        self.assertEqual(self.served(host, f"default@{plans[0]['id']}", file_of("foo")), old)

    def served(self, host, index, file, suffix=""):
        """The bytes that the page of `foo` leads to."""
        found = self.files(host, index, "foo")[file]
        answer = host.call("GET", f"/simple/{index}/foo/{found['url']}{suffix}")
        self.assertEqual(answer.status, 200, answer.body)
        return answer.body

    def test_pages_are_what_installers_expect(self):
        host = self.recipe_host()
        content = wheel("foo", "1.0+local.1", python=">=3.8,<4")
        name = file_of("foo", "1.0+local.1")
        self.built(host, "a.plan.yaml", {name: content, "not-a-wheel.txt": b"x", file_of("b.a.r"): wheel("b.a.r")})
        digest = hashlib.sha256(content).hexdigest()
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            metadata = archive.read("foo-1.0+local.1.dist-info/METADATA")
        says = hashlib.sha256(metadata).hexdigest()
        page = self.page(host, "/simple/default/foo/")
        self.assertEqual((page["name"], page["versions"], page["meta"]), ("foo", ["1.0+local.1"], {"api-version": "1.1"}))
        url = f"{digest}/foo-1.0%2Blocal.1-py3-none-any.whl"
        self.assertEqual(
            page["files"],
            [
                {
                    "filename": name, "url": url, "hashes": {"sha256": digest}, "size": len(content),
                    "requires-python": ">=3.8,<4", "core-metadata": {"sha256": says}, "data-dist-info-metadata": {"sha256": says},
                }
            ],
        )  # fmt: skip
        self.assertEqual(self.served(host, "default", name), content)
        self.assertEqual(self.served(host, "default", name, ".metadata"), metadata)
        self.assertEqual(self.page(host, "/simple/default/"), {"meta": page["meta"], "projects": [{"name": "b-a-r"}, {"name": "foo"}]})

        plain = host.call("GET", "/simple/default/foo/")
        self.assertEqual(plain.headers["Content-Type"], "text/html; charset=utf-8")
        ((text, attributes),) = Links(plain.body.decode()).links
        expected = {
            "href": f"{url}#sha256={digest}", "data-requires-python": ">=3.8,<4",
            "data-core-metadata": f"sha256={says}", "data-dist-info-metadata": f"sha256={says}",
        }  # fmt: skip
        self.assertEqual((text, attributes), (name, expected))
        links = Links(host.call("GET", "/simple/default/").body.decode()).links
        self.assertEqual([link[1]["href"] for link in links], ["b-a-r/", "foo/"])

        for wanted in (JSON, "text/html", "application/vnd.pypi.simple.v1+html"):
            for path in ("/simple/default/", "/simple/default/foo/"):
                status, headers, body = self.ask(host, "GET", path, Accept=wanted)
                self.assertEqual((status, headers["Content-Type"].split(";")[0]), (200, wanted))
                self.assertEqual(headers["Vary"], "Accept")
                status, head, nothing = self.ask(host, "HEAD", path, Accept=wanted)
                self.assertEqual((status, nothing, head["Content-Length"]), (200, b"", str(len(body))))
                status, _, nothing = self.ask(host, "GET", path, Accept=wanted, If_None_Match=headers["ETag"])
                self.assertEqual((status, nothing), (304, b""))

        for path, place in {
            "/simple/default": "./default/",
            "/simple/default/foo": "./foo/",
            "/simple/default/B_a..R/": "../b-a-r/",
            "/simple/default/F%6fO/": "../foo/",
        }.items():
            status, headers, _ = self.ask(host, "GET", path)
            self.assertEqual((status, headers["Location"]), (301, place), path)

    def test_what_is_not_there_is_said(self):
        def config(folder):
            queues = {name: queue_config(folder / "inputs" / name, auto_build=name != "manual") for name in ("default", "other", "manual")}
            return {"queues": queues}

        host = self.host(config=config)
        for name in ("default", "manual"):
            host.drop("a.plan.yaml", recipe({file_of("foo"): wheel("foo")}), host.folder / "inputs" / name)
        host.drop("none.plan.yaml", "jobs: {a: {command: ['true']}}", host.folder / "inputs" / "default")
        eventually(lambda: len(host.plans("built")) == 2 and len(host.plans()) == 3, lambda: f"{host.plans()}", 60)
        plans = {(plan["queue"], plan["filename"]): plan["id"] for plan in host.plans()}
        self.assertEqual(self.page(host, "/simple/other/")["projects"], [], "a queue that has built nothing")
        self.assertEqual(self.page(host, "/simple/manual/")["projects"], [])
        foo = plans["default", "a.plan.yaml"]
        for path, words in {
            "/simple/nope/": "no queue nope",
            "/simple/nope/foo/": "no queue nope",
            "/simple/default/bar/": "no project bar",
            "/simple/default@999/": "no plan 999",
            "/simple/default@x/": "no plan x",
            "/simple/default@/": "no plan",
            f"/simple/default@-{foo}/": "no plan",
            f"/simple/other@{foo}/": f"/simple/default@{foo}/",
            f"/simple/manual@{plans['manual', 'a.plan.yaml']}/": "it is ready_for_build",
            f"/simple/default@{plans['default', 'none.plan.yaml']}/foo/": "no wheels",
            f"/simple/default/foo/{'0' * 64}/{file_of('foo')}": "pruned",
            f"/simple/default/foo/{'0' * 64}/{file_of('foo')}.metadata": "",
            "/simple/default/foo/x/y.whl": "",
            "/simple/": "/simple/QUEUE/",
            "/simple/default/foo/x": "nothing at",
        }.items():
            answer = host.call("GET", path, headers={"Accept": JSON})
            self.assertIn(answer.status, (404, 410), path)
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json", path)
            self.assertIn(words, answer.json["detail"], path)
        self.assertEqual(host.call("GET", "/simple/default/?x=1").status, 400)
        self.assertEqual(host.call("POST", "/simple/default/", b"x").status, 405)

    def test_wheels_of_strangers_are_listed_without_harm(self):
        host = self.recipe_host()
        bomb = io.BytesIO()
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            archive.writestr("bomb-1.0.dist-info/METADATA", b"\0" * (32 << 20))
        self.assertLess(len(bomb.getvalue()), 64 << 10)
        files = {
            file_of("none"): b"no zip",
            file_of("bomb"): bomb.getvalue(),
            "a_project-1.0-py3-none-<b onload=x>&amp;.whl": wheel("a.project"),
            "under__score-1.0-1-py3-none-any.whl": wheel("under__score"),
            "-1.0-py3-none-any.whl": wheel("x"),
            "__-1.0-py3-none-any.whl": wheel("x"),
            "x y-1.0-py3-none-any.whl": wheel("x"),
        }
        self.built(host, "a.plan.yaml", files)
        projects = [p["name"] for p in self.page(host, "/simple/default/")["projects"]]
        self.assertEqual(projects, ["a-project", "bomb", "none", "under-score"], "those that can be asked for")
        for project in ("none", "bomb"):
            ((name, found),) = self.files(host, "default", project).items()
            self.assertEqual(found.keys(), {"filename", "url", "hashes", "size"}, name)
            path = f"/simple/default/{project}/{found['url']}"
            self.assertEqual(host.call("GET", path).body, files[name])
            self.assertEqual(host.call("GET", path + ".metadata").status, 404)
        (link,) = Links(host.call("GET", "/simple/default/a-project/").body.decode()).links
        self.assertEqual(link[0], "a_project-1.0-py3-none-<b onload=x>&amp;.whl", "the page shows what it is, and no more")
        self.assertEqual(self.download(host, "default", "under-score"), ["under__score-1.0-1-py3-none-any.whl"])

    def test_a_wheel_whose_bytes_are_lost_says_how_they_come_back(self):
        host = self.recipe_host()
        content = wheel("foo", padding=64 << 10)
        plan = self.built(host, "a.plan.yaml", {file_of("foo"): content})
        digest = hashlib.sha256(content).hexdigest()
        (path,) = [path for path in host.data.rglob(f"*{digest[2:]}*") if path.is_file()]
        path.write_bytes(content[:-1] + b"?")
        (found,) = self.files(host, "default", "foo").values()
        self.assertNotIn("core-metadata", found, "nothing is said of bytes that are not its own")
        answer = host.call("GET", f"/simple/default/foo/{found['url']}")
        self.assertEqual(answer.status, 503)
        self.assertIn("enqueue-build", answer.json["detail"])
        host.cli("enqueue-build", plan["id"], "--force")
        host.cli("watch", "plan", plan["id"], "--timeout", "60s")
        self.assertIn("core-metadata", self.files(host, "default", "foo")[file_of("foo")])
        self.assertEqual(self.served(host, "default", file_of("foo")), content)


if __name__ == "__main__":
    main()
