"""ask_pip.py [--alone] REPORT PIP-ARGUMENTS...: runs pip, and prints its installation report when it succeeds.

"known" in request.json beside this file says of source archives, by their SHA-256, what METADATA their wheels have. pip's
resolver takes that instead of unpacking them and running their back ends; all else, the choice of files and the check of
hashes too, is pip's own. Where pip is not as it is expected here, it does all itself. In the report, requirements and
versions are written in one way, whoever wrote them.

With --alone no code of an archive runs beside pip, which could change the report: it ends with 75 where pip would run some.
The first line is then what guess_archives.py, beside this file, foresees of the whole request. pip is not run if it names
back ends to be asked first.
"""
import functools
import hashlib
import json
import os
import runpy
import sys
import tempfile

DIGESTS = {}
NEEDS_CODE = 75


def digest_of(path):
    if path not in DIGESTS:
        with open(path, "rb") as file:
            DIGESTS[path] = hashlib.sha256(file.read()).hexdigest()
    return DIGESTS[path]


def end_for_code(*_, **__):
    os._exit(NEEDS_CODE)  # pip would take an exception for its own


def use(known, isAlone):
    from pip._internal.distributions.sdist import SourceDistribution
    from pip._internal.operations import prepare

    unpack, generate = prepare.unpack_file, SourceDistribution.prepare_distribution_metadata
    if isAlone:
        generate = end_for_code
    left = {}  # folder -> what is to be unpacked there

    def unpack_file(filename, location, *rest, **named):
        if digest_of(filename) in known:
            left[location] = lambda: unpack(filename, location, *rest, **named)
        else:
            unpack(filename, location, *rest, **named)

    def known_of(request):
        path = request.local_file_path
        # A part of an archive, or a folder, is another project.
        if not path or not os.path.isfile(path) or request.link.subdirectory_fragment:
            return None
        return known.get(digest_of(path))

    def prepare_distribution_metadata(self, *rest, **named):
        request = self.req
        text = known_of(request)
        if text is None:
            left.pop(request.source_dir, lambda: None)()
            return generate(self, *rest, **named)
        fields = dict(line.split(": ", 1) for line in text.split("\n") if line.startswith(("Name: ", "Version: ")))
        stem = "-".join(fields[name].strip().replace("-", "_") for name in ("Name", "Version"))
        request.metadata_directory = os.path.join(tempfile.mkdtemp(prefix="known-"), stem + ".dist-info")
        os.mkdir(request.metadata_directory)
        with open(os.path.join(request.metadata_directory, "METADATA"), "w", encoding="utf-8") as out:
            out.write(text)
        # As InstallRequirement.prepare_metadata() ends.
        if request.name:
            request.warn_on_mismatching_name()
        else:
            request._set_requirement()
        request.assert_source_matches_version()

    prepare.unpack_file = unpack_file
    SourceDistribution.prepare_distribution_metadata = prepare_distribution_metadata


def hurry():
    """Leaves out what pip finds out of this machine to tell an index, and what again for each archive."""
    try:
        from pip._internal.network import session
        from pip._internal.resolution.resolvelib import factory

        session.user_agent = lambda: "pip"
        factory.get_supported = functools.lru_cache(factory.get_supported)
    except (ImportError, AttributeError):  # another pip: it takes its time
        pass


def foreseen(request):
    try:
        import guess_archives

        return guess_archives.foresee(request)
    except Exception:  # no pip, or another one, which will say so
        return {"found": [], "ask": []}


def main(*words):
    isAlone = words[0] == "--alone"
    report, *arguments = words[isAlone:]
    with open(os.path.join(sys.path[0], "request.json"), encoding="utf-8") as file:
        request = json.load(file)
    known = request["known"]
    if isAlone:
        said = foreseen(request)
        print(json.dumps(said), flush=True)
        if said["ask"]:
            return
        known.update((found["sha256"], found["metadata"]) for found in said["found"] if found["metadata"])
    del sys.path[0]
    if known or isAlone:
        try:
            use(known, isAlone)
            if isAlone:
                hurry()
        except (ImportError, AttributeError):  # another pip: it runs the back ends
            if isAlone:
                end_for_code()
    sys.argv = ["pip", *arguments]
    try:
        runpy.run_module("pip", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code:
            raise
    with open(report, encoding="utf-8") as file:
        answer = json.load(file)
    from pip._vendor.packaging.requirements import Requirement
    from pip._vendor.packaging.version import Version

    def plain(kind, text):
        try:
            return str(kind(text))
        except ValueError:  # of a time before the standards
            return text

    for item in answer["install"]:
        said = item["metadata"]
        requires = sorted({plain(Requirement, text) for text in said.get("requires_dist", [])})
        item["metadata"] = {"name": said["name"], "version": plain(Version, said["version"]), "requires_dist": requires}
    print("\n" + json.dumps(answer, indent=1), flush=True)
    sys.stderr.flush()
    os._exit(0)  # to take pip's modules down takes longer than to forget them


if __name__ == "__main__":
    main(*sys.argv[1:])
