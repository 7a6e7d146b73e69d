"""Makes a key with the key policy FOLDER/policy.json and has the owner seal a data key under it: FOLDER/sealed.blob and
sealed.plaintext. Prints the key's ARN. Usage: mock_kms_seal.py FOLDER."""

import pathlib
import sys

from kms_wire import client

folder = pathlib.Path(sys.argv[1])
arn = client("admin").create_key(Policy=(folder / "policy.json").read_text())["KeyMetadata"]["Arn"]
made = client("owner").generate_data_key(KeyId=arn, KeySpec="AES_256")
(folder / "sealed.blob").write_bytes(made["CiphertextBlob"])
(folder / "sealed.plaintext").write_bytes(made["Plaintext"])
print(arn)
