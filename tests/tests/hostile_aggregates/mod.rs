//! Aggregate jobs in the hands of a hostile parent, which speaks the protocol itself: jobs beyond the policy, other policies,
//! frames out of order, inputs repeated, cut off and put together anew. Each is refused with its code, and before the last check
//! has passed nothing leaves, not even a sealed row.

use std::fs;

use sealroom_shared::digest::Sha384Digest;
use sealroom_shared::message::Header;
use sealroom_shared::receipt::Receipt;
use sealroom_shared::wire::Refusal;
use sealroom_testkit::stage::payments::Payments;
use sealroom_testkit::stage::{RunningEnclave, Stage, succeed};

use crate::by_hand::{self, DATA, DONE, END, HELLO, INPUT, INPUT_END, OUTPUT, OUTPUT_HEADER, POLICY, RECEIPT, REFUSAL, converse};
use crate::operator_calls;

const JOB: &str = r#"version = 1
kind = "aggregate"
group_by = [{ field = "zip", op = "truncate", keep_first = 2 }]
[measures]
n = { op = "count" }
people = { op = "count_distinct", field = "customer" }
spend = { op = "sum", field = "amount" }
spread = { op = "histogram", field = "amount", width = 200 }
"#;

type Frames = Vec<(u8, Vec<u8>)>;

/// The owner's terms of examples/payments, for aggregates and nothing else.
fn aggregates_only(policy: String) -> String {
    let changes = [
        ("tokenize = { domain = \"customer\" }\n", "tokenize = { domain = \"customer\" }\ncount_distinct = true\n"),
        ("truncate = { keep_first_max = 3 }\n", "truncate = { keep_first_max = 3 }\ngroup = true\n"),
        ("[fields.amount]\nkeep = true\n", "[fields.amount]\nsum = true\nhistogram = { min_width = 100 }\n"),
        ("[release.records]\nmax_records = 1000000\n", "[release.aggregates]\nmax_groups = 1000\n"),
    ];
    changes.iter().fold(policy, |policy, (from, to)| {
        assert_eq!(policy.matches(from).count(), 1, "{from}");
        policy.replace(from, to)
    })
}

/// Policy and job, the inputs, the end.
fn whole(policy: &str, job: &str, inputs: &[&[u8]]) -> Frames {
    let mut frames = vec![(POLICY, policy.as_bytes().to_vec()), (by_hand::JOB, job.as_bytes().to_vec())];
    frames.extend(inputs.iter().flat_map(|sealed| by_hand::input(sealed)));
    frames.push((END, Vec::new()));
    frames
}

/// What the conversation was refused with, once it is sure that nothing but that left.
#[track_caller]
fn refused(enclave: &RunningEnclave, frames: &[(u8, Vec<u8>)]) -> Refusal {
    let answer = converse(enclave, frames);
    let kinds: Vec<u8> = answer.iter().map(|(kind, _)| *kind).collect();
    assert!([&[HELLO, REFUSAL][..], &[HELLO, OUTPUT, REFUSAL]].contains(&kinds.as_slice()), "more than a refusal left: {kinds:?}");
    Refusal::parse(&answer[kinds.len() - 1].1).unwrap().0
}

/// The job that the receipt states, of a conversation that gives a result, and one only.
#[track_caller]
fn done(enclave: &RunningEnclave, frames: &[(u8, Vec<u8>)]) -> String {
    let answer = converse(enclave, frames);
    let mut kinds: Vec<u8> = answer.iter().map(|(kind, _)| *kind).collect();
    kinds.dedup();
    assert_eq!(kinds, [HELLO, OUTPUT, DATA, OUTPUT_HEADER, RECEIPT, DONE]);
    let of_kind = |wanted| answer.iter().filter(move |(kind, _)| *kind == wanted);
    assert_eq!((of_kind(OUTPUT_HEADER).count(), of_kind(DONE).count()), (1, 1));
    let receipt: Vec<u8> = of_kind(RECEIPT).flat_map(|(_, bytes)| bytes.clone()).collect();
    let statement: serde_json::Value = serde_json::from_slice(&Receipt::parse(&receipt).unwrap().statement).unwrap();
    statement["job"]["digest"].as_str().unwrap().to_owned()
}

fn digest(job: &str) -> String {
    Sha384Digest::of(job.as_bytes()).to_string()
}

/// Promises P2 and P3.
#[test]
fn an_aggregate_job_or_policy_beyond_the_owners_is_refused_before_any_key() {
    let payments = Payments::with_policy(Stage::new(), 300, aggregates_only);
    let enclave = payments.start_trusted_enclave();
    let (policy, sealed) = (payments.stage.read("policy.toml"), fs::read(payments.stage.path("in.sealed")).unwrap());
    let before = operator_calls(&payments);
    let group = "{ field = \"zip\", op = \"truncate\", keep_first = 2 }";
    let sum = "{ op = \"sum\", field = \"amount\" }";
    let last = "spread = { op = \"histogram\", field = \"amount\", width = 200 }";
    let not_allowed = Refusal::JobNotAllowed;
    for (from, to, expected) in [
        (group, "{ field = \"customer\", op = \"tokenize\" }", not_allowed),
        (group, "{ field = \"country\" }", not_allowed),
        (group, "{ field = \"zip\" }", not_allowed),
        (group, "{ field = \"zip\", op = \"truncate\", keep_first = 4 }", not_allowed),
        (group, "{ field = \"zip\", op = \"mask\", keep_last = 1 }", not_allowed),
        (
            group,
            "{ field = \"zip\", op = \"truncate\", keep_first = 2 }, { field = \"zip\", name = \"finer\", op = \"truncate\", keep_first = 3 }",
            not_allowed,
        ),
        (group, "{ field = \"unknown\" }", not_allowed),
        (sum, "{ op = \"mean\", field = \"amount\" }", not_allowed),
        (sum, "{ op = \"max\", field = \"amount\" }", not_allowed),
        (sum, "{ op = \"quantile\", field = \"amount\", q = 0.5 }", not_allowed),
        (sum, "{ op = \"sum\", field = \"card_number\" }", not_allowed),
        ("width = 200", "width = 50", not_allowed),
        ("width = 200", "width = 150", not_allowed),
        (last, "other = { op = \"count_distinct\", field = \"card_number\" }", not_allowed),
        ("[measures]", "where = [{ field = \"amount\", op = \"lt\", value = 10 }]\n[measures]", not_allowed),
        ("[measures]", "where = [{ field = \"country\", op = \"ne\", value = \"DE\" }]\n[measures]", not_allowed),
        ("[measures]", "max_groups = 1000000\n[measures]", Refusal::JobInvalid),
        ("[measures]", "people = { field = \"customer\", min = 1 }\n[measures]", Refusal::JobInvalid),
        ("kind = \"aggregate\"\n", "kind = \"discover\"\n", Refusal::JobInvalid),
    ] {
        assert_eq!(JOB.matches(from).count(), 1, "{from}");
        assert_eq!(refused(&enclave, &whole(&policy, &JOB.replace(from, to), &[&sealed])), expected, "{to}");
    }
    for other in ["kind = \"records\"\n[fields]\ncountry = { op = \"keep\" }\n", "kind = \"discover\"\n"] {
        assert_eq!(refused(&enclave, &whole(&policy, &format!("version = 1\n{other}"), &[&sealed])), not_allowed, "{other}");
    }
    // The owner's policy made laxer: it is not the one that the input's header is bound to.
    for (from, to) in [
        ("\nmin = 10\n", "\nmin = 9\n"),
        ("\nmin = 10\n", "\nmin = 1\n"),
        ("max_groups = 1000\n", "max_groups = 1000000\n"),
        ("keep_first_max = 3", "keep_first_max = 5"),
        ("sum = true\n", "sum = true\nmin = true\n"),
        ("min_width = 100", "min_width = 1"),
    ] {
        assert_eq!(policy.matches(from).count(), 1, "{from}");
        assert_eq!(refused(&enclave, &whole(&policy.replace(from, to), JOB, &[&sealed])), Refusal::PolicyMismatch, "{to}");
    }

    // One job and no other, where the owner lists it: not one byte more or less.
    let listed = policy.replace("\nnot_before", &format!("\njobs = [\"{}\"]\nnot_before", digest(JOB)));
    assert_ne!(listed, policy);
    let path = payments.stage.write("listed.toml", &listed);
    let mut seal = payments.stage.sealroom("owner");
    seal.arg("seal").arg("--policy").arg(&path).args(["--key-arn", &payments.key_arn, "--dataset", "transactions-2026"]);
    succeed(seal.arg(payments.stage.path("in.ndjson")).arg("--out").arg(payments.stage.path("listed.sealed")));
    let under_it = fs::read(payments.stage.path("listed.sealed")).unwrap();
    for job in [format!("{JOB}\n"), JOB.replace("n = {", "m = {"), JOB.replace("keep_first = 2", "keep_first = 1")] {
        assert_eq!(refused(&enclave, &whole(&listed, &job, &[&under_it])), not_allowed, "{job}");
    }
    assert_eq!(refused(&enclave, &whole(&listed, JOB, &[&sealed])), Refusal::PolicyMismatch);
    assert_eq!(operator_calls(&payments), before, "no key was asked for");

    assert_eq!(done(&enclave, &whole(&listed, JOB, &[&under_it])), digest(JOB));
    assert_eq!(done(&enclave, &whole(&policy, JOB, &[&sealed])), digest(JOB));
}

/// Promises P1 and P5: what a parent does to the frames of a conversation gives it nothing, and never a second result.
#[test]
fn aggregates_over_altered_frames_release_nothing() {
    let payments = Payments::with_policy(Stage::new(), 2000, aggregates_only);
    let enclave = payments.start_trusted_enclave();
    let (policy, sealed) = (payments.stage.read("policy.toml"), fs::read(payments.stage.path("in.sealed")).unwrap());
    let (header, used) = Header::parse(&sealed).unwrap().unwrap();
    let length = usize::try_from(header.frame_length()).unwrap() + 32;
    assert!(sealed.len() > used + 3 * length, "several frames");
    let (head, body) = sealed.split_at(used);
    let part = |index: usize| &body[index * length..(index + 1) * length];
    for (what, altered) in [
        ("frames swapped", [head, part(1), part(0), &body[2 * length..]].concat()),
        ("a frame repeated", [head, part(0), part(0), &body[length..]].concat()),
        ("a frame dropped", [head, part(0), &body[2 * length..]].concat()),
        ("cut at a frame's end", [head, part(0), part(1)].concat()),
        ("cut by one byte", sealed[..sealed.len() - 1].to_vec()),
        ("the header alone", head.to_vec()),
        ("twice in one", [sealed.as_slice(), &sealed].concat()),
    ] {
        assert_eq!(refused(&enclave, &whole(&policy, JOB, &[&altered])), Refusal::InputCorrupt, "{what}");
    }
    assert_eq!(refused(&enclave, &whole(&policy, JOB, &[&sealed, &sealed])), Refusal::InputSet, "the same input twice");

    let good = whole(&policy, JOB, &[&sealed]);
    let other = JOB.replace("keep_first = 2", "keep_first = 3");
    let with = |at: usize, kind: u8, payload: &[u8]| {
        let mut frames = good.clone();
        frames.insert(at, (kind, payload.to_vec()));
        frames
    };
    assert!(good.len() >= 6 && good[3].0 == DATA, "an input of several frames of the protocol");
    for at in [3, 4, good.len() - 1] {
        assert_eq!(refused(&enclave, &with(at, by_hand::JOB, other.as_bytes())), Refusal::Protocol, "another job at {at}");
        assert_eq!(refused(&enclave, &with(at, POLICY, policy.as_bytes())), Refusal::Protocol, "the policy again at {at}");
    }
    assert_eq!(refused(&enclave, &with(2, by_hand::JOB, other.as_bytes())), Refusal::JobInvalid, "two jobs are one file");
    assert_eq!(refused(&enclave, &with(2, POLICY, policy.as_bytes())), Refusal::Protocol);
    assert_eq!(refused(&enclave, &with(1, HELLO, b"")), Refusal::Protocol);
    assert_eq!(refused(&enclave, &with(4, INPUT, b"")), Refusal::Protocol);
    assert_eq!(refused(&enclave, &with(4, END, b"")), Refusal::Protocol, "ended within the input");
    assert_eq!(refused(&enclave, &with(4, INPUT_END, b"")), Refusal::InputCorrupt, "the input ended early");
    // The parent stops, and never says that it is done: at no place does that show a result.
    for kept in [1, 2, 3, 4, good.len() - 2, good.len() - 1] {
        assert_eq!(refused(&enclave, &good[..kept]), Refusal::Protocol, "only {kept} frames");
    }

    // Whatever follows a job's end is no second job.
    let mut twice = good.clone();
    twice.extend(whole(&policy, &other, &[&sealed]));
    assert_eq!(done(&enclave, &twice), digest(JOB));
    assert_eq!(done(&enclave, &whole(&policy, &other, &[&sealed])), digest(&other), "the other job is one of its own");
}

/// Promise P5, for sets: a person's records never count twice, and never without those that were sealed with them.
#[test]
fn aggregates_over_parts_of_a_set_release_nothing() {
    let payments = Payments::with_policy(Stage::new(), 600, aggregates_only);
    let stage = &payments.stage;
    let enclave = payments.start_trusted_enclave();
    let policy = stage.read("policy.toml");
    let records = stage.read("in.ndjson");
    let lines: Vec<&str> = records.lines().collect();
    let names = ["a.ndjson", "b.ndjson", "c.ndjson"];
    for (name, lines) in names.iter().zip(lines.chunks(200)) {
        stage.write(name, lines.join("\n"));
    }
    for set in ["set", "again"] {
        let mut seal = stage.sealroom("owner");
        seal.arg("seal").arg("--policy").arg(&payments.policy).args(["--key-arn", &payments.key_arn, "--dataset", "transactions-2026"]);
        succeed(seal.args(names.map(|name| stage.path(name))).arg("--out").arg(stage.path(set)));
    }
    let part = |set: &str, name: &str| fs::read(stage.path(set).join(format!("{name}.sealed"))).unwrap();
    let [one, two, three] = names.map(|name| part("set", name));
    let of_another = part("again", names[1]);
    let cases: [(&str, &[&[u8]]); 7] = [
        ("a part twice in a row", &[&one, &one, &two, &three]),
        ("a part twice", &[&one, &two, &three, &one]),
        ("a part in the place of another", &[&one, &two, &two]),
        ("parts in another order", &[&one, &three, &two]),
        ("ended early", &[&one, &two]),
        ("one part alone", &[&one]),
        ("a part of another sealing", &[&one, &of_another, &three]),
    ];
    for (what, inputs) in cases {
        assert_eq!(refused(&enclave, &whole(&policy, JOB, inputs)), Refusal::InputSet, "{what}");
    }
    assert_eq!(done(&enclave, &whole(&policy, JOB, &[&one, &two, &three])), digest(JOB));
}
