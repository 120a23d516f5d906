"""Writes tables.txt from the JSON schemas of OASIS (oasis-open/cti-stix2-json-schemas), as evidence.

    cd crates/noroshi-formats/test-data/oasis-schemas
    python3 make.py FOLDER-OF-SCHEMAS
"""

import json
import os
import sys

ROOT = sys.argv[1]


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def resolve(schema, path, root):
    """The schema a reference names, with the file it stands in."""
    if "$ref" not in schema:
        return schema, path, root
    file, _, inside = schema["$ref"].partition("#")
    if file:
        path = os.path.normpath(os.path.join(os.path.dirname(path), file))
        root = load(path)
    schema = root
    for step in inside.strip("/").split("/") if inside else []:
        schema = schema[step]
    return schema, path, root


def walk(schema, path, root, found, required):
    schema, path, root = resolve(schema, path, root)
    for name, prop in schema.get("properties", {}).items():
        inner = resolve(prop, path, root)
        listed = inner[0].get("items")
        if isinstance(listed, dict):
            inner = resolve(listed, inner[1], inner[2])
        words = inner[0].get("enum", []) if name not in ("type", "spec_version", "is_multipart") else []
        found.setdefault(name, set()).update(words)
    required.update(schema.get("required", []))
    for part in schema.get("allOf", []):
        walk(part, path, root, found, required)
    # `oneOf` of email-message holds properties too; what it requires is not required of all.
    for part in schema.get("oneOf", []) + schema.get("anyOf", []):
        walk(part, path, root, found, set())


with open("tables.txt", "w", encoding="utf-8") as out:
    for folder in ("common", "observables", "sdos", "sros"):
        for file in sorted(os.listdir(os.path.join(ROOT, folder))):
            name = file.removesuffix(".json")
            is_type = name in ("extension-definition", "language-content", "marking-definition")
            if folder == "common" and not is_type:
                continue
            path = os.path.join(ROOT, folder, file)
            schema = load(path)
            found, required = {}, set()
            walk(schema, path, schema, found, required)
            for prop in sorted(found):
                need = "must" if prop in required else "may"
                words = " ".join(sorted(map(str, found[prop])))
                out.write(f"{name} {prop} {need} {words}".rstrip() + "\n")
