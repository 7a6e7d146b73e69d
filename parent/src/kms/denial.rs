//! What an error of KMS means for the person who called it, and what to do next. Pure: `kms` and `doctor` call it. It reads
//! KMS's own message only to tell who denied, and repeats nothing of it.

/// The mend for KMS's error `code` to `operation`, for a call of a person's own (so without attestation).
pub fn mend(operation: &str, code: &str, message: Option<&str>) -> Option<&'static str> {
    Some(match code {
        "AccessDeniedException" => denied(operation, message.unwrap_or_default()),
        "NotFoundException" => "no such key in this Region and account: compare the ARN with `aws kms describe-key`",
        "DisabledException" => "the key is disabled: its administrator enables it with `aws kms enable-key`",
        "KMSInvalidStateException" => "the key is pending deletion or without material: `aws kms describe-key` shows its state",
        "InvalidCiphertextException" => {
            "the encrypted data key or its encryption context was altered, or it was made under another key: fetch the file again"
        }
        "IncorrectKeyException" => "the data key was wrapped under another KMS key: pass that key's ARN",
        "ExpiredTokenException" => "the credentials have expired: renew them (`aws sso login`, or the command that made them)",
        "UnrecognizedClientException" | "InvalidClientTokenId" => {
            "AWS does not know the access key or its session token: were they copied whole, are they of this partition? choose others with --profile"
        }
        "InvalidSignatureException" | "SignatureDoesNotMatch" | "RequestExpired" | "RequestTimeTooSkewed" => {
            "the signature is not taken: the clock is over five minutes off (`sealroom doctor` compares it), or the secret key is wrong"
        }
        "ThrottlingException" | "LimitExceededException" => "the account's request quota for KMS is used up: wait, or have it raised",
        "KeyUnavailableException" | "DependencyTimeoutException" | "KMSInternalException" => "KMS itself has a fault: try again",
        _ => return None,
    })
}

/// Whether the error is about the credentials and not about what they may do.
pub fn is_of_credentials(code: &str) -> bool {
    matches!(
        code,
        "ExpiredTokenException"
            | "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "RequestExpired"
            | "RequestTimeTooSkewed"
    )
}

/// AWS says which kind of policy denied; each has another person who mends it.
fn denied(operation: &str, message: &str) -> &'static str {
    let says = |part: &str| message.contains(part);
    if says("service control policy") || says("resource control policy") {
        return "a policy of the AWS organization denies it: ask who administers that";
    }
    if says("permissions boundary") || says("session policy") {
        return "the caller's permissions boundary or session policy does not reach so far: ask who made the role or the session";
    }
    if says("VPC endpoint policy") {
        return "the policy of the VPC endpoint for KMS denies it: allow the action on this key there";
    }
    if says("identity-based policy") {
        return "the caller's own IAM policy decides here: allow the action on this key's ARN in it, or take its explicit Deny out";
    }
    if says("explicit deny") {
        return match operation {
            "Decrypt" => {
                "a Deny of the key policy applies: on a key for enclaves that is meant, for no person decrypts with it; else look at the Deny \
                 statements' conditions (`sealroom key-policy simulate`)"
            }
            _ => "a Deny of the key policy applies to this caller: `sealroom key-policy simulate` shows which statement",
        };
    }
    match operation {
        "GenerateDataKey" => {
            "no statement of the key policy lets this caller seal: is it the owner's role (`aws sts get-caller-identity`)? does a condition on the \
             encryption context name another policy's digest (`sealroom policy digest`)? `sealroom key-policy simulate` shows who may"
        }
        "Decrypt" => {
            "no statement of the key policy lets this caller open: is it the consumer's role (`aws sts get-caller-identity`)? a key for enclaves \
             releases to an image alone; `sealroom key-policy simulate` shows who may"
        }
        _ => "no statement of the key policy allows it: `sealroom key-policy simulate` shows who may",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts as recorded from AWS.
    const USER: &str =
        "User: arn:aws:sts::111122223333:assumed-role/x/y is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:k";

    #[test]
    fn whoever_denied_is_who_can_mend() {
        let cases = [
            ("with an explicit deny in a resource-based policy", "a Deny of the key policy"),
            ("because no resource-based policy allows the kms:Decrypt action", "no statement of the key policy"),
            ("because no identity-based policy allows the kms:Decrypt action", "own IAM policy"),
            ("with an explicit deny in an identity-based policy", "own IAM policy"),
            ("with an explicit deny in a service control policy", "organization"),
            ("because no VPC endpoint policy allows the kms:Decrypt action", "VPC endpoint"),
            ("because no permissions boundary allows the kms:Decrypt action", "boundary"),
            ("because no session policy allows the kms:Decrypt action", "session"),
            ("", "no statement of the key policy"),
        ];
        for (reason, expected) in cases {
            let mend = mend("Decrypt", "AccessDeniedException", Some(&format!("{USER} {reason}"))).expect("a mend");
            assert!(mend.contains(expected), "{reason}: {mend}");
        }
    }

    #[test]
    fn credentials_are_told_from_permissions() {
        for code in ["ExpiredTokenException", "UnrecognizedClientException", "InvalidSignatureException", "RequestExpired"] {
            assert!(is_of_credentials(code) && mend("Decrypt", code, None).is_some(), "{code}");
        }
        for code in ["AccessDeniedException", "NotFoundException", "ThrottlingException", ""] {
            assert!(!is_of_credentials(code), "{code}");
        }
        assert_eq!(mend("Decrypt", "SomethingNew", None), None);
    }
}
