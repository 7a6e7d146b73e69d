"""Cases: Encrypt, Decrypt, ReEncrypt, GenerateDataKey and GenerateRandom without a recipient."""

import json

from kms_wire import case, client, new_key, refused, wire

owner, admin = client("owner"), client("admin")
CONTEXT = {"sealroom:kind": "input", "sealroom:policy-sha384": "sha384:00"}


def constraint(member, limit, value=""):
    return f"1 validation error detected: Value {value}at '{member}' failed to satisfy constraint: Member must {limit}"


@case
def encrypt_and_decrypt_answer_as_recorded():
    arn = new_key()
    sealed = owner.encrypt(KeyId=arn, Plaintext=b"secret", EncryptionContext=CONTEXT)
    assert sealed["EncryptionAlgorithm"] == "SYMMETRIC_DEFAULT" and sealed["KeyId"] == arn
    opened = owner.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=CONTEXT)
    assert opened["Plaintext"] == b"secret" and opened["KeyId"] == arn and len(opened["KeyMaterialId"]) == 64
    assert opened["EncryptionAlgorithm"] == "SYMMETRIC_DEFAULT"
    reordered = dict(reversed(CONTEXT.items()))
    assert owner.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=reordered, KeyId=arn)["Plaintext"] == b"secret"


@case
def another_context_is_an_invalid_ciphertext():
    arn = new_key()
    blob = owner.encrypt(KeyId=arn, Plaintext=b"secret", EncryptionContext=CONTEXT)["CiphertextBlob"]
    for context in ({}, {**CONTEXT, "more": "1"}, {**CONTEXT, "sealroom:kind": "Input"}, {"sealroom:kind": "input"}):
        assert refused("InvalidCiphertextException", owner.decrypt, CiphertextBlob=blob, EncryptionContext=context) == ""
    spec = {"KeyId": arn, "EncryptionContext": CONTEXT}
    made = [
        owner.generate_data_key(KeySpec="AES_256", **spec)["CiphertextBlob"],
        owner.generate_data_key_without_plaintext(KeySpec="AES_256", **spec)["CiphertextBlob"],
        owner.generate_data_key_pair(KeyPairSpec="ECC_NIST_P256", **spec)["PrivateKeyCiphertextBlob"],
        owner.generate_data_key_pair_without_plaintext(KeyPairSpec="ECC_NIST_P256", **spec)["PrivateKeyCiphertextBlob"],
    ]
    for blob in made:
        owner.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)
        assert refused("InvalidCiphertextException", owner.decrypt, CiphertextBlob=blob) == ""


@case
def damaged_ciphertexts_are_invalid():
    arn = new_key()
    blob = owner.encrypt(KeyId=arn, Plaintext=b"secret", EncryptionContext=CONTEXT)["CiphertextBlob"]
    flipped = blob[:-1] + bytes([blob[-1] ^ 1])
    for damaged in (blob + b"\0", blob[:-1], blob[1:], flipped, b"x", b"\1" + blob[1:17]):
        arguments = {"CiphertextBlob": damaged, "EncryptionContext": CONTEXT, "KeyId": arn}
        assert refused("InvalidCiphertextException", owner.decrypt, **arguments) == ""
    assert refused("InvalidCiphertextException", owner.re_encrypt, CiphertextBlob=blob, DestinationKeyId=arn) == ""


@case
def another_key_is_the_incorrect_key():
    arn, other = new_key(), new_key()
    blob = owner.encrypt(KeyId=arn, Plaintext=b"secret")["CiphertextBlob"]
    wrong = "The key ID in the request does not identify a CMK that can perform this operation."
    assert refused("IncorrectKeyException", owner.decrypt, KeyId=other, CiphertextBlob=blob) == wrong
    arguments = {"CiphertextBlob": blob, "SourceKeyId": other, "DestinationKeyId": other}
    assert refused("IncorrectKeyException", owner.re_encrypt, **arguments) == wrong


@case
def a_ciphertext_of_an_unknown_key_is_denied():
    arn = new_key()
    blob = owner.encrypt(KeyId=arn, Plaintext=b"secret")["CiphertextBlob"]
    unknown = blob[:1] + bytes(6) + b"\x40\0\x80" + bytes(7) + blob[17:]
    text = refused("AccessDeniedException", owner.decrypt, CiphertextBlob=unknown)
    assert text == (
        "The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
        "or you are not allowed to access."
    )


@case
def plaintexts_have_1_to_4096_bytes():
    arn = new_key()
    text = refused("ValidationException", owner.encrypt, KeyId=arn, Plaintext=b"x" * 4097)
    assert text == constraint("plaintext", "have length less than or equal to 4096"), text
    sealed = owner.encrypt(KeyId=arn, Plaintext=b"x" * 4096)["CiphertextBlob"]
    assert len(sealed) <= 6144 and owner.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"x" * 4096
    _, _, body = wire("owner", "Decrypt", {"CiphertextBlob": "A" * 8196})
    assert json.loads(body)["message"] == constraint("ciphertextBlob", "have length less than or equal to 6144")


@case
def symmetric_keys_have_one_algorithm():
    arn = new_key()
    text = refused("InvalidKeyUsageException", owner.encrypt, KeyId=arn, Plaintext=b"x", EncryptionAlgorithm="RSAES_OAEP_SHA_256")
    assert text == "Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT."


@case
def data_keys_are_made():
    arn = new_key()
    key = owner.generate_data_key(KeyId=arn, KeySpec="AES_256", EncryptionContext=CONTEXT)
    assert len(key["Plaintext"]) == 32 and key["KeyId"] == arn
    assert owner.decrypt(CiphertextBlob=key["CiphertextBlob"], EncryptionContext=CONTEXT)["Plaintext"] == key["Plaintext"]
    assert len(owner.generate_data_key(KeyId=arn, KeySpec="AES_128")["Plaintext"]) == 16
    assert len(owner.generate_data_key(KeyId=arn, NumberOfBytes=17)["Plaintext"]) == 17
    refused("ValidationException", owner.generate_data_key, KeyId=arn)
    refused("ValidationException", owner.generate_data_key, KeyId=arn, KeySpec="AES_256", NumberOfBytes=32)
    refused("ValidationException", owner.generate_data_key, KeyId=arn, KeySpec="AES_512")
    hidden = owner.generate_data_key_without_plaintext(KeyId=arn, KeySpec="AES_256")
    assert "Plaintext" not in hidden and hidden["KeyId"] == arn
    assert len(owner.decrypt(CiphertextBlob=hidden["CiphertextBlob"])["Plaintext"]) == 32


@case
def re_encrypt_moves_a_ciphertext():
    arn, other = new_key(), new_key()
    blob = owner.encrypt(KeyId=arn, Plaintext=b"secret", EncryptionContext=CONTEXT)["CiphertextBlob"]
    target = {"DestinationKeyId": other, "DestinationEncryptionContext": {"moved": "1"}}
    moved = owner.re_encrypt(CiphertextBlob=blob, SourceEncryptionContext=CONTEXT, **target)
    assert moved["SourceKeyId"] == arn and moved["KeyId"] == other
    opened = owner.decrypt(CiphertextBlob=moved["CiphertextBlob"], KeyId=other, EncryptionContext={"moved": "1"})
    assert opened["Plaintext"] == b"secret"


@case
def random_bytes_are_1_to_1024():
    made = owner.generate_random(NumberOfBytes=1024)["Plaintext"]
    assert len(made) == 1024 and made != owner.generate_random(NumberOfBytes=1024)["Plaintext"]
    assert refused("ValidationException", owner.generate_random) == "NumberOfBytes is required."
    for number, limit in ((0, "have value greater than or equal to 1"), (1025, "have value less than or equal to 1024")):
        _, _, body = wire("owner", "GenerateRandom", {"NumberOfBytes": number})
        text = constraint("numberOfBytes", limit, f"'{number}' ")
        assert json.loads(body) == {"__type": "ValidationException", "message": text}, body


@case
def dry_runs_end_before_anything_is_done():
    arn = new_key()
    blob = owner.encrypt(KeyId=arn, Plaintext=b"secret")["CiphertextBlob"]
    for call, arguments in (
        (owner.encrypt, {"KeyId": arn, "Plaintext": b"x"}),
        (owner.decrypt, {"CiphertextBlob": blob}),
        (owner.re_encrypt, {"CiphertextBlob": blob, "DestinationKeyId": arn}),
        (owner.generate_data_key, {"KeyId": arn, "KeySpec": "AES_256"}),
        (owner.generate_data_key_without_plaintext, {"KeyId": arn, "KeySpec": "AES_256"}),
        (owner.generate_data_key_pair, {"KeyId": arn, "KeyPairSpec": "RSA_2048"}),
        (owner.generate_data_key_pair_without_plaintext, {"KeyId": arn, "KeyPairSpec": "RSA_2048"}),
    ):
        text = refused("DryRunOperationException", call, DryRun=True, **arguments)
        assert text == "The request would have succeeded, but the DryRun option is set."
    refused("InvalidCiphertextException", owner.decrypt, CiphertextBlob=blob[:-1], DryRun=True)
