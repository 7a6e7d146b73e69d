"""Usage: mock_kms_restart.py make FOLDER, then, after a restart of the mock KMS, mock_kms_restart.py find FOLDER."""

import json
import pathlib
import sys

from kms_wire import client, new_key, refused, role, statement

step, file = sys.argv[1], pathlib.Path(sys.argv[2]) / "made.json"
owner, operator, admin = client("owner"), client("operator"), client("admin")


def make():
    arn = new_key(statement("Allow", "owner", ["kms:Encrypt", "kms:CreateGrant"]))
    agreement = new_key(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")
    admin.create_alias(AliasName="alias/kept", TargetKeyId=arn)
    constraints = {"EncryptionContextEquals": {"kind": "input"}}
    grant = owner.create_grant(KeyId=arn, GranteePrincipal=role("operator"), Operations=["Decrypt"], Constraints=constraints)
    sealed = owner.encrypt(KeyId="alias/kept", Plaintext=b"x", EncryptionContext={"kind": "input"})["CiphertextBlob"]
    public = owner.get_public_key(KeyId=agreement)["PublicKey"]
    policy = admin.get_key_policy(KeyId=arn)["Policy"]
    made = {"arn": arn, "agreement": agreement, "grant": grant, "sealed": sealed.hex(), "public": public.hex(), "policy": policy}
    file.write_text(json.dumps(made))


def find():
    made = json.loads(file.read_text())
    assert admin.describe_key(KeyId="alias/kept")["KeyMetadata"]["Arn"] == made["arn"]
    assert admin.get_key_policy(KeyId=made["arn"])["Policy"] == made["policy"]
    sealed = bytes.fromhex(made["sealed"])
    assert operator.decrypt(CiphertextBlob=sealed, EncryptionContext={"kind": "input"})["Plaintext"] == b"x"
    refused("AccessDeniedException", operator.decrypt, CiphertextBlob=sealed)
    assert owner.get_public_key(KeyId=made["agreement"])["PublicKey"].hex() == made["public"]
    admin.retire_grant(GrantToken=made["grant"]["GrantToken"])
    refused("AccessDeniedException", operator.decrypt, CiphertextBlob=sealed, EncryptionContext={"kind": "input"})


{"make": make, "find": find}[step]()
