"""Writes seeds for the fuzz targets: FOLDER/TARGET/NAME. From the vectors, the examples and what is written down here.
Run by scripts/fuzz.sh, from the project's root."""

import base64
import json
import struct
import sys
from pathlib import Path

folder = Path(sys.argv[1])
vectors = Path("tests/vectors")
others = Path("../shared/vectors")  # other people's data; may be absent


def seed(target, name, content):
    (folder / target).mkdir(parents=True, exist_ok=True)
    (folder / target / name).write_bytes(content)


def files(root, pattern):
    return sorted(root.glob(pattern))


# The targets `message`, `wire`, `record` and `csv` take how the rest is cut from their first byte.
CUT = b"\x06"


def field(content):
    return struct.pack(">H", len(content)) + content


def header(suite=0x0478, pairs=((b"a", b"b"),), keys=1, frame_length=16):
    context = struct.pack(">H", len(pairs)) + b"".join(field(key) + field(value) for key, value in pairs) if pairs else b""
    key = field(b"aws-kms") + field(b"arn:aws:kms:eu-central-1:111122223333:key/1") + field(bytes(40))
    head = b"\x02" + struct.pack(">H", suite) + bytes(range(32)) + field(context)
    return head + struct.pack(">H", keys) + key * keys + b"\x02" + struct.pack(">I", frame_length) + bytes(32) + bytes(16)


regular = struct.pack(">I", 1) + bytes(12) + bytes(32)
final = b"\xff" * 4 + struct.pack(">I", 1) + bytes(12) + struct.pack(">I", 5) + bytes(21)
for name, message in {
    "header": header(),
    "signed": header(suite=0x0578, pairs=((b"a", b"b"), (b"aws-crypto-public-key", b"A" * 68))),
    "no-context": header(pairs=()),
    "three-keys": header(keys=3),
    "frames": header() + regular + final,
    "footer": header(suite=0x0578) + final + field(bytes(102)),
    "body": regular + final,
    "final": final,
}.items():
    seed("message", name, CUT + message)
for path in files(others / "esdk/ciphertexts", "*"):
    seed("message", path.name, CUT + path.read_bytes()[:4096])

for name, frames in {
    "one": [(1, 0, 0)],
    "three": [(0x30, 0, 0), (0x3E, 0, 0), (0x0F, 0, 3)],
    "empty-final": [(0x30, 0, 0), (0x0F, 0, 0)],
    "out-of-order": [(0x30, 2, 0), (0x30, 1, 0), (0x0F, 0, 3)],
    "two-finals": [(0x0F, 0, 3), (0x0F, 0, 3)],
}.items():
    seed("frames", name, bytes([9, 6]) + b"".join(bytes(frame) for frame in frames))

for path in files(vectors / "cfr-made/blobs", "*.ber") + files(others / "cfr", "*.ber"):
    if path.stat().st_size <= 8192:
        seed("cms", path.name, path.read_bytes())


def frame(kind, payload):
    return struct.pack(">IB", len(payload), kind) + payload


hello = b"sealroom" + struct.pack(">H", 1)
conversation = [
    frame(1, hello + bytes(32)), frame(2, b"version = 1\n"), frame(3, b"version = 1\n"), frame(4, header()), frame(5, b""),
    frame(6, header()), frame(6, final), frame(7, b""), frame(8, b""),
]
answer = [frame(1, hello), frame(16, struct.pack(">I", 200)), frame(6, final), frame(17, header()), frame(18, b"{}"), frame(19, b"")]
refusal = frame(20, bytes([4]) + struct.pack(">I", 3) + "a règle".encode())
seed("wire", "conversation", CUT + b"".join(conversation))
seed("wire", "answer", CUT + b"".join(answer))
for code in range(1, 20):
    seed("wire", f"refusal-{code}", CUT + frame(1, hello) + frame(20, bytes([code])) + refusal)
seed("wire", "too-long", CUT + struct.pack(">IB", 65537, 6))

arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
public_key = Path("shared/src/policy/tests/rsa-2048.pem").read_text()
for name, place in {"payments": "examples/payments", "contacts": "examples/contacts", "fields": "tests/tests/contacts"}.items():
    policy = Path(f"{place}/policy.toml").read_text().replace("@KEY_ARN@", arn).replace("@ANALYST_PUBLIC_KEY@", public_key)
    policy = policy.replace("@WAREHOUSE_KEY_ARN@", f"{arn[:-1]}0")
    seed("policy", name, policy.encode())
    seed("policy", f"{name}-keyed", policy.replace('check = ""', f'check = "{"ab" * 32}"').encode())
    seed("job", name, Path(f"{place}/job.toml").read_bytes())
seed("policy", "small", f'version = 1\nname = "n"\ndatasets = ["d"]\nkeys = ["{arn}"]\nnot_after = 2027-01-01T01:00:00.5+01:00\n'
     f'jobs = ["sha384:{"0" * 96}"]\n[input]\nformat = "ndjson"\non_error = "skip"\n[fields."x y"]\nkeep = false\n'
     f'[[recipients]]\nname = "r"\nkms_key = "{arn[:-1]}0"\n[release]\npad = false\n'.encode())
whole = 'version = 1\nkind = "records"\nwhere = [\n' + "".join(
    f'  {{ field = "{name}", op = "{op}", value = {value} }},\n' for name, op, value in [
        ("country", "eq", '"DE"'), ("amount", "ge", "10.50"), ("a", "ne", "true"), ("zip", "in", '["1", 2, false]'),
        ("b", "exists", "false"), ("customer", "lt", '"é"'),
    ]
)
seed("job", "whole", (whole + ']\n[fields]\ncustomer = { op = "tokenize" }\ncard = { from = "card_number", op = "mask", '
     'keep_last = 4 }\nzip = { op = "truncate", keep_first = 3 }\namount = { op = "keep" }\nb = { op = "drop" }\n').encode())
for operation in ['op = "keep"', 'op = "mask", keep_last = 1', 'op = "truncate", keep_first = 1', 'op = "tokenize"']:
    columns = "".join(f'{name} = {{ {operation} }}\n' for name in ["a", "b", "customer", "zip", "amount"])
    seed("job", operation.split('"')[1], f'version = 1\nkind = "records"\n[fields]\n{columns}'.encode())

records = [
    '{"a":"x\\u00e9\\ud83d\\ude00","b":[1.5e3,true,null,{"c":"d","e":-0}],"é":{}}',
    '{ "x":{"a":"inner"}, "\\u0061" : "q\\"\\u00e9" ,"b":-1.50e+2,"\\u00e9":[1, {"z":null}],"y":"a"} ',
    '{"customer":"c-1","card_number":"4111111111111111","zip":"10115","country":"DE","amount":12.50}',
    '{"customer":"c-2","card_number":"4222222222222222","zip":"20095","country":"FR","amount":0}',
    '{"a":1,"\\u0061":2}', '{"a":"\\ud800"}', '{"a":01}', '{"a":1,}', '{}', '[]', '"a"',
    '{"' + '":1,"'.join(f"k{index}" for index in range(20)) + '":1}',
    '{"a":' + "[" * 63 + "]" * 63 + "}", '{"a":' + "[" * 64 + "]" * 64 + "}",
]
for number, record in enumerate(records):
    seed("record", f"{number}", CUT + record.encode())
seed("record", "all", CUT + "\n".join(records).encode() + b"\r\n\n")
seed("record", "same-shape", CUT + "\n".join(records[2:4] * 3).encode())

tables = [
    'a,b,c\r\n1,2,3\r\n', 'aaa,bbb,ccc\nzzz,yyy,xxx', '"aaa","b\r\nbb","ccc"\r\nzzz,yyy,xxx', 'a,b\n"x""y",""\n\n,\n',
    '\ufeff"a",b\n1,2\n', 'only\n""\n"""",\n', 'a"b\nc"d\ne', '"a"b\n', '"a\nb', 'a\rb\r\r\n', 'a,a\n', 'a,,b\n', 'é,"日,本"\n\0,\t\n',
    "customer,card_number,zip,country,amount\r\n" + 'c-1,4111111111111111,10115,DE,12.50\r\n"c,2","4222 ""x""",,"FR\n",0\r\n' * 3,
    ",".join(f"column_{index}" for index in range(70)) + "\n" + "," * 69,
]
for number, table in enumerate(tables):
    seed("csv", f"{number}", CUT + table.encode())

# The target `detect` takes which detectors are chosen from its first two bytes.
labelled = Path("tests/data/detectors/labelled.ndjson").read_text().splitlines()
for number, line in enumerate(labelled[::3]):
    seed("detect", f"{number}", b"\xff\x07" + json.loads(line)["text"].encode())

documents = files(vectors / "attestation/mock-ca/docs", "*.cbor") + files(others / "attestation", "*/*.cbor")
for path in documents:
    seed("attestation", path.name, path.read_bytes())

digest = "sha384:" + "0" * 96
blake3 = "blake3:" + "0" * 64
statement = {
    "version": 1, "enclave": "0.1.0", "policy": {"name": "n", "digest": digest}, "job": {"name": "records", "digest": digest},
    "inputs": [{"message_id": "0" * 64, "dataset": "d", "set": "0" * 32, "part": "1/1", "key_arn": arn, "digest": blake3}],
    "token_keys": [{"domain": "d", "message_id": "0" * 64, "key_arn": arn}],
    "outputs": [{"message_id": "0" * 64, "recipients": ["r"], "digest": blake3}],
    "kms_requests": [{"operation": "Decrypt", "key_arn": arn, "request_id": "x"}],
    "attested": {"authorized": 1, "finished": 2}, "counts": {"read": 1, "released": 1, "skipped": 0},
}
statement = json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
seed("receipt", "statement", statement)
for path in documents[:3]:
    texts = [base64.b64encode(content).decode() for content in (path.read_bytes(), statement)]
    seed("receipt", path.stem, '{{"document":"{}","statement":"{}"}}\n'.format(*texts).encode())
pcrs = {f"PCR{index}": f"{index + 1:02x}" * 48 for index in range(3)}
measurements = json.dumps({"Measurements": {"HashAlgorithm": "Sha384 { ... }", **pcrs}})
seed("receipt", "measurements", ("Enclave Image successfully created.\n" + measurements).encode())

def manifest(name, records, pieces, **form):
    text = base64.b64encode(bytes(range(32)) * pieces).decode()
    content = {"digest": blake3, "pieces": text, "records": records, "version": 1}
    seed("manifest", name, json.dumps(content, **{"separators": (",", ":"), **form}).encode())
    return (folder / "manifest" / name).read_bytes()


for pieces, records in enumerate([0, 7, 2**64 - 1, 1000]):
    manifest(f"{pieces}-pieces", records, pieces)
for name, records in [("records-of-65-bits", 2**64), ("negative", -1), ("fraction", 7.0), ("text", "7"), ("null", None)]:
    manifest(name, records, 1)
sound = manifest("spaced", 7, 1, separators=(", ", ": ")).replace(b" ", b"")
for name, now, then in [
    ("escaped", b"digest", b"\\u0064igest"), ("zero", b":7", b":07"), ("half-a-digest", b"AAECAwQFBgcICQoLDA0ODxAR", b""),
    ("not-padded", b"=", b""), ("not-canonical-base64", b"8=", b"9="), ("upper-case", b"e3:0", b"e3:A"), ("version-2", b":1}", b":2}"),
    ("one-key-more", b":1}", b':1,"x":1}'), ("key-twice", b":1}", b':1,"version":1}'), ("newline", b":1}", b":1}\n"), ("cut", b":1}", b":1"),
]:
    assert now in sound, name
    seed("manifest", name, sound.replace(now, then))

# Which file, the chunks of its writer and its reader; then what is changed: how, where (two bytes), by what.
for which in range(8):
    seed("manifest", f"file-{which}", bytes([which, 6, 0xA5]))
    for change in range(8):
        seed("manifest", f"file-{which}-change-{change}", bytes([which, 9, 20, change | 8, 0xFF, 0xFB, 1]))

# Whose wrapping, suite, content type, frame length, length of the plaintext; changes; which wrapping is known.
for name, (whose, suite, framed, frame_length, length, changes, known) in {
    "sound": (0, 0x0478, 2, 4096, 16, b"", 0),
    "empty": (0, 0x0478, 2, 1, 0, b"", 0),
    "frames": (0, 0x0478, 2, 5, 17, b"", 0),
    "whole-frames": (0, 0x0478, 2, 8, 16, b"", 0),
    "other-field": (1, 0x0478, 2, 4096, 16, b"", 0),
    "cut": (0, 0x0478, 2, 4096, 16, bytes([0, 0, 150, 0]), 0),
    "flipped": (0, 0x0478, 2, 4096, 16, bytes([3, 0, 170, 1]), 0),
    "signed": (10, 0x0578, 2, 4096, 16, b"", 2),
    "signed-cut": (10, 0x0578, 2, 4096, 16, bytes([0, 1, 90, 0]), 2),
    "not-signed": (2, 0x0578, 2, 4096, 16, b"", 2),
    "signature-left-out": (2, 0x0478, 2, 4096, 16, b"", 2),
    "no-commitment": (0, 0x0178, 2, 4096, 16, b"", 0),
    "unframed": (0, 0x0478, 1, 0, 16, b"", 0),
    "long-frame": (0, 0x0478, 2, 1 << 20, 16, b"", 0),
    "too-long-frame": (0, 0x0478, 2, (1 << 20) + 1, 16, b"", 0),
}.items():
    seed("value", name, struct.pack(">BHBIB", whose, suite, framed, frame_length, length) + changes + bytes([known]))
