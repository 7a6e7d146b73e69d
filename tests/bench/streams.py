"""Opens one file as a user of another library would, with the reads that were fastest here. The plaintext goes to
standard output.

    streams.py esdk KEY-FILE SEALED                    AWS Encryption SDK, raw AES keyring
    streams.py tink-open KEYSET SEALED                 Tink, StreamingAEAD
    streams.py tink-seal KEYSET PLAINTEXT SEALED       makes the keyset as well: AES256_GCM_HKDF_1MB
"""

import sys

CHUNK = 1 << 20


def esdk(key_file, sealed):
    import aws_encryption_sdk
    from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
    from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
    from aws_cryptographic_material_providers.mpl.models import AesWrappingAlg, CreateRawAesKeyringInput

    with open(key_file, "rb") as file:
        key = file.read()
    keyring = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig()).create_raw_aes_keyring(
        CreateRawAesKeyringInput(
            key_namespace="bench",
            key_name="key",
            wrapping_key=key,
            wrapping_alg=AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
        )
    )
    client = aws_encryption_sdk.EncryptionSDKClient()
    with open(sealed, "rb") as source, client.stream(mode="d", source=source, keyring=keyring) as stream:
        while chunk := stream.read(CHUNK):
            sys.stdout.buffer.write(chunk)


def tink_primitive(keyset, make):
    import tink
    from tink import secret_key_access, streaming_aead

    streaming_aead.register()
    if make:
        handle = tink.new_keyset_handle(streaming_aead.streaming_aead_key_templates.AES256_GCM_HKDF_1MB)
        with open(keyset, "w", encoding="utf-8") as file:
            file.write(tink.json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN))
    else:
        with open(keyset, encoding="utf-8") as file:
            handle = tink.json_proto_keyset_format.parse(file.read(), secret_key_access.TOKEN)
    return handle.primitive(streaming_aead.StreamingAead)


def tink_seal(keyset, plaintext, sealed):
    primitive = tink_primitive(keyset, make=True)
    with open(plaintext, "rb") as source, open(sealed, "wb") as target:
        with primitive.new_encrypting_stream(target, b"") as stream:
            while chunk := source.read(CHUNK):
                stream.write(chunk)


def tink_open(keyset, sealed):
    primitive = tink_primitive(keyset, make=False)
    with open(sealed, "rb") as source, primitive.new_decrypting_stream(source, b"") as stream:
        while chunk := stream.read(CHUNK):
            sys.stdout.buffer.write(chunk)


if __name__ == "__main__":
    {"esdk": esdk, "tink-seal": tink_seal, "tink-open": tink_open}[sys.argv[1]](*sys.argv[2:])
