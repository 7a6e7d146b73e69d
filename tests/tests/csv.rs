//! CSV, end to end with the shipped programs: every row of a real table in two files of other spellings against the same
//! transformation computed in Python, and what becomes of tables that are not as a job needs them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use sealroom_shared::receipt::Receipt;
use sealroom_testkit::stage::payments::{key_policy_attested, key_policy_unattested};
use sealroom_testkit::stage::{RunningEnclave, Stage, Variant, refused, succeed, text};
use serde_json::Value;

const FLIGHTS: u64 = 336_776;

/// The distance is a number, so that 999 is less than 1000; other cells are texts.
const POLICY: &str = r#"version = 1
name = "flights"
datasets = ["flights-2013"]
keys = ["@KEY_ARN@"]

[input]
format = "csv"
on_error = "@ON_ERROR@"

[people]
field = "tailnum"
min = @MIN@

[fields.tailnum]
tokenize = { domain = "aircraft" }
[fields.flight]
mask = { keep_last_max = 1 }
[fields.carrier]
truncate = { keep_first_max = 1 }
[fields.dest]
keep = true
[fields.distance]
keep = true
type = "number"
filter = { ops = ["ge", "lt"] }
[fields.dep_delay]
keep = true
type = "number"
[fields.air_time]
keep = true
[fields.note]
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

/// What `expected` in tests/python/flights_csv.py computes.
const JOB: &str = r#"version = 1
kind = "records"
where = [{ field = "distance", op = "ge", value = 1000 }]

[fields]
aircraft  = { from = "tailnum", op = "tokenize" }
flight    = { op = "mask", keep_last = 1 }
carrier   = { op = "truncate", keep_first = 1 }
dest      = { op = "keep" }
distance  = { op = "keep" }
dep_delay = { op = "keep" }
air_time  = { op = "keep" }
"a note, \"kept\"" = { from = "note", op = "keep" }
"#;

const NOTES: &str = "version = 1\nkind = \"records\"\n[fields]\nnote = { op = \"keep\" }\n";

/// An owner of tables, an operator and an analyst.
struct Tables {
    stage: Stage,
    key_arn: String,
    policy: PathBuf,
}

impl Tables {
    fn new(on_error: &str, min: u32) -> Self {
        let stage = Stage::new();
        let key_arn = stage.create_key(&key_policy_unattested());
        succeed(stage.sealroom("consumer").arg("keygen").arg("--out").arg(stage.path("analyst")));
        let policy = POLICY
            .replace("@KEY_ARN@", &key_arn)
            .replace("@ON_ERROR@", on_error)
            .replace("@MIN@", &min.to_string())
            .replace("@ANALYST_PUBLIC_KEY@", &stage.read("analyst.pub.pem"));
        let policy = stage.write("policy.toml", policy);
        // A known secret, so that Python can compute the tokens by itself.
        let secret: [u8; 32] = std::array::from_fn(|index| u8::try_from(200 - index).unwrap());
        stage.write("aircraft.secret", secret);
        let tables = Self { stage, key_arn, policy };
        let mut token = tables.owner(&["token-key", "new", "--domain", "aircraft"]);
        token.arg("--secret-file").arg(tables.stage.path("aircraft.secret")).arg("--out").arg(tables.stage.path("aircraft.token"));
        succeed(&mut token);
        tables
    }

    fn owner(&self, arguments: &[&str]) -> Command {
        let mut command = self.stage.sealroom("owner");
        command.args(arguments).arg("--policy").arg(&self.policy).args(["--key-arn", &self.key_arn]);
        command
    }

    /// `sealroom seal` of files of the stage into the folder or file `sealed`, which must not be there.
    fn seal(&self, inputs: &[&str]) -> Command {
        let mut command = self.owner(&["seal", "--dataset", "flights-2013"]);
        command.args(inputs.iter().map(|name| self.stage.path(name))).arg("--out").arg(self.stage.path("sealed"));
        command
    }

    /// Seals one table with this content, and returns what is said.
    fn seal_text(&self, table: &str) -> String {
        self.stage.write("table.csv", table);
        text(&succeed(self.seal(&["table.csv"]).arg("--force")).stderr)
    }

    fn enclave(&self) -> RunningEnclave {
        let enclave = self.stage.start_enclave(&Variant::default());
        self.stage.put_key_policy(&self.key_arn, &key_policy_attested(&fs::read_to_string(&enclave.measurements).unwrap()));
        enclave
    }

    /// `sealroom submit` of `sealed`.
    fn submit(&self, enclave: &RunningEnclave, job: &str) -> Command {
        let mut command = self.stage.sealroom("operator");
        command.args(["submit", "--enclave", &enclave.address]).arg("--policy").arg(&self.policy);
        command.arg("--job").arg(self.stage.write("job.toml", job)).arg(self.stage.path("sealed"));
        if job.contains("tokenize") {
            command.arg("--token-key").arg(self.stage.path("aircraft.token"));
        }
        command.arg("--out").arg(self.stage.path("out.sealed")).arg("--receipt").arg(self.stage.path("out.receipt.json")).arg("--force");
        command
    }

    /// `sealroom open` of what was submitted, into `out.csv`.
    fn open(&self, enclave: &RunningEnclave) -> Command {
        let mut command = self.stage.sealroom("consumer");
        command.arg("open").arg("--private-key").arg(self.stage.path("analyst.key.pem"));
        command.arg("--receipt").arg(self.stage.path("out.receipt.json")).arg("--measurements").arg(&enclave.measurements);
        command.arg("--danger-trust-anchor").arg(&enclave.nsm_root).arg("--force");
        command.arg(self.stage.path("out.sealed")).arg("--out").arg(self.stage.path("out.csv"));
        command
    }

    /// The rows of a job that has to succeed, and the receipt's counts.
    fn rows(&self, enclave: &RunningEnclave, job: &str) -> (String, Value) {
        succeed(&mut self.submit(enclave, job));
        succeed(&mut self.open(enclave));
        let receipt = Receipt::parse(&fs::read(self.stage.path("out.receipt.json")).unwrap()).unwrap();
        let statement: Value = serde_json::from_slice(&receipt.statement).unwrap();
        (self.stage.read("out.csv"), statement["counts"].clone())
    }

    fn refused_by_data(&self, enclave: &RunningEnclave, job: &str) {
        let said = refused(self.submit(enclave, job).arg("--json"));
        assert!(said.contains("\"code\":\"refused-by-data\""), "{said}");
    }
}

/// A set whose parts name their columns in another order gives one output with one header row.
#[test]
fn every_row_of_a_real_table_in_two_spellings_is_as_python_computes_it() {
    let tables = Tables::new("fail", 1000);
    let stage = &tables.stage;
    let mut write = stage.python("owner", "flights_csv.py");
    let written = succeed(write.arg("tables").arg(stage.path("b.csv")).arg(stage.path("a.csv"))).stdout;
    assert_eq!(text(&written).trim(), FLIGHTS.to_string());
    let sealed = succeed(tables.seal(&["b.csv", "a.csv"]).arg("--json")).stdout;
    let sealed: Value = serde_json::from_slice(&sealed).unwrap();
    let counted: u64 = sealed["parts"].as_array().unwrap().iter().map(|part| part["records"].as_u64().unwrap()).sum();
    assert_eq!(counted, FLIGHTS);

    let enclave = tables.enclave();
    let (_, counts) = tables.rows(&enclave, JOB);
    let mut compare = stage.python("consumer", "flights_csv.py");
    let compared = succeed(compare.arg("compare").arg(stage.path("out.csv")).arg(stage.path("aircraft.secret"))).stdout;
    let compared: Vec<u64> = text(&compared).split_whitespace().map(|number| number.parse().unwrap()).collect();
    let [rows, without_tail_number, with_line_break] = compared[..] else { panic!("{compared:?}") };
    assert!(rows > 100_000 && rows < FLIGHTS, "{rows}");
    assert!(without_tail_number > 100 && with_line_break > 10_000, "{compared:?}");
    assert_eq!((&counts["read"], &counts["released"], &counts["skipped"]), (&FLIGHTS.into(), &rows.into(), &0.into()));
}

/// Padding is blank lines, and no row of CSV is one.
#[test]
fn rows_of_one_empty_cell_outlive_the_padding() {
    let tables = Tables::new("fail", 1);
    let enclave = tables.enclave();
    for (table, rows) in [
        ("note\n\"\"\n\n\"\"\nx\n\"\"\n\"\"\n", "note\n\"\"\n\"\"\nx\n\"\"\n\"\"\n"),
        ("\u{feff}note,dest\r\n,x\r\n\"a\n\n\",\r\n\"\",\"\"\r\n", "note\n\"\"\n\"a\n\n\"\n\"\"\n"),
        ("note\n", "note\n"),
    ] {
        tables.seal_text(table);
        assert_eq!(tables.rows(&enclave, NOTES).0, rows);
        succeed(tables.open(&enclave).arg("--keep-padding"));
        let padded = tables.stage.read("out.csv");
        assert!(padded.len() == 64 * 1024 && padded.trim_end_matches('\n') == rows.trim_end_matches('\n'));
    }
}

#[test]
fn a_table_that_lacks_a_field_serves_jobs_that_do_not_want_it() {
    let tables = Tables::new("skip", 1);
    let enclave = tables.enclave();
    let distances = NOTES.replace("note", "distance");
    let said = tables.seal_text("flight,note,Distance\n1,x,2\n");
    assert!(said.contains("warning: ") && said.contains("table.csv: the header row lacks") && said.contains("\"distance\""), "{said}");
    assert!(!said.contains("\"note\""), "{said}");
    assert_eq!(tables.rows(&enclave, NOTES).0, "note\nx\n");
    // Not one record after the other: what is wrong is the file.
    tables.refused_by_data(&enclave, &distances);

    fs::remove_file(tables.stage.path("sealed")).unwrap();
    tables.stage.write("whole.csv", "distance,note\n1,x\n");
    succeed(&mut tables.seal(&["whole.csv", "table.csv"]));
    assert_eq!(tables.rows(&enclave, NOTES).0, "note\nx\nx\n");
    tables.refused_by_data(&enclave, &distances);
}

#[test]
fn bad_records_are_left_out_and_counted_where_the_policy_says_so() {
    let tables = Tables::new("skip", 1);
    let enclave = tables.enclave();
    let said = tables.seal_text("note,distance\na,1\nb,2,3\nc\"d,4\ne\",6\nf,1x\ng,\nh,-1.50\n\"i\"j,1\nk,007\nl,\"\"\nm,\"8\n");
    assert!(said.contains("4 records; jobs will leave out 6"), "{said}");
    let (rows, counts) = tables.rows(&enclave, &NOTES.replace("note = {", "distance = { op = \"keep\" }\nnote = {"));
    assert_eq!(rows, "distance,note\n1,a\n,g\n-1.50,h\n,l\n");
    assert_eq!((&counts["read"], &counts["released"], &counts["skipped"]), (&10.into(), &4.into(), &6.into()));
    // Who does not read the number does not mind it.
    let (rows, counts) = tables.rows(&enclave, NOTES);
    assert_eq!(rows, "note\na\nf\ng\nh\nk\nl\n");
    assert_eq!(counts["skipped"], 4);
}

#[test]
fn what_the_enclave_would_refuse_is_named_before_sealing() {
    let skip = [
        ("note,secret,secret\na,1\n", "table.csv: line 1: the header row cannot be used"),
        ("\n\r\n", "table.csv: line 1: the header row cannot be used: there is no header row"),
    ];
    let fail = [
        ("note,distance\na,1\n\"b\nc\",secret\n", "table.csv: line 3: the value of the field \"distance\" is not a number"),
        ("note,distance\na,1\n\nsecret\n", "table.csv: line 4 is not a record"),
        ("note,distance\na,1\n\"secret,1\nb,2\n", "table.csv: line 3 is not a record"),
    ];
    for (on_error, cases) in [("fail", &fail[..]), ("skip", &skip)] {
        let tables = Tables::new(on_error, 1);
        let enclave = tables.enclave();
        for (table, said) in cases {
            tables.stage.write("table.csv", table);
            let words = refused(&mut tables.seal(&["table.csv"]));
            assert!(words.contains(said) && !words.contains("secret"), "{words}");
            assert!(!tables.stage.path("sealed").exists());
            // The enclave refuses it as well, whatever the owner was told.
            succeed(tables.seal(&["table.csv"]).arg("--no-check"));
            tables.refused_by_data(&enclave, &NOTES.replace("note = {", "distance = { op = \"keep\" }\nnote = {"));
            fs::remove_file(tables.stage.path("sealed")).unwrap();
        }
    }
}
