"""Validates receipts against docs/receipt.schema.json: the file, and the statement inside it. Then breaks each in small ways,
every one of which the schema has to refuse. Arguments: the schema, then receipts."""

import base64
import copy
import json
import sys

import jsonschema

schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
of_file = jsonschema.Draft202012Validator(schema)
of_statement = jsonschema.Draft202012Validator({"$ref": "#/$defs/statement", "$defs": schema["$defs"]})


def places(value, path=()):
    """Every member and element, by its path."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield path + (key,)
        yield from places(member, path + (key,))


def refuses(validator, value, path, change):
    broken = copy.deepcopy(value)
    at = broken
    for key in path[:-1]:
        at = at[key]
    change(at, path[-1])
    assert not validator.is_valid(broken), f"{path}: {broken}"


def remove(at, key):
    del at[key]


def extra(at, key):
    at["another"] = 1


def other_type(at, key):
    at[key] = {"another": []}


for name in sys.argv[2:]:
    receipt = json.load(open(name))
    of_file.validate(receipt)
    statement = json.loads(base64.b64decode(receipt["statement"]))
    of_statement.validate(statement)
    for validator, value in ((of_file, receipt), (of_statement, statement)):
        for path in places(value):
            refuses(validator, value, path, other_type)
            if isinstance(path[-1], str):
                refuses(validator, value, path, extra)
                if path != ("counts",):
                    refuses(validator, value, path, remove)
    refuses(of_statement, statement, ("version",), lambda at, key: at.update(version=2))
    refuses(of_statement, statement, ("policy", "digest"), lambda at, key: at.update(digest=at["digest"].upper()))
print(f"{len(sys.argv) - 2} receipts")
