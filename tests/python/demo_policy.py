"""Fits somebody's own policy to the demo: its keys become the demo's KMS key, its recipients the demo's analyst, and its
token keys are made anew. Everything else stays as it is.

    demo_policy.py POLICY KEY-ARN ANALYST-PUBLIC-KEY OUT

Prints the dataset to seal as, then one line for each token domain.
"""

import sys

import tomlkit


def main():
    source, arn, public_key, out = sys.argv[1:5]
    with open(source, encoding="utf-8") as file:
        policy = tomlkit.parse(file.read())
    with open(public_key, encoding="utf-8") as file:
        pem = file.read()
    policy["keys"] = [arn]
    recipients = tomlkit.aot()
    analyst = tomlkit.table()
    analyst["name"] = "analyst"
    analyst["rsa_public_key"] = tomlkit.string("\n" + pem, multiline=True)
    recipients.append(analyst)
    policy["recipients"] = recipients
    for domain in policy.get("tokens", {}).values():
        domain["check"] = ""
    with open(out, "w", encoding="utf-8") as file:
        file.write(tomlkit.dumps(policy))
    print(policy["datasets"][0])
    for domain in policy.get("tokens", {}):
        print(domain)


if __name__ == "__main__":
    main()
