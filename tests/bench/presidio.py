"""Presidio's recognisers that are regular expressions and checks, without a language model, on texts.

    presidio.py score LABELLED     for each type: labelled, found, reported, right, as JSON (tests/data/detectors)
    presidio.py redact TEXTS       each line of TEXTS, redacted, to standard output

Each recogniser is called by itself, with every score taken: with a threshold it finds less. tldextract keeps to the list that it
brings along.
"""

import json
import sys

import tldextract

tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())

from presidio_analyzer import predefined_recognizers as predefined  # noqa: E402
from presidio_analyzer.predefined_recognizers.generic.mac_recognizer import MacAddressRecognizer  # noqa: E402

TYPES = {"CREDIT_CARD": "card", "EMAIL_ADDRESS": "email", "PHONE_NUMBER": "phone", "IBAN_CODE": "iban", "US_SSN": "ssn", "MAC_ADDRESS": "mac"}
RECOGNISERS = [
    predefined.CreditCardRecognizer(),
    predefined.EmailRecognizer(),
    # The countries of the labelled set; by default fewer.
    predefined.PhoneRecognizer(supported_regions=("US", "GB", "DE", "FR", "NL", "ES", "IT")),
    predefined.IbanRecognizer(),
    predefined.UsSsnRecognizer(),
    predefined.IpRecognizer(),
    MacAddressRecognizer(),
]


def kind(text, result):
    if result.entity_type == "IP_ADDRESS":
        return "ipv6" if ":" in text[result.start : result.end] else "ipv4"
    return TYPES[result.entity_type]


def analyze(text):
    """Type, first character, character after the last."""
    for recogniser in RECOGNISERS:
        for result in recogniser.analyze(text, recogniser.supported_entities, None) or []:
            yield kind(text, result), result.start, result.end


def score(path):
    counts = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            text = record["text"]
            places = {len(text[:end].encode()): end for end in range(len(text) + 1)}
            labels = [(name, places[start], places[end]) for name, start, end in record["spans"]]
            found = set(analyze(text))
            for name, start, end in labels:
                count = counts.setdefault(name, [0, 0, 0, 0])
                count[0] += 1
                count[1] += any(n == name and s <= start and e >= end for n, s, e in found)
            for name, start, end in found:
                count = counts.setdefault(name, [0, 0, 0, 0])
                count[2] += 1
                count[3] += any(n == name and start < e and end > s for n, s, e in labels)
    print(json.dumps(counts))


def redact(path):
    write = sys.stdout.write
    with open(path, encoding="utf-8") as lines:
        for text in lines:
            shown = 0
            for name, start, end in sorted(analyze(text), key=lambda found: (found[1], -found[2])):
                if start >= shown:
                    write(text[shown:start] + "[" + name.upper() + "]")
                shown = max(shown, end)
            write(text[shown:])


{"score": score, "redact": redact}[sys.argv[1]](sys.argv[2])
