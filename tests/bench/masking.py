"""Masks, tokenizes and truncates named fields of NDJSON, and keeps three: what job.toml asks for. Rows go to standard
output.

    masking.py presidio|orjson TOKEN-KEY-FILE CHECK-VALUE RECORDS

presidio: presidio-anonymizer on each of the three fields, told what they are, so that nothing has to be detected.
orjson: the loop that somebody writes by hand.
"""

import base64
import hashlib
import hmac
import struct
import sys

import orjson

DOMAIN = b"customer"


def tokenizer(key, check):
    # hmac.digest is the fastest that Python has.
    prefix = struct.pack(">I", len(DOMAIN)) + DOMAIN + b"s"
    beginning = f"tok_{check[:8]}_"

    def token(text):
        digest = hmac.digest(key, prefix + text.encode(), hashlib.sha256)
        return beginning + base64.urlsafe_b64encode(digest).decode().rstrip("=")

    return token


def presidio(token):
    from presidio_anonymizer import AnonymizerEngine
    from presidio_anonymizer.entities import OperatorConfig, RecognizerResult

    engine = AnonymizerEngine()
    mask = {"PAN": OperatorConfig("mask", {"masking_char": "*", "chars_to_mask": 12, "from_end": False})}
    tokenize = {"EMAIL": OperatorConfig("custom", {"lambda": token})}
    truncate = {"PHONE": OperatorConfig("custom", {"lambda": lambda text: text[:3]})}

    def anonymize(text, kind, operators):
        results = [RecognizerResult(entity_type=kind, start=0, end=len(text), score=1.0)]
        return engine.anonymize(text=text, analyzer_results=results, operators=operators).text

    def row(record):
        return {
            "email": anonymize(record["email"], "EMAIL", tokenize),
            "pan": anonymize(record["pan"], "PAN", mask),
            "phone": anonymize(record["phone"], "PHONE", truncate),
            "country": record["country"],
            "amount": record["amount"],
            "currency": record["currency"],
        }

    return row


def by_hand(token):
    def row(record):
        pan = record["pan"]
        return {
            "email": token(record["email"]),
            "pan": "*" * (len(pan) - 4) + pan[-4:],
            "phone": record["phone"][:3],
            "country": record["country"],
            "amount": record["amount"],
            "currency": record["currency"],
        }

    return row


def main(way, key_file, check, records):
    with open(key_file, "rb") as file:
        token = tokenizer(file.read(), check)
    row = {"presidio": presidio, "orjson": by_hand}[way](token)
    write = sys.stdout.buffer.write
    with open(records, "rb") as lines:
        for line in lines:
            write(orjson.dumps(row(orjson.loads(line)), option=orjson.OPT_APPEND_NEWLINE))


main(*sys.argv[1:])
