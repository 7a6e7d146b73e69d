"""Cases: grants, with the key policy and their constraints. The operator is named by no statement of these keys."""

import json

from kms_wire import ACCOUNT, case, client, explicitly_denied, new_key, not_allowed, refused, role, session, statement

owner, operator, consumer, admin = (client(profile) for profile in ("owner", "operator", "consumer", "admin"))
DATA_KEY = ["GenerateDataKey"]
KIND = {"kind": "input"}


def owners_key(*more):
    return new_key(statement("Allow", "owner", ["kms:*"]), *more)


def grant(arn, operations=DATA_KEY, grantee=role("operator"), by=owner, **more):
    return by.create_grant(KeyId=arn, GranteePrincipal=grantee, Operations=operations, **more)


def data_key(arn, context=None, by=operator):
    return by.generate_data_key(KeyId=arn, KeySpec="AES_256", EncryptionContext=context or {})


def is_denied(arn, context=None, by="operator"):
    text = refused("AccessDeniedException", data_key, arn=arn, context=context, by=client(by))
    assert text == not_allowed(by, "GenerateDataKey", arn), text


@case
def a_grant_allows_what_the_policy_does_not():
    arn = owners_key()
    is_denied(arn)
    made = grant(arn, ["GenerateDataKey", "Decrypt"])
    assert len(made["GrantId"]) == 64 and made["GrantToken"]
    blob = data_key(arn)["CiphertextBlob"]
    assert len(operator.decrypt(CiphertextBlob=blob)["Plaintext"]) == 32
    assert refused("AccessDeniedException", operator.encrypt, KeyId=arn, Plaintext=b"x") == not_allowed("operator", "Encrypt", arn)
    is_denied(arn, by="consumer")
    owner.revoke_grant(KeyId=arn, GrantId=made["GrantId"])
    is_denied(arn)


@case
def a_grant_is_of_one_key():
    arn, other = owners_key(), owners_key()
    grant(arn)
    data_key(arn)
    is_denied(other)


@case
def an_explicit_deny_wins_over_a_grant():
    arn = owners_key(statement("Deny", "operator", "kms:GenerateDataKey", {"StringEquals": {"kms:EncryptionContext:kind": "output"}}))
    grant(arn)
    data_key(arn, KIND)
    text = refused("AccessDeniedException", data_key, arn=arn, context={"kind": "output"})
    assert text == explicitly_denied("operator", "GenerateDataKey", arn)


@case
def a_grant_does_not_pass_a_deny_of_unattested_calls():
    deny = statement("Deny", "operator", "kms:GenerateDataKey", {"StringNotEqualsIgnoreCase": {"kms:RecipientAttestation:PCR0": "0" * 96}})
    arn = owners_key(deny)
    grant(arn)
    assert refused("AccessDeniedException", data_key, arn=arn) == explicitly_denied("operator", "GenerateDataKey", arn)


@case
def grantees_are_roles_sessions_and_the_account():
    for grantee, allowed in (
        (role("operator"), True),
        (role("some/path/operator"), True),
        (session("operator"), True),
        (f"arn:aws:iam::{ACCOUNT}:root", True),
        (role("consumer"), False),
        (f"arn:aws:iam::{ACCOUNT}:user/operator", False),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/operator/another", False),
    ):
        arn = owners_key()
        grant(arn, grantee=grantee)
        data_key(arn) if allowed else is_denied(arn)


@case
def equals_asks_for_the_whole_context():
    arn = owners_key()
    grant(arn, Constraints={"EncryptionContextEquals": KIND})
    data_key(arn, KIND)
    # The key of a pair in a constraint has no case, its value has.
    data_key(arn, {"Kind": "input"})
    for context in ({}, {"kind": "Input"}, {"kind": "output"}, {"other": "input"}, {**KIND, "more": "1"}):
        is_denied(arn, context)


@case
def subset_asks_for_its_pairs_among_others():
    arn = owners_key()
    grant(arn, Constraints={"EncryptionContextSubset": {"kind": "input", "set": "1"}})
    data_key(arn, {"kind": "input", "set": "1"})
    data_key(arn, {"kind": "input", "set": "1", "more": "1"})
    for context in ({}, {"kind": "input"}, {"kind": "input", "set": "2"}, {"more": "1"}):
        is_denied(arn, context)


@case
def both_constraints_must_hold_and_any_grant_will_do():
    arn = owners_key()
    grant(arn, Constraints={"EncryptionContextEquals": {"kind": "input", "set": "1"}, "EncryptionContextSubset": {"set": "2"}})
    is_denied(arn, {"kind": "input", "set": "1"})
    is_denied(arn, {"set": "2"})
    grant(arn, Constraints={"EncryptionContextSubset": {"set": "2"}})
    data_key(arn, {"set": "2"})


@case
def constraints_bear_on_operations_with_a_context_alone():
    arn = owners_key()
    grant(arn, ["GenerateDataKey", "DescribeKey"], Constraints={"EncryptionContextSubset": KIND})
    assert operator.describe_key(KeyId=arn)["KeyMetadata"]["Arn"] == arn
    is_denied(arn)


@case
def grants_are_listed_with_their_terms():
    arn = owners_key()
    constraints = {"EncryptionContextSubset": KIND}
    first = grant(arn, Name="first", RetiringPrincipal=role("consumer"), Constraints=constraints)
    second = grant(arn, ["Decrypt"], grantee=role("consumer"))
    listed = {entry["GrantId"]: entry for entry in owner.list_grants(KeyId=arn)["Grants"]}
    assert set(listed) == {first["GrantId"], second["GrantId"]}
    entry = listed[first["GrantId"]]
    assert entry["KeyId"] == arn and entry["Name"] == "first" and entry["Operations"] == DATA_KEY
    assert entry["GranteePrincipal"] == role("operator") and entry["RetiringPrincipal"] == role("consumer")
    assert entry["Constraints"] == constraints and entry["IssuingAccount"] == f"arn:aws:iam::{ACCOUNT}:root"
    ids = [entry["GrantId"] for entry in owner.list_grants(KeyId=arn, GranteePrincipal=role("consumer"))["Grants"]]
    assert ids == [second["GrantId"]]
    assert len(owner.list_grants(KeyId=arn, GrantId=first["GrantId"])["Grants"]) == 1
    refused("InvalidGrantIdException", owner.list_grants, KeyId=arn, GrantId="0" * 64)
    retirable = consumer.list_retirable_grants(RetiringPrincipal=role("consumer"))["Grants"]
    assert [entry["GrantId"] for entry in retirable if entry["KeyId"] == arn] == [first["GrantId"]]
    assert refused("AccessDeniedException", operator.list_grants, KeyId=arn) == not_allowed("operator", "ListGrants", arn)


@case
def a_named_grant_is_made_once():
    arn = owners_key()
    first, again = grant(arn, Name="one"), grant(arn, Name="one")
    assert first["GrantId"] == again["GrantId"] and first["GrantToken"] != again["GrantToken"]
    others = [grant(arn, ["GenerateDataKey", "Decrypt"], Name="one"), grant(arn), grant(arn)]
    assert len({first["GrantId"], *(other["GrantId"] for other in others)}) == 4
    owner.retire_grant(GrantToken=again["GrantToken"])
    refused("InvalidGrantTokenException", owner.retire_grant, GrantToken=first["GrantToken"])


@case
def grants_are_retired_by_those_they_name():
    arn = owners_key()
    made = grant(arn, RetiringPrincipal=role("consumer"))
    named = {"KeyId": arn, "GrantId": made["GrantId"]}
    # The grantee of a grant without RetireGrant, and somebody else's retiring principal, do not.
    assert refused("AccessDeniedException", operator.retire_grant, **named) == not_allowed("operator", "RetireGrant", arn)
    other = grant(arn, RetiringPrincipal=role("operator"))
    refused("AccessDeniedException", operator.retire_grant, **named)
    operator.retire_grant(KeyId=arn, GrantId=other["GrantId"])
    refused("DryRunOperationException", consumer.retire_grant, DryRun=True, **named)
    consumer.retire_grant(**named)
    is_denied(arn)
    refused("NotFoundException", consumer.retire_grant, **named)
    own = grant(arn, ["GenerateDataKey", "RetireGrant"])
    data_key(arn)
    operator.retire_grant(GrantToken=own["GrantToken"])
    is_denied(arn)
    refused("InvalidGrantTokenException", operator.retire_grant, GrantToken=own["GrantToken"])
    refused("ValidationException", operator.retire_grant, KeyId=arn)


@case
def revoking_is_the_key_policys():
    arn = owners_key()
    made = grant(arn, ["GenerateDataKey", "RetireGrant"])
    text = refused("AccessDeniedException", operator.revoke_grant, KeyId=arn, GrantId=made["GrantId"])
    assert text == not_allowed("operator", "RevokeGrant", arn)
    refused("NotFoundException", owner.revoke_grant, KeyId=arn, GrantId="0" * 64)
    refused("DryRunOperationException", owner.revoke_grant, KeyId=arn, GrantId=made["GrantId"], DryRun=True)
    data_key(arn)


@case
def a_grantee_hands_on_no_more_than_it_has():
    arn = owners_key()
    grant(arn, ["GenerateDataKey", "CreateGrant"], Constraints={"EncryptionContextSubset": KIND})
    to_consumer = {"grantee": role("consumer"), "by": operator}
    for more in ({}, {"Constraints": {"EncryptionContextSubset": {"kind": "output"}}}, {"operations": ["Decrypt"], "Constraints": {"EncryptionContextSubset": KIND}}):
        text = refused("AccessDeniedException", grant, arn=arn, **to_consumer, **more)
        assert text == not_allowed("operator", "CreateGrant", arn), more
    grant(arn, Constraints={"EncryptionContextEquals": {**KIND, "set": "1"}}, **to_consumer)
    data_key(arn, {**KIND, "set": "1"}, by=consumer)
    is_denied(arn, KIND, by="consumer")


@case
def grants_that_make_no_sense_are_refused():
    arn, agreement = owners_key(), new_key(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")
    assert refused("ValidationException", grant, arn=arn, operations=["CreateGrant"]) == "Grants must not contain only the CreateGrant operation."
    for operations in ([], ["Sign"], ["DeriveSharedSecret"], ["PutKeyPolicy"], ["Decrypt", "Nothing"]):
        refused("ValidationException", grant, arn=arn, operations=operations)
    refused("ValidationException", grant, arn=agreement, operations=["Decrypt"])
    refused("ValidationException", grant, arn=agreement, operations=["DeriveSharedSecret"], Constraints={"EncryptionContextSubset": KIND})
    grant(agreement, ["DeriveSharedSecret"])
    for grantee in ("operator", f"arn:aws:iam::{ACCOUNT}:group/all", "arn:aws:s3:::bucket", role("*")[:-1]):
        refused("InvalidArnException", grant, arn=arn, grantee=grantee)
    refused("SerializationException", grant, arn=arn, Constraints={"SourceArn": "arn:aws:s3:::some-bucket"})
    owner.disable_key(KeyId=arn)
    refused("DisabledException", grant, arn=arn)
    assert owner.list_grants(KeyId=arn)["Grants"] == []


@case
def the_terms_of_a_grant_are_conditions():
    only = {
        "ForAllValues:StringEquals": {"kms:GrantOperations": ["GenerateDataKey", "Decrypt"]},
        "StringEquals": {"kms:GranteePrincipal": role("operator"), "kms:GrantConstraintType": "EncryptionContextSubset"},
    }
    arn = new_key(statement("Allow", "consumer", "kms:CreateGrant", only))
    constraints = {"EncryptionContextSubset": KIND}
    grant(arn, by=consumer, Constraints=constraints)
    for more in ({}, {"operations": ["Encrypt"], "Constraints": constraints}, {"grantee": role("owner"), "Constraints": constraints}, {"Constraints": {"EncryptionContextEquals": KIND}}):
        refused("AccessDeniedException", grant, arn=arn, by=consumer, **more)
    assert json.loads(admin.get_key_policy(KeyId=arn)["Policy"])["Statement"][1]["Condition"] == only
