//! Nested fields, arrays, buckets and combinations, end to end with the shipped programs: every row against what an independent
//! reading of the same records says, and jobs that go beyond the policy in these.

use std::fs;
use std::path::PathBuf;

use sealroom_testkit::stage::payments::{key_policy_attested, key_policy_unattested};
use sealroom_testkit::stage::{RunningEnclave, Stage, Variant, refused, succeed};
use serde_json::{Value, json};

const POLICY: &str = r#"version = 1
name = "orders"
datasets = ["orders-2026"]
keys = ["@KEY_ARN@"]
combinations = [{ field = "/buyer/iban", ops = ["mask", "truncate"] }]

[input]
format = "ndjson"
on_error = "fail"

[people]
field = "/buyer/id"
min = 20

[fields."/buyer/iban"]
mask = { keep_last_max = 4 }
truncate = { keep_first_max = 2 }
[fields."/buyer/address/country"]
keep = true
filter = { ops = ["eq"] }
[fields."/buyer/born"]
bucket = { age_bands = [18, 30, 45, 60, 75], age_on = 2026-01-01 }
[fields."/lines/*/sku"]
keep = true
[fields."/lines/*/serials"]
mask = { keep_last_max = 2 }
[fields."/lines/0/price"]
bucket = { min_width = 2.5 }
[fields.placed]
bucket = { min_period = "month" }
[fields.lines]
keep = true

[release.records]
max_records = 1000

[[recipients]]
name = "analyst"
rsa_public_key = """
@ANALYST_PUBLIC_KEY@"""
"#;

const JOB: &str = r#"version = 1
kind = "records"
where = [{ field = "/buyer/address/country", op = "eq", value = "DE" }]
[fields]
country  = { from = "/buyer/address/country", op = "keep" }
account  = { from = "/buyer/iban", op = "mask", keep_last = 4 }
bank_in  = { from = "/buyer/iban", op = "truncate", keep_first = 2 }
age      = { from = "/buyer/born", op = "bucket", age_bands = [18, 45, 75] }
skus     = { from = "/lines/*/sku", op = "keep" }
serials  = { from = "/lines/*/serials", op = "mask", keep_last = 2 }
first    = { from = "/lines/0/price", op = "bucket", width = 5 }
placed   = { op = "bucket", period = "quarter" }
"#;

/// Made orders: what is nested is there, null, absent or of another shape by turns.
fn orders() -> Vec<Value> {
    let order = |n: u64| {
        let line = |line: u64| match (n + line) % 5 {
            0 => json!({ "sku": null, "serials": [] }),
            1 => json!({ "price": cents(n * 37), "serials": [format!("S\u{e9}{n}"), null, n * 10 + line] }),
            2 => json!("discount"),
            _ => json!({ "sku": format!("K-{n}/{line}"), "price": cents(n * 37 + line), "serials": format!("T{n}") }),
        };
        let buyer = match n % 11 {
            0 => json!(null),
            1 => json!({ "id": n % 40, "address": "Berlin", "iban": null }),
            _ => json!({
                "id": n % 40,
                "born": format!("{}-{:02}-{:02}T06:00:00Z", 1930 + n % 90, 1 + n % 12, 1 + n % 28),
                "iban": format!("DE89{n:018}"),
                "address": { "lines": ["x", "y"], "country": if n.is_multiple_of(3) { "FR" } else { "DE" } },
            }),
        };
        let mut order = json!({ "buyer": buyer, "placed": format!("2026-{:02}-{:02}", 1 + n % 12, 1 + n % 28), "note": "}],\"{" });
        if !n.is_multiple_of(7) {
            order["lines"] = (0..n % 4).map(line).collect();
        }
        order
    };
    (0..600).map(order).collect()
}

fn cents(cents: u64) -> Value {
    json!(f64::from(u32::try_from(cents).unwrap()) / 100.0)
}

/// The row that [`JOB`] makes of an order, as docs/policy.md says; none where its condition does not hold.
fn expected(order: &Value) -> Option<Value> {
    let at = |pointer: &str| order.pointer(pointer);
    if at("/buyer/address/country") != Some(&json!("DE")) {
        return None;
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let masked = |value: &Value, last: usize| {
        let characters: Vec<char> = text(value).chars().collect();
        let hidden = characters.len().saturating_sub(last);
        json!("*".repeat(hidden) + &characters.iter().skip(hidden).collect::<String>())
    };
    let mut row = json!({ "country": "DE" });
    let iban = at("/buyer/iban").unwrap();
    row["account"] = masked(iban, 4);
    row["bank_in"] = json!(text(iban).chars().take(2).collect::<String>());
    let born = text(at("/buyer/born").unwrap());
    // On the first of January only who was born on that day has completed the year.
    let birthday = u32::from(born.get(5..10) == Some("01-01"));
    let age = 2025 - born.get(..4).unwrap().parse::<u32>().unwrap() + birthday;
    row["age"] = json!(match age {
        75.. => "75+",
        45.. => "45-74",
        18.. => "18-44",
        _ => "0-17",
    });
    if let Some(Value::Array(lines)) = at("/lines") {
        row["skus"] = lines.iter().map(|line| line.get("sku").cloned().unwrap_or(Value::Null)).collect();
        let serials = |line: &Value| match line.get("serials") {
            None | Some(Value::Null) => Value::Null,
            Some(Value::Array(each)) => each.iter().map(|one| if one.is_null() { Value::Null } else { masked(one, 2) }).collect(),
            Some(one) => masked(one, 2),
        };
        row["serials"] = lines.iter().map(serials).collect();
    }
    if let Some(price) = at("/lines/0/price").and_then(Value::as_f64) {
        let mut from = 0.0;
        while from + 5.0 <= price {
            from += 5.0;
        }
        row["first"] = json!(format!("[{from},{})", from + 5.0));
    }
    let month: u32 = text(at("/placed").unwrap()).get(5..7).unwrap().parse().unwrap();
    row["placed"] = json!(format!("2026-Q{}", month.div_ceil(3)));
    Some(row)
}

/// An owner of orders with a sealed file, and an enclave that may open it.
struct Orders {
    stage: Stage,
    policy: PathBuf,
    enclave: RunningEnclave,
}

impl Orders {
    fn sealed(records: &[Value]) -> Self {
        let stage = Stage::new();
        let key_arn = stage.create_key(&key_policy_unattested());
        succeed(stage.sealroom("consumer").arg("keygen").arg("--out").arg(stage.path("analyst")));
        let policy = POLICY.replace("@KEY_ARN@", &key_arn).replace("@ANALYST_PUBLIC_KEY@", &stage.read("analyst.pub.pem"));
        let policy = stage.write("policy.toml", policy);
        let input = stage.write("in.ndjson", records.iter().map(|record| format!("{record}\n")).collect::<String>());
        let mut seal = stage.sealroom("owner");
        seal.args(["seal", "--dataset", "orders-2026", "--key-arn", &key_arn]).arg("--policy").arg(&policy);
        succeed(seal.arg(input).arg("--out").arg(stage.path("in.sealed")));
        let enclave = stage.start_enclave(&Variant::default());
        stage.put_key_policy(&key_arn, &key_policy_attested(&fs::read_to_string(&enclave.measurements).unwrap()));
        Self { stage, policy, enclave }
    }

    fn submit(&self, job: &str) -> std::process::Command {
        let stage = &self.stage;
        let mut command = stage.sealroom("operator");
        command.args(["submit", "--enclave", &self.enclave.address]).arg("--policy").arg(&self.policy);
        command.arg("--job").arg(stage.write("job.toml", job)).arg(stage.path("in.sealed"));
        command.arg("--out").arg(stage.path("out.sealed")).arg("--receipt").arg(stage.path("out.receipt.json"));
        command
    }

    fn rows(&self, job: &str) -> Vec<Value> {
        succeed(&mut self.submit(job));
        let stage = &self.stage;
        let mut open = stage.sealroom("consumer");
        open.arg("open").arg("--private-key").arg(stage.path("analyst.key.pem"));
        open.arg("--receipt").arg(stage.path("out.receipt.json")).arg("--measurements").arg(&self.enclave.measurements);
        open.arg("--danger-trust-anchor").arg(&self.enclave.nsm_root).arg(stage.path("out.sealed"));
        succeed(open.arg("--out").arg(stage.path("out.ndjson")));
        stage.read("out.ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[test]
fn rows_of_nested_fields_are_as_an_independent_reading_says() {
    let records = orders();
    let found = Orders::sealed(&records).rows(JOB);
    let expected: Vec<Value> = records.iter().filter_map(expected).collect();
    assert!(expected.len() > 300 && expected.iter().any(|row| row.get("skus").is_none()), "{}", expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len());
}

#[test]
fn jobs_beyond_the_policy_are_refused_with_its_words_before_any_key() {
    let orders = Orders::sealed(&orders()[..50]);
    let before = orders.stage.kms_requests().len();
    for (old, new, code, words) in [
        (
            "age_bands = [18, 45, 75]",
            "age_bands = [18, 40, 75]",
            "job-not-allowed",
            "ages where a band of the policy begins: 0, 18, 30, 45, 60, 75",
        ),
        ("width = 5", "width = 6", "job-not-allowed", "`width` has to be a multiple of the policy's `min_width = 2.5`"),
        ("from = \"/lines/0/price\"", "from = \"/lines/1/price\"", "job-not-allowed", "the policy does not name this field"),
        ("from = \"/lines/*/sku\"", "from = \"/lines/*\"", "job-not-allowed", "the policy does not name this field"),
        ("from = \"/lines/*/sku\"", "from = \"lines\"", "job-not-allowed", "lies within the field of another column"),
        ("truncate\", keep_first = 2", "mask\", keep_last = 2", "job-not-allowed", "operations that the policy lists in `combinations`"),
        ("from = \"/lines/*/sku\"", "from = \"/lines/~\"", "job-invalid", "`~` is written `~0`"),
        ("from = \"/lines/*/sku\"", "from = \"/lines\"", "job-invalid", "a top-level field is named without the `/`"),
    ] {
        assert_eq!(JOB.matches(old).count(), 1, "{old}");
        let said = refused(orders.submit(&JOB.replace(old, new)).arg("--json"));
        assert!(said.contains(&format!("\"code\":\"{code}\"")) && said.contains(words), "{new}: {said}");
    }
    assert_eq!(orders.stage.kms_requests().len(), before);
}
