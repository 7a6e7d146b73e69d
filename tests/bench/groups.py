"""Groups NDJSON in the clear with DuckDB on one thread: what groups-job.toml asks for. Rows go to standard output.

    groups.py RECORDS
"""

import sys

import duckdb

MIN_PEOPLE = 10


def main(records):
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    connection.execute("SET preserve_insertion_order = false")
    rows = connection.execute(
        """
        SELECT left(phone, 6) AS area, count(*) AS records, sum(amount) AS total
        FROM read_json($file, format = 'newline_delimited',
                       columns = {phone: 'VARCHAR', email: 'VARCHAR', amount: 'DECIMAL(18, 2)'})
        GROUP BY area HAVING count(DISTINCT email) >= $least ORDER BY area
        """,
        {"file": records, "least": MIN_PEOPLE},
    ).fetchall()
    for area, count, total in rows:
        # As Sealroom writes it: without zeros at the end of the fraction.
        print('{"area":"%s","records":%d,"total":%s}' % (area, count, format(total.normalize(), "f")))


if __name__ == "__main__":
    main(*sys.argv[1:])
