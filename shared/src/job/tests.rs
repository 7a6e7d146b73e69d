//! Tests of the job reader.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::record::filter::FilterOp;
use crate::record::pointer::PointerError;

const WHOLE: &str = r#"version = 1
kind = "records"
where = [
  { field = "country", op = "eq", value = "DE" },
  { field = "amount", op = "ge", value = 10.50 },
  { field = "flag", op = "ne", value = true },
  { field = "zip", op = "in", value = ["1", 2, false] },
  { field = "note", op = "exists" },
  { field = "gone", op = "exists", value = false },
]
[fields]
customer = { op = "tokenize" }
card     = { from = "card_number", op = "mask", keep_last = 4 }
zip      = { op = "truncate", keep_first = 3 }
amount   = { op = "keep" }
note     = { op = "drop" }
"#;

fn refusal(text: &str) -> (u32, String, Rule) {
    let error = Job::parse(text.as_bytes()).unwrap_err();
    (error.line, error.key, error.rule)
}

fn changed(old: &str, new: &str) -> (u32, String, Rule) {
    assert_eq!(WHOLE.matches(old).count(), 1, "{old}");
    refusal(&WHOLE.replace(old, new))
}

#[test]
fn the_whole_language_is_read_in_the_order_of_the_file() {
    let job = Job::parse(WHOLE.as_bytes()).unwrap();
    assert_eq!(job.digest(), Sha384Digest::of(WHOLE.as_bytes()));
    let JobKind::Records(records) = job.kind() else { panic!("a records job") };
    let columns: Vec<_> = records
        .columns()
        .iter()
        .map(|column| (column.name.as_str(), column.from.as_str(), column.operation.as_ref().map(Request::name), column.line))
        .collect();
    assert_eq!(
        columns,
        [
            ("customer", "customer", Some("tokenize"), 12),
            ("card", "card_number", Some("mask"), 13),
            ("zip", "zip", Some("truncate"), 14),
            ("amount", "amount", Some("keep"), 15),
            ("note", "note", None, 16),
        ]
    );
    let conditions: Vec<_> =
        records.conditions().iter().map(|condition| (condition.field.as_str(), condition.test.op(), condition.line)).collect();
    assert_eq!(
        conditions,
        [
            ("country", FilterOp::Eq, 4),
            ("amount", FilterOp::Ge, 5),
            ("flag", FilterOp::Ne, 6),
            ("zip", FilterOp::In, 7),
            ("note", FilterOp::Exists, 8),
            ("gone", FilterOp::Exists, 9),
        ]
    );
}

#[test]
fn columns_keep_the_order_of_the_file_however_they_are_written() {
    let text = "version = 1\nkind = \"records\"\n[fields.z]\nop = \"keep\"\n[fields.\"a b\"]\nop = \"keep\"\n[fields]\nm = { op = \"keep\" }\nb.op = \"keep\"\n";
    let job = Job::parse(text.as_bytes()).unwrap();
    let JobKind::Records(records) = job.kind() else { panic!("a records job") };
    assert_eq!(records.columns().iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["z", "a b", "m", "b"]);
}

#[test]
fn unknown_keys_are_refused_with_line_and_allowed_keys() {
    for (old, new, line, key) in [
        ("kind = \"records\"", "kind = \"records\"\nlimit = 5", 3, "limit"),
        ("op = \"eq\", value", "op = \"eq\", not = 1, value", 4, "where[0].not"),
        ("op = \"tokenize\"", "op = \"tokenize\", domain = \"other\"", 12, "fields.customer.domain"),
        ("keep_last = 4", "keep_first = 4", 13, "fields.card.keep_first"),
        ("op = \"drop\"", "op = \"drop\", keep_last = 1", 16, "fields.note.keep_last"),
        ("op = \"keep\"", "op = \"keep\", keep_last = 1", 15, "fields.amount.keep_last"),
    ] {
        let (at, path, rule) = changed(old, new);
        assert_eq!((at, path.as_str()), (line, key));
        assert!(matches!(rule, Rule::UnknownKey(_)), "{key}: {rule:?}");
    }
    assert_eq!(changed("op = \"keep\"", "op = \"keep\", x = 1").2, Rule::UnknownKey("op, from".to_owned()));
}

#[test]
fn a_discovery_job_names_fields_or_none() {
    let head = "version = 1\nkind = \"discover\"\n";
    let fields = |text: &str| {
        let job = Job::parse(format!("{head}{text}").as_bytes()).unwrap();
        let JobKind::Discover(job) = job.kind() else { panic!("another kind") };
        job.fields().map(|fields| fields.iter().map(|field| (field.name.clone(), field.line)).collect::<Vec<_>>())
    };
    assert_eq!(fields(""), None);
    assert_eq!(fields("fields = [\"b\",\n \"/a/*/c\"]"), Some(vec![("b".to_owned(), 3), ("/a/*/c".to_owned(), 4)]));
    for (text, key, rule) in [
        ("fields = []", "fields", Rule::Value("at least one entry")),
        ("fields = \"a\"", "fields", Rule::Type("an array")),
        ("fields = [1]", "fields[0]", Rule::Type("a string")),
        ("fields = [\"\"]", "fields[0]", Rule::Name(limits::NAME_BYTES)),
        ("fields = [\"a\", \"b\", \"a\"]", "fields[2]", Rule::Duplicate),
        ("fields = [\"/a\"]", "fields[0]", Rule::Pointer(PointerError::TopLevel)),
        ("where = [{ field = \"a\", op = \"exists\" }]", "where", Rule::UnknownKey("version, kind, fields".to_owned())),
        ("[fields]\na = { op = \"keep\" }", "fields", Rule::Type("an array")),
    ] {
        let (_, at, refused) = refusal(&format!("{head}{text}\n"));
        assert_eq!((at.as_str(), refused), (key, rule), "{text}");
    }
    let many = format!("{head}fields = [{}]\n", (0..=limits::POLICY_FIELDS).map(|index| format!("\"f{index}\",")).collect::<String>());
    assert_eq!(refusal(&many).2, Rule::TooMany(limits::POLICY_FIELDS));
}

#[test]
fn nested_fields_are_named_by_pointers_and_columns_by_names() {
    let text = WHOLE.replace("from = \"card_number\"", "from = \"/card/number\"").replace("field = \"country\"", "field = \"/a/*/b\"");
    let job = Job::parse(text.as_bytes()).unwrap();
    let JobKind::Records(job) = job.kind() else { panic!("another kind") };
    assert!(job.columns().iter().any(|column| column.from == "/card/number"));
    assert_eq!(job.conditions().first().unwrap().field, "/a/*/b");
    for (old, new, rule) in [
        ("from = \"card_number\"", "from = \"/card\"", Rule::Pointer(PointerError::TopLevel)),
        ("from = \"card_number\"", "from = \"/*/card\"", Rule::Pointer(PointerError::EachOfRecord)),
        ("from = \"card_number\"", "from = \"/a/~\"", Rule::Pointer(PointerError::Escape)),
        ("field = \"country\"", "field = \"/country\"", Rule::Pointer(PointerError::TopLevel)),
        ("amount   =", "\"/a/amount\" =", Rule::ColumnNeedsFrom),
    ] {
        assert_eq!(changed(old, new).2, rule, "{new}");
    }
}

#[test]
fn bad_values_are_refused() {
    for (old, new, rule) in [
        ("version = 1", "version = 2", Rule::Bounds(1, 1)),
        ("kind = \"records\"", "kind = \"record\"", Rule::Value("\"records\", \"aggregate\" or \"discover\"")),
        ("op = \"tokenize\"", "op = \"hash\"", Rule::Value(operations::ALLOWED)),
        ("op = \"tokenize\"", "op = 1", Rule::Type("a string")),
        ("op = \"tokenize\"", "", Rule::Missing),
        (", keep_first = 3", "", Rule::Missing),
        ("keep_first = 3", "keep_first = 1025", Rule::Bounds(0, limits::GRAPHEMES_KEPT)),
        ("keep_last = 4", "keep_last = -1", Rule::Bounds(0, limits::GRAPHEMES_KEPT)),
        ("keep_last = 4", "keep_last = \"4\"", Rule::Type("an integer")),
        ("customer = { op = \"tokenize\" }", "customer = \"tokenize\"", Rule::Type("a table")),
        ("customer =", "\"\" =", Rule::Name(limits::NAME_BYTES)),
        ("customer =", "\"a\\tb\" =", Rule::Name(limits::NAME_BYTES)),
        ("from = \"card_number\"", "from = \"\"", Rule::Name(limits::NAME_BYTES)),
        ("op = \"eq\"", "op = \"equals\"", Rule::Value(FilterOp::ALLOWED)),
        (", value = \"DE\"", "", Rule::Missing),
        ("value = \"DE\"", "value = [\"DE\"]", Rule::Type("a string, a number, true or false")),
        ("value = \"DE\"", "value = 2026-01-01", Rule::Type("a string, a number, true or false")),
        ("value = 10.50", "value = true", Rule::Type("a string or a number")),
        ("value = 10.50", "value = 1e1000000000", Rule::Value("an exponent of at most 999999999")),
        ("value = false", "value = \"no\"", Rule::Type("true or false")),
        ("value = [\"1\", 2, false]", "value = \"1\"", Rule::Type("an array")),
        ("value = [\"1\", 2, false]", "value = []", Rule::Value("at least one entry")),
        ("value = [\"1\", 2, false]", "value = [[1]]", Rule::Type("a string, a number, true or false")),
    ] {
        assert_eq!(changed(old, new).2, rule, "{new}");
    }
}

#[test]
fn numbers_are_written_as_json_writes_them() {
    for number in ["inf", "-inf", "nan", "+nan", "0x1F", "0o7", "0b1", "1_000", "+1", "1_0.5", "+1.5"] {
        let (line, key, rule) = changed("value = 10.50", &format!("value = {number}"));
        assert_eq!((line, key.as_str()), (5, "where[1].value"));
        assert!(matches!(rule, Rule::Type(_)), "{number}: {rule:?}");
    }
    for number in ["0", "-0", "-1", "1.50", "1e5", "1E-5", "-0.0", "123456789012345678901234567890", "1e400"] {
        let text = WHOLE.replace("value = 10.50", &format!("value = {number}"));
        assert!(Job::parse(text.as_bytes()).is_ok(), "{number}");
    }
}

#[test]
fn a_job_releases_at_least_one_column() {
    let head = "version = 1\nkind = \"records\"\n";
    let needs = |kind: &str| refusal(&format!("version = 1\nkind = \"{kind}\"\n")).2.to_string();
    assert_eq!(needs("records"), "a job with kind = \"records\" needs [fields]: the columns of its output");
    assert_eq!(needs("aggregate"), "a job with kind = \"aggregate\" needs [measures]: what is measured of each group");
    assert_eq!(refusal(&format!("{head}[fields]\n")), (3, "fields".to_owned(), Rule::NoColumns));
    assert_eq!(refusal(&format!("{head}[fields]\na = {{ op = \"drop\" }}\n")).2, Rule::NoColumns);
    assert_eq!(refusal(&format!("{head}where = []\n[fields]\na = {{ op = \"keep\" }}\n")).2, Rule::Value("at least one entry"));
}

#[test]
fn counts_and_sizes_are_bounded() {
    let head = "version = 1\nkind = \"records\"\n";
    let columns = |count: usize| {
        format!("{head}[fields]\n{}", (0..count).map(|index| format!("c{index} = {{ op = \"keep\" }}\n")).collect::<String>())
    };
    assert!(Job::parse(columns(limits::COLUMNS).as_bytes()).is_ok());
    assert_eq!(refusal(&columns(limits::COLUMNS + 1)).2, Rule::TooMany(limits::COLUMNS));
    let conditions = |count: usize| {
        format!("{head}where = [{}]\n[fields]\na = {{ op = \"keep\" }}\n", "{ field = \"a\", op = \"exists\" },".repeat(count))
    };
    assert!(Job::parse(conditions(limits::CONDITIONS).as_bytes()).is_ok());
    assert_eq!(refusal(&conditions(limits::CONDITIONS + 1)).2, Rule::TooMany(limits::CONDITIONS));
    let values = |count: usize| {
        format!("{head}where = [{{ field = \"a\", op = \"in\", value = [{}] }}]\n[fields]\na = {{ op = \"keep\" }}\n", "1,".repeat(count))
    };
    assert!(Job::parse(values(limits::IN_VALUES).as_bytes()).is_ok());
    assert_eq!(refusal(&values(limits::IN_VALUES + 1)).2, Rule::TooMany(limits::IN_VALUES));
    for longest in [format!("\"{}\"", "x".repeat(limits::CONDITION_VALUE_BYTES)), "1".repeat(limits::CONDITION_VALUE_BYTES)] {
        assert!(Job::parse(WHOLE.replace("value = 10.50", &format!("value = {longest}")).as_bytes()).is_ok());
    }
    let long = "x".repeat(limits::CONDITION_VALUE_BYTES + 1);
    assert_eq!(changed("value = \"DE\"", &format!("value = \"{long}\"")).2, Rule::TooMany(limits::CONDITION_VALUE_BYTES));
    let long = "1".repeat(limits::CONDITION_VALUE_BYTES + 1);
    assert_eq!(changed("value = 10.50", &format!("value = {long}")).2, Rule::TooMany(limits::CONDITION_VALUE_BYTES));
    assert_eq!(refusal(&format!("{WHOLE}#{}", "x".repeat(limits::JOB_BYTES))).2, Rule::TooLong(limits::JOB_BYTES));
}
