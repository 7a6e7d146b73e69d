"""Fits somebody's own policy to the demo: its keys become the demo's KMS key, its recipients the demo's analyst, and its
token keys are made anew: the secret of the n-th domain goes into `n.secret` in this folder, its check into the policy.
Everything else stays as it is.

    demo_policy.py POLICY KEY-ARN ANALYST-PUBLIC-KEY OUT

Prints the dataset to seal as, then one line for each token domain.
"""

import hashlib
import hmac
import secrets
import sys

import tomlkit


def main():
    source, arn, public_key, out = sys.argv[1:5]
    try:
        with open(source, encoding="utf-8") as file:
            policy = tomlkit.parse(file.read())
        dataset = policy["datasets"][0]
        domains = policy.get("tokens", {})
        for number, (domain, key) in enumerate(domains.items(), 1):
            key["check"] = new_secret(f"{number}.secret", domain)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        sys.exit(f"error: {source} is not a policy: {error}")
    with open(public_key, encoding="utf-8") as file:
        pem = file.read()
    policy["keys"] = [arn]
    recipients = tomlkit.aot()
    analyst = tomlkit.table()
    analyst["name"] = "analyst"
    analyst["rsa_public_key"] = tomlkit.string("\n" + pem, multiline=True)
    recipients.append(analyst)
    policy["recipients"] = recipients
    with open(out, "w", encoding="utf-8") as file:
        file.write(tomlkit.dumps(policy))
    print(dataset, *domains, sep="\n")


def new_secret(path, domain):
    """Writes a new secret; its check value, as docs/policy.md defines it."""
    secret = secrets.token_bytes(32)
    with open(path, "wb") as file:
        file.write(secret)
    return hmac.new(secret, b"sealroom/token-key-check/v1\0" + domain.encode(), hashlib.sha256).hexdigest()


if __name__ == "__main__":
    main()
