"""Cases: keys and aliases themselves."""

import json

from kms_wire import ACCOUNT, REGION, case, client, new_key, refused

owner, admin = client("owner"), client("admin")
ABSENT = "00000000-0000-4000-8000-000000000000"


@case
def create_key_describes_a_symmetric_key():
    made = admin.create_key(Description="first")["KeyMetadata"]
    arn, key_id = made["Arn"], made["KeyId"]
    assert arn == f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key_id}" and made["Description"] == "first"
    assert made["KeyState"] == "Enabled" and made["KeySpec"] == "SYMMETRIC_DEFAULT" and made["MultiRegion"] is False
    assert made["Origin"] == "AWS_KMS" and len(made["CurrentKeyMaterialId"]) == 64
    assert admin.describe_key(KeyId=key_id)["KeyMetadata"] == made
    assert arn in [key["KeyArn"] for key in admin.list_keys()["Keys"]]
    default = json.loads(admin.get_key_policy(KeyId=key_id)["Policy"])
    assert default["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


@case
def create_key_describes_a_key_agreement_key():
    made = admin.create_key(KeySpec="ECC_NIST_P384", KeyUsage="KEY_AGREEMENT")["KeyMetadata"]
    assert made["KeySpec"] == "ECC_NIST_P384" and made["KeyUsage"] == "KEY_AGREEMENT"
    assert made["KeyAgreementAlgorithms"] == ["ECDH"]
    assert "EncryptionAlgorithms" not in made and "CurrentKeyMaterialId" not in made


@case
def create_key_refuses_what_is_not_there():
    for arguments in (
        {"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"},
        {"KeySpec": "ECC_NIST_P256"},
        {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
        {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
        {"KeyUsage": "KEY_AGREEMENT"},
        {"Origin": "EXTERNAL"},
        {"MultiRegion": True},
    ):
        assert refused("UnsupportedOperationException", admin.create_key, **arguments).startswith("mock KMS: "), arguments


@case
def a_key_is_named_in_four_ways():
    arn = new_key()
    alias_arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/first"
    admin.create_alias(AliasName="alias/first", TargetKeyId=arn)
    refused("AlreadyExistsException", admin.create_alias, AliasName="alias/first", TargetKeyId=arn)
    refused("ValidationException", admin.create_alias, AliasName="first", TargetKeyId=arn)
    for named in (arn.rsplit("/")[-1], arn, "alias/first", alias_arn):
        assert admin.describe_key(KeyId=named)["KeyMetadata"]["Arn"] == arn
        assert owner.encrypt(KeyId=named, Plaintext=b"x")["KeyId"] == arn
    assert [alias["AliasArn"] for alias in admin.list_aliases(KeyId=arn)["Aliases"]] == [alias_arn]
    admin.delete_alias(AliasName="alias/first")
    assert admin.list_aliases(KeyId=arn)["Aliases"] == []
    refused("NotFoundException", admin.describe_key, KeyId="alias/first")


@case
def keys_that_are_not_there_are_told_as_recorded():
    arn = new_key()
    missing = f"Key 'arn:aws:kms:{REGION}:{ACCOUNT}:key/{ABSENT}' does not exist"
    assert refused("NotFoundException", admin.describe_key, KeyId=ABSENT) == missing
    assert refused("NotFoundException", admin.describe_key, KeyId=arn[: -len(ABSENT)] + ABSENT) == missing
    for malformed in ("fake-key-id", ABSENT.replace("-", "")):
        assert refused("NotFoundException", admin.describe_key, KeyId=malformed) == f"Invalid keyId '{malformed}'"
    elsewhere = client("admin", "us-west-2")
    assert refused("NotFoundException", elsewhere.describe_key, KeyId=arn) == f"Invalid arn {REGION}"
    only_there = elsewhere.create_key()["KeyMetadata"]["KeyId"]
    missing = f"Key 'arn:aws:kms:{REGION}:{ACCOUNT}:key/{only_there}' does not exist"
    assert refused("NotFoundException", admin.describe_key, KeyId=only_there) == missing


@case
def a_disabled_key_is_not_used():
    arn = new_key()
    sealed = owner.encrypt(KeyId=arn, Plaintext=b"x")["CiphertextBlob"]
    admin.disable_key(KeyId=arn)
    text = f"{arn} is disabled."
    assert refused("DisabledException", owner.generate_data_key, KeyId=arn, KeySpec="AES_256") == text
    assert refused("DisabledException", owner.encrypt, KeyId=arn, Plaintext=b"x") == text
    assert refused("DisabledException", owner.decrypt, CiphertextBlob=sealed) == text
    assert refused("DisabledException", owner.generate_data_key_pair, KeyId=arn, KeyPairSpec="ECC_NIST_P256") == text
    admin.enable_key(KeyId=arn)
    assert owner.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"x"


@case
def a_key_pending_deletion_is_not_used():
    arn = new_key()
    scheduled = admin.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    assert scheduled["KeyState"] == "PendingDeletion" and scheduled["PendingWindowInDays"] == 7 and scheduled["KeyId"] == arn
    text = refused("KMSInvalidStateException", owner.generate_data_key, KeyId=arn, KeySpec="AES_256")
    assert text == f"{arn} is pending deletion."
    refused("KMSInvalidStateException", admin.schedule_key_deletion, KeyId=arn)
    refused("KMSInvalidStateException", admin.enable_key, KeyId=arn)
    refused("KMSInvalidStateException", admin.create_grant, KeyId=arn, GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:root", Operations=["Decrypt"])
    admin.cancel_key_deletion(KeyId=arn)
    assert admin.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Disabled"
