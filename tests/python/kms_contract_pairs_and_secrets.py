"""Cases: data key pairs, public keys and shared secrets, checked with the cryptography package."""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from kms_wire import case, client, new_key, refused

owner = client("owner")
SPKI = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
CURVES = {"ECC_NIST_P256": ec.SECP256R1, "ECC_NIST_P384": ec.SECP384R1, "ECC_NIST_P521": ec.SECP521R1}
USAGE = "KEY_AGREEMENT"


def public_der(private):
    return private.public_key().public_bytes(*SPKI)


def agreement_key(spec):
    return new_key(KeySpec=spec, KeyUsage=USAGE)


def derive(arn, public_key, **more):
    return owner.derive_shared_secret(KeyId=arn, KeyAgreementAlgorithm="ECDH", PublicKey=public_key, **more)


@case
def data_key_pairs_are_pairs():
    arn = new_key()
    context = {"for": "signing"}
    for spec, kind in (
        ("RSA_2048", rsa.RSAPrivateKey),
        ("ECC_NIST_P256", ec.EllipticCurvePrivateKey),
        ("ECC_NIST_P384", ec.EllipticCurvePrivateKey),
        ("ECC_NIST_P521", ec.EllipticCurvePrivateKey),
        ("ECC_SECG_P256K1", ec.EllipticCurvePrivateKey),
        ("ECC_NIST_EDWARDS25519", ed25519.Ed25519PrivateKey),
    ):
        made = owner.generate_data_key_pair(KeyId=arn, KeyPairSpec=spec, EncryptionContext=context)
        private = serialization.load_der_private_key(made["PrivateKeyPlaintext"], None)
        assert isinstance(private, kind) and public_der(private) == made["PublicKey"], spec
        assert made["KeyId"] == arn and made["KeyPairSpec"] == spec
        opened = owner.decrypt(CiphertextBlob=made["PrivateKeyCiphertextBlob"], EncryptionContext=context)
        assert opened["Plaintext"] == made["PrivateKeyPlaintext"]


@case
def data_key_pairs_without_plaintext_keep_it():
    arn = new_key()
    made = owner.generate_data_key_pair_without_plaintext(KeyId=arn, KeyPairSpec="ECC_NIST_P256")
    assert "PrivateKeyPlaintext" not in made
    private = owner.decrypt(CiphertextBlob=made["PrivateKeyCiphertextBlob"])["Plaintext"]
    assert public_der(serialization.load_der_private_key(private, None)) == made["PublicKey"]


@case
def data_key_pairs_need_a_known_spec_and_a_symmetric_key():
    text = refused("ValidationException", owner.generate_data_key_pair, KeyId=new_key(), KeyPairSpec="RSA_1024")
    assert text.startswith("1 validation error detected: Value 'RSA_1024' at 'keyPairSpec' failed to satisfy constraint: Member must satisfy enum value set: [RSA_2048, ")
    arn = agreement_key("ECC_NIST_P256")
    text = refused("InvalidKeyUsageException", owner.generate_data_key_pair, KeyId=arn, KeyPairSpec="RSA_2048")
    assert text == f"{arn} key usage is KEY_AGREEMENT which is not valid for GenerateDataKeyPair."


@case
def shared_secrets_are_those_of_the_peer():
    for spec, curve in CURVES.items():
        arn = agreement_key(spec)
        described = owner.get_public_key(KeyId=arn)
        assert described["KeyId"] == arn and described["KeySpec"] == spec and described["KeyAgreementAlgorithms"] == ["ECDH"]
        peer = ec.generate_private_key(curve())
        answer = derive(arn, public_der(peer))
        ours = peer.exchange(ec.ECDH(), serialization.load_der_public_key(described["PublicKey"]))
        assert answer["SharedSecret"] == ours, spec
        assert answer["KeyId"] == arn and answer["KeyAgreementAlgorithm"] == "ECDH" and answer["KeyOrigin"] == "AWS_KMS"


@case
def malformed_public_keys_are_refused_without_a_text():
    arn = agreement_key("ECC_NIST_P256")
    peer = ec.generate_private_key(ec.SECP256R1())
    good, other_curve = public_der(peer), public_der(ec.generate_private_key(ec.SECP384R1()))
    point = peer.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    for malformed in (b"InvalidPublicKey", good[:-1], good + b"\0", good[:-1] + bytes([good[-1] ^ 1]), point, other_curve):
        text = refused("ValidationException", derive, arn=arn, public_key=malformed)
        assert text == "", text


@case
def derive_shared_secret_refuses_as_recorded():
    arn, symmetric = agreement_key("ECC_NIST_P256"), new_key()
    public = public_der(ec.generate_private_key(ec.SECP256R1()))
    text = refused("InvalidKeyUsageException", derive, arn=symmetric, public_key=public)
    assert text == f"{symmetric} key usage is ENCRYPT_DECRYPT which is not valid for DeriveSharedSecret."
    arguments = {"KeyId": arn, "KeyAgreementAlgorithm": "INVALID", "PublicKey": public}
    text = refused("ValidationException", owner.derive_shared_secret, **arguments)
    assert text == (
        "1 validation error detected: Value 'INVALID' at 'keyAgreementAlgorithm' failed to satisfy constraint: "
        "Member must satisfy enum value set: [ECDH]"
    )
    refused("DryRunOperationException", derive, arn=arn, public_key=public, DryRun=True)


@case
def key_agreement_keys_do_not_encrypt():
    arn = agreement_key("ECC_NIST_P256")
    text = refused("InvalidKeyUsageException", owner.encrypt, KeyId=arn, Plaintext=b"x")
    assert text == f"{arn} key usage is KEY_AGREEMENT which is not valid for Encrypt."
    text = refused("InvalidKeyUsageException", owner.generate_data_key, KeyId=arn, KeySpec="AES_256")
    assert text == f"{arn} key usage is KEY_AGREEMENT which is not valid for GenerateDataKey."
    refused("UnsupportedOperationException", owner.get_public_key, KeyId=new_key())
