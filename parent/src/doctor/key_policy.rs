//! The image's PCRs against the policy of a KMS key: which PCR differs, and which part of the image that PCR measures. Who
//! may call, and with which encryption context, `sealroom key-policy simulate` tells.

use std::collections::BTreeSet;

use aws_sdk_kms::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
};
use sealroom_shared::{arn::KeyArn, measurements::Measurements};
use tokio::time::timeout;

use super::{CALL, nitro_cli::DescribedEnclave, pcr};
use crate::{
    key_policy::{Effect, KeyPolicy, Statement, actions, attested_key, measurements_named},
    kms::{AwsOptions, causes, denial},
    verdict::Verdict,
};

/// Both lines on one key. `published` wins over what nitro-cli says of the enclave that runs.
pub async fn check(
    verdict: &mut Verdict,
    options: &AwsOptions,
    key: &KeyArn,
    published: Option<&Measurements>,
    enclave: Option<&DescribedEnclave>,
) {
    let client = match options.client(key.region()).await {
        Ok(client) => client,
        Err(failure) => return skip(verdict, key, failure.message()),
    };
    check_state(verdict, &client, key).await;
    let measured = match (published, enclave) {
        (Some(published), _) => published.clone(),
        (None, Some(enclave)) if enclave.is_debug() => {
            let detail = format!("{key}: the enclave runs in debug mode, so its PCRs are zero and no statement admits it");
            return verdict.refuse(NAME, detail, "run it without --debug-mode");
        }
        (None, Some(enclave)) => match enclave.measurements() {
            Some(Ok(measured)) => measured,
            Some(Err(error)) => return verdict.skip(NAME, format!("nitro-cli's measurements of the enclave: {error}")),
            None => return verdict.skip(NAME, "this nitro-cli does not say what the enclave measures: give --measurements"),
        },
        (None, None) => return verdict.skip(NAME, "the image's measurements are not known: give --measurements"),
    };
    match policy_of(&client, key).await {
        Err(reason) => verdict.skip(NAME, reason),
        Ok(text) => match KeyPolicy::parse(&text) {
            Err(error) => verdict.skip(NAME, format!("{key}: its policy cannot be evaluated: {error}")),
            Ok(policy) => match admission(&policy, key, &measured) {
                Ok(detail) => verdict.check(NAME, true, format!("{key}: {detail}")),
                Err(refused) => verdict.refuse(NAME, format!("{key}: {}", refused.detail), refused.mend),
            },
        },
    }
}

/// Both lines, where KMS cannot be asked.
pub fn skip(verdict: &mut Verdict, key: &KeyArn, reason: &str) {
    [ENABLED, NAME].iter().for_each(|name| verdict.skip(*name, format!("{key}: {reason}")));
}

async fn check_state(verdict: &mut Verdict, client: &Client, key: &KeyArn) {
    match timeout(CALL, client.describe_key().key_id(key.as_str()).send()).await {
        Ok(Ok(answer)) => {
            let metadata = answer.key_metadata();
            let state = metadata.and_then(|metadata| metadata.key_state()).map_or("unknown", |state| state.as_str());
            if metadata.is_some_and(|metadata| metadata.enabled()) {
                verdict.check(ENABLED, true, format!("{key} is {state}"));
            } else {
                let mend = "`aws kms enable-key`, or `aws kms cancel-key-deletion` and then that";
                verdict.refuse(ENABLED, format!("{key} is {state}"), mend);
            }
        }
        Ok(Err(error)) => match error.as_service_error().and_then(ProvideErrorMetadata::code) {
            Some("NotFoundException") => {
                let mend = denial::mend("DescribeKey", "NotFoundException", None).unwrap_or_default();
                verdict.refuse(ENABLED, format!("{key} does not exist"), mend);
            }
            _ => verdict.skip(ENABLED, unasked("kms:DescribeKey", key, &error)),
        },
        Err(_) => verdict.skip(ENABLED, format!("KMS did not answer within {} s", CALL.as_secs())),
    }
}

async fn policy_of(client: &Client, key: &KeyArn) -> Result<String, String> {
    match timeout(CALL, client.get_key_policy().key_id(key.as_str()).policy_name("default").send()).await {
        Ok(Ok(answer)) => answer.policy.ok_or_else(|| format!("{key}: KMS answered without a policy")),
        Ok(Err(error)) => Err(unasked("kms:GetKeyPolicy", key, &error)),
        Err(_) => Err(format!("KMS did not answer within {} s", CALL.as_secs())),
    }
}

/// Why the line was not checked.
fn unasked<E>(action: &str, key: &KeyArn, error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.as_service_error().and_then(ProvideErrorMetadata::code) {
        Some("AccessDeniedException") => {
            format!(
                "{key}: these credentials may not {action}: run this check as the key's administrator, with --profile and --measurements"
            )
        }
        Some(code) => format!("{key}: KMS answered {code}"),
        None => format!("{key}: KMS was not asked: {}", causes(error)),
    }
}

/// Why the key policy does not admit the image.
struct Refused {
    detail: String,
    mend: &'static str,
}

/// Which statement admits the image, and what could not be compared.
fn admission(policy: &KeyPolicy, key: &KeyArn, measured: &Measurements) -> Result<String, Refused> {
    let named = measurements_named(policy);
    let Some(nearest) = named.iter().min_by_key(|image| image.differing(measured).len()) else {
        let detail = "no statement of its policy asks for an image: whoever it allows needs no enclave".to_owned();
        return Err(Refused { detail, mend: GENERATE });
    };
    let title = |number: usize, sid: Option<&str>| sid.map_or(format!("statement {number}"), |sid| format!("statement {number} `{sid}`"));
    let differing: BTreeSet<u8> = nearest.differing(measured).into_iter().collect();
    if !differing.is_empty() {
        let values: Vec<String> = nearest
            .pcrs()
            .into_iter()
            .filter(|(index, _)| differing.contains(index))
            .map(|(index, wanted)| {
                let wanted: Vec<String> = wanted.into_iter().map(pcr::short).collect();
                let present = measured.pcr(index).map(|pcr| pcr::short(&pcr.hex())).unwrap_or_default();
                format!("PCR{index} is {present}, wanted is {}", wanted.join(" or "))
            })
            .collect();
        let detail = format!(
            "{} of its policy does not admit the image: {} {}; {}; {}",
            title(nearest.statement, nearest.sid.as_deref()),
            pcr::named(&differing),
            if differing.len() == 1 { "differs" } else { "differ" },
            values.join("; "),
            pcr::diagnosis(&differing)
        );
        return Err(Refused { detail, mend: OTHER_IMAGE });
    }
    if let Some((number, statement, differing)) = denying(policy, key, measured) {
        let detail = format!(
            "the Deny in {} of its policy is about this image: {}",
            title(number, statement.sid.as_deref()),
            pcr::named(&differing)
        );
        return Err(Refused { detail, mend: OTHER_IMAGE });
    }
    let unknown: BTreeSet<u8> = nearest.unknown(measured).into_iter().collect();
    let compared: Vec<String> =
        nearest.pcrs().into_iter().filter(|(index, _)| !unknown.contains(index)).map(|(index, _)| format!("PCR{index}")).collect();
    let not_compared = if unknown.is_empty() { String::new() } else { format!("; not compared: {}", pcr::named(&unknown)) };
    Ok(format!(
        "{} of its policy admits the image by {}{not_compared}",
        title(nearest.statement, nearest.sid.as_deref()),
        compared.join(", ")
    ))
}

/// The first Deny that is certain to meet this image: about nothing but measured PCRs, and all of its conditions hold.
fn denying<'a>(policy: &'a KeyPolicy, key: &KeyArn, measured: &Measurements) -> Option<(usize, &'a Statement, BTreeSet<u8>)> {
    policy.statements().iter().zip(1..).find_map(|(statement, number)| {
        let concerns = statement.effect == Effect::Deny
            && !statement.conditions.is_empty()
            && statement.covers_key(key.as_str())
            && actions::ATTESTABLE.iter().any(|action| statement.covers_action(action));
        let met: Option<BTreeSet<u8>> = statement
            .conditions
            .iter()
            .map(|condition| {
                let index = attested_key::pcr_index(&condition.key)?;
                let present = [measured.pcr(index)?.hex()];
                condition.operator.holds(&condition.values, Some(&present)).then_some(index)
            })
            .collect();
        met.filter(|_| concerns).map(|met| (number, statement, met))
    })
}

/// The line's name, for where there is no key to look at.
pub const NAME: &str = "key-policy";
const ENABLED: &str = "key-enabled";

const GENERATE: &str = "`sealroom key-policy generate --measurements pcrs.json` writes one that asks for the image; `sealroom key-policy lint` finds \
                        what is wrong with this one";
const OTHER_IMAGE: &str = "run the image that the policy names, or have the key's administrator admit this one: `sealroom key-policy generate \
                           --measurements pcrs.json --also old-pcrs.json`";

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    fn allow(pcrs: &[(u8, &str)]) -> String {
        statement("Allow", "StringEqualsIgnoreCase", pcrs, "")
    }

    fn statement(effect: &str, operator: &str, pcrs: &[(u8, &str)], more: &str) -> String {
        let pcrs: Vec<String> =
            pcrs.iter().map(|(index, digit)| format!(r#""{}":"{}""#, attested_key::name(*index), digit.repeat(96))).collect();
        format!(
            r#"{{"Sid":"{effect}s","Effect":"{effect}","Principal":"*","Action":"kms:Decrypt","Resource":"*","Condition":{{"{operator}":{{{}}}{more}}}}}"#,
            pcrs.join(",")
        )
    }

    /// What is said of the image aaa/bbb/ccc: `Ok` where it is admitted.
    fn said(statements: &[String]) -> Result<String, String> {
        let policy = KeyPolicy::parse(&format!(r#"{{"Statement":[{}]}}"#, statements.join(","))).expect("a key policy");
        let [pcr0, pcr1, pcr2] = ["a", "b", "c"].map(|digit| digit.repeat(96));
        let printed = format!(r#"{{"Measurements":{{"PCR0":"{pcr0}","PCR1":"{pcr1}","PCR2":"{pcr2}"}}}}"#);
        let measured = Measurements::from_nitro_cli(&printed).expect("measurements");
        admission(&policy, &KeyArn::parse(KEY).expect("an ARN"), &measured).map_err(|refused| refused.detail)
    }

    const IMAGE: [(u8, &str); 3] = [(0, "a"), (1, "b"), (2, "c")];

    #[test]
    fn nearest_statement_is_the_one_that_is_spoken_of() {
        let older = allow(&[(0, "f"), (1, "b"), (2, "f")]);
        let other = allow(&[(0, "f"), (1, "f"), (2, "f")]);
        assert!(said(&[other.clone(), allow(&IMAGE)]).expect("admitted").starts_with("statement 2 `Allows`"));
        let refused = said(&[other, older]).expect_err("refused");
        assert!(refused.starts_with("statement 2 `Allows`") && !refused.contains("PCR1"), "{refused}");
    }

    #[test]
    fn a_deny_that_is_certain_to_meet_the_image_is_named() {
        let deny = |operator: &str, pcrs: &[(u8, &str)], more: &str| said(&[allow(&IMAGE), statement("Deny", operator, pcrs, more)]);
        for pcrs in [&[(1, "f")][..], &[(0, "f"), (1, "f")]] {
            let refused = deny("StringNotEqualsIgnoreCase", pcrs, "").expect_err("refused");
            assert!(refused.contains("Deny in statement 2 `Denys`") && refused.contains("PCR1"), "{refused}");
        }
        assert!(deny("StringEquals", &[(0, "a")], "").is_err());
        // One PCR of two under one negated operator differs; a PCR that is not measured; a condition on something else.
        assert!(deny("StringNotEqualsIgnoreCase", &[(0, "a"), (1, "f")], "").is_ok());
        assert!(deny("StringNotEqualsIgnoreCase", &[(3, "f")], "").is_ok());
        assert!(deny("StringNotEqualsIgnoreCase", &[(1, "f")], r#","StringEquals":{"kms:EncryptionContext:k":"v"}"#).is_ok());
    }

    #[test]
    fn what_is_not_measured_is_not_compared() {
        let admitted = said(&[allow(&[(0, "a"), (1, "b"), (2, "c"), (3, "f"), (8, "f")])]).expect("admitted");
        assert!(admitted.contains("by PCR0, PCR1, PCR2; not compared: PCR3 (the parent's IAM role), PCR8"), "{admitted}");
    }

    #[test]
    fn a_policy_that_asks_for_no_image_admits_none() {
        for statements in [vec![allow(&[])], vec![statement("Deny", "StringNotEquals", &IMAGE, "")]] {
            assert!(said(&statements).expect_err("refused").contains("needs no enclave"), "{statements:?}");
        }
    }
}
