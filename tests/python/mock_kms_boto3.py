"""boto3 against the mock KMS: what real KMS was recorded to answer, and the release of keys under attestation.
Usage: mock_kms_boto3.py KEY-ARN FOLDER (attestation documents and the recipient's private key)."""

import json
import pathlib
import sys

from botocore.credentials import ReadOnlyCredentials

from kms_wire import ACCOUNT, REGION, client, minutes, open_cms, recipient, refused, wire

ATTESTED_KEY, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
owner, operator, admin = client("owner"), client("operator"), client("admin")
CONTEXT = {"sealroom:kind": "input", "sealroom:policy-sha384": "sha384:00"}


def document(name):
    return (FOLDER / f"{name}.cbor").read_bytes()


def private_key():
    return (FOLDER / "recipient.pk8.der").read_bytes()


def keys():
    made = admin.create_key(Description="first")["KeyMetadata"]
    arn, key_id = made["Arn"], made["KeyId"]
    assert arn == f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key_id}" and made["Description"] == "first"
    assert made["KeyState"] == "Enabled" and made["KeySpec"] == "SYMMETRIC_DEFAULT" and made["MultiRegion"] is False
    assert arn in [key["KeyArn"] for key in admin.list_keys()["Keys"]]
    default = json.loads(admin.get_key_policy(KeyId=key_id)["Policy"])
    assert default["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    admin.create_alias(AliasName="alias/first", TargetKeyId=key_id)
    refused("AlreadyExistsException", admin.create_alias, AliasName="alias/first", TargetKeyId=key_id)
    alias_arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/first"
    for named in (key_id, arn, "alias/first", alias_arn):
        assert admin.describe_key(KeyId=named)["KeyMetadata"]["Arn"] == arn
        assert owner.encrypt(KeyId=named, Plaintext=b"x")["KeyId"] == arn
    assert admin.list_aliases(KeyId=key_id)["Aliases"][0]["AliasArn"] == alias_arn
    admin.delete_alias(AliasName="alias/first")
    assert admin.list_aliases()["Aliases"] == []

    absent = "00000000-0000-4000-8000-000000000000"
    missing = f"Key 'arn:aws:kms:{REGION}:{ACCOUNT}:key/{absent}' does not exist"
    assert refused("NotFoundException", admin.describe_key, KeyId=absent) == missing
    assert refused("NotFoundException", admin.describe_key, KeyId="fake-key-id") == "Invalid keyId 'fake-key-id'"
    assert refused("NotFoundException", client("admin", "us-west-2").describe_key, KeyId=arn) == f"Invalid arn {REGION}"

    sealed = owner.encrypt(KeyId=arn, Plaintext=b"x")["CiphertextBlob"]
    admin.disable_key(KeyId=arn)
    assert refused("DisabledException", owner.generate_data_key, KeyId=arn, KeySpec="AES_256") == f"{arn} is disabled."
    refused("DisabledException", owner.decrypt, CiphertextBlob=sealed)
    admin.enable_key(KeyId=arn)
    assert owner.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"x"
    admin.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    text = refused("KMSInvalidStateException", owner.generate_data_key, KeyId=arn, KeySpec="AES_256")
    assert text == f"{arn} is pending deletion."
    refused("KMSInvalidStateException", admin.schedule_key_deletion, KeyId=arn)
    admin.cancel_key_deletion(KeyId=arn)
    assert admin.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Disabled"
    refused("UnsupportedOperationException", admin.create_key, KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")


def policies():
    arn = admin.create_key()["KeyMetadata"]["Arn"]
    for text in ("{", '{"Statement":[]}', '{"Statement":{"Effect":"Allow"}}'):
        refused("MalformedPolicyDocumentException", admin.put_key_policy, KeyId=arn, Policy=text)
    only_owner = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/owner"}, "Action": "kms:*", "Resource": "*"}
    locked_out = json.dumps({"Version": "2012-10-17", "Statement": [only_owner]})
    text = refused("MalformedPolicyDocumentException", admin.put_key_policy, KeyId=arn, Policy=locked_out)
    assert text == "The new key policy will not allow you to update the key policy in the future."
    admin.put_key_policy(KeyId=arn, Policy=locked_out, BypassPolicyLockoutSafetyCheck=True)
    caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/sealroom"
    text = refused("AccessDeniedException", admin.get_key_policy, KeyId=arn)
    expected = "because no resource-based policy allows the kms:GetKeyPolicy action"
    assert text == f"User: {caller} is not authorized to perform: kms:GetKeyPolicy on resource: {arn} {expected}"
    assert json.loads(owner.get_key_policy(KeyId=arn)["Policy"])["Statement"] == [only_owner]


def ciphertexts():
    arn, other = (admin.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    sealed = owner.encrypt(KeyId=arn, Plaintext=b"secret", EncryptionContext=CONTEXT)
    assert sealed["EncryptionAlgorithm"] == "SYMMETRIC_DEFAULT" and len(sealed["CiphertextBlob"]) <= 6144
    blob = sealed["CiphertextBlob"]
    opened = owner.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)
    assert opened["Plaintext"] == b"secret" and opened["KeyId"] == arn and len(opened["KeyMaterialId"]) == 64
    reordered = dict(reversed(CONTEXT.items()))
    assert owner.decrypt(CiphertextBlob=blob, EncryptionContext=reordered, KeyId=arn)["Plaintext"] == b"secret"

    for context in ({}, {**CONTEXT, "more": "1"}, {**CONTEXT, "sealroom:kind": "Input"}, {"sealroom:kind": "input"}):
        assert refused("InvalidCiphertextException", owner.decrypt, CiphertextBlob=blob, EncryptionContext=context) == ""
    flipped = blob[:-1] + bytes([blob[-1] ^ 1])
    for damaged in (blob + b"\0", blob[:-1], blob[1:], flipped, b"x", b"\1" + blob[1:17]):
        arguments = {"CiphertextBlob": damaged, "EncryptionContext": CONTEXT, "KeyId": arn}
        assert refused("InvalidCiphertextException", owner.decrypt, **arguments) == ""
    wrong = "The key ID in the request does not identify a CMK that can perform this operation."
    arguments = {"CiphertextBlob": blob, "EncryptionContext": CONTEXT}
    assert refused("IncorrectKeyException", owner.decrypt, KeyId=other, **arguments) == wrong
    unknown = blob[:1] + bytes(6) + b"\x40\0\x80" + bytes(7) + blob[17:]
    text = refused("AccessDeniedException", owner.decrypt, CiphertextBlob=unknown)
    assert text.startswith("The ciphertext refers to a customer master key that does not exist")
    refused("DryRunOperationException", owner.decrypt, DryRun=True, **arguments)

    text = refused("ValidationException", owner.encrypt, KeyId=arn, Plaintext=b"x" * 4097)
    limit = "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096"
    assert text == limit, text
    owner.encrypt(KeyId=arn, Plaintext=b"x" * 4096)

    key = owner.generate_data_key(KeyId=arn, KeySpec="AES_256", EncryptionContext=CONTEXT)
    assert len(key["Plaintext"]) == 32 and key["KeyId"] == arn
    assert owner.decrypt(CiphertextBlob=key["CiphertextBlob"], EncryptionContext=CONTEXT)["Plaintext"] == key["Plaintext"]
    assert len(owner.generate_data_key(KeyId=arn, NumberOfBytes=17)["Plaintext"]) == 17
    refused("ValidationException", owner.generate_data_key, KeyId=arn)
    refused("ValidationException", owner.generate_data_key, KeyId=arn, KeySpec="AES_256", NumberOfBytes=32)
    hidden = owner.generate_data_key_without_plaintext(KeyId=arn, KeySpec="AES_256")
    assert "Plaintext" not in hidden and len(owner.decrypt(CiphertextBlob=hidden["CiphertextBlob"])["Plaintext"]) == 32

    moved = owner.re_encrypt(CiphertextBlob=blob, SourceEncryptionContext=CONTEXT, DestinationKeyId=other)
    assert owner.decrypt(CiphertextBlob=moved["CiphertextBlob"], KeyId=other)["Plaintext"] == b"secret"

    assert len(owner.generate_random(NumberOfBytes=1024)["Plaintext"]) == 1024
    assert refused("ValidationException", owner.generate_random) == "NumberOfBytes is required."
    for number, constraint in ((0, "greater than or equal to 1"), (1025, "less than or equal to 1024")):
        _, _, body = wire("owner", "GenerateRandom", {"NumberOfBytes": number})
        text = f"1 validation error detected: Value '{number}' at 'numberOfBytes' failed to satisfy constraint: Member must have value {constraint}"
        assert json.loads(body) == {"__type": "ValidationException", "message": text}, body


def attested():
    sealed = owner.generate_data_key(KeyId=ATTESTED_KEY, KeySpec="AES_256", EncryptionContext=CONTEXT)
    arguments = {"CiphertextBlob": sealed["CiphertextBlob"], "EncryptionContext": CONTEXT, "KeyId": ATTESTED_KEY}

    answer = operator.decrypt(Recipient=recipient(document("good")), **arguments)
    assert answer["KeyId"] == ATTESTED_KEY and "Plaintext" not in answer
    assert open_cms(private_key(), answer["CiphertextForRecipient"]) == sealed["Plaintext"]
    made = operator.generate_data_key(KeyId=ATTESTED_KEY, KeySpec="AES_256", Recipient=recipient(document("good")))
    assert "Plaintext" not in made and len(open_cms(private_key(), made["CiphertextForRecipient"])) == 32
    made = operator.generate_random(NumberOfBytes=64, Recipient=recipient(document("good")))
    assert "Plaintext" not in made and len(open_cms(private_key(), made["CiphertextForRecipient"])) == 64

    caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/operator/sealroom"
    denied = f"User: {caller} is not authorized to perform: kms:Decrypt on resource: {ATTESTED_KEY} with an explicit deny in a resource-based policy"
    assert refused("AccessDeniedException", operator.decrypt, **arguments) == denied
    for name in ("other-image", "debug"):
        assert refused("AccessDeniedException", operator.decrypt, Recipient=recipient(document(name)), **arguments) == denied, name
    text = refused("AccessDeniedException", operator.encrypt, KeyId=ATTESTED_KEY, Plaintext=b"x")
    assert text.endswith("because no resource-based policy allows the kms:Encrypt action")

    good = document("good")
    refusals = {
        "no-key": "it has no public key",
        "not-rsa": "its public key is not an RSA SubjectPublicKeyInfo",
        "foreign-root": "the certificate bundle does not start with the trust anchor",
        "old": "make a fresh one for each call",
    }
    for name, reason in refusals.items():
        text = refused("ValidationException", operator.decrypt, Recipient=recipient(document(name)), **arguments)
        assert text.startswith("mock KMS: the attestation document was refused: ") and reason in text, text
    for damaged in (good[:-1] + bytes([good[-1] ^ 1]), good[:-1], good + b"\0", b"x"):
        refused("ValidationException", operator.decrypt, Recipient=recipient(damaged), **arguments)
    for bad in ({}, {"AttestationDocument": "AAAA", "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_1"}, {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256"}):
        status, _, body = wire("operator", "GenerateRandom", {"NumberOfBytes": 8, "Recipient": bad})
        assert status == 400 and json.loads(body)["__type"] == "ValidationException" and b"Plaintext" not in body, body


def on_the_wire():
    status, headers, body = wire("owner", "Decrypt", {"CiphertextBlob": "AAAA"})
    assert (status, body) == (400, b'{"__type":"InvalidCiphertextException"}'), body
    assert headers["Content-Type"] == "application/x-amz-json-1.1" and headers["Date"] and len(headers["x-amzn-RequestId"]) == 36
    _, _, body = wire("operator", "Encrypt", {"KeyId": ATTESTED_KEY, "Plaintext": "AAAA"})
    assert sorted(json.loads(body)) == ["Message", "__type"], "AccessDeniedException has a capital Message"
    _, _, body = wire("owner", "DescribeKey", {"KeyId": "fake-key-id"})
    assert sorted(json.loads(body)) == ["__type", "message"]
    for operation, body, code in (
        ("Decrypt", b"{", "SerializationException"),
        ("Decrypt", {"CiphertextBlob": 1}, "SerializationException"),
        ("Decrypt", {}, "ValidationException"),
        ("NoSuchOperation", {}, "UnknownOperationException"),
    ):
        status, _, answer = wire("owner", operation, body)
        assert status == 400 and json.loads(answer)["__type"] == code, answer


def signatures():
    def code(**arguments):
        status, _, body = wire("operator", "ListKeys", b"{}", **arguments)
        return status, json.loads(body).get("__type"), json.loads(body).get("message", "")

    def header(name, value):
        def change(request):
            del request.headers[name]
            if value is not None:
                request.headers[name] = value

        return change

    def body(request):
        request.data = b"{ }"

    def unsigned_target(request):
        text = request.headers["Authorization"].replace(";x-amz-target", "")
        header("Authorization", text)(request)

    assert code()[0] == 200
    assert code(time=minutes(4))[0] == 200 and code(time=minutes(-4))[0] == 200
    for time, text in ((minutes(-6), "Signature expired: "), (minutes(6), "Signature not yet current: ")):
        status, kind, message = code(time=time)
        assert (status, kind) == (400, "InvalidSignatureException") and message.startswith(text), message
    owned = client("operator")._request_signer._credentials.get_frozen_credentials()
    wrong = [
        (ReadOnlyCredentials(owned.access_key, "x" * 40, owned.token), "InvalidSignatureException"),
        (ReadOnlyCredentials(owned.access_key, owned.secret_key, None), "UnrecognizedClientException"),
        (ReadOnlyCredentials(owned.access_key, owned.secret_key, "x"), "UnrecognizedClientException"),
        (ReadOnlyCredentials("AKIAXXXXXXXXXXXXXXXX", owned.secret_key, owned.token), "UnrecognizedClientException"),
    ]
    for credentials, kind in wrong:
        assert code(credentials=credentials)[:2] == (400, kind), kind
    tampered = [
        (body, "InvalidSignatureException"),
        (header("X-Amz-Target", "TrentService.ListAliases"), "InvalidSignatureException"),
        (header("X-Amz-Date", "20200101T000000Z"), "InvalidSignatureException"),
        (unsigned_target, "InvalidSignatureException"),
        (header("X-Amz-Security-Token", None), "UnrecognizedClientException"),
        (header("Authorization", None), "MissingAuthenticationTokenException"),
        (header("Authorization", "AWS4-HMAC-SHA256 nothing"), "IncompleteSignatureException"),
    ]
    for change, kind in tampered:
        assert code(tamper=change)[:2] == (400, kind), (change, kind, code(tamper=change))
    assert code(service="s3")[:2] == (400, "InvalidSignatureException")


for part in (keys, policies, ciphertexts, attested, on_the_wire, signatures):
    part()
    print(f"{part.__name__}: ok")
