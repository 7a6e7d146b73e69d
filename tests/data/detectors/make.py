"""Makes labelled.ndjson: texts, and where in them sensitive data stands.

    python3 make.py > labelled.ndjson

One JSON object a line: "text"; "spans", each [type, first byte, byte after the last] of the text in UTF-8; "group", for people
who read it. Values are made here with arithmetic of its own (Luhn, mod 97, the check digit of VINs), not by what is measured.
Nothing belongs to anybody: test numbers of the card brands, numbers that regulators keep for fiction, documentation addresses,
and random ones. The same every time.
"""

import base64
import json
import random

RANDOM = random.Random(20260101)


def put(group, text):
    """A line. In `text`, {{type=value}} is a labelled value: {{type=value}}."""
    spans, out, rest = [], "", text
    while "{{" in rest:
        before, rest = rest.split("{{", 1)
        label, rest = rest.split("}}", 1)
        kind, value = label.split("=", 1)
        out += before
        start = len(out.encode())
        out += value
        spans.append([kind, start, len(out.encode())])
    out += rest
    print(json.dumps({"group": group, "text": out, "spans": spans}, ensure_ascii=False))


def luhn(number):
    total = 0
    for place, digit in enumerate(reversed(number + "0")):
        value = int(digit) * (2 if place % 2 else 1)
        total += value // 10 + value % 10
    return number + str(-total % 10)


def not_luhn(number):
    right = luhn(number)
    return right[:-1] + str((int(right[-1]) + RANDOM.randint(1, 9)) % 10)


def digits(count):
    return "".join(RANDOM.choice("0123456789") for _ in range(count))


def iban(country, bban):
    number = "".join(str(int(c, 36)) for c in bban + country + "00")
    return f"{country}{98 - int(number) % 97:02}{bban}"


def fours(text, sign=" "):
    return sign.join(text[i : i + 4] for i in range(0, len(text), 4))


def vin(text):
    values = dict(zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", [*range(10), *range(1, 9), *range(1, 6), 7, 9, *range(2, 10)]))
    weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
    check = "0123456789X"[sum(values[c] * w for c, w in zip(text, weights)) % 11]
    return text[:8] + check + text[9:]


def b64(value):
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def jwt(header, claims, signature=32):
    return ".".join([b64(header), b64(claims), b64(RANDOM.randbytes(signature))])


# -- cards

BRANDS = {
    "visa": ("4" + digits(5), 16), "visa old": ("4" + digits(5), 13), "mastercard": ("5425" + digits(2), 16), "mastercard 2": ("2223" + digits(2), 16),
    "amex": ("3714" + digits(2), 15), "diners": ("3056" + digits(2), 14), "diners 36": ("3612" + digits(2), 14), "discover": ("6011" + digits(2), 16),
    "jcb": ("3530" + digits(2), 16), "unionpay": ("6212" + digits(2), 19), "unionpay 16": ("6250" + digits(2), 16), "maestro": ("6759" + digits(2), 18),
    "mir": ("2200" + digits(2), 16),
}
SENTENCES = [
    "Customer paid with {} yesterday.", "card: {}, exp 12/27, cvc 123", "Die Karte {} wurde gesperrt", "Carte bancaire {} refusée (code 51).",
    "pan={}", "La tarjeta {} está caducada; llamar al cliente", "({})", "Refund to {}. Thanks!", "卡号{}有效", "\"{}\"",
]
number = 0
for brand, (prefix, length) in BRANDS.items():
    for sign in ("", " ", "-"):
        value = luhn(prefix + digits(length - 1 - len(prefix)))
        if sign and length == 15:
            value = sign.join([value[:4], value[4:10], value[10:]])
        elif sign and length == 14:
            value = sign.join([value[:4], value[4:10], value[10:]])
        elif sign and length == 13:
            continue
        elif sign:
            value = fours(value, sign)
        put("card " + brand, SENTENCES[number % len(SENTENCES)].replace("{}", "{{card=" + value + "}}"))
        number += 1
for value in ("4111 1111 1111 1111", "5555555555554444", "3782-822463-10005", "6011 1111 1111 1117", "3530111333300000", "4111\u00a01111\u00a01111\u00a01111"):
    put("card test numbers", f"Use {{{{card={value}}}}} in the sandbox")
put("card two", "old {{card=4242424242424242}} new {{card=4000 0566 5566 5556}}")
put("card with id", "id_{{card=4012888888881881}}_x and 12 {{card=4222222222222}}")
put("card hard", "split over lines {{card=4111 1111\n1111 1111}} by an editor")
put("card hard", "two blanks {{card=4111  1111  1111  1111}} between")
put("card hard", "dotted {{card=4111.1111.1111.1111}} by hand")
for prefix, length in (("4" + digits(5), 16), ("5425" + digits(2), 16), ("3714" + digits(2), 15), ("6011" + digits(2), 16), ("3530" + digits(2), 16)):
    put("near card: Luhn", f"reference {not_luhn(prefix + digits(length - 7))} of the bank")
    put("near card: Luhn", f"order {fours(not_luhn(prefix + digits(length - 7)))} shipped")
for prefix in ("1", "7", "9", "0"):
    put("near card: no issuer", f"meter {luhn(prefix + digits(14))} read on Monday")
put("near card: length", f"serial {luhn('4' + digits(20))} and {luhn('4' + digits(10))}")
put("near card: inside a word", f"hash a{luhn('4' + digits(14))}f and X{luhn('51' + digits(13))}")
put("near card: timestamps", "from 1700000000000 to 20260101120000123 in milliseconds")
put("near card: rows", "readings 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 over the day")
put("near card: hex", "uuid 41111111-1111-4111-8111-11111111111a of the device")

# -- e-mail

for value in (
    "john.doe@example.com", "j@example.org", "anna_k+news@mail.example.co.uk", "o'brien@example.ie", "jörg.müller@beispiel.de", "info@müller.de",
    "ventas@ejemplo.es", "имя@пример.рф", "x-y.z%1@sub-domain.example.museum", "UPPER.CASE@EXAMPLE.COM", "first.last@xn--bcher-kva.de", "a1@b2.com",
    "δοκιμή@παράδειγμα.ελ", "user.name+tag+sorting@example.com", "1234567890@example.com", "service@firma.gmbh",
):
    put("email", f"Write to {{{{email={value}}}}}, please.")
    put("email", f"<{{{{email={value}}}}}>")
for text in (
    "mailto:{{email=anna@example.com}}?subject=Hi", "From: Anna <{{email=anna.b@example.com}}>; To: {{email=bob@example.net}}", "email={{email=anna@example.com}}&x=1",
    "请联系{{email=li.wei@example.cn}}谢谢", "'{{email=quoted@example.com}}'", "contact ({{email=c.d@example.fr}}).", "https://example.com/?u={{email=a@example.com}}",
    "{{email=a@example.com}};{{email=b@example.com}},{{email=c@example.com}}", "*{{email=bold@example.com}}*",
    "the end: {{email=last@example.com}}.", "name|{{email=table@example.com}}|x",
):
    put("email", text)
put("email hard", 'quoted local {{email="john doe"@example.com}} part')
put("email hard", "obfuscated {{email=john at example dot com}} address")
put("email hard", "slash {{email=cn/ou@example.com}} in the local part")
for text in (
    "follow @anna on the site", "a @ b", "price 3@5 each", "logo@2x.png and icon@3x.jpeg", "pkg left-pad@1.3.0 installed", "user@localhost without a domain",
    "foo@bar", "a@b.c", "@example.com is our domain", "john@example.", "npm i @scope/name.js", "name@.com", "user@-bad-.1", "v1@2.3.4", "café @ rue.fr",
):
    put("near email", text)

# -- phone

INTERNATIONAL = [
    "+1 212 555 0134", "+1 (212) 555-0134", "+12125550134", "+1-416-555-0199", "+44 20 7946 0958", "+44 (0)20 7946 0958", "+447700900123", "+44 161 496 0123",
    "+49 30 901820", "+49 (0)151 12345678", "+4915112345678", "+49 89 1234-567", "+33 1 23 45 67 89", "+33 6 12 34 56 78", "+33 (0)1 99 00 12 34", "+31 20 123 4567",
    "+31612345678", "+34 612 345 678", "+34 91 123 45 67", "+39 06 1234 5678", "+39 333 1234567", "+41 44 668 18 00", "+43 1 5880 0", "+32 2 555 12 12",
    "+351 21 123 4567", "+353 1 234 5678", "+46 8 123 456 78", "+47 22 12 34 56", "+45 32 12 34 56", "+48 22 123 45 67", "+91 98765 43210", "+81 3-1234-5678",
    "+86 138 0013 8000", "+61 2 9123 4567", "+55 11 91234-5678", "+972 3 123 4567", "+27 21 123 4567", "+33\u00a01\u00a023\u00a045\u00a067\u00a089", "+420 212 345 678",
    "0044 20 7946 0958", "0049 30 901820", "00 33 1 23 45 67 89",
]
NATIONAL = [
    "(212) 555-0134", "212-555-0134", "212.555.0134", "212 555 0134", "1-212-555-0134", "(416)555-0199", "1 (800) 555-0199", "604/555-0177", "(305) 555 0142", "917-555-0188",
    "020 7946 0958", "(020) 7946 0958", "0161 496 0123", "01632 960123", "07700 900123", "07700900123", "0800 012 3456", "(01632) 960 456", "028 9018 0123", "07911 123456",
    "030 901820", "030/901820", "(030) 901 820", "0151 12345678", "015112345678", "089-12345678", "0221 123 4567", "0170/1234567", "0711 1234567", "040 12345-678",
    "01 23 45 67 89", "01.23.45.67.89", "06 12 34 56 78", "0612345678", "01-99-00-12-34", "04 65 71 23 45", "01\u00a099\u00a000\u00a056\u00a078", "07 12 34 56 78", "03 53 01 12 34", "05.36.49.12.34",
    "020 123 4567", "06-12345678", "06 12 34 56 78", "(020) 1234567", "0612345679", "010-1234567", "0341 123456", "0900-12345678", "030-123 45 67", "06 1234 5678",
    "612 345 678", "91 123 45 67", "612 34 56 78", "912 345 678", "700 123 456", "93 123 45 67", "644 12 34 56", "955-123-456", "985 123 456", "722 345 678",
    "02 1234567", "06 12345678", "333 1234567", "333 123 4567", "347-1234567", "011 1234567", "081 123 4567", "02 1234 5678", "329 123456", "055 123 4567",
]
SENTENCES = [
    "Call {} tomorrow.", "Tel.: {}", "Bitte unter {} zurückrufen!", "tél. {} ou par courriel", "phone={}", "Llámame al {}, gracias", "chiamare il {} dopo le 18",
    "bel {} voor een afspraak", "{}", "home {}; nobody there",
]
for number, value in enumerate(INTERNATIONAL):
    put("phone international", SENTENCES[number % len(SENTENCES)].replace("{}", "{{phone=" + value + "}}"))
for number, value in enumerate(NATIONAL):
    put("phone national", SENTENCES[number % len(SENTENCES)].replace("{}", "{{phone=" + value + "}}"))
put("phone", "numbers {{phone=212-555-0134}}, {{phone=212-555-0135}} and {{phone=+44 20 7946 0959}}")
put("phone", "ext: {{phone=212-555-0134}}x12, {{phone=+1 212 555 0134}} ext. 9")
for value in ("2125550134", "6125550177", "612345678", "3331234567"):
    put("phone hard: one piece", f"call {{{{phone={value}}}}} back")
for value in ("(02) 9123 4567", "98765 43210", "(11) 91234-5678", "03-1234-5678", "555-0134"):
    put("phone hard: other plans", f"mobile {{{{phone={value}}}}} at work")
for text in (
    "on 05.11.2024 09:48 and 22-11-2024 10 o'clock", "2024-11-22 09:48:12.123456", "2026/01/15 12 30 00", "from 02/03/2024 10 to 11", "version 10.15.7.1901", "order 100200300400",
    "invoice 2024-0001234567", "911-555-0134 is no area", "212-911-0134 is no exchange", "112-555-0134 neither", "+999 123 456 789 is not given out", "+1 212 555 01 is short",
    "+44 12 34 is short", "isbn 978-3-16-148410-0", "ean 4006381333931", "sum 1,234,567.89 and 12.345.678,90 €", "912.345.678 euros", "0.123456789012", "ratio 123/456/7890/12",
    "part 020-7946-0958-77-1", "account 12345678 sort code 20-00-00", "zip 10115 Berlin", "IBAN DE00 1234", "size 100-200-3000 mm", "id 212-555-01345",
    "tracking 1Z999AA10123456784", "coordinates 48.858844 2.294351", "room 333 12", "steuernummer 12/345/67890", "tel 0", "0000000000", "1+1 = 2", "+++ news +++", "C++ 11 14 17 20",
    "population 612 345 678 in 2020", "epoch 1700000000", "size 0644 or 0755", "call centre opened 2024-11-22", "called on 05.11.2024 09:48", "phone 12, 64 GB", "hotel 12345678 and intel 87654321", "call 12345 before noon", "tel [4] 1234567", "12:30 - 13:45", "3-4-5", "km 020 12",
):
    put("near phone", text)

# -- IBAN

BBANS = {
    "DE": "370400440532013000", "GB": "NWBK60161331926819", "FR": "20041010050500013M02606", "NL": "ABNA0417164300", "ES": "21000418450200051332", "IT": "X0542811101000000123456",
    "BE": "539007547034", "CH": "00762011623852957", "AT": "1904300234573201", "PT": "000201231234567890154", "IE": "AIBK93115212345678", "PL": "109010140000071219812874",
    "SE": "50000000058398257466", "NO": "86011117947", "DK": "00400440116243", "FI": "12345600000785", "LU": "0019400644750000", "GR": "01101250000000012300695",
    "CZ": "08000000192000145399", "MT": "MALT011000012345MTLCAST001S", "SA": "80000000608010167519", "AE": "0331234567890123456", "TR": "0006100519786457841326", "BR": "00360305000010009795493C1",
}
SENTENCES = ["IBAN {}", "Überweisung an {} bis Freitag.", "virement vers {}, merci", "account={}", "({})", "rekening {} graag"]
for number, (country, bban) in enumerate(BBANS.items()):
    value = iban(country, bban)
    put("iban", SENTENCES[number % len(SENTENCES)].replace("{}", "{{iban=" + value + "}}"))
    put("iban", SENTENCES[(number + 1) % len(SENTENCES)].replace("{}", "{{iban=" + fours(value) + "}}"))
put("iban", "small {{iban=" + iban("DE", "370400440532013000").lower() + "}} letters")
put("iban", "hyphens {{iban=" + fours(iban("NL", "ABNA0417164300"), "-") + "}} between")
put("iban", "two {{iban=" + iban("DE", "500105175407324931") + "}}/{{iban=" + iban("FR", "30006000011234567890189") + "}}")
put("iban hard", "cut up {{iban=DE 89 370400440532013000}} by hand")
for country, bban in list(BBANS.items())[:8]:
    right = iban(country, bban)
    wrong = f"{(int(right[2:4]) + 5) % 97:02}"
    put("near iban: check digits", f"IBAN {country}{wrong}{bban}")
    put("near iban: length", f"IBAN {right}7")
put("near iban: country", "ref " + iban("US", "370400440532013000") + " and " + iban("XX", "12345678901234"))
put("near iban", "DE89 is short, GB82 WEST 1234 5698 too")
put("near iban", "part no AB12 3456 7890 1234 5678 90 in stock")
put("near iban: inside a word", "x" + iban("DE", "370400440532013000") + " and " + iban("NL", "ABNA0417164300") + "y")

# -- SSN

for number in range(16):
    area = RANDOM.choice([a for a in range(1, 900) if a != 666])
    sign = "- "[number % 2]
    value = sign.join([f"{area:03}", f"{RANDOM.randint(1, 99):02}", f"{RANDOM.randint(1, 9999):04}"])
    put("ssn", ["SSN {}", "ssn: {}.", "social security number {} on file", "patient ({}), born 1970"][number % 4].replace("{}", "{{ssn=" + value + "}}"))
put("ssn", "SSN-{{ssn=536-90-4399}} and {{ssn=001-01-0001}}")
put("ssn hard: one piece", "SSN {{ssn=536904399}} without hyphens")
put("ssn hard: dots", "ssn {{ssn=536.90.4399}} with dots")
for value in ("000-12-3456", "666-12-3456", "900-12-3456", "987-65-4321", "123-00-4567", "123-45-0000", "078-05-1120", "219-09-9999"):
    put("near ssn: never given out", f"number {value} in a form")
for text in ("ref 12-345-6789", "id 123-456-789", "case 2024-123-45-6789", "part 123-45-6789-01", "123-45-67890", "a123-45-6789", "date 123-45-678", "123-45 6789", "123456789", "1 123-4-56789", "lesson 536904399", "ssn 000123456", "social 5369043991"):
    put("near ssn", text)

# -- addresses

for value in ("192.0.2.1", "198.51.100.23", "203.0.113.255", "10.0.0.1", "172.16.254.1", "8.8.8.8", "127.0.0.1", "255.255.255.0", "100.64.0.1", "1.1.1.1"):
    put("ipv4", f"login from {{{{ipv4={value}}}}} failed")
    put("ipv4", f"http://{{{{ipv4={value}}}}}:8080/x and net {{{{ipv4={value}}}}}/24.")
put("ipv4", "ip={{ipv4=192.0.2.7}};{{ipv4=192.0.2.8}} -> {{ipv4=192.0.2.9}}.")
put("ipv4", "range {{ipv4=192.0.2.10}}-{{ipv4=192.0.2.20}}")
put("ipv4 hard: brackets around dots", "defanged {{ipv4=192[.]0[.]2[.]1}}")
for text in (
    "256.1.1.1", "1.2.3", "1.2.3.4.5", "192.168.1.300", "v1.2.3.4", "01.02.03.04", "999.999.999.999", "section 1.2.3.4a", "192,168,1,1", "1..2.3.4", "12.34.56", "oid 1.3.6.1.4.1.311",
    "10.0.0.0.1.in-addr.arpa",
):
    put("near ipv4", f"see {text} there")
put("near ipv4: a version", "Chrome 120.0.6099.109 on Windows")
put("near ipv4: a version", "driver 10.1.2.3 installed")

for value in (
    "2001:db8::1", "2001:0db8:85a3:0000:0000:8a2e:0370:7334", "fe80::1", "::1", "2001:db8:0:1:1:1:1:1", "::ffff:192.0.2.128", "2001:DB8::A0:B1", "64:ff9b::192.0.2.33", "fe80::1ff:fe23:4567:890a",
    "2001:db8::", "fd12:3456:789a:1::1", "2606:4700:4700::1111",
):
    label = "{{ipv6=" + value + "}}"
    put("ipv6", f"from {label} port 22")
    put("ipv6", f"http://[{label}]:8080/, addr:{label}, {label}/64.")
put("ipv6", "zone {{ipv6=fe80::1}}%eth0 up")
put("ipv6 hard: no digit", "address {{ipv6=fd::abcd}} of the router")
for text in (
    "at 12:30:45 sharp", "std::vector<int>", "a::b", "Foo::Bar::new()", "ratio 1:2:3", "::", "x::y", "dead:beef", "1:2:3:4:5:6:7:8:9", "2001:db8:::1", "12345::1", "2001:db8::1::2", "gggg::1",
    "time 10:20:30:40", "bad::face", "Verse 3:16", "a:b:c:d",
):
    put("near ipv6", f"see {text} there")

for value in ("00:1A:2B:3C:4D:5E", "00-1a-2b-3c-4d-5e", "001a.2b3c.4d5e", "ff:ff:ff:ff:ff:ff", "AC:DE:48:00:11:22", "52:54:00:ab:cd:ef", "b8-27-eb-12-34-56", "0050.56c0.0001"):
    put("mac", f"interface {{{{mac={value}}}}} is up")
    put("mac", f"mac:{{{{mac={value}}}}}, link/ether {{{{mac={value}}}}}.")
put("mac hard", "one piece {{mac=001A2B3C4D5E}} on the label")
for text in ("00:1A:2B:3C:4D", "00:1A:2B:3C:4D:5E:6F:70", "00:1A:2B-3C:4D:5E", "0:1A:2B:3C:4D:5E", "00:1G:2B:3C:4D:5E", "12:34:56:78", "1a.2b3c.4d5e", "001a.2b3c.4d5e.6f70", "a-b-c-d-e-f", "x00:1A:2B:3C:4D:5E"):
    put("near mac", f"see {text} there")

# -- keys and tokens


def base32(count):
    return "".join(RANDOM.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(count))


for number, prefix in enumerate(["AKIA", "ASIA", "AKIA", "ABIA", "ACCA", "AKIA", "ASIA", "AKIA"]):
    text = ["aws_access_key_id = {}", "AWS_ACCESS_KEY_ID={}", "key {} leaked", "\"{}\""][number % 4]
    put("aws-key", text.replace("{}", "{{aws-key=" + prefix + base32(16) + "}}"))
put("aws-key", "Credential={{aws-key=AKIAIOSFODNN7EXAMPLE}}/20260101/us-east-1/s3/aws4_request")
for text in ("AKIA" + base32(15), "AKIA" + base32(17), "akia" + base32(16).lower(), "AIDA" + base32(16), "AROA" + base32(16), "AKIA" + base32(8) + "0189ABCD", "XAKIA" + base32(16), "AKIA is a prefix", "ASIA PACIFIC REGION SALES"):
    put("near aws-key", f"see {text} there")

for header, claims in (
    ({"alg": "HS256", "typ": "JWT"}, {"sub": "1234567890", "name": "Anna", "iat": 1516239022}),
    ({"alg": "RS256", "kid": "k1"}, {"iss": "https://issuer.example", "aud": ["a", "b"]}),
    ({"typ": "JWT", "alg": "ES256"}, {"email": "anna@example.com"}),
    ({"alg": "EdDSA"}, {"exp": 1893456000}),
    ({"kid": "x" * 200, "alg": "PS512"}, {"a": list(range(50))}),
):
    value = jwt(header, claims, 64)
    put("jwt", f"Authorization: Bearer {{{{jwt={value}}}}}")
    put("jwt", f"https://example.com/?token={{{{jwt={value}}}}}&x=1")
encrypted = ".".join([b64({"alg": "RSA-OAEP", "enc": "A256GCM"}), b64(RANDOM.randbytes(40)), b64(RANDOM.randbytes(12)), b64(RANDOM.randbytes(30)), b64(RANDOM.randbytes(16))])
put("jwt encrypted", f"cookie session={{{{jwt={encrypted}}}}}; path=/")
put("jwt hard: no signature", "{{jwt=" + b64({"alg": "none"}) + "." + b64({"sub": "1"}) + ".}} accepted")
for text in (
    "eyJhbGciOiJIUzI1NiJ9", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0", "eyJ.eyJ.x", "eyJub3RoaW5nIjoxfQ.eyJzdWIiOiIxIn0.c2ln", "a.b.c", "eyJoZWxsbyB3b3JsZCBub3QganNvbg.eyJ9.abc", "www.example.com",
    "eyJ0eXAiOiJKV1QifQ and more", "xeyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
):
    put("near jwt", f"see {text} there")

# -- VIN

for base in ("1HGCM82603A004352", "1M8GDM9A0KP042788", "5YJSA1E20HF000337", "2T1BURHE0JC034312", "3VWFE21C04M000001", "LRW3E7FA0LC123456", "JH4KA7650MC012345", "1FTFW1ET0DFC10312", "WBA3A5C50DF123456", "KMHCT4AE0EU123456"):
    put("vin", f"car {{{{vin={vin(base)}}}}} in for service")
    put("vin", f"VIN:{{{{vin={vin(base).lower()}}}}}, plate B-AB 123")
put("vin hard: Europe", "Fahrgestellnummer {{vin=WVWZZZ1KZ6W000001}}")
put("vin hard: Europe", "châssis {{vin=VF1BR1J0H40000123}}")
for base in ("1HGCM82633A004352", "5YJSA1E26HF000337", "2T1BURHE0JC034312"):
    right = vin(base)
    wrong = right[:8] + ("5" if right[8] != "5" else "6") + right[9:]
    put("near vin: check digit", f"part {wrong} in stock")
for text in ("1HGCM82633A00435", "1HGCM82633A0043522", "IHGCM82633A004352", "ABCDEFGHJKLMNPRST", "internationalisat", "12345678901234567", "a1b2c3d4e5f6a7b8c9"):
    put("near vin", f"see {text} there")

# -- texts without anything, and with much

for text in (
    "The quick brown fox jumps over the lazy dog.", "Der Kunde hat am Montag, den 3. März 2025, um 14:30 Uhr angerufen und sich beschwert.", "Le client souhaite un remboursement de 1 234,56 € avant le 31/12/2025.",
    "El pedido 45-2231 llegó con 3 días de retraso.", "commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "7 + 5 = 12; 3 * 4 = 12", "GET /api/v2/items?page=3&size=100 HTTP/1.1 200 5316 0.004",
    "ISBN 0-306-40615-2, DOI 10.1000/182", "temperature -12.5 °C, humidity 45 %, 1013.25 hPa", "A4 210 x 297 mm, 80 g/m2", "let x: u32 = 0xdead_beef; // a::b", "Paragraph 12.3.4 of contract 2024/17",
    "latitude 52.520008, longitude 13.404954", "SKU-00412-BLK-XL, qty 12", "{\"id\": 17, \"ok\": true, \"tags\": [\"a\", \"b\"]}", "患者于2024年11月22日就诊，血压120/80。", "Размер 42, цена 1 999 руб.", "١٢٣٤٥٦٧٨٩٠",
    "Room 101, floor 3, building 12B, 10115 Berlin", "Win 10 22H2 build 19045.3803", "1234567890123", "00000000-0000-0000-0000-000000000000",
):
    put("nothing", text)
put(
    "much",
    "Anna ({{email=anna.k@example.com}}, {{phone=+49 151 12345678}}) paid {{card=4111 1111 1111 1111}} from {{iban=" + fours(iban("DE", "370400440532013000")) + "}} via {{ipv4=192.0.2.44}}; "
    "SSN {{ssn=536-90-4399}}, car {{vin=" + vin("1HGCM82603A004352") + "}}, laptop {{mac=00:1A:2B:3C:4D:5E}} at {{ipv6=2001:db8::44}}, key {{aws-key=AKIAIOSFODNN7EXAMPLE}}.",
)
