"""Shared by the Python tests of the mock KMS: clients by profile, cases, raw signed requests, and an independent reader of
CiphertextForRecipient (cryptography package; no code of this project)."""

import configparser
import datetime
import functools
import hashlib
import http.client
import json
import os
import ssl
import sys
import traceback

import boto3
import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

ENDPOINT = os.environ["AWS_ENDPOINT_URL_KMS"]
REGION = "eu-central-1"
ACCOUNT = "111122223333"


SESSION = boto3.Session()


@functools.cache
def credentials_of(profile):
    file = configparser.ConfigParser()
    file.read(os.environ["AWS_SHARED_CREDENTIALS_FILE"])
    keys = file[profile]
    return ReadOnlyCredentials(keys["aws_access_key_id"], keys["aws_secret_access_key"], keys.get("aws_session_token"))


@functools.cache
def client(profile, region=REGION, endpoint=ENDPOINT):
    """A client with a profile's keys. All are of one session: each further one would load the service's model again."""
    keys = credentials_of(profile)
    config = Config(retries={"total_max_attempts": 1}, read_timeout=20)
    named = {"aws_access_key_id": keys.access_key, "aws_secret_access_key": keys.secret_key, "aws_session_token": keys.token}
    return SESSION.client("kms", region_name=region, endpoint_url=endpoint, config=config, **named)


CASES = []


def case(function):
    """One line of the contract: its name says what holds."""
    CASES.append(function)
    return function


def run_cases():
    """Runs every case, one line each; exits 1 if any failed."""
    failed = 0
    for function in CASES:
        name = function.__name__.replace("_", " ")
        try:
            function()
            print(f"ok {name}")
        except Exception:
            failed += 1
            print(f"FAILED {name}\n{traceback.format_exc()}")
    print(f"{len(CASES)} cases, {failed} failed")
    sys.exit(1 if failed else 0)


def refused(code, call, **arguments):
    """The call has to fail with this error; returns its text."""
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, error
        return error.response["Error"]["Message"]
    raise AssertionError(f"expected {code}, and the call succeeded")


def role(name):
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def session(name):
    """The caller's ARN of a profile."""
    return f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/sealroom"


def statement(effect, who, actions, condition=None):
    named = {"AWS": who if who == "*" else [role(name) for name in who.split()]}
    made = {"Effect": effect, "Principal": named, "Action": actions, "Resource": "*"}
    return made | ({"Condition": condition} if condition else {})


def new_key(*statements, **arguments):
    """The ARN of a new key; without statements of its own it has the default policy. The admin may do everything but use it."""
    if statements:
        administer = statement("Allow", "admin", ["kms:*"])
        arguments["Policy"] = json.dumps({"Version": "2012-10-17", "Statement": [administer, *statements]})
    return client("admin").create_key(**arguments)["KeyMetadata"]["Arn"]


def not_authorized(profile, action, arn, reason):
    """AWS's text of a denial."""
    return f"User: {session(profile)} is not authorized to perform: kms:{action} on resource: {arn} {reason}"


def explicitly_denied(profile, action, arn):
    return not_authorized(profile, action, arn, "with an explicit deny in a resource-based policy")


def not_allowed(profile, action, arn):
    return not_authorized(profile, action, arn, f"because no resource-based policy allows the kms:{action} action")


def wire(profile, operation, body, *, time=None, credentials=None, service="kms", tamper=None):
    """One signed request; `tamper(request)` changes it after signing. Returns status, headers and the body's bytes."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    credentials = credentials or credentials_of(profile)
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"TrentService.{operation}"}
    request = AWSRequest(method="POST", url=ENDPOINT + "/", data=body, headers=headers)
    clock = botocore.auth.get_current_datetime
    if time is not None:
        botocore.auth.get_current_datetime = lambda *_, **__: time
    try:
        botocore.auth.SigV4Auth(credentials, service, REGION).add_auth(request)
    finally:
        botocore.auth.get_current_datetime = clock
    request.url_path = "/"
    if tamper:
        tamper(request)
    host = ENDPOINT.removeprefix("https://")
    connection = http.client.HTTPSConnection(host, context=ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"]))
    connection.request("POST", request.url_path, body=request.data, headers=dict(request.headers.items()))
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def minutes(count):
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) + datetime.timedelta(minutes=count)


def recipient(document):
    return {"AttestationDocument": document, "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256"}


def open_cms(private_key_pkcs8, blob, strict=True):
    """The plaintext of a CiphertextForRecipient. `strict`: versions and recipient id as AWS sends them."""
    key = loaded(private_key_pkcs8)
    content_info = items(blob)[0][1]
    (_, oid), (_, explicit) = items(content_info)
    assert oid.hex() == "2a864886f70d010703", oid
    version, recipients, content = items(items(explicit)[0][1])
    ktri = items(items(recipients[1])[0][1])
    if strict:
        assert version == (0x02, b"\x02") and ktri[0] == (0x02, b"\x02") and ktri[1][0] == 0x80
        public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        assert ktri[1][1] == hashlib.sha256(public).digest(), "the recipient id is the SHA-256 of the public key"
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    content_key = key.decrypt(ktri[3][1], oaep)
    assert len(content_key) == 32
    _, algorithm, encrypted = items(content[1])
    iv = items(algorithm[1])[1][1]
    decryptor = Cipher(algorithms.AES(content_key), modes.CBC(iv)).decryptor()
    unpadder = PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(octets(*encrypted)) + decryptor.finalize()) + unpadder.finalize()


@functools.cache
def loaded(private_key_pkcs8):
    return serialization.load_der_private_key(private_key_pkcs8, None)


def octets(tag, content):
    """The bytes of an OCTET STRING, primitive or in pieces."""
    constructed = tag & 0x20
    return b"".join(octets(*piece) for piece in items(content)) if constructed else content


def items(content):
    """The (tag, content) pairs of BER elements one after the other; both kinds of length."""
    found, at = [], 0
    while at < len(content):
        tag, inside, at = element(content, at)
        found.append((tag, inside))
    return found


def element(content, at):
    tag, length, at = content[at], content[at + 1], at + 2
    if length == 0x80:
        start = at
        while content[at : at + 2] != b"\0\0":
            _, _, at = element(content, at)
        return tag, content[start:at], at + 2
    if length > 0x80:
        count = length & 0x7F
        length, at = int.from_bytes(content[at : at + count], "big"), at + count
    return tag, content[at : at + length], at + length
