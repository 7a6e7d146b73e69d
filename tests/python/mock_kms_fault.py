"""What the mock KMS answers to an attested Decrypt under a fault, as JSON: code, or the answer's parts.
Usage: mock_kms_fault.py KEY-ARN FOLDER."""

import json
import pathlib
import sys

from botocore.exceptions import BotoCoreError, ClientError

from kms_wire import client, open_cms, recipient

ARN, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
DOCUMENT, PRIVATE_KEY = (FOLDER / "good.cbor").read_bytes(), (FOLDER / "recipient.pk8.der").read_bytes()


def opened(answer):
    try:
        return open_cms(PRIVATE_KEY, answer["CiphertextForRecipient"])
    except ValueError:
        return None


try:
    blob = (FOLDER / "sealed.blob").read_bytes()
    answer = client("operator").decrypt(CiphertextBlob=blob, KeyId=ARN, Recipient=recipient(DOCUMENT))
    wanted, sealed = (FOLDER / "sealed.plaintext").read_bytes(), "CiphertextForRecipient" in answer
    found = opened(answer) if sealed else None
    told = {
        "key_id": answer["KeyId"] == ARN,
        "plaintext": answer.get("Plaintext") == wanted,
        "sealed": sealed,
        "opens": found is not None,
        "equal": found == wanted,
        "length": len(found) if found is not None else None,
    }
except ClientError as error:
    told = {"code": error.response["Error"]["Code"]}
except BotoCoreError as error:
    told = {"code": type(error).__name__}
print(json.dumps(told))
