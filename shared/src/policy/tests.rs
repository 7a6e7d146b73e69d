//! Tests of the policy reader.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::arn::KeyArnError;
use crate::record::filter::FilterOp;

mod names;
mod sealed_fields;
mod text_types;
mod times;

const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const RSA_2048: &str = include_str!("tests/rsa-2048.pem");
const RSA_3072: &str = include_str!("tests/rsa-3072.pem");

/// The whole language of this version; line numbers in the tests below count from here.
fn whole() -> String {
    format!(
        r#"version = 1
name = "card-transactions"
datasets = ["transactions-2026", "transactions 2027"]
keys = ["{KEY}"]
not_before = 2026-01-01T00:00:00Z
not_after  = 2027-01-01T01:00:00.5+01:00
jobs = ["sha384:{jobs}"]

[input]
format = "ndjson"
form = "file"
on_error = "skip"

[people]
field = "customer"
min = 10

[fields.customer]
tokenize = {{ domain = "customer" }}
[fields.card_number]
mask = {{ keep_last_max = 4 }}
[fields.zip]
truncate = {{ keep_first_max = 3 }}
keep = false
[fields.country]
keep = true
filter = {{ ops = ["eq", "in"] }}

[tokens.customer]
check = "{check}"

[release.records]
max_records = 1000000
[release]
counts = true
pad = false

[[recipients]]
name = "analytics"
kms_key = "arn:aws:kms:eu-central-1:111122223333:key/9999"
[[recipients]]
name = "auditor"
rsa_public_key = """{RSA_2048}"""
"#,
        jobs = "0".repeat(96),
        check = "ab".repeat(32)
    )
}

fn minimal() -> String {
    format!(
        "version = 1\nname = \"n\"\ndatasets = [\"d\"]\nkeys = [\"{KEY}\"]\n[input]\nformat = \"ndjson\"\non_error = \"fail\"\n[[recipients]]\nname = \"r\"\nrsa_public_key = '''\n{RSA_2048}'''\n"
    )
}

fn refusal(text: &str) -> (u32, String, Rule) {
    let error = Policy::parse(text.as_bytes()).unwrap_err();
    (error.line, error.key, error.rule)
}

/// The refusal of the whole policy with `old` replaced by `new`.
fn changed(old: &str, new: &str) -> (u32, String, Rule) {
    let text = whole();
    assert_eq!(text.matches(old).count(), 1, "{old}");
    refusal(&text.replace(old, new))
}

#[test]
fn the_whole_language_is_read() {
    let policy = Policy::parse(whole().as_bytes()).unwrap();
    assert_eq!(policy.digest(), Sha384Digest::of(whole().as_bytes()));
    assert_eq!((policy.name(), policy.datasets().len(), policy.keys().len()), ("card-transactions", 2, 1));
    assert_eq!(policy.validity().not_before(), Some(UnixMillis(1_767_225_600_000)));
    assert_eq!(policy.validity().not_after(), Some(UnixMillis(1_798_761_600_500)));
    assert_eq!(policy.jobs().map(<[_]>::len), Some(1));
    assert_eq!(policy.input().on_error, OnError::Skip);
    assert_eq!(policy.people(), Some(&People { field: "customer".to_owned(), min: 10, max_rows_per_person: None }));
    let field = |name: &str| policy.fields().get(name).unwrap();
    assert_eq!(field("customer").operations.tokenize.as_ref().unwrap().domain, "customer");
    assert_eq!(field("card_number").operations.mask.as_ref().unwrap().keep_last_max, 4);
    assert_eq!(field("zip").operations.truncate.as_ref().unwrap().keep_first_max, 3);
    assert_eq!(field("zip").operations.keep, None);
    assert!(field("country").operations.keep.is_some());
    assert_eq!(field("country").filter.iter().map(|op| op.name()).collect::<Vec<_>>(), ["eq", "in"]);
    assert_eq!(policy.tokens().get("customer").unwrap().to_string(), "ab".repeat(32));
    assert_eq!(
        policy.release(),
        &Release { records: Some(RecordsRelease { max_records: 1_000_000 }), aggregates: None, discovery: false, counts: true, pad: false }
    );
    let [analytics, auditor] = policy.recipients() else { panic!("two recipients") };
    assert!(matches!(analytics.key(), RecipientKey::Kms(arn) if arn.as_str().ends_with("key/9999")));
    assert!(matches!(auditor.key(), RecipientKey::Rsa { public_key_pem } if public_key_pem == RSA_2048));
    assert_eq!((analytics.name(), auditor.name()), ("analytics", "auditor"));
}

#[test]
fn what_a_policy_does_not_say_is_not_allowed() {
    let policy = Policy::parse(minimal().as_bytes()).unwrap();
    assert_eq!(policy.release(), &Release { records: None, aggregates: None, discovery: false, counts: false, pad: true });
    assert!(policy.fields().is_empty() && policy.tokens().is_empty() && policy.people().is_none());
    let mask = Policy::parse(format!("{}[fields.x]\nmask = {{}}\n[fields.y]\n", minimal()).as_bytes()).unwrap();
    assert_eq!(mask.fields().get("x").unwrap().operations.mask.as_ref().unwrap().keep_last_max, 0);
    assert_eq!(mask.fields().get("y"), Some(&FieldPolicy::default()));
}

#[test]
fn unknown_keys_are_refused_at_every_level_with_line_and_allowed_keys() {
    let (line, key, rule) = changed("name = \"card-transactions\"", "nam = \"x\"\nname = \"card-transactions\"");
    assert_eq!((line, key.as_str()), (2, "nam"));
    assert!(matches!(rule, Rule::UnknownKey(allowed) if allowed.contains("datasets") && allowed.contains("recipients")));
    for (old, new, line, key) in [
        ("form = \"file\"", "from = \"file\"", 11, "input.from"),
        ("min = 10", "min = 10\nmax_age = 1", 17, "people.max_age"),
        ("keep = true", "kept = true", 26, "fields.country.kept"),
        ("keep_last_max = 4", "keep_last_max = 4, keep_last = 4", 21, "fields.card_number.mask.keep_last"),
        ("keep_first_max = 3", "keep_first_max = 3, x = 1", 23, "fields.zip.truncate.x"),
        ("domain = \"customer\"", "domain = \"customer\", key = 1", 19, "fields.customer.tokenize.key"),
        ("[\"eq\", \"in\"]", "[\"eq\"], x = 1", 27, "fields.country.filter.x"),
        ("max_records = 1000000", "max_records = 1000000\nmax = 1", 34, "release.records.max"),
        ("[release]\n", "[release.discovery]\nall = true\n[release]\n", 35, "release.discovery.all"),
        ("counts = true", "count = true", 35, "release.count"),
        ("name = \"auditor\"", "name = \"auditor\"\nemail = \"x\"", 43, "recipients[1].email"),
    ] {
        let (at, path, rule) = changed(old, new);
        assert_eq!((at, path.as_str()), (line, key));
        assert!(matches!(rule, Rule::UnknownKey(_)), "{key}: {rule:?}");
    }
    let (line, key, rule) = changed("check = \"", "chek = 1\ncheck = \"");
    assert!(matches!((line, key.as_str(), rule), (30, "tokens.customer.chek", Rule::UnknownKey(_))));
}

#[test]
fn what_the_design_has_and_this_version_does_not_is_refused_by_name() {
    for (old, new, line, key) in
        [("counts = true", "plaintext = true", 35, "release.plaintext"), ("min = 10", "min = 10\nepsilon = 1.0", 17, "people.epsilon")]
    {
        assert_eq!(changed(old, new), (line, key.to_owned(), Rule::NotYetSupported));
    }
}

#[test]
fn missing_keys_are_refused_by_name() {
    for (line, key) in [
        ("version = 1", "version"),
        ("name = \"n\"", "name"),
        ("datasets = [\"d\"]", "datasets"),
        ("format = \"ndjson\"", "input.format"),
        ("on_error = \"fail\"", "input.on_error"),
        ("name = \"r\"", "recipients[0].name"),
    ] {
        let text = minimal().replacen(&format!("{line}\n"), "", 1);
        let (_, path, rule) = refusal(&text);
        assert_eq!((path.as_str(), rule), (key, Rule::Missing));
    }
    let without_recipients = minimal().split("[[recipients]]").next().unwrap().to_owned();
    assert_eq!(refusal(&without_recipients), (1, "recipients".to_owned(), Rule::Missing));
    assert_eq!(refusal(&format!("recipients = []\n{without_recipients}")).2, Rule::Value("at least one entry"));
    assert_eq!(changed("field = \"customer\"\n", ""), (14, "people.field".to_owned(), Rule::Missing));
    assert_eq!(changed("min = 10\n", "").2, Rule::Missing);
    assert_eq!(changed("max_records = 1000000\n", "").2, Rule::Missing);
    assert_eq!(changed("keep_first_max = 3", "").2, Rule::Missing);
    assert_eq!(refusal("").2, Rule::Missing);
}

#[test]
fn values_of_another_type_or_out_of_bounds_are_refused() {
    for (old, new, rule) in [
        ("version = 1", "version = 2", Rule::Bounds(1, 1)),
        ("version = 1", "version = \"1\"", Rule::Type("an integer")),
        ("version = 1", "version = 0x1", Rule::Type("an integer in plain decimal digits")),
        ("version = 1", "version = 1.0", Rule::Type("an integer")),
        ("min = 10", "min = 0", Rule::Bounds(1, limits::PEOPLE_MIN)),
        ("min = 10", "min = -1", Rule::Bounds(1, limits::PEOPLE_MIN)),
        ("min = 10", "min = 1_000", Rule::Type("an integer in plain decimal digits")),
        ("min = 10", "min = 100001", Rule::Bounds(1, limits::PEOPLE_MIN)),
        ("min = 10", "min = 99999999999999999999999999", Rule::Bounds(1, limits::PEOPLE_MIN)),
        ("min = 10", "min = 10.5", Rule::Type("an integer")),
        ("keep_last_max = 4", "keep_last_max = 1025", Rule::Bounds(0, limits::GRAPHEMES_KEPT)),
        ("keep_first_max = 3", "keep_first_max = -3", Rule::Bounds(0, limits::GRAPHEMES_KEPT)),
        ("max_records = 1000000", "max_records = 0", Rule::Bounds(1, limits::MAX_RECORDS)),
        ("name = \"card-transactions\"", "name = \"\"", Rule::Name(limits::NAME_BYTES)),
        ("name = \"card-transactions\"", "name = \"a\\nb\"", Rule::Name(limits::NAME_BYTES)),
        ("name = \"card-transactions\"", "name = [\"a\"]", Rule::Type("a string")),
        ("on_error = \"skip\"", "on_error = \"ignore\"", Rule::Value("\"fail\" or \"skip\"")),
        ("format = \"ndjson\"", "format = \"json\"", Rule::Value("\"ndjson\" or \"csv\"")),
        ("form = \"file\"", "form = \"File\"", Rule::Value("\"file\" or \"fields\"")),
        ("keep = true", "keep = \"yes\"", Rule::Type("true or false")),
        ("keep = true", "keep = 1", Rule::Type("true or false")),
        ("mask = { keep_last_max = 4 }", "mask = true", Rule::Type("a table")),
        ("tokenize = { domain = \"customer\" }", "tokenize = true", Rule::Type("a table")),
        ("[\"eq\", \"in\"]", "[\"eq\", \"like\"]", Rule::Value(FilterOp::ALLOWED)),
        ("[\"eq\", \"in\"]", "[]", Rule::Value("at least one entry")),
        ("[\"eq\", \"in\"]", "[\"eq\", \"eq\"]", Rule::Duplicate),
        ("[\"eq\", \"in\"]", "\"eq\"", Rule::Type("an array")),
        ("counts = true", "counts = 1", Rule::Type("true or false")),
        ("pad = false", "pad = \"no\"", Rule::Type("true or false")),
        ("\"transactions 2027\"", "\"transactions-2026\"", Rule::Duplicate),
        ("name = \"auditor\"", "name = \"analytics\"", Rule::Duplicate),
        ("domain = \"customer\"", "domain = \"card\"", Rule::UnknownTokenDomain),
        ("[tokens.customer]", "[tokens.other]", Rule::UnknownTokenDomain),
    ] {
        assert_eq!(changed(old, new).2, rule, "{new}");
    }
    let (_, _, rule) = changed(&"0".repeat(96), &"0".repeat(95));
    assert!(matches!(rule, Rule::Digest(_)));
    assert_eq!(changed(&"ab".repeat(32), &"AB".repeat(32)).2, Rule::Value("64 lower-case hex digits"));
}

#[test]
fn times_need_an_offset_and_an_order() {
    for time in ["2026-01-01T00:00:00", "2026-01-01", "00:00:00", "\"2026-01-01T00:00:00Z\"", "1969-12-31T23:59:59Z"] {
        let (line, key, rule) = changed("not_before = 2026-01-01T00:00:00Z", &format!("not_before = {time}"));
        assert_eq!((line, key.as_str(), rule), (5, "not_before", Rule::Type(toml_reader::OFFSET_DATE_TIME)), "{time}");
    }
    assert_eq!(changed("not_before = 2026-", "not_before = 2028-").2, Rule::EmptyValidity);
    assert!(matches!(changed("not_before = 2026-01-01", "not_before = 2026-02-30").2, Rule::Syntax(_) | Rule::Type(_)));
}

#[test]
fn keys_and_recipients_are_full_single_region_arns() {
    let arn = |text: &str| changed(&format!("keys = [\"{KEY}\"]"), &format!("keys = [\"{text}\"]"));
    assert_eq!(arn(&KEY.replace("key/", "key/mrk-")), (4, "keys[0]".to_owned(), Rule::KeyArn(KeyArnError::MultiRegion)));
    assert_eq!(arn("arn:aws:kms:eu-central-1:111122223333:alias/x").2, Rule::KeyArn(KeyArnError::Alias));
    assert_eq!(arn("1234").2, Rule::KeyArn(KeyArnError::Format));
    assert_eq!(arn(&format!("{KEY}\", \"{KEY}")).2, Rule::Duplicate);
    assert_eq!(changed("key/9999", "key/mrk-9999").2, Rule::KeyArn(KeyArnError::MultiRegion));
    assert_eq!(
        changed("arn:aws:kms:eu-central-1:111122223333:key/9999", KEY),
        (40, "recipients[0].kms_key".to_owned(), Rule::RecipientIsInputKey)
    );
}

#[test]
fn a_recipient_has_one_usable_key() {
    assert_eq!(
        changed("name = \"auditor\"", "name = \"auditor\"\nkms_key = \"arn:aws:kms:eu-central-1:111122223333:key/1\"").2,
        Rule::RecipientKey
    );
    assert_eq!(
        refusal(&minimal().replace("rsa_public_key = '''\n", "# '''").replace("'''\n", "\n").replace(RSA_2048, "")).2,
        Rule::RecipientKey
    );
    for bad in [
        include_str!("tests/rsa-1024.pem").to_owned(),
        include_str!("tests/rsa-4160.pem").to_owned(),
        include_str!("tests/p256.pem").to_owned(),
        format!("{RSA_2048}{RSA_3072}"),
        format!("{RSA_2048}trailing"),
        format!("leading\n{RSA_2048}"),
        RSA_2048.replace("PUBLIC KEY", "RSA PUBLIC KEY"),
        RSA_2048.replace("PUBLIC KEY", "PRIVATE KEY"),
        RSA_2048.replace("MII", "MIJ"),
        String::new(),
    ] {
        let text = minimal().replace(RSA_2048, &bad);
        assert_eq!(refusal(&text).2, Rule::RsaPublicKey, "{bad}");
    }
    assert!(Policy::parse(minimal().replace(RSA_2048, RSA_3072).as_bytes()).is_ok());
    let twice = format!("{}[[recipients]]\nname = \"s\"\nrsa_public_key = '''\n{RSA_2048}'''\n", minimal());
    assert_eq!(refusal(&twice).2, Rule::Duplicate);
}

#[test]
fn an_empty_token_check_has_its_own_error_and_its_own_reader() {
    let text = whole().replace(&"ab".repeat(32), "");
    assert_eq!(refusal(&text), (30, "tokens.customer.check".to_owned(), Rule::TokenCheckEmpty));
    assert!(Policy::parse(text.as_bytes()).unwrap_err().to_string().contains("sealroom token-key new"));
    let draft = Policy::parse_before_token_keys(text.as_bytes()).unwrap();
    assert_eq!(draft.domains().iter().map(|(domain, check)| (domain.as_str(), *check)).collect::<Vec<_>>(), [("customer", None)]);
    assert_eq!((draft.name(), draft.keys().len()), ("card-transactions", 1));
    assert!(Policy::parse_before_token_keys(text.replace("version = 1", "version = 2").as_bytes()).is_err());
}

#[test]
fn counts_and_sizes_are_bounded() {
    let many = |count: usize| (0..count).map(|index| format!("\"d{index}\"")).collect::<Vec<_>>().join(",");
    assert!(Policy::parse(minimal().replace("\"d\"", &many(limits::DATASETS)).as_bytes()).is_ok());
    assert_eq!(refusal(&minimal().replace("\"d\"", &many(limits::DATASETS + 1))).2, Rule::TooMany(limits::DATASETS));
    let fields = |count: usize| (0..count).map(|index| format!("[fields.f{index}]\n")).collect::<String>();
    assert!(Policy::parse(format!("{}{}", minimal(), fields(limits::POLICY_FIELDS)).as_bytes()).is_ok());
    assert_eq!(refusal(&format!("{}{}", minimal(), fields(limits::POLICY_FIELDS + 1))).2, Rule::TooMany(limits::POLICY_FIELDS));
    let tokens = (0..=limits::TOKEN_KEYS).map(|index| format!("[tokens.t{index}]\ncheck = \"\"\n")).collect::<String>();
    assert_eq!(refusal(&format!("{}{tokens}", minimal())).2, Rule::TooMany(limits::TOKEN_KEYS));
    let recipients =
        (0..limits::RECIPIENTS).map(|index| format!("[[recipients]]\nname = \"r{index}\"\nkms_key = \"x\"\n")).collect::<String>();
    assert_eq!(refusal(&format!("{}{recipients}", minimal())).2, Rule::TooMany(limits::RECIPIENTS));
    let name = |length: usize| minimal().replace("name = \"n\"", &format!("name = \"{}\"", "é".repeat(length / 2)));
    assert!(Policy::parse(name(limits::NAME_BYTES).as_bytes()).is_ok());
    assert_eq!(refusal(&name(limits::NAME_BYTES + 2)).2, Rule::Name(limits::NAME_BYTES));
    let padded = |length: usize| format!("{}#{}", minimal(), "x".repeat(length - minimal().len() - 1));
    assert!(Policy::parse(padded(limits::POLICY_BYTES).as_bytes()).is_ok());
    assert_eq!(refusal(&padded(limits::POLICY_BYTES + 1)).2, Rule::TooLong(limits::POLICY_BYTES));
    let (_, key, _) = refusal(&format!("\"{}\" = 1\n{}", "k".repeat(5000), minimal()));
    assert_eq!(key.len(), limits::KEY_PATH_SHOWN);
}

#[test]
fn what_is_not_toml_is_refused_with_its_line() {
    assert_eq!(refusal("version = 1\n\nname = \n").0, 3);
    for text in [
        "a = 1\na = 2",
        "[a]\n[a]",
        "a",
        "= 1",
        "a = 'x",
        "a = 1 b = 2",
        "\u{0}",
        "a.b = 1\na.b.c = 2",
        "a = {",
        "a = 01",
        "a = 1979-13-01",
    ] {
        assert!(matches!(refusal(text).2, Rule::Syntax(_)), "{text}");
    }
    assert_eq!(
        Policy::parse(b"version = 1\nname = \"\xff\"").unwrap_err(),
        DocumentError { line: 2, key: String::new(), rule: Rule::NotUtf8 }
    );
    for nested in ["[".repeat(100_000), "{a=".repeat(60_000), "[a.".repeat(60_000)] {
        assert!(matches!(refusal(&format!("a = {nested}")).2, Rule::Syntax(_)));
    }
    assert!(Policy::parse(format!("{} = 1", vec!["a"; 100_000].join(".")).as_bytes()).is_err());
}

#[test]
fn an_error_says_line_key_and_rule_without_control_characters() {
    let error = Policy::parse(format!("\"a\\u001b[2J\\n\" = 1\n{}", minimal()).as_bytes()).unwrap_err();
    assert_eq!((error.line, error.key.as_str()), (1, "a\u{fffd}[2J\u{fffd}"));
    let error = Policy::parse(whole().replace("min = 10", "min = 0").as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "line 16: people.min: out of bounds; allowed are 1 to 100000");
}
