#!/usr/bin/env python3
"""Makes a year's payments of a shop, as NDJSON on standard output: the same in every run, and nobody's.

    make-payments.py >payments.ndjson

Card numbers begin as those do that payment services give out for tests, accounts are of no bank, addresses are of example.com and example.org.
Check digits are right: Luhn's, and those of IBANs.
"""

import json
import random

# Country, its share of the customers, an account's bank code (of no bank), how many digits follow.
COUNTRIES = [
    ("DE", 40, "00000000", 10), ("FR", 20, "0000000000", 13), ("NL", 14, "XXXX", 10), ("AT", 12, "00000", 11), ("ES", 11, "00000000", 12), ("LU", 3, "000", 13),
]
# How a test card begins, and its length.
CARDS = [("400000", 16), ("400005", 16), ("555555", 16), ("222300", 16), ("378282", 15)]
GOODS = ["books", "shoes", "train ticket", "headphones", "flowers", "garden chair", "café table", "gift card"]
CUSTOMERS, PAYMENTS = 120, 300


def main():
    make = random.Random(2165)

    def below(bound):
        return int(make.random() * bound)

    def digits(count):
        return "".join(str(below(10)) for _ in range(count))

    customers = [customer(number, below, digits) for number in range(CUSTOMERS)]
    payments = []
    for _ in range(PAYMENTS):
        cents = 150 + below(9000) * (1 + below(4))
        amount = f"{cents // 100}.{cents % 100:02}"
        # Now and then money goes back.
        payments.append((f"2026-{1 + below(12):02}-{1 + below(28):02}", below(CUSTOMERS), amount if below(20) else f"-{amount}", GOODS[below(len(GOODS))]))
    for number, (date, customer_number, amount, goods) in enumerate(sorted(payments)):
        record = {"id": f"T{number:05}", "date": date, **customers[customer_number], "goods": goods}
        # JSON has no type for money: the amount's digits stay as they are.
        print(json.dumps(record, ensure_ascii=False)[:-1] + f', "amount": {amount}}}')


def customer(number, below, digits):
    country, bank, length = pick(below)
    record = {"customer": f"C{number:04}", "email": f"c{number:04}@example.{'com' if below(2) else 'org'}", "country": country}
    # A few never said where they live.
    record["zip"] = zip_code(country, below, digits) if below(12) else None
    # Some pay from their account and have no card at all.
    if below(6):
        beginning, digits_of_card = CARDS[below(len(CARDS))]
        record["card_number"] = luhn(beginning + digits(digits_of_card - len(beginning) - 1))
    else:
        record["iban"] = iban(country, bank + digits(length))
    return record


def pick(below):
    at = below(sum(share for _, share, _, _ in COUNTRIES))
    for country, share, bank, length in COUNTRIES:
        at -= share
        if at < 0:
            return country, bank, length
    raise AssertionError("the shares are more than their sum")


def zip_code(country, below, digits):
    if country == "NL":
        return f"{1 + below(9)}{digits(3)} {'ABCDEGHJ'[below(8)]}{'KLMNPRTX'[below(8)]}"
    return f"{1 + below(9)}{digits(3 if country in ('AT', 'LU') else 4)}"


def luhn(number):
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(number)))
    return number + str(-sum(value // 10 + value % 10 for value in doubled) % 10)


def iban(country, account):
    number = int("".join(str(int(sign, 36)) for sign in account + country + "00"))
    return f"{country}{98 - number % 97:02}{account}"


if __name__ == "__main__":
    main()
