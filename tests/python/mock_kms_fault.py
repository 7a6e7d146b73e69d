"""What mock KMSs with a fault, or another form of answer, answer to an attested Decrypt: one JSON line each, in order.
Usage: mock_kms_fault.py KEY-ARN FOLDER NAME=ENDPOINT… — FOLDER has sealed.blob and gets NAME.cms."""

import json
import pathlib
import sys

from botocore.exceptions import BotoCoreError, ClientError

from kms_wire import client, open_cms, recipient

ARN, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
DOCUMENT, PRIVATE_KEY = (FOLDER / "good.cbor").read_bytes(), (FOLDER / "recipient.pk8.der").read_bytes()
BLOB, WANTED = (FOLDER / "sealed.blob").read_bytes(), (FOLDER / "sealed.plaintext").read_bytes()


def opened(answer, strict):
    try:
        return open_cms(PRIVATE_KEY, answer["CiphertextForRecipient"], strict)
    except ValueError:
        return None


def told(name, kms):
    try:
        answer = kms.decrypt(CiphertextBlob=BLOB, KeyId=ARN, Recipient=recipient(DOCUMENT))
    except ClientError as error:
        return {"code": error.response["Error"]["Code"]}
    except BotoCoreError as error:
        return {"code": type(error).__name__}
    sealed = "CiphertextForRecipient" in answer
    if sealed:
        (FOLDER / f"{name}.cms").write_bytes(answer["CiphertextForRecipient"])
    found = opened(answer, strict=name != "issuer-serial") if sealed else None
    return {
        "key_id": answer["KeyId"] == ARN,
        "plaintext": answer.get("Plaintext") == WANTED,
        "sealed": sealed,
        "opens": found is not None,
        "equal": found == WANTED,
        "length": len(found) if found is not None else None,
    }


# Twice each: a fault of one request, and the request after it.
for argument in sys.argv[3:]:
    name, endpoint = argument.split("=", 1)
    kms = client("operator", endpoint=endpoint)
    print(json.dumps([told(name, kms), told(name, kms)]), flush=True)
