#!/usr/bin/env python3
"""The SDK as an author gets it: installed into a prefix, plugins are built out of the tree."""

import json
import os
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

from commands import BINARY, BUILD, ROOT, main, run

README = (ROOT / "sdk" / "README.md").read_text()


def compilers():
    """(name, CMake options) of those that are here; g++ must be."""
    yield "g++", ["-DCMAKE_CXX_COMPILER=g++"]
    if shutil.which("clang++"):
        yield "clang++", ["-DCMAKE_CXX_COMPILER=clang++"]
    else:
        print("clang++ is not here: only g++ is tried", file=sys.stderr)


def readme_file(start):
    """The code block of sdk/README.md that begins with `start`."""
    for block in re.findall(r"^```\w+\n(.*?)^```$", README, re.S | re.M):
        if block.startswith(start):
            return block
    raise AssertionError(f"sdk/README.md has no block that begins with {start!r}")


class Sdk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="planwright-sdk."))
        cls.prefix = cls.folder / "planwright"
        run("cmake", "--install", BUILD, "--prefix", cls.prefix, "--component", "sdk")
        cls.program = cls.prefix / "bin" / "planwright"

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def build(self, project, *options):
        run("cmake", "-B", "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={self.prefix}", "-DCMAKE_BUILD_TYPE=Debug",
            *options, cwd=project)
        run("cmake", "--build", "build", cwd=project)
        return project / "build"

    def project(self, name, **files):
        folder = self.folder / name
        folder.mkdir()
        for file, text in files.items():
            (folder / file.replace("__", ".")).write_text(text)
        return folder

    def test_holds_what_an_author_needs_and_nothing_else(self):
        files = {str(path.relative_to(self.prefix)) for path in self.prefix.rglob("*") if path.is_file()}
        for needed in ("bin/planwright", "include/planwright/plugin.h", "include/planwright/plugin.hpp",
                       "share/planwright/schema/plan.schema.json", "lib/cmake/planwright/planwright-config.cmake"):
            self.assertIn(needed, files)
        self.assertEqual([file for file in files if file.endswith(".so")], [])

    def lines(self, name):
        """The project of the README, as a reader types it."""
        return self.project(name, plugin__json=readme_file("{"), lines__cc=readme_file("#include <planwright/plugin.hpp>"),
                            CMakeLists__txt=readme_file("cmake_minimum_required"))

    def test_the_planner_of_the_readme_is_built_by_every_compiler(self):
        for compiler, options in compilers():
            with self.subTest(compiler):
                plugin = self.build(self.lines(f"lines-{compiler}"), *options) / "lines.so"
                manifest = json.loads(run(self.program, "plugin", "inspect", plugin, "-o", "json"))
                self.assertEqual(manifest["id"], "org.example.lines")
                exported = [line.split()[-1] for line in run("nm", "-D", "--defined-only", plugin).splitlines()]
                self.assertEqual(exported, ["planwright_module"])

    def test_the_readme_can_be_followed_to_the_letter(self):
        project = self.lines("lines")
        commands = readme_file("cmake -B build")
        environment = {**os.environ, "HOME": str(self.folder), "PATH": f"{self.prefix}/bin:{os.environ['PATH']}"}
        run("sh", "-eu", "-c", commands, cwd=project, env=environment)
        plan = json.loads((project / "plan.json").read_text())
        self.assertEqual([job["id"] for job in plan["jobs"]], ["line-1", "line-2"])
        self.assertIn("hi $(cat name.txt)", plan["jobs"][0]["spec"]["command"])
        config = project / "planwright.yaml"
        (project / "drop").mkdir()
        config.write_text(readme_file("plugins:").replace("/home/me/lines/build", str(project / "build")))
        self.assertIn("ok, 1 queue", run(BINARY, "check-config", config))

    def test_the_reference_has_no_warnings(self):
        run("doxygen", BUILD / "sdk" / "Doxyfile")
        page = (BUILD / "docs" / "sdk" / "html" / "plugin_8h.html").read_text()
        self.assertIn("transient: the queue retries with backoff", page)

    def test_c_needs_no_other_language(self):
        project = self.project(
            "nothing",
            plugin__json=json.dumps({"manifest": 1, "id": "org.example.nothing", "version": "1.0.0", "abi": "1.0",
                                     "stages": ["planwright.planner/1"]}),
            nothing__c="""\
#include <planwright/plugin.h>
static const void *nothing(const char *id) { (void)id; return 0; }
PW_EXPORT const pw_module planwright_module = {PW_MAGIC, sizeof(pw_module), PW_ABI_MAJOR, PW_ABI_MINOR,
                                              "org.example.nothing", "1.0.0", 0, nothing, 0};
""",
            CMakeLists__txt="""\
cmake_minimum_required(VERSION 3.20)
project(nothing C)
find_package(planwright 1 REQUIRED)
planwright_add_plugin(nothing MANIFEST plugin.json SOURCES nothing.c)
target_compile_options(nothing PRIVATE -std=c99 -Wall -Wextra -Wpedantic -Werror)
""")
        plugin = self.build(project) / "nothing.so"
        self.assertIn("org.example.nothing 1.0.0", run(self.program, "plugin", "inspect", plugin))

    def test_a_project_never_overwrites_another(self):
        (self.folder / "mine").mkdir()
        (self.folder / "mine" / "notes").touch()
        new = ("plugin", "new", "org.acme.mine", "--stage", "planner")
        run(self.program, *new, cwd=self.folder, expect=5)
        run(self.program, "plugin", "new", "mine", "--stage", "planner", cwd=self.folder, expect=2)

    def test_another_major_version_is_not_found(self):
        project = self.project("major", CMakeLists__txt="""\
cmake_minimum_required(VERSION 3.20)
project(major C)
find_package(planwright 2 QUIET)
if(planwright_FOUND)
  message(FATAL_ERROR "found")
endif()
""")
        run("cmake", "-B", "build", f"-DCMAKE_PREFIX_PATH={self.prefix}", cwd=project)


if __name__ == "__main__":
    main()
