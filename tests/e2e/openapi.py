"""Compares answers with host/http/openapi.json. Its schemas are JSON Schema 2020-12, so jsonschema checks them as they
are; this finds the operation and the schema of an answer, and remembers what was seen."""

import functools
import json
import pathlib
import re
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import jsonschema

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "host" / "http" / "openapi.json"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
FORMATS = jsonschema.FormatChecker(formats=())
FORMATS.checks("date-time")(lambda value: not isinstance(value, str) or TIME.fullmatch(value) is not None)


def is_json(media):
    return media == "application/json" or media.endswith("+json")


class Document:
    """What the host promises about its answers."""

    def __init__(self, text=None):
        self._root = json.loads(text or DOCUMENT.read_text())
        self._good = set()  # answers that were checked already: tests ask the same again and again
        self.seen = set()  # "GET /api/plans 200", and the arrays that had items: "PlanPage.items"
        self._paths = [
            (re.compile(re.sub(r"\\{path\\}", "(.+)", re.sub(r"\\{(?!path)\w+\\}", "([^/]+)", re.escape(path)))), path)
            for path in sorted(self._root["paths"], key=lambda path: path.count("{"))
        ]

    def complaint(self, method, target, status, media, body):
        """What is wrong about an answer, naming operation, pointer and value; or None."""
        media = (media or "").split(";")[0]
        path = next((name for pattern, name in self._paths if pattern.fullmatch(target.split("?")[0])), None)
        operation = self._root["paths"].get(path, {}).get(method.lower())
        if operation is None:  # a problem, or nothing of the API's
            return self._broken(f"{method} {target}: {status}", PROBLEM, body) if is_json(media) else None
        name = f"{method} {path}"
        response = operation["responses"].get(str(status))
        if response is None:
            return f"{name}: the status {status} is not in the document: {body[:200]!r}"
        content = self._resolved(response).get("content", {})
        if not content and not media and not body:
            return None
        if media not in content:
            return f"{name}: {status} has the media type {media!r}, not {' or '.join(content) or 'none'}"
        if not is_json(media):
            return None
        key = (name, status, body)
        if key in self._good:
            return None
        why = self._broken(f"{name}: {status}", json.dumps(content[media]["schema"]), body)
        if why is None:
            self._good.add(key)
            self.seen.update(self._content(name, status, content[media]["schema"], json.loads(body)))
        return why

    def wanted(self):
        """As `seen` is once every operation answered with all its JSON of success, and no list stayed empty."""
        return {
            name
            for path, operations in self._root["paths"].items()
            for method, operation in operations.items()
            for status, response in operation["responses"].items()
            for media, content in self._resolved(response).get("content", {}).items()
            if status.startswith("2") and is_json(media)
            for name in self._content(f"{method.upper()} {path}", status, content["schema"])
        }

    def _content(self, operation, status, schema, value=None):
        """The answer itself, and the arrays in its schema; of a value: those that are not empty."""
        yield f"{operation} {status}"
        for name, member in self._resolved(schema).get("properties", {}).items():
            if self._resolved(member).get("type") == "array" and (value is None or value.get(name)):
                yield f"{schema.get('$ref', operation).split('/')[-1]}.{name}"

    def _resolved(self, value):
        while "$ref" in value:
            value = functools.reduce(lambda at, step: at[step], value["$ref"].split("/")[1:], self._root)
        return value

    def _broken(self, what, schema, body):
        try:
            value = json.loads(body)
        except ValueError:
            return f"{what} is no JSON: {body[:200]!r}"
        error = jsonschema.exceptions.best_match(self._validator(schema).iter_errors(value))
        if error is None:
            return None
        pointer = "".join(f"/{step}" for step in error.absolute_path)
        return f"{what} at {pointer or '/'}: {error.message}; the value is {json.dumps(error.instance)[:300]}"

    @functools.lru_cache(maxsize=None)
    def _validator(self, schema):
        # Everything a $ref can lead to is in the schema itself: no resolver is needed, which differ by release.
        whole = {**json.loads(schema), "components": self._root["components"]}
        return jsonschema.Draft202012Validator(whole, format_checker=FORMATS)


PROBLEM = json.dumps({"$ref": "#/components/schemas/Problem"})


@functools.lru_cache(maxsize=None)
def document():
    return Document()
