"""The rows that examples/payments and examples/contacts show, made from their records and the token key by docs/policy.md and with nothing of Sealroom.

    examples_rows.py payments|contacts RECORDS SECRET >rows

Payments are computed by DuckDB. What is taken out of a contact's text is looked for with patterns that know how make-contacts.py writes, and no other way.
"""

import base64
import hmac
import json
import re
import struct
import sys

import duckdb


def tokens(secret, domain):
    """How customers are told apart without being named."""
    check = hmac.new(secret, b"sealroom/token-key-check/v1\0" + domain, "sha256").hexdigest()

    def token(text):
        tag = hmac.new(secret, struct.pack(">I", len(domain)) + domain + b"s" + text.encode(), "sha256").digest()
        return f"tok_{check[:8]}_{base64.urlsafe_b64encode(tag).rstrip(b'=').decode()}"

    return token


def row(columns):
    """One line of NDJSON, without the columns that are not there. Numbers come as the text that they have."""
    texts = {name: value if name == "amount" else json.dumps(value, ensure_ascii=False) for name, value in columns.items() if value is not ABSENT}
    return "{" + ",".join(f'"{name}":{text}' for name, text in texts.items()) + "}"


ABSENT = object()


def payments(path, token):
    query = """
        SELECT json->>'$.customer',
               json_exists(json, '$.card_number'),
               repeat('*', length_grapheme(json->>'$.card_number') - 4) || right_grapheme(json->>'$.card_number', 4),
               left_grapheme(json->>'$.zip', 2), json->>'$.country', json->>'$.date',
               -- The digits as they stand: DuckDB's own numbers would be binary ones.
               regexp_extract(json::VARCHAR, '"amount": *(-?[0-9.]+)', 1)
        FROM read_ndjson_objects(?) WHERE json->>'$.country' = 'DE'
    """
    found = duckdb.connect(config={"threads": 1}).execute(query, [path]).fetchall()
    assert len({customer for customer, *_ in found}) >= 10, "fewer people than the policy's minimum"
    for customer, has_card, card, zip_code, country, date, amount in found:
        columns = {"customer": token(customer), "card": card if has_card else ABSENT, "zip": zip_code, "country": country, "date": date, "amount": amount}
        print(row(columns))


def contacts(path, token):
    with open(path, encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    chosen = [record for record in records if record["country"] in ("DE", "GB")]
    assert len({record["customer"] for record in chosen}) >= 10, "fewer people than the policy's minimum"
    for record in chosen:
        card, zip_code = record["card"], record["zip"]
        columns = {"opened": record["opened"], "queue": record["queue"], "customer": token(record["customer"]), "country": record["country"]}
        columns |= {"zip": zip_code and zip_code[:2], "card": "*" * (len(card) - 4) + card[-4:]}
        columns |= {"amount": str(record["amount"]) if "amount" in record else ABSENT, "text": without_identifiers(record["text"])}
        print(row(columns))


def without_identifiers(text):
    text = re.sub(r"\b[a-z0-9]+@example\.(?:com|org)\b", "[EMAIL]", text)
    text = re.sub(r"(?:\+49 |0)30 23125 \d{3}\b|(?:\+44 |0)20 7946 0\d{3}\b|\b07700 900\d{3}\b", "[PHONE]", text)
    text = re.sub(r"\b(?:DE\d\d(?: ?\d{4}){4} ?\d\d|GB\d\d ?XXXX(?: ?\d{4}){3} ?\d\d)\b", marked("[IBAN]", is_iban), text)
    return re.sub(r"\b\d{4}([ -]?)(?:\d{4}\1\d{4}\1\d{4}|\d{6}\1\d{5})\b", marked("[CARD]", is_card), text)


def marked(marker, right):
    """Puts the marker in place of what has right check digits."""
    return lambda found: marker if right(re.sub("[ -]", "", found[0])) else found[0]


def is_iban(account):
    return int("".join(str(int(sign, 36)) for sign in account[4:] + account[:4])) % 97 == 1


def is_card(number):
    # Twice a digit, and the sum of its digits, for every second one from the right.
    twice = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]
    return (sum(map(int, number[::-2])) + sum(twice[int(digit)] for digit in number[-2::-2])) % 10 == 0


if __name__ == "__main__":
    example, records, secret = sys.argv[1:]
    with open(secret, "rb") as file:
        {"payments": payments, "contacts": contacts}[example](records, tokens(file.read(), b"customer"))
