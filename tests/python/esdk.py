"""Seals and opens AWS Encryption SDK messages with AWS's own SDK: the other side of the interop tests, and what a
consumer or an operator without Sealroom would run. KMS calls go where the AWS environment variables say.

    esdk.py open  KEYRING IN OUT
    esdk.py seal  KEYRING IN OUT [--suite SUITE] [--frame-length N] [--context KEY=VALUE]...
    esdk.py batch TASKS.json

KEYRING: kms:ARN, rsa:NAMESPACE:NAME:PEM-FILE, aes:NAMESPACE:NAME:FILE-OF-32-BYTES; several with `|` between them seal
for each. OUT may be `-`. SUITE: 0478, 0578, or one without key commitment, which makes message version 1. Frame length 0
makes an unframed body.

TASKS.json: an array of {"direction", "keyring", "input", "output"} and for seal {"suite", "frame_length", "context"}.
"""

import argparse
import functools
import json
import sys

import aws_encryption_sdk
import aws_encryption_sdk.internal.utils
import boto3
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    AesWrappingAlg,
    CreateAwsKmsKeyringInput,
    CreateMultiKeyringInput,
    CreateRawAesKeyringInput,
    CreateRawRsaKeyringInput,
    PaddingScheme,
)
from aws_encryption_sdk import CommitmentPolicy
from aws_encryption_sdk.identifiers import Algorithm

COMMITTING = {
    "0478": Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
    "0578": Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384,
}
NOT_COMMITTING = {
    "0178": Algorithm.AES_256_GCM_IV12_TAG16_HKDF_SHA256,
    "0378": Algorithm.AES_256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384,
}
SUITES = {**COMMITTING, **NOT_COMMITTING}


# The format takes any frame length; this SDK alone wants multiples of 128 when it writes. It reads what others write.
aws_encryption_sdk.internal.utils.validate_frame_length = lambda frame_length, algorithm: None


@functools.cache
def client(policy):
    return aws_encryption_sdk.EncryptionSDKClient(commitment_policy=policy, max_encrypted_data_keys=16)


@functools.cache
def kms_client(region):
    return boto3.client("kms", region_name=region)


@functools.cache
def providers():
    return AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())


@functools.cache
def keyring(text, seals):
    several = text.split("|")
    if len(several) > 1:
        first, *rest = [keyring(one, seals) for one in several]
        return providers().create_multi_keyring(CreateMultiKeyringInput(generator=first, child_keyrings=rest))
    kind, rest = text.split(":", 1)
    if kind == "kms":
        region = rest.split(":")[3]
        return providers().create_aws_kms_keyring(
            CreateAwsKmsKeyringInput(kms_key_id=rest, kms_client=kms_client(region))
        )
    namespace, name, path = rest.split(":", 2)
    with open(path, "rb") as file:
        key = file.read()
    if kind == "rsa":
        which = {"public_key": key} if seals else {"private_key": key}
        return providers().create_raw_rsa_keyring(
            CreateRawRsaKeyringInput(
                key_namespace=namespace, key_name=name, padding_scheme=PaddingScheme.OAEP_SHA256_MGF1, **which
            )
        )
    if kind == "aes":
        return providers().create_raw_aes_keyring(
            CreateRawAesKeyringInput(
                key_namespace=namespace,
                key_name=name,
                wrapping_key=key,
                wrapping_alg=AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
            )
        )
    raise SystemExit(f"unknown keyring {kind}")


def run(task):
    seals = task["direction"] == "seal"
    more = {}
    policy = CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
    if seals:
        if task["suite"] in NOT_COMMITTING:
            policy = CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT
        more = {
            "algorithm": SUITES[task["suite"]],
            "frame_length": task["frame_length"],
            "encryption_context": task["context"],
        }
    output = sys.stdout.buffer if task["output"] == "-" else open(task["output"], "wb")
    with open(task["input"], "rb") as source, output:
        keys = keyring(task["keyring"], seals)
        with client(policy).stream(mode="e" if seals else "d", source=source, keyring=keys, **more) as stream:
            for chunk in stream:
                output.write(chunk)


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "batch":
        with open(sys.argv[2], encoding="utf-8") as file:
            for task in json.load(file):
                try:
                    run(task)
                except Exception as error:
                    raise SystemExit(f"{task}: {error!r}") from error
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("direction", choices=["open", "seal"])
    parser.add_argument("keyring")
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("--suite", choices=sorted(SUITES), default="0478")
    parser.add_argument("--frame-length", type=int, default=4096)
    parser.add_argument("--context", action="append", default=[])
    task = vars(parser.parse_args())
    try:
        run({**task, "context": dict(pair.split("=", 1) for pair in task["context"])})
    except Exception as error:
        raise SystemExit(f"esdk.py: {error}\n" + "\n".join(causes(error))) from None


def causes(error):
    """What AWS's SDK wraps in `list`, `args` and `__cause__`: KMS's own words are in there."""
    for inner in [*getattr(error, "list", []), *error.args, error.__cause__, error.__context__]:
        if isinstance(inner, BaseException):
            yield f"  {inner}"
            yield from causes(inner)


if __name__ == "__main__":
    main()
