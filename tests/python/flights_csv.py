"""The flights of flights.py as CSV of many spellings, in two files, and a job's rows computed again with nothing of Sealroom.

    flights_csv.py tables FIRST.csv SECOND.csv
    flights_csv.py compare ROWS.csv SECRET-FILE

`tables` prints how many records it wrote; `compare` how many rows it found equal, how many of them have no tail number, and how
many have a line break in their note.
"""

import csv
import io
import itertools
import sys

from flights import Tokens, flights

NOTES = ["", "plain é", 'said "no", twice', "two\nlines", "\r\n", " blanks ", "=1+1", ",", '"', "\ufeffmark", '""\n', "日本"]
UNUSED = 'not "used",\nby any job'
COLUMNS = ["aircraft", "flight", "carrier", "dest", "distance", "dep_delay", "air_time", 'a note, "kept"']


def noted():
    """Every flight with a note; what is not known is an empty text."""
    for flight, note in zip(flights(), itertools.cycle(NOTES)):
        known = {column: "" if text == "NA" else text for column, text in flight.items()}
        yield known | {"note": note, UNUSED: "x" + note}


def tables(first, second):
    rows = list(noted())
    split = len(rows) * 2 // 3
    columns = list(rows[0])
    # As a spreadsheet writes it: a byte order mark and CRLF. Some cells are quoted without need, and there are blank lines.
    with open(first, "w", encoding="utf-8-sig", newline="") as file:
        file.write("\r\n")
        writers = [csv.DictWriter(file, columns, quoting=quoting) for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC)]
        writers[0].writeheader()
        for number, row in enumerate(rows[:split]):
            writers[number % 3].writerow(row)
            if number % 1000 == 0:
                file.write("\r\n\n")
    # Other columns' order, LF, and no line end after the last record.
    text = io.StringIO()
    writer = csv.DictWriter(text, columns[::-1], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows[split:])
    with open(second, "w", encoding="utf-8", newline="") as file:
        file.write(text.getvalue().removesuffix("\n"))
    print(len(rows))


def expected(tokens):
    """The job of tests/tests/csv.rs."""
    yield COLUMNS
    for row in noted():
        if int(row["distance"]) < 1000:
            continue
        flight = row["flight"]
        yield [
            tokens.of(row["tailnum"]) if row["tailnum"] else "",
            "*" * (len(flight) - 1) + flight[-1:],
            row["carrier"][:1],
            *(row[column] for column in ("dest", "distance", "dep_delay", "air_time", "note")),
        ]


def cell(text):
    """As docs/csv.md says that a cell of several is written."""
    quoted = any(mark in text for mark in '",\r\n') or text.startswith("\ufeff")
    return '"' + text.replace('"', '""') + '"' if quoted else text


def compare(path, secret):
    with open(secret, "rb") as file:
        tokens = Tokens(file.read())
    wanted = list(expected(tokens))
    with open(path, encoding="utf-8", newline="") as file:
        written = file.read()
    read = list(csv.reader(io.StringIO(written, newline=""), strict=True))
    for number, (row, want) in enumerate(zip(read, wanted)):
        if row != want:
            raise SystemExit(f"row {number} is {row}, not {want}")
    if len(read) != len(wanted):
        raise SystemExit(f"{len(read)} rows, not {len(wanted)}")
    if written != "".join(",".join(map(cell, row)) + "\n" for row in wanted):
        raise SystemExit("the cells are right, and written in another way")
    rows = read[1:]
    print(len(rows), sum(row[0] == "" for row in rows), sum("\n" in row[-1] for row in rows))


if __name__ == "__main__":
    {"tables": tables, "compare": compare}[sys.argv[1]](*sys.argv[2:])
