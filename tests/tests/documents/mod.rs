//! Policies and jobs for the tests of their schemas: some that hold every key, and a table of small changes with what reader and
//! schema have to say of each.

pub mod jobs;
pub mod policies;

/// What both sides have to say of a document.
#[derive(Clone, Copy)]
pub enum Verdict {
    Good,
    Bad,
    /// A rule that a schema cannot say, or that depends on how TOML is written.
    OnlyReader(OnlyReader),
}

/// Why.
#[derive(Clone, Copy)]
pub struct OnlyReader(pub &'static str);

/// One change of a document.
pub struct Change {
    pub base: &'static str,
    pub from: &'static str,
    pub to: &'static str,
    pub verdict: Verdict,
}

pub const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
pub const READER: &str = "arn:aws:kms:eu-central-1:111122223333:key/abcdabcd-12ab-34cd-56ef-1234567890ab";
pub const CHECK: &str = "9d1eb06c823a39e83d0a887596e9eef42676183a9bf43c62391cddba98edcfda";
pub const PUBLIC_KEY: &str = include_str!("../../../shared/src/policy/tests/rsa-2048.pem");

/// Every key of a policy with `form = "file"`.
pub const FILE_POLICY: &str = r#"version = 1
name = "whole"
datasets = ["a", "b"]
keys = ["arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]
not_before = 2026-01-01T00:00:00Z
not_after = 2027-01-01T00:00:00+02:00
jobs = ["sha384:000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"]
combinations = [{ field = "/card/number", ops = ["mask", "truncate"] }]
[patterns]
sku = "[A-Z]{2}-[0-9]+"
[input]
format = "ndjson"
form = "file"
on_error = "fail"
whole = true
[people]
field = "id"
min = 10
max_rows_per_person = 3
[fields.id]
tokenize = { domain = "people" }
count_distinct = true
[fields."/card/number"]
mask = { keep_last_max = 4 }
truncate = { keep_first_max = 6 }
[fields.amount]
keep = true
sum = true
mean = true
min = false
max = false
quantile = true
histogram = { min_width = 50 }
clamp = { min = -1.5, max = 100 }
[fields.price]
discover = true
bucket = { min_width = 2.5 }
[fields.placed]
bucket = { min_period = "month" }
[fields.born]
bucket = { age_bands = [18, 65], age_on = 2026-01-01 }
[fields.note]
redact = { detect = ["card", "email"] }
[fields.code]
check = { patterns = ["luhn", "sku"] }
[fields.zip]
truncate = { keep_first_max = 3 }
group = true
filter = { ops = ["eq", "in"] }
[tokens.people]
check = "9d1eb06c823a39e83d0a887596e9eef42676183a9bf43c62391cddba98edcfda"
[release]
counts = false
pad = true
[release.records]
max_records = 1000
[release.aggregates]
max_groups = 100
[release.discovery]
[[recipients]]
name = "reader"
kms_key = "arn:aws:kms:eu-central-1:111122223333:key/abcdabcd-12ab-34cd-56ef-1234567890ab"
"#;

/// A policy with `form = "fields"`.
pub const FIELDS_POLICY: &str = r#"version = 1
name = "fields"
datasets = ["a"]
keys = ["arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]
[input]
format = "csv"
form = "fields"
on_error = "skip"
[fields.amount]
sealed = true
type = "number"
keep = true
[[recipients]]
name = "reader"
kms_key = "arn:aws:kms:eu-central-1:111122223333:key/abcdabcd-12ab-34cd-56ef-1234567890ab"
"#;

/// A job that releases rows.
pub const JOB: &str = r#"version = 1
kind = "records"
where = [{ field = "zip", op = "in", value = ["1", 2, true] }, { field = "id", op = "exists" }, { field = "n", op = "lt", value = 1e3 }]
[fields]
card   = { from = "/card/number", op = "mask", keep_last = 4 }
first  = { from = "a", op = "truncate", keep_first = 2 }
price  = { op = "bucket", width = 2.5 }
placed = { op = "bucket", period = "year" }
born   = { op = "bucket", age_bands = [0, 18] }
note   = { op = "redact", detect = ["card"] }
code   = { op = "check", pattern = "luhn" }
id     = { op = "tokenize" }
kept   = { op = "keep" }
gone   = { op = "drop" }
"#;

/// A job that releases groups.
pub const AGGREGATE_JOB: &str = r#"version = 1
kind = "aggregate"
where = [{ field = "zip", op = "eq", value = "1" }]
group_by = [{ field = "zip", name = "area", op = "truncate", keep_first = 2 }, { field = "country" }]
[measures]
count = { op = "count" }
spend = { op = "sum", field = "amount" }
half  = { op = "quantile", field = "amount", q = 0.5 }
bins  = { op = "histogram", field = "amount", width = 50 }
"#;

/// A job that counts what fields hold.
pub const DISCOVER_JOB: &str = r#"version = 1
kind = "discover"
fields = ["price", "/card/number"]
"#;

pub const fn good(base: &'static str, from: &'static str, to: &'static str) -> Change {
    Change { base, from, to, verdict: Verdict::Good }
}

pub const fn bad(base: &'static str, from: &'static str, to: &'static str) -> Change {
    Change { base, from, to, verdict: Verdict::Bad }
}

pub const fn only_reader(base: &'static str, from: &'static str, to: &'static str, why: &'static str) -> Change {
    Change { base, from, to, verdict: Verdict::OnlyReader(OnlyReader(why)) }
}
