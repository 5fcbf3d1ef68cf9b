"""build_wheel.py ARCHIVE WISHES: makes the wheel of a source archive, here, as `pip wheel --no-deps` would, without pip.

WISHES is a JSON object:
  "name", "version"   what the wheel must be
  "requires"          its Requires-Dist, as the plan was made with them
  "environment"       null: the build sees what this Python has installed. Else the archives below build/ that it sees
                      and nothing else
  "environments"      the same for each of those archives that is a source itself, by file name
Ends with 1 and the reason on stderr. Runs in a job, so it uses the standard library only (and what pip carries, once no
hook will run any more). Sources: PEP 517 and 518, pip's unpacking.py, build_env.py and pyproject_hooks.
"""
import json
import os
import re
import shutil
import stat
import sys
import tarfile
import tempfile
import zipfile


def fail(why):
    sys.exit("ERROR: " + why)


def end():
    """At once: to take down what a back end has imported takes time for nothing."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def normalised(name):
    return re.sub(r"[-_.]+", "-", name).lower()


# ---- archives ----------------------------------------------------------------------------------


def place_in(top, name):
    path = os.path.join(top, name)
    if os.path.commonprefix([os.path.realpath(path) + os.sep, top + os.sep]) != top + os.sep:
        fail("the archive has a file %s outside of its folder" % name)
    return path


def without_top_folder(names):
    """What stands before the name of each file if it is the same for all: pip leaves that folder out."""
    heads = {name.lstrip("/").split("/", 1)[0] for name in names}
    isFlat = len(heads) != 1 or any("/" not in name.lstrip("/") and not name.endswith("/") for name in names if name)
    return (lambda name: name) if isFlat else (lambda name: name.lstrip("/").partition("/")[2])


def make_program(path):
    mask = os.umask(0)
    os.umask(mask)
    os.chmod(path, 0o777 & ~mask | 0o111)


def unzip(path, top, strip):
    with zipfile.ZipFile(path) as archive:
        shorter = without_top_folder(archive.namelist()) if strip else lambda name: name
        for info in archive.infolist():
            target = place_in(top, shorter(info.filename))
            if info.filename.endswith("/"):
                os.makedirs(target, exist_ok=True)
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with archive.open(info) as source, open(target, "wb") as out:
                shutil.copyfileobj(source, out)
            mode = info.external_attr >> 16
            if mode and stat.S_ISREG(mode) and mode & 0o111:
                make_program(target)


def untar(path, top):
    with tarfile.open(path, encoding="utf-8") as archive:
        members = archive.getmembers()
        shorter = without_top_folder([member.name + "/" * member.isdir() for member in members])
        for member in members:
            target = place_in(top, shorter(member.name + "/" * member.isdir()))
            if member.isdir():
                os.makedirs(target, exist_ok=True)
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if member.issym():
                os.symlink(member.linkname, target)
                continue
            try:
                source = archive.extractfile(member)
            except KeyError:  # a link to what is not there
                source = None
            if source is None:
                print("The member %s of %s is no file" % (member.name, os.path.basename(path)), file=sys.stderr)
                continue
            with source, open(target, "wb") as out:
                shutil.copyfileobj(source, out)
            os.utime(target, (member.mtime, member.mtime))
            if member.mode & 0o111:
                make_program(target)


def unpack(path, top):
    top = os.path.realpath(top)
    os.makedirs(top)
    if zipfile.is_zipfile(path):
        unzip(path, top, True)
    else:
        untar(path, top)
    return top


# ---- the environment of an isolated build ------------------------------------------------------

SITE = """import os, site, sys
original = sys.path[:]
known = set()
for path in {system!r}:
    site.addsitedir(path, known_paths=known)
system = {{os.path.normcase(path) for path in sys.path[len(original):]}}
sys.path = [path for path in original if os.path.normcase(path) not in system]
site.addsitedir({lib!r})
"""


def write_script(folder, name, target):
    module, _, function = target.split("[")[0].strip().partition(":")
    path = os.path.join(folder, name)
    with open(path, "w") as out:
        out.write(
            "#!%s\nimport sys\nfrom %s import %s\nsys.exit(%s())\n"
            % (sys.executable, module.strip(), function.split(".")[0].strip(), function.strip())
        )
    os.chmod(path, 0o755)


def finish_script(path):
    """Of a wheel: #!python stands for this Python."""
    with open(path, "rb") as file:
        first, rest = file.readline(), file.read()
    if first.startswith(b"#!python"):
        with open(path, "wb") as out:
            out.write(b"#!" + os.fsencode(sys.executable) + b"\n" + rest)
    make_program(path)


def install(wheel, lib, scripts):
    """As far as a build needs it: modules, data and console scripts."""
    unzip(wheel, lib, False)
    stem = "-".join(os.path.basename(wheel).split("-")[:2])
    data = os.path.join(lib, stem + ".data")
    if os.path.isdir(data):
        for folder, _, files in os.walk(os.path.join(data, "scripts")):
            for name in files:
                finish_script(os.path.join(folder, name))
        for scheme in os.listdir(data):
            to = {"purelib": lib, "platlib": lib, "scripts": scripts}.get(scheme, os.path.join(os.path.dirname(lib), scheme))
            shutil.copytree(os.path.join(data, scheme), to, dirs_exist_ok=True)
        shutil.rmtree(data)
    points = os.path.join(lib, stem + ".dist-info", "entry_points.txt")
    if not os.path.exists(points):
        return
    section = ""
    with open(points, encoding="utf-8") as lines:
        for line in lines:
            name, _, target = line.partition("=")
            if line.startswith("["):
                section = line.strip()
            elif section == "[console_scripts]" and target and not line.startswith(("#", ";")):
                write_script(scripts, name.strip(), target)


class Environment:
    """What an isolated build sees: the wheels of some archives, those that are sources built first."""

    def __init__(self, work, environments):
        self.work = work
        self.environments = environments
        self.wheels = {}
        self.open = []
        self.count = 0

    def wheel_of(self, file):
        path = os.path.join("build", file)
        if file.endswith(".whl"):
            return path
        if file in self.open:
            fail("%s needs itself to be built" % file)
        if file not in self.wheels:
            self.open.append(file)
            out = os.path.join(self.work, "wheels")
            os.makedirs(out, exist_ok=True)
            names = self.environments.get(file, [])
            self.wheels[file] = build(path, out, self.fresh("source"), self.make(names))
            self.open.pop()
        return self.wheels[file]

    def fresh(self, name):
        self.count += 1
        return os.path.join(self.work, "%s-%d" % (name, self.count))

    def make(self, files):
        """The variables for a Python that sees these archives only."""
        wheels = [self.wheel_of(file) for file in files]
        top = self.fresh("environment")
        lib, scripts, site_folder = (os.path.join(top, name) for name in ("lib", "bin", "site"))
        for folder in (lib, scripts, site_folder):
            os.makedirs(folder)
        for wheel in wheels:
            install(wheel, lib, scripts)
        import site

        with open(os.path.join(site_folder, "sitecustomize.py"), "w") as out:
            out.write(SITE.format(system=sorted(map(os.path.normcase, site.getsitepackages())), lib=lib))
        path = scripts + os.pathsep + os.environ.get("PATH", os.defpath)
        return dict(os.environ, PATH=path, PYTHONPATH=site_folder, PYTHONNOUSERSITE="1")


# ---- the back end ------------------------------------------------------------------------------


def build_system(tree):
    """(back end, its folders, whether it is named) as PEP 517 and 518 say."""
    path = os.path.join(tree, "pyproject.toml")
    if not os.path.exists(path):
        return "setuptools.build_meta:__legacy__", []
    try:
        import tomllib
    except ImportError:
        from pip._vendor import tomli as tomllib
    with open(path, "rb") as file:
        system = tomllib.load(file).get("build-system", {})
    return system.get("build-backend", "setuptools.build_meta:__legacy__"), system.get("backend-path", [])


def load_back_end(tree, name, folders):
    """In the folder of the source. Its modules are imported once, for all hooks."""
    os.chdir(tree)
    extra = [os.path.abspath(folder) for folder in folders]
    if any(os.path.commonprefix([os.path.realpath(path) + os.sep, tree + os.sep]) != tree + os.sep for path in extra):
        fail("backend-path of pyproject.toml leaves the source")
    sys.path[:0] = extra
    import importlib

    module, _, attributes = name.partition(":")
    try:
        back_end = importlib.import_module(module)
    except ImportError as error:
        import traceback

        traceback.print_exc()
        fail("the build back end %s cannot be imported: %s" % (name, error))
    if extra and not any(os.path.abspath(back_end.__file__).startswith(path + os.sep) for path in extra):
        fail("the build back end %s was not loaded from backend-path" % name)
    for attribute in filter(None, attributes.split(".")):
        back_end = getattr(back_end, attribute)
    return back_end


def call(work, *arguments):
    """What it returns. It ends this program if it fails, having said why."""
    try:
        return work(*arguments)
    except SystemExit as end:
        if end.code is not None and not isinstance(end.code, int):
            print(end.code, file=sys.stderr)
    except BaseException:
        import traceback

        traceback.print_exc()
    sys.exit(1)


def call_apart(work, *arguments):
    """The same in a process of its own. What an archive holds cannot reach what this one does next."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reader)
            answer = json.dumps(call(work, *arguments)).encode()
            sys.stdout.flush()
            with os.fdopen(writer, "wb") as out:
                out.write(answer)
            status = 0
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        answer = file.read()
    _, status = os.waitpid(child, 0)
    if status != 0 or not answer:
        if os.WIFSIGNALED(status):
            fail("the build back end was ended by signal %d" % os.WTERMSIG(status))
        sys.exit(1)  # it has said why
    return json.loads(answer)


def run_hooks(tree, out, isIsolated, isMetadata):
    """Gives [what was made in `out`, what the back end asks for besides]: a wheel, or with `isMetadata` a dist-info
    folder if the back end can make one alone."""
    name, folders = build_system(tree)
    back_end = load_back_end(tree, name, folders)
    ask = getattr(back_end, "get_requires_for_build_wheel", None)
    needs = call_apart(ask, None) if ask and isIsolated else None
    prepare = getattr(back_end, "prepare_metadata_for_build_wheel", None) if isMetadata else None
    made = call(prepare, out, None) if prepare else call(back_end.build_wheel, out, None, None)
    return [made, needs or []]


def hooks_elsewhere(tree, out, isMetadata, variables):
    """run_hooks() by a Python that sees nothing but its environment."""
    import subprocess

    answer = tempfile.mkstemp(prefix="answer-")[1]
    kind = "metadata" if isMetadata else "wheel"
    words = [sys.executable, os.path.abspath(__file__), "--hooks", tree, out, kind, answer]
    if subprocess.call(words, env=variables) != 0:
        sys.exit(1)
    with open(answer) as file:
        return json.load(file)


def check_needs(needs, variables):
    """What the back end names only when it runs must be there."""
    if not needs:
        return
    lib = os.path.join(os.path.dirname(variables["PYTHONPATH"]), "lib")
    have = {}
    for info in os.listdir(lib):
        if info.endswith(".dist-info"):
            name, _, version = info[: -len(".dist-info")].partition("-")
            have[normalised(name)] = version
    for need in needs:
        plain = re.fullmatch(r"\s*([\w.-]+)\s*", need)
        if plain and normalised(plain.group(1)) in have:
            continue
        from pip._vendor.packaging.requirements import Requirement

        wanted = Requirement(need)
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        version = have.get(normalised(wanted.name))
        if version is None or not wanted.specifier.contains(version, prereleases=True):
            fail("Could not find a version that satisfies the requirement %s (from versions: %s)" % (need, version or "none"))


def build(archive, out, folder, variables, isMetadata=False):
    """The path of the wheel of `archive`, or of its dist-info folder, which is in `out` then."""
    tree = unpack(archive, folder)
    out = os.path.abspath(out)
    if variables is None:
        name, _ = call_apart(run_hooks, tree, out, False, isMetadata)
    else:
        name, needs = hooks_elsewhere(tree, out, isMetadata, variables)
        check_needs(needs, variables)
    return os.path.join(out, name)


# ---- what was built is what was planned --------------------------------------------------------


def metadata_text(made):
    """METADATA of a wheel or of a dist-info folder, without the description below its fields."""
    if os.path.isdir(made):
        with open(os.path.join(made, "METADATA"), "rb") as file:
            content = file.read()
    else:
        with zipfile.ZipFile(made) as archive:
            names = [name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)]
            if len(names) != 1:
                fail("%s holds no METADATA" % os.path.basename(made))
            content = archive.read(names[0])
    return content.decode("utf-8", "replace").replace("\r\n", "\n").split("\n\n", 1)[0].rstrip("\n") + "\n"


def metadata_of(wheel):
    fields = {}
    for line in re.sub(r"\n[ \t]+", " ", metadata_text(wheel)).split("\n"):
        name, _, value = line.partition(":")
        fields.setdefault(name.lower(), []).append(value.strip())
    return fields


def same_requirements(some, others):
    plain = lambda texts: {re.sub(r"[()\s]", "", text).replace("'", '"') for text in texts}
    if plain(some) == plain(others):
        return True
    from pip._vendor.packaging.requirements import Requirement

    def parts(text):
        it = Requirement(text)
        marker = re.sub('extra == "([^"]*)"', lambda extra: normalised(extra.group()), str(it.marker or ""))
        return normalised(it.name), tuple(sorted(map(normalised, it.extras))), str(it.specifier), marker, it.url or ""

    return set(map(parts, some)) == set(map(parts, others))


def same_version(one, other):
    if one == other:
        return True
    from pip._vendor.packaging.version import Version

    return Version(one) == Version(other)


def compare(wheel, wishes):
    """Fails if the plan was made with other metadata than the wheel has: it would not be what was resolved."""
    file = os.path.basename(wheel)
    fields = metadata_of(wheel)
    name, version = fields.get("name", ["?"])[0], fields.get("version", ["?"])[0]
    stem = file.split("-")
    if normalised(name) != normalised(wishes["name"]) or normalised(stem[0]) != normalised(name):
        fail("%s is a wheel of %s, the plan was made for %s" % (file, name, wishes["name"]))
    if not same_version(version, wishes["version"]):
        fail("%s is version %s of %s, the plan was made for %s" % (file, version, name, wishes["version"]))
    built = fields.get("requires-dist", [])
    if not same_requirements(built, wishes["requires"]):
        more, less = sorted(set(built) - set(wishes["requires"])), sorted(set(wishes["requires"]) - set(built))
        fail(
            "the wheel of %s asks for other projects than the plan was made with: %s; generate a new plan"
            % (name, "; ".join(["now also %s" % text for text in more] + ["no longer %s" % text for text in less]))
        )


def variables_for(wishes, work):
    """The environment of an isolated build as `wishes` names it; None without isolation."""
    if wishes["environment"] is None:
        return None
    return Environment(work, wishes["environments"]).make(wishes["environment"])


def main(arguments):
    del sys.path[0]  # this folder is no place for modules of a back end
    if arguments[0] == "--hooks":
        tree, out, kind, answer = arguments[1:]
        result = run_hooks(tree, out, True, kind == "metadata")
        with open(answer, "w") as file:
            json.dump(result, file)
        end()
    archive, wishes = arguments[0], json.loads(arguments[1])
    work = tempfile.mkdtemp(prefix="build-")
    variables = variables_for(wishes, work)
    out = os.path.join(work, "out")
    os.mkdir(out)
    wheel = build(archive, out, os.path.join(work, "source"), variables)
    compare(wheel, wishes)
    shutil.move(wheel, os.path.basename(wheel))
    print("made " + os.path.basename(wheel))
    end()


if __name__ == "__main__":
    main(sys.argv[1:])
