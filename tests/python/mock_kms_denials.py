"""One refusal of each kind, for the log of the mock KMS. Usage: mock_kms_denials.py KEY-ARN FOLDER."""

import pathlib
import sys

from kms_wire import client, new_key, recipient, refused, role, statement

ARN, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
owner, operator, consumer = client("owner"), client("operator"), client("consumer")
sealed = {"KeyId": ARN, "CiphertextBlob": (FOLDER / "sealed.blob").read_bytes()}


def document(name):
    return recipient((FOLDER / f"{name}.cbor").read_bytes())


refused("AccessDeniedException", operator.decrypt, Recipient=document("other-image"), **sealed)
refused("AccessDeniedException", operator.decrypt, **sealed)
refused("ValidationException", operator.decrypt, Recipient=document("old"), **sealed)
refused("AccessDeniedException", consumer.encrypt, KeyId=ARN, Plaintext=b"x")
allow = statement("Allow", "owner", ["kms:Encrypt", "kms:Decrypt"])
constrained = statement("Allow", "consumer", "kms:Encrypt", {"StringEquals": {"kms:EncryptionContext:kind": "input"}})
arn = new_key(allow, constrained, statement("Allow", "owner", "kms:CreateGrant"))
owner.create_grant(
    KeyId=arn, GranteePrincipal=role("consumer"), Operations=["Encrypt"], Constraints={"EncryptionContextEquals": {"kind": "other"}}
)
refused("AccessDeniedException", consumer.encrypt, KeyId=arn, Plaintext=b"x", EncryptionContext={"kind": "output"})
blob = owner.encrypt(KeyId=arn, Plaintext=b"x", EncryptionContext={"kind": "input"})["CiphertextBlob"]
refused("InvalidCiphertextException", owner.decrypt, CiphertextBlob=blob)
refused("InvalidCiphertextException", owner.decrypt, CiphertextBlob=blob[:-1], EncryptionContext={"kind": "input"})
