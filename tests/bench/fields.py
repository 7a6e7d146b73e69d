"""Opens a file of base64 messages, one a line, with the AWS Encryption SDK and its caching materials manager. Prints how
many, and the SHA-256 of their plaintexts, each with a line feed.

    fields.py KEY-FILE MESSAGES
"""

import base64
import hashlib
import sys

import aws_encryption_sdk
from aws_encryption_sdk.identifiers import EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKeyProvider


class Provider(RawMasterKeyProvider):
    provider_id = "bench"
    key = b""

    def _get_raw_key(self, key_id):
        return WrappingKey(
            wrapping_algorithm=WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
            wrapping_key=self.key,
            wrapping_key_type=EncryptionKeyType.SYMMETRIC,
        )


def main(key_file, messages):
    with open(key_file, "rb") as file:
        Provider.key = file.read()
    provider = Provider()
    provider.add_master_key("key")
    client = aws_encryption_sdk.EncryptionSDKClient()
    manager = aws_encryption_sdk.CachingCryptoMaterialsManager(
        master_key_provider=provider, cache=aws_encryption_sdk.LocalCryptoMaterialsCache(100), max_age=3600.0
    )
    count, digest = 0, hashlib.sha256()
    with open(messages, "rb") as lines:
        for line in lines:
            plaintext, _ = client.decrypt(source=base64.b64decode(line), materials_manager=manager)
            digest.update(plaintext + b"\n")
            count += 1
    print(count, digest.hexdigest())


main(*sys.argv[1:])
