"""guess_archives.py: which source archives will pip's resolver look at, and what do they say of themselves?

foresee() is given, in a dictionary:
  "texts"      requirement and constraint lines, as pip gets them
  "folders"    where the archives are
  "known"      SHA-256 -> METADATA
  "archives"   path -> SHA-256 of one that is known; null: pip runs its back end
  "described"  paths whose archives need not be read again: they say nothing without being run
and gives:
  "found"      of each archive that was read: path, sha256, state (of the file, as planwright/file_state.hpp writes it),
               metadata (what it says without being run, or null) and requires, back_end (what its build needs; null: not as
               PEP 518 says)
  "ask"        paths of those whose back end has to say it
Only a guess of what to prepare: pip's own resolver decides, and runs the back end itself for what is missed here. Runs no
code of an archive. As a program, `guess_archives.py PATH` prints the same of that archive, and ends with 1 if it cannot be
read. Sources: PEP 517, 518, 621, 643.
"""
import email
import hashlib
import io
import json
import os
import re
import sys
import tarfile
import zipfile

from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.specifiers import SpecifierSet
from pip._vendor.packaging.utils import canonicalize_name
from pip._vendor.packaging.version import Version

try:
    import tomllib
except ImportError:
    from pip._vendor import tomli as tomllib

ENDINGS = (".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar")
MOST_ROUNDS = 200


# ---- what an archive says ----------------------------------------------------------------------


def top_files(content, wanted):
    """The files of these names right below the folder that all is in, or at the top without one: {name: bytes}."""
    if zipfile.is_zipfile(io.BytesIO(content)):
        archive = zipfile.ZipFile(io.BytesIO(content))
        names, read = archive.namelist(), archive.read
    else:
        archive = tarfile.open(fileobj=io.BytesIO(content))
        members = {member.name + "/" * member.isdir(): member for member in archive.getmembers()}
        names = list(members)

        def read(name):
            try:
                file = archive.extractfile(members[name])
            except KeyError:  # a link to what is not there: pip leaves it out
                return None
            return file.read() if file else b""

    parts = [name.lstrip("/").partition("/") for name in names]
    heads = {head for head, slash, rest in parts}
    isFlat = len(heads) != 1 or any(head and not slash for head, slash, rest in parts)
    out = {}
    for name, (head, slash, rest) in zip(names, parts):
        short = head if isFlat and not rest else rest if not isFlat else None
        if short in wanted:
            out[short] = read(name)
    return {short: content for short, content in out.items() if content is not None}


def from_pkg_info(content):
    """PEP 643: from version 2.2 on, a field that is not called dynamic is the wheel's too."""
    text = content.decode("utf-8", "replace").replace("\r\n", "\n").split("\n\n", 1)[0].rstrip("\n") + "\n"
    fields = email.message_from_string(text)
    version = re.fullmatch(r"(\d+)\.(\d+)", fields.get("Metadata-Version", ""))
    dynamic = {name.strip().lower() for name in fields.get_all("Dynamic", [])}
    isOpen = dynamic & {"name", "version", "requires-dist", "requires-python", "provides-extra"}
    if not version or (int(version.group(1)), int(version.group(2))) < (2, 2) or isOpen:
        return None
    return text


def has_key(table, key):
    if isinstance(table, dict):
        return key in table or any(has_key(value, key) for value in table.values())
    return isinstance(table, list) and any(has_key(value, key) for value in table)


def from_project(pyproject, files):
    """PEP 621: what [project] says and does not call dynamic is final, where the back end keeps to it."""
    project = pyproject.get("project")
    back_end = pyproject.get("build-system", {}).get("build-backend", "")
    keeps = {"flit_core.buildapi": True, "hatchling.build": not has_key(pyproject.get("tool", {}).get("hatch", {}), "hooks")}
    # setuptools before 69 takes what setup.py says beside [project].
    keeps["setuptools.build_meta"] = "setup.py" not in files and "setup.cfg" not in files
    if not project or not keeps.get(back_end) or "backend-path" in pyproject["build-system"]:
        return None
    open_fields = {"version", "dependencies", "optional-dependencies", "requires-python"}
    if open_fields & set(project.get("dynamic", [])) or "version" not in project:
        return None
    lines = ["Metadata-Version: 2.1", "Name: " + project["name"], "Version: " + str(Version(project["version"]))]
    if "requires-python" in project:
        lines.append("Requires-Python: " + project["requires-python"])
    lines += ["Requires-Dist: " + text for text in project.get("dependencies", [])]
    for extra, texts in project.get("optional-dependencies", {}).items():
        lines.append("Provides-Extra: " + extra)
        for text in texts:
            marker = Requirement(text).marker
            bare = re.split(r";", text, 1)[0].strip() if marker else text
            condition = "(%s) and " % marker if marker else ""
            lines.append('Requires-Dist: %s ; %sextra == "%s"' % (bare, condition, extra))
    return "\n".join(lines) + "\n"


def state_of(info):
    """As stateOfFile() in planwright/file_state.hpp."""
    seconds = [part for time in (info.st_mtime_ns, info.st_ctime_ns) for part in divmod(time, 10**9)]
    return "".join("%d " % number for number in [info.st_dev, info.st_ino, info.st_size, *seconds])


def describe(path):
    with open(path, "rb") as file:
        state = state_of(os.fstat(file.fileno()))
        content = file.read()
    found = {"path": path, "state": state, "sha256": hashlib.sha256(content).hexdigest(), "metadata": None}
    files = top_files(content, ("pyproject.toml", "PKG-INFO", "setup.py", "setup.cfg"))
    pyproject = tomllib.loads(files.get("pyproject.toml", b"").decode())
    system = pyproject.get("build-system", {})
    requires = system.get("requires", ["setuptools>=40.8.0"])
    back_end = system.get("build-backend", "setuptools.build_meta")
    isGood = isinstance(back_end, str) and isinstance(requires, list) and all(isinstance(each, str) for each in requires)
    found["requires"], found["back_end"] = (requires, back_end) if isGood else (None, None)
    try:
        found["metadata"] = from_pkg_info(files.get("PKG-INFO", b"")) or from_project(pyproject, files)
    except Exception:
        pass  # not as the standards say: its back end may know better
    return found


# ---- what pip will look at ---------------------------------------------------------------------


def candidates(folders):
    """Project -> version -> path of the archive; a wheel is better than a source of its version."""
    out = {}
    for folder in folders:
        for file in os.listdir(folder):
            path = os.path.join(folder, file)
            if file.endswith(".whl"):
                splits = [file.split("-")[:2]]
            else:
                stem = next((file[: -len(ending)] for ending in ENDINGS if file.lower().endswith(ending)), "")
                splits = [(stem[:at.start()], stem[at.end():]) for at in re.finditer("-", stem)]
            for split in splits:
                try:
                    name, version = canonicalize_name(split[0]), Version(split[1])
                except (ValueError, IndexError):
                    continue
                versions = out.setdefault(name, {})
                if file.endswith(".whl") or version not in versions:
                    versions[version] = path
    return out


class Guess:
    def __init__(self, request):
        self.request = request
        self.known = {path: request["known"].get(sha256) for path, sha256 in request["archives"].items()}
        self.described = set(request["described"])
        self.index = candidates(request["folders"])
        self.pre = True if any("--pre" in text.split() for text in request["texts"]) else None
        self.specifiers, self.wanted, self.fields = {}, {}, {}
        self.found, self.ask = [], set()

    def metadata(self, path):
        if path not in self.known:
            self.known[path] = self.learn(path)
        if path not in self.fields:
            self.fields[path] = email.message_from_string(self.known[path] or "")
        return self.fields[path]

    def learn(self, path):
        try:
            if path.endswith(".whl"):
                with zipfile.ZipFile(path) as wheel:
                    name = next(name for name in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
                    return wheel.read(name).decode("utf-8", "replace").split("\n\n", 1)[0]
            if path in self.described:
                self.ask.add(path)
                return None
            self.found.append(describe(path))
        except Exception:
            return None  # pip will say what is wrong with it
        if self.found[-1]["metadata"] is None:
            self.ask.add(path)
        return self.found[-1]["metadata"]

    def best(self, name):
        """The newest version that fits what is asked of the project so far."""
        specifier = self.specifiers.get(name, SpecifierSet())
        versions = sorted(self.index.get(name, {}), reverse=True)
        for version in specifier.filter(versions, prereleases=self.pre):
            path = self.index[name][version]
            python = self.metadata(path).get("Requires-Python")
            try:
                fits = not python or SpecifierSet(python).contains("%d.%d.%d" % sys.version_info[:3], prereleases=True)
            except ValueError:
                fits = True  # as pip reads what is no specifier
            if fits:
                return path
        return None

    def want(self, requirement, extras=("",)):
        if requirement.url or requirement.marker and not any(requirement.marker.evaluate({"extra": e}) for e in extras):
            return
        name = canonicalize_name(requirement.name)
        self.specifiers[name] = self.specifiers.get(name, SpecifierSet()) & requirement.specifier
        self.wanted.setdefault(name, set()).update(requirement.extras)

    def read_lines(self):
        for number, text in enumerate(self.request["texts"]):
            for line in text.splitlines():
                line = re.split(r"\s--", line, 1)[0].strip()
                if not line or line.startswith("-"):
                    continue
                try:
                    requirement = Requirement(line)
                    if number == 0:
                        self.want(requirement)
                        continue
                except ValueError:
                    continue
                if not requirement.url:  # a constraint
                    name = canonicalize_name(requirement.name)
                    self.specifiers[name] = self.specifiers.get(name, SpecifierSet()) & requirement.specifier

    def walk(self):
        self.read_lines()
        done = {}
        for _ in range(MOST_ROUNDS):
            picks = {name: (self.best(name), frozenset(extras)) for name, extras in list(self.wanted.items())}
            new = [pick for name, pick in picks.items() if pick[0] and done.get(name) != pick]
            if not new:
                return
            done.update(picks)
            for path, extras in new:
                for text in self.metadata(path).get_all("Requires-Dist", []):
                    try:
                        self.want(Requirement(text), extras or {""})
                    except ValueError:
                        pass


def foresee(request):
    guess = Guess(request)
    guess.walk()
    return {"found": guess.found, "ask": sorted(guess.ask)}


if __name__ == "__main__":
    print(json.dumps({"found": [describe(sys.argv[1])], "ask": []}))
