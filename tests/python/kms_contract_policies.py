"""Cases: key policies, evaluated whole."""

import json

from kms_wire import ACCOUNT, case, client, explicitly_denied, new_key, not_allowed, refused, role, session, statement

owner, operator, consumer, admin = (client(profile) for profile in ("owner", "operator", "consumer", "admin"))
CONTEXT = {"sealroom:kind": "input"}


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@case
def malformed_policies_are_refused():
    arn = new_key()
    for text in ("{", '{"Statement":[]}', '{"Statement":{"Effect":"Allow"}}', document({"Effect": "Allow", "Action": "kms:*"})):
        refused("MalformedPolicyDocumentException", admin.put_key_policy, KeyId=arn, Policy=text)
        refused("MalformedPolicyDocumentException", admin.create_key, Policy=text)


@case
def a_boolean_condition_without_a_boolean_is_refused():
    arn = new_key()
    for operator in ("Null", "Bool", "BoolIfExists"):
        for value, taken in (("true", True), ("False", True), (True, True), ("maybe", False), (["true", ""], False), (1, False)):
            text = document(statement("Allow", "admin", "kms:*"), statement("Deny", "*", "kms:Decrypt", {operator: {"aws:SecureTransport": value}}))
            if taken:
                admin.put_key_policy(KeyId=arn, Policy=text)
            else:
                refused("MalformedPolicyDocumentException", admin.put_key_policy, KeyId=arn, Policy=text)


@case
def a_policy_that_locks_its_maker_out_is_refused():
    arn = new_key()
    locked_out = document(statement("Allow", "owner", "kms:*"))
    text = refused("MalformedPolicyDocumentException", admin.put_key_policy, KeyId=arn, Policy=locked_out)
    assert text == "The new key policy will not allow you to update the key policy in the future."
    admin.put_key_policy(KeyId=arn, Policy=locked_out, BypassPolicyLockoutSafetyCheck=True)
    assert refused("AccessDeniedException", admin.get_key_policy, KeyId=arn) == not_allowed("admin", "GetKeyPolicy", arn)
    assert owner.get_key_policy(KeyId=arn)["Policy"] == locked_out


@case
def principals_come_from_the_credentials_file():
    arn = new_key(statement("Allow", "owner", "kms:Encrypt"))
    owner.encrypt(KeyId=arn, Plaintext=b"x")
    for profile in ("operator", "consumer"):
        text = refused("AccessDeniedException", client(profile).encrypt, KeyId=arn, Plaintext=b"x")
        assert text == not_allowed(profile, "Encrypt", arn)
    for named in (session("consumer"), ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"):
        allow = {"Effect": "Allow", "Principal": {"AWS": named}, "Action": "kms:Encrypt", "Resource": "*"}
        admin.put_key_policy(KeyId=arn, Policy=document(statement("Allow", "admin", "kms:*"), allow))
        consumer.encrypt(KeyId=arn, Plaintext=b"x")


@case
def an_explicit_deny_wins():
    allow, deny = statement("Allow", "*", "kms:*"), statement("Deny", "consumer", "kms:Decrypt")
    for statements in ([allow, deny], [deny, allow]):
        arn = new_key(*statements)
        sealed = consumer.encrypt(KeyId=arn, Plaintext=b"x")["CiphertextBlob"]
        text = refused("AccessDeniedException", consumer.decrypt, CiphertextBlob=sealed)
        assert text == explicitly_denied("consumer", "Decrypt", arn)
        assert owner.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"x"


@case
def the_encryption_context_is_a_condition():
    condition = {"StringEquals": {"kms:EncryptionContext:sealroom:kind": "input"}}
    arn = new_key(statement("Allow", "owner", ["kms:Encrypt", "kms:Decrypt"], condition))
    sealed = owner.encrypt(KeyId=arn, Plaintext=b"x", EncryptionContext=CONTEXT)["CiphertextBlob"]
    assert owner.decrypt(CiphertextBlob=sealed, EncryptionContext=CONTEXT)["Plaintext"] == b"x"
    for context in ({}, {"sealroom:kind": "output"}, {"kind": "input"}):
        text = refused("AccessDeniedException", owner.encrypt, KeyId=arn, Plaintext=b"x", EncryptionContext=context)
        assert text == not_allowed("owner", "Encrypt", arn)


@case
def the_role_of_a_session_is_a_condition():
    """aws:PrincipalArn of a role's session is the role's ARN."""
    for wanted, allowed in ((role("owner"), True), (session("owner"), False), (role("other"), False)):
        arn = new_key(statement("Allow", "*", "kms:Encrypt", {"ArnEquals": {"aws:PrincipalArn": wanted}}))
        if allowed:
            owner.encrypt(KeyId=arn, Plaintext=b"x")
        else:
            refused("AccessDeniedException", owner.encrypt, KeyId=arn, Plaintext=b"x")


@case
def the_facts_of_an_operation_are_conditions():
    same = {"Bool": {"kms:ReEncryptOnSameKey": "true"}}
    arn, other = (new_key(statement("Allow", "owner", "kms:Encrypt"), statement("Allow", "owner", "kms:ReEncrypt*", same)) for _ in range(2))
    sealed = owner.encrypt(KeyId=arn, Plaintext=b"x")["CiphertextBlob"]
    owner.re_encrypt(CiphertextBlob=sealed, DestinationKeyId=arn, DestinationEncryptionContext=CONTEXT)
    refused("AccessDeniedException", owner.re_encrypt, CiphertextBlob=sealed, DestinationKeyId=other)

    curve = {"StringEquals": {"kms:DataKeyPairSpec": "ECC_NIST_P256"}}
    arn = new_key(statement("Allow", "owner", "kms:GenerateDataKeyPair*", curve))
    owner.generate_data_key_pair_without_plaintext(KeyId=arn, KeyPairSpec="ECC_NIST_P256")
    refused("AccessDeniedException", owner.generate_data_key_pair_without_plaintext, KeyId=arn, KeyPairSpec="ECC_NIST_P384")

    by_alias = {"StringEquals": {"kms:RequestAlias": "alias/by-name"}}
    arn = new_key(statement("Allow", "owner", "kms:Encrypt", by_alias))
    admin.create_alias(AliasName="alias/by-name", TargetKeyId=arn)
    owner.encrypt(KeyId="alias/by-name", Plaintext=b"x")
    refused("AccessDeniedException", owner.encrypt, KeyId=arn, Plaintext=b"x")

    has_alias = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/by-name"}}
    admin.put_key_policy(KeyId=arn, Policy=document(statement("Allow", "admin", "kms:*"), statement("Allow", "owner", "kms:Encrypt", has_alias)))
    owner.encrypt(KeyId=arn, Plaintext=b"x")


@case
def both_sides_of_re_encrypt_are_asked():
    source = new_key(statement("Allow", "owner", ["kms:Encrypt"]))
    target = new_key(statement("Allow", "owner operator", ["kms:ReEncryptTo"]))
    sealed = owner.encrypt(KeyId=source, Plaintext=b"x")["CiphertextBlob"]
    text = refused("AccessDeniedException", owner.re_encrypt, CiphertextBlob=sealed, DestinationKeyId=target)
    assert text == not_allowed("owner", "ReEncryptFrom", source)
    text = refused("AccessDeniedException", owner.re_encrypt, CiphertextBlob=sealed, DestinationKeyId=source)
    assert text == not_allowed("owner", "ReEncryptTo", source)
