//! The measurements that a key policy names: which image it lets use the key, and in which PCR another image differs.
//! Called by `doctor` and by the explanation of a refusal by KMS; pure.

use sealroom_shared::measurements::Measurements;

use super::{actions, attested_key, condition::Condition, document::Effect, document::KeyPolicy};

/// The image that one Allow statement admits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedImage {
    /// The statement's number, from 1.
    pub statement: usize,
    /// Its `Sid`, if it has one.
    pub sid: Option<String>,
    conditions: Vec<(u8, Condition)>,
}

/// The images that the policy's attested Allow statements admit, in the policy's order: statements that allow Decrypt,
/// GenerateDataKey or GenerateDataKeyPair and demand at least one PCR (`kms:RecipientAttestation:PCRn`, `…:ImageSha384`)
/// by a condition that fails where the request has no document. Statements that admit unattested calls are not listed:
/// `key-policy lint` finds those. Deny statements are not looked at: [`KeyPolicy::evaluate`] decides.
#[must_use]
pub fn measurements_named(policy: &KeyPolicy) -> Vec<NamedImage> {
    let statements = policy.statements().iter().zip(1..);
    statements
        .filter(|(statement, _)| statement.effect == Effect::Allow)
        .filter(|(statement, _)| actions::ATTESTABLE.iter().any(|action| statement.covers_action(action)))
        .filter_map(|(statement, number)| {
            let demands = |condition: &&Condition| !condition.operator.holds(&condition.values, None);
            let conditions: Vec<(u8, Condition)> = statement
                .conditions
                .iter()
                .filter(demands)
                .filter_map(|condition| Some((attested_key::pcr_index(&condition.key)?, condition.clone())))
                .collect();
            let sid = statement.sid.clone();
            (!conditions.is_empty()).then_some(NamedImage { statement: number, sid, conditions })
        })
        .collect()
}

impl NamedImage {
    /// The PCRs that the statement demands, ascending, each with the values that it takes: one, or several where it has a
    /// list. Values stand as the policy writes them (hex of either case).
    #[must_use]
    pub fn pcrs(&self) -> Vec<(u8, Vec<&str>)> {
        let mut pcrs: Vec<(u8, Vec<&str>)> =
            self.conditions.iter().map(|(index, condition)| (*index, condition.values.iter().map(String::as_str).collect())).collect();
        pcrs.sort_by_key(|(index, _)| *index);
        pcrs
    }

    /// The PCRs, ascending, whose measured value the statement does not take. Empty: the image is admitted as far as its
    /// measurements say. A PCR that is not in `measurements` (PCR3, PCR4; PCR8 of an image measured without its signature)
    /// cannot be compared and is in [`Self::unknown`] instead.
    #[must_use]
    pub fn differing(&self, measurements: &Measurements) -> Vec<u8> {
        self.indexes(|index, condition| {
            measurements.pcr(index).is_some_and(|pcr| !condition.operator.holds(&condition.values, Some(&[pcr.hex()])))
        })
    }

    /// The PCRs, ascending, that the statement demands and `measurements` does not have.
    #[must_use]
    pub fn unknown(&self, measurements: &Measurements) -> Vec<u8> {
        self.indexes(|index, _| measurements.pcr(index).is_none())
    }

    fn indexes(&self, chosen: impl Fn(u8, &Condition) -> bool) -> Vec<u8> {
        let chosen = self.conditions.iter().filter(|(index, condition)| chosen(*index, condition));
        let mut indexes: Vec<u8> = chosen.map(|(index, _)| *index).collect();
        indexes.sort_unstable();
        indexes.dedup();
        indexes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pcr(digit: &str) -> String {
        digit.repeat(96)
    }

    fn measured(digits: [&str; 3]) -> Measurements {
        let [first, second, third] = digits.map(pcr);
        let text = format!(r#"{{"Measurements":{{"PCR0":"{first}","PCR1":"{second}","PCR2":"{third}"}}}}"#);
        Measurements::from_nitro_cli(&text).expect("measurements")
    }

    fn policy(effect: &str, action: &str, conditions: &str) -> KeyPolicy {
        let text = format!(
            r#"{{"Statement":[{{"Effect":"Allow","Principal":"*","Action":"kms:DescribeKey","Resource":"*"}},
            {{"Sid":"s","Effect":"{effect}","Principal":"*","Action":"{action}","Resource":"*","Condition":{{{conditions}}}}}]}}"#
        );
        KeyPolicy::parse(&text).expect("a key policy")
    }

    fn triple() -> String {
        let key = |index: u8, digit| format!(r#""{}":"{}""#, attested_key::name(index), pcr(digit));
        format!(r#""StringEqualsIgnoreCase":{{{},{},{}}}"#, key(2, "c"), key(0, "A"), key(1, "b"))
    }

    #[test]
    fn the_pcr_that_differs_is_named() {
        let named = measurements_named(&policy("Allow", "kms:Decrypt", &triple()));
        let [image] = named.as_slice() else { panic!("{named:?}") };
        assert_eq!((image.statement, image.sid.as_deref()), (2, Some("s")));
        assert_eq!(image.pcrs().iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 1, 2]);
        assert!(image.differing(&measured(["a", "b", "c"])).is_empty());
        assert_eq!(image.differing(&measured(["a", "f", "c"])), [1]);
        assert_eq!(image.differing(&measured(["f", "f", "f"])), [0, 1, 2]);
    }

    #[test]
    fn a_pcr_that_was_not_measured_is_unknown_and_not_different() {
        let condition = format!(r#""StringEquals":{{"{}":"{}"}}"#, attested_key::name(8), pcr("d"));
        let named = measurements_named(&policy("Allow", "kms:*", &condition));
        assert!(named[0].differing(&measured(["a", "b", "c"])).is_empty());
        assert_eq!(named[0].unknown(&measured(["a", "b", "c"])), [8]);
    }

    #[test]
    fn statements_that_demand_no_image_name_none() {
        let negated = triple().replace("StringEquals", "StringNotEquals");
        let absent = triple().replace("StringEqualsIgnoreCase", "StringEqualsIgnoreCaseIfExists");
        for (effect, action, conditions) in [
            ("Deny", "kms:Decrypt", triple()),
            ("Allow", "kms:PutKeyPolicy", triple()),
            ("Allow", "kms:Decrypt", negated),
            ("Allow", "kms:Decrypt", absent),
            ("Allow", "kms:Decrypt", String::new()),
        ] {
            assert!(measurements_named(&policy(effect, action, &conditions)).is_empty(), "{effect} {action} {conditions}");
        }
    }
}
