//! Generated policies: what they admit, what they refuse, and that a broken promise is seen.

use std::collections::BTreeMap;

use aws_lc_rs::rand;
use sealroom_shared::{attestation::Pcr, digest::Sha384Digest, measurements::Measurements};

use super::*;
use crate::key_policy::simulate::{Case, Simulation};

fn role(name: &str) -> RoleArn {
    RoleArn::parse(&format!("arn:aws:iam::111122223333:role/{name}")).expect("a role")
}

fn image(bytes: [u8; 3]) -> Measurements {
    Measurements::from_pcrs([0, 1, 2].into_iter().zip(bytes.map(|byte| Pcr([byte; 48]))).collect()).expect("measurements")
}

fn random_pcr() -> Pcr {
    let mut bytes = [0; 48];
    rand::fill(&mut bytes).expect("random");
    Pcr(bytes)
}

fn input() -> Kind {
    Kind::Input { owner: role("owner"), owner_decrypts: false }
}

fn output() -> Kind {
    Kind::Output { consumer: role("consumer"), further_recipient: false }
}

fn terms(kind: Kind, images: Vec<Measurements>) -> Terms {
    Terms::new(kind, role("operator"), role("admin"), images, Vec::new(), BTreeMap::new()).expect("terms")
}

fn generated(terms: &Terms) -> KeyPolicy {
    KeyPolicy::parse(&generate(terms).expect("a policy")).expect("a policy")
}

fn enclave_may(policy: &KeyPolicy, operation: &str, measurements: &Measurements) -> bool {
    let simulation = Simulation::new(policy, measurements, None);
    simulation.allows(role("operator").principal(), operation, Case::ThisImage) == Some(true)
}

#[test]
fn every_kind_of_policy_is_given_out() {
    let kinds = [
        input(),
        output(),
        Kind::Input { owner: role("owner"), owner_decrypts: true },
        Kind::Output { consumer: role("consumer"), further_recipient: true },
    ];
    let digests = vec![Sha384Digest::of(b"one"), Sha384Digest::of(b"two")];
    let fixed = BTreeMap::from([(3, parent_role_pcr3(&role("operator"))), (8, Pcr([8; 48]))]);
    for kind in kinds {
        for (digests, fixed) in [(vec![], BTreeMap::new()), (digests.clone(), fixed.clone())] {
            let images = vec![image([1, 2, 3]), image([4, 5, 3])];
            let terms = Terms::new(kind.clone(), role("operator"), role("admin"), images, digests, fixed).expect("terms");
            generate(&terms).unwrap_or_else(|error| panic!("{terms:?}: {error}"));
        }
    }
}

/// Property: of random images, each is admitted and no mixture of them is, although the Deny statements have lists.
#[test]
fn crossed_images_are_never_admitted() {
    for round in 0..8 {
        let mut images: Vec<[Pcr; 3]> = (0..2 + round % 2).map(|_| [0; 3].map(|_| random_pcr())).collect();
        if round % 4 == 0 {
            images[1][1] = images[0][1]; // a new application on the same kernel
        }
        let measured =
            |pcrs: [&Pcr; 3]| Measurements::from_pcrs([0, 1, 2].into_iter().zip(pcrs.map(|pcr| *pcr)).collect()).expect("measurements");
        let listed: Vec<Measurements> = images.iter().map(|image| measured(image.each_ref())).collect();
        let (kind, operation) = if round % 2 == 0 { (input(), "kms:Decrypt") } else { (output(), "kms:GenerateDataKey") };
        let policy = generated(&terms(kind, listed.clone()));
        for first in &images {
            for second in &images {
                for third in &images {
                    let mixed = measured([&first[0], &second[1], &third[2]]);
                    assert_eq!(enclave_may(&policy, operation, &mixed), listed.contains(&mixed), "round {round}");
                }
            }
        }
    }
}

/// The simulation that withholds a bad policy sees a crossed one.
#[test]
fn a_policy_that_admits_crossed_images_is_withheld() {
    let terms = terms(input(), vec![image([1, 2, 3]), image([4, 5, 6])]);
    let pcr = |byte: &str| byte.repeat(48);
    let (first, second) = (format!("PCR1\": \"{}\"", pcr("02")), format!("PCR1\": \"{}\"", pcr("05")));
    let crossed = |value: &str| format!("PCR1\": [\"{}\", \"{value}\"]", pcr("07"));
    let text = generate(&terms).expect("a policy");
    let lists = text.replace(&first, &crossed(&pcr("05"))).replace(&second, &crossed(&pcr("02")));
    assert_ne!(lists, text);
    let policy = KeyPolicy::parse(&lists).expect("a policy");
    let error = promises::keep(&policy, &terms).expect_err("withheld");
    assert!(error.contains("role/operator") || error.contains("two listed images"), "{error}");
}

/// Every single change of a policy that weakens it breaks a promise.
#[test]
fn weakened_policies_are_withheld() {
    let digests = vec![Sha384Digest::of(b"policy")];
    let one =
        |kind| Terms::new(kind, role("operator"), role("admin"), vec![image([1, 2, 3])], digests.clone(), BTreeMap::new()).expect("terms");
    let (input, output) = (one(input()), one(output()));
    let (input_text, output_text) = (generate(&input).expect("a policy"), generate(&output).expect("a policy"));
    let digest = format!("\"kms:EncryptionContext:sealroom:policy-sha384\": \"{}\"", digests[0]);
    let cases = [
        (&input, &input_text, "\"kms:DescribeKey\"", "\"kms:Decrypt\", \"kms:DescribeKey\""),
        (&input, &input_text, "\"kms:DescribeKey\"", "\"kms:GenerateDataKey\", \"kms:DescribeKey\""),
        (&input, &input_text, "\"kms:PutKeyPolicy\"", "\"kms:GetKeyRotationStatus\""),
        (&input, &input_text, "role/operator\"", "role/owner\""),
        (&input, &input_text, "\"arn:aws:iam::111122223333:role/operator\"", "\"*\""),
        (&input, &input_text, &digest, "\"kms:EncryptionContext:sealroom:kind\": \"input\""),
        (&input, &input_text, "\"kms:ReEncrypt*\"", "\"kms:GenerateDataKey\""),
        (&output, &output_text, "\"Action\": \"kms:GenerateDataKey\"", "\"Action\": [\"kms:GenerateDataKey\", \"kms:Decrypt\"]"),
        (&output, &output_text, "role/consumer", "role/operator"),
    ];
    for (terms, text, from, to) in cases {
        assert!(text.contains(from), "{from}");
        let policy = KeyPolicy::parse(&text.replace(from, to)).expect("a policy");
        assert!(promises::keep(&policy, terms).is_err(), "{from} -> {to}");
    }
}

#[test]
fn outputs_are_held_to_the_policy_that_they_were_made_under() {
    let digest = Sha384Digest::of(b"policy");
    let terms =
        Terms::new(output(), role("operator"), role("admin"), vec![image([1, 2, 3])], vec![digest], BTreeMap::new()).expect("terms");
    let text = generate(&terms).expect("a policy");
    assert!(text.contains(&format!("\"kms:EncryptionContext:sealroom:source-policy-sha384\": \"{digest}\"")));
    assert!(!text.contains("sealroom:policy-sha384"));
}

#[test]
fn terms_that_cannot_be_meant_are_refused() {
    let terms = |kind, enclave, admin, images, digests, fixed: &[(u8, Pcr)]| {
        Terms::new(kind, role(enclave), role(admin), images, digests, fixed.iter().cloned().collect()).expect_err("refused")
    };
    let one = || vec![image([1, 2, 3])];
    assert_eq!(terms(input(), "owner", "admin", one(), vec![], &[]), TermsError::SameRole("--enclave-role", "--owner-role"));
    assert_eq!(terms(output(), "consumer", "admin", one(), vec![], &[]), TermsError::SameRole("--enclave-role", "--consumer-role"));
    assert_eq!(terms(input(), "x/admin", "admin", one(), vec![], &[]), TermsError::SameRole("--enclave-role", "--admin-role"));
    assert_eq!(terms(input(), "operator", "owner", one(), vec![], &[]), TermsError::SameRole("--admin-role", "--owner-role"));
    assert_eq!(terms(input(), "operator", "admin", vec![], vec![], &[]), TermsError::Images);
    assert_eq!(terms(input(), "operator", "admin", [one(), one()].concat(), vec![], &[]), TermsError::SameImage);
    let many = (1..=9).map(|byte| image([byte, 1, 1])).collect();
    assert_eq!(terms(input(), "operator", "admin", many, vec![], &[]), TermsError::Images);
    let signed = Measurements::from_pcrs([0, 1, 2, 8].map(|index| (index, Pcr([9; 48]))).into()).expect("measurements");
    assert_eq!(terms(input(), "operator", "admin", vec![signed], vec![], &[(8, Pcr([7; 48]))]), TermsError::OtherPcr(8));
    let digest = Sha384Digest::of(b"x");
    assert_eq!(terms(input(), "operator", "admin", one(), vec![digest, digest], &[]), TermsError::SameDigest);
}

#[test]
fn a_policy_larger_than_kms_takes_is_refused() {
    let digests = (0..200u8).map(|number| Sha384Digest::of(&[number])).collect();
    let terms = Terms::new(input(), role("operator"), role("admin"), vec![image([1, 2, 3])], digests, BTreeMap::new()).expect("terms");
    assert!(matches!(generate(&terms), Err(GenerateError::TooLarge(_))));
}
