"""The mock KMS's contract, by boto3: what real KMS was recorded to answer, and what this project promises of it. One line a
case, exit 1 if any fails. Usage: kms_contract.py FOLDER (attestation documents and the recipient's private key)."""

import importlib

from kms_wire import run_cases

# Each adds its cases.
for part in ("keys", "policies", "ciphertexts", "pairs_and_secrets", "attested", "grants", "signatures"):
    importlib.import_module(f"kms_contract_{part}")
run_cases()
