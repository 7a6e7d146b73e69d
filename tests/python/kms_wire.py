"""Shared by the Python tests of the mock KMS: clients by profile, raw signed requests, and an independent reader of
CiphertextForRecipient (cryptography package; no code of this project)."""

import datetime
import http.client
import json
import os
import ssl

import boto3
import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

ENDPOINT = os.environ["AWS_ENDPOINT_URL_KMS"]
REGION = "eu-central-1"
ACCOUNT = "111122223333"


def client(profile, region=REGION):
    session = boto3.Session(profile_name=profile)
    config = Config(retries={"total_max_attempts": 1})
    return session.client("kms", region_name=region, endpoint_url=ENDPOINT, config=config)


def refused(code, call, **arguments):
    """The call has to fail with this error; returns its text."""
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, error
        return error.response["Error"]["Message"]
    raise AssertionError(f"expected {code}, and the call succeeded")


def wire(profile, operation, body, *, time=None, credentials=None, service="kms", tamper=None):
    """One signed request; `tamper(request)` changes it after signing. Returns status, headers and the body's bytes."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    credentials = credentials or boto3.Session(profile_name=profile).get_credentials().get_frozen_credentials()
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


def open_cms(private_key_pkcs8, blob):
    """The plaintext of a CiphertextForRecipient."""
    key = serialization.load_der_private_key(private_key_pkcs8, None)
    content_info = items(blob)[0][1]
    (_, oid), (_, explicit) = items(content_info)
    assert oid.hex() == "2a864886f70d010703", oid
    version, recipients, content = items(items(explicit)[0][1])
    assert version == (0x02, b"\x02")
    ktri = items(items(recipients[1])[0][1])
    assert ktri[0] == (0x02, b"\x02") and ktri[1][0] == 0x80
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(public)
    assert ktri[1][1] == digest.finalize(), "the recipient id is the SHA-256 of the public key"
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    content_key = key.decrypt(ktri[3][1], oaep)
    assert len(content_key) == 32
    _, algorithm, encrypted = items(content[1])
    iv = items(algorithm[1])[1][1]
    ciphertext = encrypted[1] if encrypted[0] == 0x80 else b"".join(piece for _, piece in items(encrypted[1]))
    decryptor = Cipher(algorithms.AES(content_key), modes.CBC(iv)).decryptor()
    unpadder = PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(ciphertext) + decryptor.finalize()) + unpadder.finalize()


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
