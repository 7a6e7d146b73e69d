"""Rows of aggregate jobs, computed with DuckDB from policy, job and plaintext, by docs/aggregates.md and with nothing of Sealroom.

    aggregates_duckdb.py make FOLDER
    aggregates_duckdb.py expect FOLDER NAME=INPUT...

`make` writes the tables of aggregates_data.py and prints how many flights there are. `expect` reads FOLDER/NAME.policy.toml, FOLDER/NAME.job.toml and FOLDER/INPUT, and writes
FOLDER/NAME.expected; it prints, for each, the groups that there are, those that are shown, and the measures among these that are null.
"""

import json
import pathlib
import sys
import tomllib
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import duckdb
from aggregates_data import FIELDS, NUMBERS, cell, make
from aggregates_hidden import hidden_groups, hidden_values, shown_bins

EXACT = "DECIMAL(38, 9)"
COMPARED = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def plain(number):
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def name(column):
    return '"' + column.replace('"', '""') + '"'


def literal(value):
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return f"'{value}'::{EXACT}"


def read(connection, path, fields):
    """The table `records`. DuckDB's own JSON numbers would go through binary floating point, so exact ones are read from their text."""
    if path.suffix == ".csv":
        source = f"read_csv({literal(str(path))}, header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"')"
        columns = [f"{name(field)}::{EXACT}" if field in NUMBERS else name(field) for field in fields]
    elif path.stem == "flights":
        types = {field: "BIGINT" if field in NUMBERS else "VARCHAR" for field in fields}
        source = f"read_json({literal(str(path))}, format = 'newline_delimited', columns = {types})"
        columns = [f"{name(field)}::{EXACT}" if field in NUMBERS else name(field) for field in fields]
    else:
        source = f"read_ndjson_objects({literal(str(path))})"
        number = "nullif(regexp_extract(json::VARCHAR, '\"{}\": *(-?[0-9.eE+-]+)', 1), '')::" + EXACT
        columns = [number.format(field) if field in NUMBERS else f"json->>'$.{field}'" for field in fields]
    listed = ", ".join(f"{column} AS {name(field)}" for column, field in zip(columns, fields))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE records AS SELECT {listed} FROM {source}")


def condition(test):
    field, op = name(test["field"]), test["op"]
    if op == "exists":
        return f"{field} IS {'NOT ' if test.get('value', True) else ''}NULL"
    if op == "in":
        return f"{field} IN ({', '.join(map(literal, test['value']))})"
    return f"{field} {COMPARED[op]} {literal(test['value'])}"


def column(group, terms):
    field, op = name(group["field"]), group.get("op", "keep")
    if op == "keep":
        return field
    if op == "truncate":
        return f"left_grapheme({field}, {group['keep_first']})"
    if op == "mask":
        last = group.get("keep_last", 0)
        stars = f"repeat('*', greatest(length_grapheme({field}) - {last}, 0))"
        return f"{stars} || right_grapheme({field}, {last})" if last else stars
    if op == "bucket" and "period" in group:
        form = {"month": "%Y-%m", "year": "%Y"}[group["period"]]
        return f"strftime({field}::DATE, '{form}')"
    if op == "bucket" and "age_bands" in group:
        return bands(f"date_sub('year', {field}::DATE, DATE '{terms['bucket']['age_on']}')", group["age_bands"])
    if op == "bucket":
        start = floor(field, group["width"])
        return f"'[' || {start}::VARCHAR || ',' || ({start} + {group['width']})::VARCHAR || ')'"
    raise SystemExit(f"{op} is not computed here")


def bands(age, ages):
    """The band of ages that a number of completed years lies in."""
    ages = sorted({0, *ages})
    tests = [f"WHEN {age} >= {ages[-1]} THEN '{ages[-1]}+'"]
    for start, end in zip(ages, ages[1:]):
        band = f"{start}-{end - 1}" if end - start > 1 else f"{start}"
        tests.append(f"WHEN {age} >= {start} AND {age} < {end} THEN '{band}'")
    return f"CASE {' '.join(tests)} END"


def floor(value, width):
    """The multiple of the integer `width` at or below."""
    whole = f"floor({value})::HUGEINT"
    return f"({whole} - (({whole} % {width}) + {width}) % {width})"


def mean(total, count, digits):
    with localcontext() as context:
        context.prec = 120
        return (Decimal(total) / count).quantize(Decimal(1).scaleb(-(digits + 6)), ROUND_HALF_EVEN)


class Job:
    """One job over the table `records`."""

    def __init__(self, connection, policy, job):
        self.connection, self.policy, self.job = connection, policy, job
        self.minimum = policy["people"]["min"]
        self.csv = policy["input"]["format"] == "csv"
        self.groups = job.get("group_by", [])
        self.keys = ", ".join(f"g{place}" for place in range(len(self.groups))) or "g"
        self.measured = sorted({m["field"] for m in job["measures"].values() if m["op"] not in ("count", "count_distinct")})
        self.distinct = sorted({m["field"] for m in job["measures"].values() if m["op"] == "count_distinct"})

    def count(self):
        """The table `counted`: who and which group, each measured number within its bounds, each value that is counted as it is."""
        person = name(self.policy["people"]["field"])
        tests = " AND ".join(condition(test) for test in self.job.get("where", [])) or "true"
        source = f"(SELECT *, rowid AS \"row of input\" FROM records WHERE {tests})"
        if most := self.policy["people"].get("max_rows_per_person"):
            source = f"(SELECT * FROM {source} WHERE {person} IS NOT NULL QUALIFY row_number() OVER (PARTITION BY {person} ORDER BY \"row of input\") <= {most})"
        columns = [f"{column(group, self.policy['fields'][group['field']])} AS g{place}" for place, group in enumerate(self.groups)] or ["0 AS g"]
        columns.append(f"{person} AS person")
        for field in self.measured:
            value = name(field)
            if clamp := self.policy["fields"][field].get("clamp"):
                low, high = literal(clamp["min"]), literal(clamp["max"])
                value = f"CASE WHEN {value} IS NULL THEN NULL ELSE least(greatest({value}, {low}), {high}) END"
            columns.append(f"{value} AS {name('m ' + field)}")
        columns += [f"{name(field)} AS {name('d ' + field)}" for field in self.distinct]
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE counted AS SELECT {', '.join(columns)} FROM {source}")

    def each(self, wanted, tests="true", also=""):
        """What SQL selects of every group."""
        sql = f"SELECT {self.keys}, {wanted} FROM counted WHERE {tests} GROUP BY {self.keys}{also}"
        width = max(len(self.groups), 1)
        return [(self.written(row[:width]), row[width:]) for row in self.connection.execute(sql).fetchall()]

    def written(self, values):
        """A group's columns as they stand in the output."""
        if not self.groups:
            return ()
        if self.csv:
            return tuple(cell(value if value is None or isinstance(value, str) else plain(value)) for value in values)
        return tuple(
            "null" if value is None else json.dumps(value, ensure_ascii=False) if isinstance(value, str) else plain(value) for value in values
        )

    def people(self, tests="true"):
        return {key: set(found or ()) for key, (found,) in self.each("list(DISTINCT person) FILTER (person IS NOT NULL)", tests)}

    def values(self, measure):
        """A measure's JSON for each group, whoever it speaks of."""
        op, value = measure["op"], name("m " + measure.get("field", ""))
        if op == "count":
            return {key: str(count) for key, (count,) in self.each("count(*)")}
        if op == "count_distinct":
            return {key: str(count) for key, (count,) in self.each(f"count(DISTINCT {name('d ' + measure['field'])})")}
        some = f"{value} IS NOT NULL"
        if op in ("sum", "min", "max"):
            return {key: plain(number) for key, (number,) in self.each(f"{op}({value})", some)}
        if op == "mean":
            digits = f"max(length(regexp_extract(rtrim({value}::VARCHAR, '0'), '\\.([0-9]*)$', 1)))"
            found = self.each(f"sum({value}), count(*), {digits}", some)
            return {key: plain(mean(total, count, digits)) for key, (total, count, digits) in found}
        if op == "quantile":
            return {key: plain(number) for key, number in self.quantiles(value, measure["q"]).items() if number is not None}
        return self.histograms(measure["field"], value, measure["width"])

    def quantiles(self, value, q):
        some = f"{value} IS NOT NULL"
        place = f"greatest(1, ceil({q}::DECIMAL(10, 9) * count(*)))::BIGINT"
        found = dict(self.each(f"list_sort(list({value}))[{place}], quantile_disc({value}, {q})", some))
        if q in (Decimal(0), Decimal("0.25"), Decimal("0.5"), Decimal(1)):
            # Where binary floating point is exact, DuckDB's own quantile is the same.
            assert all(number == own for number, own in found.values()), q
        held = {}
        for key, pairs in self.each(f"list({{'v': {value}, 'p': person}})", some):
            number = found[key][0]
            up_to = {pair["p"] for pair in pairs[0] if pair["v"] <= number} - {None}
            since = {pair["p"] for pair in pairs[0] if pair["v"] >= number} - {None}
            held[key] = number if min(len(up_to), len(since)) >= self.minimum else None
        return held

    def histograms(self, field, value, width):
        start = floor(value, width)
        wanted = f"{start} AS start, count(*), list(DISTINCT person) FILTER (person IS NOT NULL)"
        groups = {}
        for key, (start, count, people) in self.each(wanted, f"{value} IS NOT NULL", ", start"):
            groups.setdefault(key, {})[int(start)] = (count, set(people or ()))

        shown = shown_bins({self.meant(key): of for key, of in groups.items()}, self.unseen["m", field], len(self.groups), self.minimum)

        def bins(key):
            return "[" + ",".join(f'{{"from":{start},"below":{start + width},"count":{groups[key][start][0]}}}' for start in shown[self.meant(key)]) + "]"

        return {key: bins(key) for key in groups}

    def meant(self, key):
        """A key in the order of columns that decides what hides, whatever their order in the job: by their fields and operations."""
        return tuple(key[place] for place in sorted(range(len(key)), key=lambda at: (self.groups[at]["field"], self.groups[at].get("op", "keep"))))

    def rows(self):
        self.count()
        columns, rows = len(self.groups), {key: int(count) for key, (count,) in self.each("count(*)")}
        counts = {self.meant(key): count for key, count in rows.items()}

        def people(tests="true"):
            return {self.meant(key): found for key, found in self.people(tests).items()}

        groups = hidden_groups(columns, self.minimum, people(), counts)
        self.unseen = {}
        for kind, fields in (("m", self.measured), ("d", self.distinct)):
            for field in fields:
                who_have = people(f"{name(f'{kind} {field}')} IS NOT NULL")
                self.unseen[kind, field] = hidden_values(columns, self.minimum, groups, who_have, counts)
        # What the job shows is the table over all its columns.
        hidden = groups[tuple(range(columns))]
        unseen = {of: tables[tuple(range(columns))] for of, tables in self.unseen.items()} | {("count", None): set()}
        measures, nulls = [], 0
        for title, measure in self.job["measures"].items():
            kind = {"count": "count", "count_distinct": "d"}.get(measure["op"], "m")
            measures.append((title, self.values(measure), unseen[kind, measure.get("field")]))
        lines = [",".join(map(cell, [g.get("name", g["field"]) for g in self.groups] + [title for title, _, _ in measures]))] if self.csv else []
        shown = [key for key in sorted(rows, key=lambda key: [part.encode() for part in key]) if self.meant(key) not in hidden]
        for key in shown:
            texts = [None if self.meant(key) in without else values.get(key) for _, values, without in measures]
            nulls += texts.count(None)
            if self.csv:
                lines.append(",".join([*key, *map(cell, texts)]) or '""')
            else:
                titles = [g.get("name", g["field"]) for g in self.groups] + [title for title, _, _ in measures]
                values = [*key, *("null" if text is None else text for text in texts)]
                lines.append("{" + ",".join(f"{json.dumps(title, ensure_ascii=False)}:{value}" for title, value in zip(titles, values)) + "}")
        return lines, (len(rows), len(shown), nulls)


def expect(folder, *cases):
    folder = pathlib.Path(folder)
    connection = duckdb.connect(config={"threads": 1})
    # As they were written, and each input once, however many jobs read it.
    cases = [case.split("=") for case in cases]
    for path in sorted({path for _, path in cases}):
        read(connection, folder / path, FIELDS[pathlib.Path(path).stem])
        for case in (case for case, of in cases if of == path):
            policy = tomllib.loads((folder / f"{case}.policy.toml").read_text("utf-8"), parse_float=Decimal)
            job = tomllib.loads((folder / f"{case}.job.toml").read_text("utf-8"), parse_float=Decimal)
            lines, counts = Job(connection, policy, job).rows()
            (folder / f"{case}.expected").write_text("".join(line + "\n" for line in lines), "utf-8", newline="\n")
            print(case, *counts)


if __name__ == "__main__":
    {"make": make, "expect": expect}[sys.argv[1]](*sys.argv[2:])
