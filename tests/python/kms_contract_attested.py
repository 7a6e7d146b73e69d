"""Cases: requests with a recipient. The documents, all but `foreign-root` under the mock's trust anchor, stand in the folder
that is given, with the recipient's private key and `pcrs.json`."""

import json
import pathlib
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kms_wire import case, client, explicitly_denied, new_key, not_allowed, open_cms, recipient, refused, statement, wire

FOLDER = pathlib.Path(sys.argv[1])
owner, operator, admin = client("owner"), client("operator"), client("admin")
CONTEXT = {"sealroom:kind": "input"}
USES = ["kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyPair"]
PCRS = json.loads((FOLDER / "pcrs.json").read_text())
MINE = (FOLDER / "recipient.pk8.der").read_bytes()
GOOD = (FOLDER / "good.cbor").read_bytes()


def document(name):
    return recipient((FOLDER / f"{name}.cbor").read_bytes())


def pcr(operator, **pcrs):
    return {operator: {f"kms:RecipientAttestation:{name}": value for name, value in pcrs.items()}}


def guarded_key(**arguments):
    """The owner seals; the operator uses it from the image alone, by one Deny a PCR."""
    denies = [statement("Deny", "operator", USES, pcr("StringNotEqualsIgnoreCase", **{name: value})) for name, value in PCRS.items()]
    allow = statement("Allow", "operator", USES)
    return new_key(statement("Allow", "owner", ["kms:Encrypt", "kms:GenerateDataKey"]), allow, *denies, **arguments)


ARN = guarded_key()
SEALED = owner.generate_data_key(KeyId=ARN, KeySpec="AES_256", EncryptionContext=CONTEXT)
DECRYPT = {"CiphertextBlob": SEALED["CiphertextBlob"], "EncryptionContext": CONTEXT, "KeyId": ARN}


@case
def decrypt_answers_the_recipient_alone():
    answer = operator.decrypt(Recipient=document("good"), **DECRYPT)
    assert answer["KeyId"] == ARN and "Plaintext" not in answer
    assert open_cms(MINE, answer["CiphertextForRecipient"]) == SEALED["Plaintext"]


@case
def generate_data_key_answers_the_recipient_alone():
    made = operator.generate_data_key(KeyId=ARN, KeySpec="AES_256", EncryptionContext=CONTEXT, Recipient=document("good"))
    assert "Plaintext" not in made
    again = operator.decrypt(Recipient=document("good"), KeyId=ARN, CiphertextBlob=made["CiphertextBlob"], EncryptionContext=CONTEXT)
    plaintext = open_cms(MINE, made["CiphertextForRecipient"])
    assert len(plaintext) == 32 and open_cms(MINE, again["CiphertextForRecipient"]) == plaintext


@case
def generate_data_key_pair_answers_the_recipient_alone():
    made = operator.generate_data_key_pair(KeyId=ARN, KeyPairSpec="RSA_2048", Recipient=document("good"))
    assert "PrivateKeyPlaintext" not in made
    private = serialization.load_der_private_key(open_cms(MINE, made["CiphertextForRecipient"]), None)
    spki = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert private.public_key().public_bytes(*spki) == made["PublicKey"]
    refused("AccessDeniedException", operator.generate_data_key_pair, KeyId=ARN, KeyPairSpec="RSA_2048")


@case
def generate_random_answers_the_recipient_alone():
    made = operator.generate_random(NumberOfBytes=64, Recipient=document("good"))
    assert "Plaintext" not in made and len(open_cms(MINE, made["CiphertextForRecipient"])) == 64


@case
def derive_shared_secret_answers_the_recipient_alone():
    condition = pcr("StringEqualsIgnoreCase", PCR0=PCRS["PCR0"])
    allow = statement("Allow", "operator", "kms:DeriveSharedSecret", condition)
    arn = new_key(allow, statement("Allow", "owner", "kms:GetPublicKey"), KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")
    peer = ec.generate_private_key(ec.SECP256R1())
    public = peer.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    arguments = {"KeyId": arn, "KeyAgreementAlgorithm": "ECDH", "PublicKey": public}
    answer = operator.derive_shared_secret(Recipient=document("good"), **arguments)
    assert "SharedSecret" not in answer and answer["KeyId"] == arn
    theirs = serialization.load_der_public_key(owner.get_public_key(KeyId=arn)["PublicKey"])
    assert open_cms(MINE, answer["CiphertextForRecipient"]) == peer.exchange(ec.ECDH(), theirs)
    text = refused("AccessDeniedException", operator.derive_shared_secret, **arguments)
    assert text == not_allowed("operator", "DeriveSharedSecret", arn)


@case
def no_document_or_another_image_is_explicitly_denied():
    denied = explicitly_denied("operator", "Decrypt", ARN)
    assert refused("AccessDeniedException", operator.decrypt, **DECRYPT) == denied
    for name in ("other-image", "debug"):
        assert refused("AccessDeniedException", operator.decrypt, Recipient=document(name), **DECRYPT) == denied, name
    text = refused("AccessDeniedException", operator.encrypt, KeyId=ARN, Plaintext=b"x")
    assert text == not_allowed("operator", "Encrypt", ARN)


@case
def pcrs_are_conditions_of_an_allow():
    for condition, good, other, none in (
        (pcr("StringEquals", PCR0=PCRS["PCR0"]), True, False, False),
        (pcr("StringEqualsIgnoreCase", ImageSha384=PCRS["PCR0"].upper()), True, False, False),
        (pcr("StringEquals", PCR0=PCRS["PCR0"].upper()), False, False, False),
        (pcr("StringEquals", PCR0=PCRS["PCR1"]), False, False, False),
        (pcr("StringEquals", PCR0=PCRS["PCR0"], PCR1=PCRS["PCR0"]), False, False, False),
        # The traps: negated, or IfExists, in an Allow.
        (pcr("StringNotEquals", PCR0=PCRS["PCR0"]), False, True, True),
        (pcr("StringEqualsIfExists", PCR0=PCRS["PCR0"]), True, False, True),
    ):
        arn = new_key(statement("Allow", "operator", "kms:GenerateDataKey", condition))
        arguments = {"KeyId": arn, "KeySpec": "AES_256"}
        for given, allowed in (({"Recipient": document("good")}, good), ({"Recipient": document("other-image")}, other), ({}, none)):
            if allowed:
                operator.generate_data_key(**arguments, **given)
            else:
                text = refused("AccessDeniedException", operator.generate_data_key, **arguments, **given)
                assert text == not_allowed("operator", "GenerateDataKey", arn), (condition, given.keys())


@case
def one_deny_of_several_pcrs_is_the_trap_it_is():
    """It applies only where all of them differ."""
    for wanted, denied in (({"PCR0": "0" * 96, "PCR1": PCRS["PCR1"]}, False), ({"PCR0": "0" * 96, "PCR1": "0" * 96}, True)):
        deny = statement("Deny", "operator", "kms:GenerateDataKey", pcr("StringNotEquals", **wanted))
        arn = new_key(statement("Allow", "operator", "kms:GenerateDataKey"), deny)
        arguments = {"KeyId": arn, "KeySpec": "AES_256", "Recipient": document("good")}
        if denied:
            refused("AccessDeniedException", operator.generate_data_key, **arguments)
        else:
            operator.generate_data_key(**arguments)


@case
def bad_documents_are_refused_with_a_text_of_the_mock():
    for name, reason in {
        "no-key": "it has no public key",
        "not-rsa": "its public key is not an RSA SubjectPublicKeyInfo",
        "foreign-root": "trust anchor",
        "old": "make a fresh one for each call",
    }.items():
        text = refused("ValidationException", operator.decrypt, Recipient=document(name), **DECRYPT)
        assert text.startswith("mock KMS: the attestation document was refused: ") and reason in text, text
    for damaged in (GOOD[:-1] + bytes([GOOD[-1] ^ 1]), GOOD[:-1], GOOD + b"\0", b"x"):
        text = refused("ValidationException", operator.decrypt, Recipient=recipient(damaged), **DECRYPT)
        assert text.startswith("mock KMS: the attestation document was refused: "), text


@case
def a_bad_document_is_refused_before_anything_else():
    """Never the plaintext instead, whoever asks, and for operations that need no key as well."""
    calls = [(owner.decrypt, {**DECRYPT}), (owner.generate_data_key, {"KeyId": ARN, "KeySpec": "AES_256"}), (owner.generate_random, {"NumberOfBytes": 8})]
    for call, arguments in calls:
        refused("ValidationException", call, Recipient=document("foreign-root"), **arguments)


@case
def a_recipient_has_a_document_and_the_one_algorithm():
    for bad in ({}, {"AttestationDocument": "AAAA"}, {"AttestationDocument": "AAAA", "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_1"}, {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256"}):
        status, _, body = wire("operator", "GenerateRandom", {"NumberOfBytes": 8, "Recipient": bad})
        assert status == 400 and json.loads(body)["__type"] == "ValidationException" and b"Plaintext" not in body, body
    bad = {"AttestationDocument": "AAAA", "KeyEncryptionAlgorithm": "INVALID"}
    _, _, body = wire("operator", "GenerateRandom", {"NumberOfBytes": 8, "Recipient": bad})
    assert json.loads(body)["message"] == (
        "1 validation error detected: Value 'INVALID' at 'recipient.keyEncryptionAlgorithm' failed to satisfy constraint: "
        "Member must satisfy enum value set: [RSAES_OAEP_SHA_256]"
    )
