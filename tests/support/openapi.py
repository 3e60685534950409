# SPDX-License-Identifier: MIT
"""docs/openapi.yaml for tests: references followed, values held against schemas (the part of JSON
Schema that the document uses), and a note of every property that was seen."""
import os
import re
import sys

try:
    import yaml
except ImportError:  # another python first in the path than the distribution's, which has it
    if sys.executable == "/usr/bin/python3":
        raise
    os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])

METHODS = ("get", "put", "post", "delete", "patch")
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


class Openapi:
    def __init__(self, top):
        with open(os.path.join(top, "docs", "openapi.yaml"), encoding="utf-8") as f:
            self.doc = yaml.safe_load(f)
        self.seen = set()  # "Schema.property", for schemas with a name

    def at(self, node):
        """What a reference stands for, and its name."""
        name = None
        while "$ref" in node:
            name = node["$ref"].rsplit("/", 1)[1]
            parts, node = node["$ref"].split("/")[1:], self.doc
            for part in parts:
                node = node[part]
        return node, name

    def operations(self):
        """-> (METHOD, path, operation, parameters of both)"""
        for path, item in self.doc["paths"].items():
            for method in METHODS:
                if method in item:
                    op = item[method]
                    params = [self.at(p)[0] for p in item.get("parameters", []) + op.get("parameters", [])]
                    yield method.upper(), path, op, params

    def body_schema(self, content):
        return next(iter(content.values()))["schema"]

    def fits(self, value, schema, where="", name="?"):
        """-> what is wrong, or None"""
        schema, named = self.at(schema)
        name = named or name
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(self.is_a(value, k) for k in kinds):
            return f"{where}: {value!r} is no {'/'.join(kinds)}"
        if "const" in schema and value != schema["const"] or "enum" in schema and value not in schema["enum"]:
            return f"{where}: {value!r} is not one of the values"
        if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
            return f"{where}: {value!r} is not like {schema['pattern']}"
        if isinstance(value, int) and value < schema.get("minimum", value):
            return f"{where}: {value!r} is too small"
        if isinstance(value, list):
            return next(filter(None, (self.fits(v, schema.get("items", {}), f"{where}[{i}]", name)
                                      for i, v in enumerate(value))), None)
        return self.object_fits(value, schema, where, name) if isinstance(value, dict) else None

    def object_fits(self, value, schema, where, name):
        known, more = schema.get("properties", {}), schema.get("additionalProperties", True)
        for k in schema.get("required", []):
            if k not in value:
                return f"{where}: {k} is missing"
        for k, v in value.items():
            if k in known:
                self.seen.add(f"{name}.{k}")
            elif more is False:
                return f"{where}.{k} is not documented"
            below = (known[k], f"{name}.{k}") if k in known else (more if isinstance(more, dict) else {}, name)
            wrong = self.fits(v, below[0], f"{where}.{k}", below[1])
            if wrong:
                return wrong
        return None

    @staticmethod
    def is_a(value, kind):
        if kind in ("integer", "number"):
            return isinstance(value, int) and not isinstance(value, bool)
        return isinstance(value, TYPES[kind])

    def properties(self, schema, name, out, stack=()):
        """All properties below a schema as "Schema.property"."""
        schema, named = self.at(schema)
        name = named or name
        if named in stack:
            return out
        for k, v in schema.get("properties", {}).items():
            out.add(f"{name}.{k}")
            self.properties(v, f"{name}.{k}", out, (*stack, named) if named else stack)
        for sub in ("items", "additionalProperties"):
            if isinstance(schema.get(sub), dict):
                self.properties(schema[sub], name, out, stack)
        return out
