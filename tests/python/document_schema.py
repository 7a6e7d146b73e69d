"""Validates policies and jobs, TOML read as JSON, against their schema. Arguments: the schema, then files. Prints one line for each
file: `ok`, or `no` and what the schema says."""

import datetime
import json
import sys
import tomllib

import jsonschema


def as_json(value):
    """Date-times and dates as strings, as RFC 3339 writes them."""
    if isinstance(value, dict):
        return {key: as_json(member) for key, member in value.items()}
    if isinstance(value, list):
        return [as_json(member) for member in value]
    return value.isoformat() if isinstance(value, (datetime.datetime, datetime.date, datetime.time)) else value


schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
for name in sys.argv[2:]:
    with open(name, "rb") as file:
        error = next(validator.iter_errors(as_json(tomllib.load(file))), None)
    print("ok" if error is None else f"no {error.json_path}: {error.message}".replace("\n", " "))
