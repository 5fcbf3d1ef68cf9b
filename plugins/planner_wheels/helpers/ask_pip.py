"""ask_pip.py REPORT PIP-ARGUMENTS...: runs pip, and prints its installation report when it succeeds.

known.json beside this file says of source archives, by their SHA-256, what METADATA their wheels have. pip's resolver takes
that instead of unpacking them and running their back ends; all else, the choice of files and the check of hashes too, is
pip's own. Where pip is not as it is expected here, it does all itself. In the report, requirements and versions are
written in one way, whoever wrote them.
"""
import hashlib
import json
import os
import runpy
import sys
import tempfile

DIGESTS = {}


def digest_of(path):
    if path not in DIGESTS:
        with open(path, "rb") as file:
            DIGESTS[path] = hashlib.sha256(file.read()).hexdigest()
    return DIGESTS[path]


def use(known):
    from pip._internal.distributions.sdist import SourceDistribution
    from pip._internal.operations import prepare

    unpack, generate = prepare.unpack_file, SourceDistribution.prepare_distribution_metadata

    def unpack_file(filename, *rest, **named):
        if digest_of(filename) not in known:
            unpack(filename, *rest, **named)

    def prepare_distribution_metadata(self, *rest, **named):
        request = self.req
        text = known.get(digest_of(request.local_file_path)) if request.local_file_path else None
        if text is None:
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


def main(report, *arguments):
    with open(os.path.join(sys.path.pop(0), "known.json"), encoding="utf-8") as file:
        known = json.load(file)
    if known:
        try:
            use(known)
        except (ImportError, AttributeError):
            pass  # another pip: it runs the back ends
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
    sys.stdout.flush()
    print("\n" + json.dumps(answer, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
