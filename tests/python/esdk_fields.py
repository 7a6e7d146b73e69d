"""Seals single fields of NDJSON records with AWS's own SDK, as a data owner without Sealroom does: the other side of the
interop test of sealed fields. KMS calls go where the AWS environment variables say.

    esdk_fields.py KEY-ARN POLICY-DIGEST DATASET VALUES-PER-KEY IN OUT FIELD...

VALUES-PER-KEY above 0: the SDK's caching materials manager with its KMS master key provider, one data key for so many
values of a field. 0: the KMS keyring without a cache, so one data key a value.
"""

import base64
import json
import sys

import aws_encryption_sdk
import boto3
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import CreateAwsKmsKeyringInput
from aws_encryption_sdk.identifiers import Algorithm


def materials(key_arn, values_per_key):
    if values_per_key == 0:
        client = boto3.client("kms", region_name=key_arn.split(":")[3])
        providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
        keyring = CreateAwsKmsKeyringInput(kms_key_id=key_arn, kms_client=client)
        return {"keyring": providers.create_aws_kms_keyring(keyring)}
    return {
        "materials_manager": aws_encryption_sdk.CachingCryptoMaterialsManager(
            master_key_provider=aws_encryption_sdk.StrictAwsKmsMasterKeyProvider(key_ids=[key_arn]),
            cache=aws_encryption_sdk.LocalCryptoMaterialsCache(capacity=100),
            max_age=600.0,
            max_messages_encrypted=values_per_key,
        )
    }


def main():
    key_arn, policy_digest, dataset, values_per_key, source, target, *fields = sys.argv[1:]
    client = aws_encryption_sdk.EncryptionSDKClient()
    # A cache entry is for one context, so for one field.
    keys = materials(key_arn, int(values_per_key))
    with open(source, encoding="utf-8") as records, open(target, "w", encoding="utf-8") as sealed:
        for line in records:
            record = json.loads(line)
            for field in fields:
                value = record.get(field)
                if value is None:
                    continue
                message, _ = client.encrypt(
                    source=value if isinstance(value, str) else json.dumps(value),
                    algorithm=Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
                    encryption_context={
                        "sealroom:kind": "input",
                        "sealroom:policy-sha384": policy_digest,
                        "sealroom:dataset": dataset,
                        "sealroom:field": field,
                    },
                    **keys,
                )
                record[field] = base64.b64encode(message).decode()
            sealed.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
