#!/usr/bin/env python3
"""Makes half a year's contacts of a shop's customers, as NDJSON on standard output: the same in every run, and nobody's.

    make-contacts.py >contacts.ndjson

Card numbers begin as those do that payment services give out for tests, accounts are of no bank, addresses are of example.com and example.org, telephone
numbers are of the ranges that regulators keep for films. Check digits are right (Luhn's, and those of IBANs) where the text does not say otherwise.
"""

import json
import random

# What customers write, by country and queue. Some of it no detector knows: names, an address in words, a number cut by a line break.
TEXTS = {
    "DE": [
        ("billing", "Sie haben meine Karte {card} zweimal belastet, bitte erstatten Sie den Betrag."),
        ("billing", "Bitte auf das Konto {iban} zurückzahlen, nicht auf die Karte.\nRückfragen unter {phone}."),
        ("delivery", "Das Paket zur Bestellung {order} ist nicht da. Erreichbar bin ich unter {phone} oder {email}. Gruß, {name}"),
        ("account", "Meine neue Adresse ist {email}, die alte stimmt nicht mehr. {name}"),
        ("delivery", "Der Stuhl kam mit einem Kratzer an, Bestellung {order}. Kann ich ihn behalten und weniger zahlen?"),
    ],
    "GB": [
        ("billing", "You charged {card} twice for order {order}. Please refund one of them."),
        ("billing", "Card ending {last}, reference {near}: is this you? Call me on {phone}, {name}"),
        ("delivery", "Nobody rang. Please tell the driver to call {phone}, or \"leave it with number 12\"."),
        ("account", "I cannot log in as {email}. My other address is {spelled}."),
        ("billing", "My card is\n{cut}\nand the payment was refused. {name}"),
        ("delivery", "The lamp of order {order} came without its shade. Refund to {iban} please."),
    ],
    "FR": [
        ("billing", "La carte {card} a été débitée deux fois, merci de me rembourser sur {iban}."),
        ("delivery", "Toujours rien reçu pour la commande {order}. Mon numéro : {phone}. {name}"),
        ("account", "Je n'arrive plus à me connecter avec {email}."),
    ],
    "NL": [
        ("billing", "Er is twee keer betaald met {card}. Graag terug op {iban}."),
        ("delivery", "Bestelling {order} is te laat, mail mij op {email}. Groet, {name}"),
    ],
}
# Country, its share of the customers, an account's bank code (of no bank), how many digits follow, how telephone numbers begin, and how many digits follow.
COUNTRIES = [
    ("DE", 36, "00000000", 10, ["+49 30 23125 ", "030 23125 "], 3), ("GB", 36, "XXXX", 14, ["+44 20 7946 0", "020 7946 0", "07700 900"], 3),
    ("FR", 18, "0000000000", 13, ["+33 1 99 00 1", "01 99 00 1"], 3), ("NL", 10, "XXXX", 10, [""], 0),
]
# How a test card begins, and its length.
CARDS = [("400000", 16), ("400005", 16), ("555555", 16), ("222300", 16), ("378282", 15)]
NAMES = ["Alex", "Kim", "Robin", "Sascha", "Noor"]
CUSTOMERS, CONTACTS = 90, 200


def main():
    make = Made(random.Random(2457))
    customers = [make.customer(number) for number in range(CUSTOMERS)]
    # Who writes once often writes again.
    contacts = [(make.date(), make.below(CUSTOMERS) if make.below(4) else make.below(10)) for _ in range(CONTACTS)]
    for number, (opened, who) in enumerate(sorted(contacts)):
        customer = customers[who]
        queue, text = make.pick(TEXTS[customer["country"]])
        record = {"id": f"K{number:05}", "opened": opened, "queue": queue, **{name: value for name, value in customer.items() if name[0] != "_"}}
        # What is to be paid back, where somebody has typed it in.
        if queue == "billing" and make.below(4):
            record["amount"] = 5 * (1 + make.below(40))
        record["text"] = text.format(**make.mentions(customer))
        print(json.dumps(record, ensure_ascii=False))


class Made:
    """What is made of random numbers. Python keeps those of `random()` as they are from version to version, and no others."""

    def __init__(self, numbers):
        self.numbers = numbers

    def below(self, bound):
        return int(self.numbers.random() * bound)

    def pick(self, choices):
        return choices[self.below(len(choices))]

    def digits(self, count):
        return "".join(str(self.below(10)) for _ in range(count))

    def date(self):
        return f"2026-{1 + self.below(6):02}-{1 + self.below(28):02}"

    def customer(self, number):
        """What every contact of a customer says, and behind a `_` what only texts speak of."""
        at = self.below(sum(share for _, share, *_ in COUNTRIES))
        place = next(index for index, _ in enumerate(COUNTRIES) if at < sum(share for _, share, *_ in COUNTRIES[: index + 1]))
        country, _, bank, length, telephones, digits = COUNTRIES[place]
        beginning, card_length = self.pick(CARDS)
        return {
            "customer": f"C{number:04}",
            "country": country,
            # A few never said where they live.
            "zip": self.zip_code(country) if self.below(12) else None,
            "card": luhn(beginning + self.digits(card_length - len(beginning) - 1)),
            "_name": self.pick(NAMES),
            "_iban": iban(country, bank + self.digits(length)),
            "_phone": self.pick(telephones) + self.digits(digits),
            "_email": f"c{number:04}@example.{self.pick(['com', 'org'])}",
        }

    def zip_code(self, country):
        if country == "GB":
            return f"{self.pick(['EC', 'LS', 'EH', 'BS'])}{1 + self.below(9)} {self.below(10)}{self.pick('ABDE')}{self.pick('HJLN')}"
        if country == "NL":
            return f"{1 + self.below(9)}{self.digits(3)} {self.pick('ABCDE')}{self.pick('KLMNP')}"
        return f"{1 + self.below(9)}{self.digits(4)}"

    def mentions(self, customer):
        """What a text may mention, as people write it."""
        card = customer["card"]
        groups = [card[:4], card[4:10], card[10:]] if len(card) == 15 else [card[at : at + 4] for at in range(0, 16, 4)]
        account = customer["_iban"]
        return {
            "card": self.pick(["", " ", "-"]).join(groups),
            "last": card[-4:],
            "cut": " ".join(groups[:2]) + "\n" + " ".join(groups[2:]),
            # One more than the right check digit: a number, and no card's.
            "near": not_luhn("4" + self.digits(14)),
            "iban": self.pick([account, " ".join(account[at : at + 4] for at in range(0, len(account), 4))]),
            "phone": customer["_phone"],
            "email": customer["_email"],
            "spelled": f"{customer['_name'].lower()} at example dot com",
            "order": f"20{self.digits(6)}",
            "name": customer["_name"],
        }


def luhn(number):
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(number)))
    return number + str(-sum(value // 10 + value % 10 for value in doubled) % 10)


def not_luhn(number):
    right = luhn(number)
    return number + str((int(right[-1]) + 1) % 10)


def iban(country, account):
    number = int("".join(str(int(sign, 36)) for sign in account + country + "00"))
    return f"{country}{98 - number % 97:02}{account}"


if __name__ == "__main__":
    main()
