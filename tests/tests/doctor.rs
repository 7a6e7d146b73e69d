//! `sealroom doctor`: each thing that breaks on the first day is found by name, with its mend; what cannot be looked at is
//! said to be not checked; and no secret is printed. Instances are folders with stand-ins for nitro-cli and systemctl.

mod instance;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;

use sealroom_testkit::stage::payments::key_policy_attested;
use sealroom_testkit::stage::{Stage, Variant, refused, succeed, text};
use serde_json::Value;

use instance::{Instance, PCRS, described};

/// What `doctor --json` prints, and how it exits.
struct Report {
    json: Value,
    exit: Option<i32>,
    error: String,
    printed: String,
}

impl Report {
    fn of(command: &mut Command) -> Self {
        let output = command.arg("--json").output().expect("doctor runs");
        let printed = text(&output.stdout);
        let json = serde_json::from_str(&printed).unwrap_or_else(|_| panic!("no JSON: {printed}{}", text(&output.stderr)));
        Self { json, exit: output.status.code(), error: text(&output.stderr), printed }
    }

    fn lines(&self) -> &[Value] {
        self.json["checks"].as_array().expect("checks")
    }

    /// The one line of a check.
    fn line(&self, check: &str) -> &Value {
        let found: Vec<&Value> = self.lines().iter().filter(|line| line["check"] == check).collect();
        let [line] = found.as_slice() else { panic!("{check}: {} lines in {}", found.len(), self.printed) };
        line
    }

    fn passed(&self, check: &str) {
        assert_eq!(self.line(check)["outcome"], "passed", "{}", self.line(check));
    }

    /// The line failed, says this, and names this mend. Every failure has one.
    fn failed(&self, check: &str, detail: &str, mend: &str) {
        let line = self.line(check);
        assert_eq!(line["outcome"], "failed", "{line}");
        assert!(line["detail"].as_str().expect("a detail").contains(detail), "{line}");
        assert!(line["mend"].as_str().expect("a mend").contains(mend), "{line}");
        assert_eq!((self.exit, &self.json["healthy"]), (Some(1), &Value::Bool(false)));
        let error: Value = serde_json::from_str(self.error.trim()).expect("an error as JSON");
        assert_eq!(error["error"]["code"], "doctor");
        assert!(error["error"]["message"].as_str().expect("a message").contains(check), "{error}");
    }

    fn not_checked(&self, check: &str, reason: &str) {
        let line = self.line(check);
        assert_eq!(line["outcome"], "not-checked", "{line}");
        assert!(line["detail"].as_str().expect("a reason").contains(reason), "{line}");
    }
}

/// The checks that need an instance, and those that any machine can make, in the order of the page.
const ON_INSTANCE: [&str; 8] =
    ["nitro-cli", "allocator", "allocator-service", "huge-pages", "dev-nitro-enclaves", "dev-vsock", "enclave-running", "enclave-mode"];
const ANYWHERE: [&str; 11] = [
    "enclave-answers",
    "relay-port",
    "credentials-port",
    "kms-name",
    "kms-connects",
    "kms-tls",
    "clock",
    "credentials",
    "credentials-taken",
    "key-enabled",
    "key-policy",
];

fn doctor(stage: &Stage, profile: &str) -> Command {
    let mut command = stage.sealroom(profile);
    command.arg("doctor");
    command
}

/// As nitro-cli prints them; one digit for each of PCR0, PCR1 and PCR2.
fn measurements(digits: [&str; 3]) -> String {
    let [pcr0, pcr1, pcr2] = digits.map(|digit| digit.repeat(96));
    format!(r#"{{"Measurements":{{"HashAlgorithm":"Sha384 {{ ... }}","PCR0":"{pcr0}","PCR1":"{pcr1}","PCR2":"{pcr2}"}}}}"#)
}

#[test]
fn nothing_is_wrong_with_a_good_harness_and_the_instance_is_not_checked() {
    let stage = Stage::new();
    let enclave = stage.start_enclave(&Variant::default());
    let key = stage.create_key(&key_policy_attested(&fs::read_to_string(&enclave.measurements).unwrap()));
    let ask = || {
        let mut command = doctor(&stage, "admin");
        command.args(["--enclave", &enclave.address, "--key", &key]).arg("--measurements").arg(&enclave.measurements);
        command
    };
    let report = Report::of(&mut ask());
    assert_eq!((report.exit, &report.json["healthy"]), (Some(0), &Value::Bool(true)), "{}", report.printed);
    ON_INSTANCE.iter().for_each(|check| report.not_checked(check, "Unix socket"));
    report.not_checked("image", "nitro-cli");
    ANYWHERE.iter().for_each(|check| report.passed(check));
    assert_eq!(report.lines().len(), ON_INSTANCE.len() + ANYWHERE.len() + 1);
    assert!(report.line("key-policy")["detail"].as_str().unwrap().contains("`EnclaveDecrypts`"), "{}", report.line("key-policy"));

    let output = ask().output().unwrap();
    assert!(output.status.success());
    let said = format!("{}{}{}", report.printed, text(&output.stdout), text(&output.stderr));
    for line in stage.read("kms/credentials").lines().filter_map(|line| line.split_once(" = ")).filter(|(name, _)| *name != "region") {
        assert!(!said.contains(line.1), "{} is printed", line.0);
    }
}

#[test]
fn absent_enclave_and_proxy_are_found_and_what_follows_is_still_checked() {
    let stage = Stage::new();
    let address = format!("unix:{}", stage.path("nowhere.sock").display());
    let report = Report::of(doctor(&stage, "admin").args(["--enclave", &address, "--region", "eu-central-1"]));
    report.failed("enclave-answers", "nowhere.sock", "sealroom ping");
    report.failed("relay-port", "nowhere.sock_8000", "sealroom proxy");
    report.failed("credentials-port", "nowhere.sock_8001", "sealroom proxy");
    ANYWHERE[3..9].iter().for_each(|check| report.passed(check));
    report.not_checked("key-policy", "--key");
}

#[test]
fn pcr_that_differs_is_named_with_the_part_that_it_measures() {
    let stage = Stage::new();
    let key = stage.create_key(&key_policy_attested(&measurements(PCRS)));
    let cases = [
        (
            ["f", "b", "f"],
            "PCR0 (the whole image), PCR2 (the application and its configuration) differ",
            "program or measured configuration",
        ),
        (["f", "f", "c"], "PCR1 (the kernel, its command line and the boot ramdisk) differ", "another version of nitro-cli"),
        (["f", "f", "f"], "PCR0 is ffffffffffff…, wanted is aaaaaaaaaaaa…", "another image altogether"),
        (["a", "f", "c"], "PCR1 (the kernel, its command line and the boot ramdisk) differs", "not of one image"),
    ];
    for (digits, detail, diagnosis) in cases {
        let pcrs = stage.write("pcrs.json", measurements(digits));
        let report = Report::of(doctor(&stage, "admin").args(["--key", &key]).arg("--measurements").arg(pcrs));
        report.failed("key-policy", detail, "key-policy generate");
        report.failed("key-policy", diagnosis, "run the image that the policy names");
    }

    // Who may not ask is told whom to ask, and nothing has failed.
    let report = Report::of(
        doctor(&stage, "operator").args(["--key", &key]).arg("--measurements").arg(stage.write("pcrs.json", measurements(PCRS))),
    );
    report.not_checked("key-policy", "may not kms:GetKeyPolicy");
    report.not_checked("key-enabled", "may not kms:DescribeKey");
    report.not_checked("nitro-cli", "not an EC2 instance");
    report.passed("credentials-taken");
    assert_eq!(report.exit, Some(0), "{}", report.printed);
}

#[test]
fn denied_call_of_a_person_says_who_denied_and_who_can_mend_it() {
    let stage = Stage::new();
    let key = stage.create_key(&key_policy_attested(&measurements(PCRS)));
    succeed(stage.sealroom("consumer").arg("keygen").arg("--out").arg(stage.path("analyst")));
    let policy = include_str!("../../examples/payments/policy.toml").replace("@KEY_ARN@", &key);
    let policy = stage.write("policy.toml", policy.replace("@ANALYST_PUBLIC_KEY@", &stage.read("analyst.pub.pem")));
    let make = |profile: &str| {
        let mut command = stage.sealroom(profile);
        command.args(["token-key", "new", "--domain", "customer", "--key-arn", &key]).arg("--policy").arg(&policy);
        command.arg("--out").arg(stage.path("customer.token"));
        command
    };
    let said = refused(&mut make("operator"));
    assert!(said.contains("[kms-denied]") && said.contains("GenerateDataKey") && said.contains("AccessDeniedException"), "{said}");
    assert!(said.contains("is it the owner's role") && said.contains("key-policy simulate"), "{said}");
    let said = refused(make("owner").env("AWS_ENDPOINT_URL_KMS", "https://kms.invalid"));
    assert!(said.contains("[kms-unavailable]") && said.contains("sealroom doctor"), "{said}");
    assert!(!stage.path("customer.token").exists());
}

#[test]
fn credentials_that_are_missing_expired_or_unknown_are_told_apart() {
    let stage = Stage::new();
    let process = |name: &str, answer: &str| {
        let answer = stage.write(&format!("{name}.json"), answer);
        let config = format!("[profile {name}]\ncredential_process = cat {}\n", answer.display());
        let config = stage.write(&format!("{name}.config"), config);
        let mut command = doctor(&stage, name);
        command.env("AWS_CONFIG_FILE", config).args(["--region", "eu-central-1"]);
        command
    };
    let keys = |rest: &str| format!(r#"{{"Version":1,"AccessKeyId":"AKIDWHATEVER1234","SecretAccessKey":"hidden-secret"{rest}"#);

    let report = Report::of(&mut process("expired", &keys(r#","SessionToken":"hidden-token","Expiration":"2020-01-01T00:00:00Z"}"#)));
    report.failed("credentials", "expired", "renew");
    report.not_checked("credentials-taken", "no credentials");
    assert!(!report.printed.contains("hidden"), "{}", report.printed);

    let report = Report::of(&mut process("unknown", &keys("}")));
    report.passed("credentials");
    assert!(report.line("credentials")["detail"].as_str().unwrap().contains("****1234"), "{}", report.line("credentials"));
    report.failed("credentials-taken", "UnrecognizedClientException", "does not know the access key");
    assert!(!report.printed.contains("hidden"), "{}", report.printed);

    let report = Report::of(&mut process("broken", &keys("")));
    report.failed("credentials", "none found", "AWS_PROFILE");
    assert!(!report.printed.contains("hidden"), "{}", report.printed);

    let report = Report::of(doctor(&stage, "nobody").args(["--region", "eu-central-1"]));
    report.failed("credentials", "none found", "role");
    let key = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let report = Report::of(doctor(&stage, "nobody").args(["--region", "eu-central-1", "--key", key]));
    ["key-enabled", "key-policy"].iter().for_each(|check| report.not_checked(check, "no credentials"));
    // Without them the way to KMS is looked at all the same.
    report.passed("kms-tls");
    report.passed("clock");
}

#[test]
fn certificate_that_nobody_here_believes_is_told_from_a_network_that_ends() {
    let stage = Stage::new();
    let other = Stage::new();
    let mut command = doctor(&stage, "admin");
    let report = Report::of(command.args(["--region", "eu-central-1"]).arg("--ca-bundle").arg(other.path("kms/ca.pem")));
    report.passed("kms-connects");
    report.failed("kms-tls", "certificate", "nothing on the way may open it");
    report.not_checked("clock", "does not answer");

    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let report = Report::of(doctor(&stage, "admin").args(["--region", "eu-central-1", "--endpoint-url", &format!("https://{nobody}")]));
    report.passed("kms-name");
    report.failed("kms-connects", "Connection refused", "port 443");
    report.not_checked("kms-tls", "does not take connections");
    report.not_checked("credentials-taken", "no KMS answers");

    let report = Report::of(doctor(&stage, "admin").args(["--region", "eu-central-1", "--endpoint-url", "https://kms.invalid"]));
    report.failed("kms-name", "kms.invalid", "VPC");
    report.not_checked("kms-connects", "does not resolve");

    let bundle = stage.write("bundle.pem", "no PEM");
    let report = Report::of(doctor(&stage, "admin").args(["--region", "eu-central-1"]).arg("--ca-bundle").arg(bundle));
    report.failed("kms-tls", "bundle.pem", "--ca-bundle");
    report.failed("credentials", "bundle.pem", "AWS options");
}

#[test]
fn clock_is_compared_with_the_time_in_the_answer() {
    let stage = Stage::new();
    let asked = |date: &'static str| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        // Ends with the test's process.
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
                    head.push(byte[0]);
                }
                let body = r#"{"__type":"AccessDeniedException"}"#;
                let answer = format!("HTTP/1.1 400 Bad Request\r\n{date}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Report::of(doctor(&stage, "admin").args(["--region", "eu-central-1", "--endpoint-url", &endpoint]))
    };
    let report = asked("Date: Sat, 01 Jan 2000 00:00:00 GMT\r\n");
    report.failed("clock", "s ahead of 127.0.0.1", "chronyd");
    report.not_checked("kms-tls", "without TLS");
    let report = asked("Date: Fri, 01 Jan 2100 00:00:00 GMT\r\n");
    report.failed("clock", "s behind 127.0.0.1", "chronyd");
    let report = asked("");
    report.not_checked("clock", "no time");
}

#[test]
fn nothing_is_wrong_with_a_good_instance() {
    let stage = Stage::new();
    let instance = Instance::good(&stage);
    let pcrs = stage.write("pcrs.json", measurements(PCRS));
    let report = Report::of(instance.doctor(&stage, "admin").arg("--measurements").arg(pcrs));
    ON_INSTANCE.iter().for_each(|check| report.passed(check));
    report.passed("image");
    assert!(report.line("nitro-cli")["detail"] == "Nitro CLI 1.4.2", "{}", report.line("nitro-cli"));
    assert!(report.line("enclave-running")["detail"].as_str().unwrap().contains("`sealroom` with CID 3"), "{}", report.printed);
    // Its context id is no enclave's, so that nothing answers there.
    report.failed("enclave-answers", "vsock://3:5000", "[ports]");
}

#[test]
fn bare_instance_is_told_each_step() {
    let stage = Stage::new();
    let instance = Instance::bare(&stage);
    let report = Report::of(&mut instance.doctor(&stage, "admin"));
    report.failed("nitro-cli", "not found", "dnf install");
    report.failed("allocator", "/etc/nitro_enclaves/allocator.yaml", "nitro-cli");
    report.failed("allocator-service", "inactive", "systemctl enable --now");
    report.failed("dev-nitro-enclaves", "is not there", "enable enclaves");
    report.failed("dev-vsock", "is not there", "modprobe");
    report.not_checked("enclave-running", "nitro-cli does not run");
    report.not_checked("enclave-mode", "nitro-cli does not run");
    report.passed("credentials");
}

#[test]
fn allocator_that_got_less_than_it_asked_for_is_found() {
    let stage = Stage::new();
    let instance = Instance::good(&stage);
    instance.file("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "100\n");
    instance.file("etc/nitro_enclaves/allocator.yaml", "---\nmemory_mib: 1024\ncpu_count: 2\n");
    let report = Report::of(&mut instance.doctor(&stage, "admin"));
    report.passed("allocator-service");
    report.failed("huge-pages", "200 MiB of huge pages are reserved, 0 MiB of them free; the allocator should reserve 1024 MiB", "reboot");

    instance.file("etc/nitro_enclaves/allocator.yaml", "---\nmemory_mib: 1024\n");
    let report = Report::of(&mut instance.doctor(&stage, "admin"));
    report.failed("allocator", "cpu_count", "cpu_count: 2");
    report.passed("huge-pages");
}

#[test]
fn debug_mode_is_found_in_the_enclave_and_in_what_the_key_policy_admits() {
    let stage = Stage::new();
    let instance = Instance::good(&stage);
    instance.enclaves(&[described("sealroom", 3, "RUNNING", "DEBUG_MODE")]);
    let key = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let report = Report::of(instance.doctor(&stage, "admin").args(["--key", key]));
    report.failed("enclave-mode", "DEBUG_MODE", "without --debug-mode");
    report.failed("key-policy", "PCRs are zero", "without --debug-mode");
    report.failed("key-enabled", "does not exist", "no such key");

    // Zero measurements are refused before anything is looked at.
    let zero = stage.write("zero.json", measurements(["0", "0", "0"]));
    let output = instance.doctor(&stage, "admin").arg("--measurements").arg(zero).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("debug mode"), "{}", text(&output.stderr));
}

#[test]
fn the_enclave_that_is_meant_has_to_be_there_and_be_one() {
    let stage = Stage::new();
    let instance = Instance::good(&stage);
    let report = |enclave: Option<&str>| {
        let mut command = instance.doctor(&stage, "admin");
        Report::of(command.args(enclave.map(|address| ["--enclave", address]).into_iter().flatten()))
    };
    instance.enclaves(&[]);
    let none = report(None);
    none.failed("enclave-running", "no enclave runs", "run-enclave");
    none.not_checked("enclave-answers", "no enclave was found");

    instance.enclaves(&[described("one", 3, "RUNNING", "NONE"), described("two", 2, "RUNNING", "DEBUG_MODE")]);
    report(None).failed("enclave-running", "`one` with CID 3, `two` with CID 2", "--enclave");
    report(Some("vsock://3:5000")).passed("enclave-mode");
    report(Some("vsock://16:5000")).failed("enclave-running", "no enclave has CID 16", "--enclave-cid");

    instance.enclaves(&[described("one", 3, "TERMINATING", "NONE")]);
    report(None).failed("enclave-running", "TERMINATING", "terminate-enclave");

    instance.program("nitro-cli", "[ \"$1\" = --version ] && echo 'Nitro CLI 1.4.2' && exit; echo 'E39' >&2; exit 1");
    report(None).failed("enclave-running", "fails: E39", "/var/log/nitro_enclaves");
}

#[test]
fn another_image_than_the_published_one_is_found() {
    let stage = Stage::new();
    let instance = Instance::good(&stage);
    let pcrs = stage.write("pcrs.json", measurements(["f", "b", "f"]));
    let report = Report::of(instance.doctor(&stage, "admin").arg("--measurements").arg(pcrs));
    report.failed("image", "PCR2 (the application and its configuration) differ", "published");
}

#[test]
fn people_read_each_failure_with_its_mend_and_no_control_characters() {
    let stage = Stage::new();
    let instance = Instance::good(&stage);
    instance.program("nitro-cli", "[ \"$1\" = --version ] && printf 'Nitro\\033[31m CLI' && exit; echo '[]'");
    let output = instance.doctor(&stage, "admin").output().unwrap();
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1));
    assert!(!said.contains('\u{1b}') && said.contains("Nitro\\u{1b}[31m CLI"), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    let failed = lines.iter().position(|line| line.starts_with("FAILED ") && line.contains(" enclave-running ")).unwrap();
    assert!(lines[failed + 1].trim_start().starts_with("mend: "), "{said}");
    assert!(text(&output.stderr).contains("checks failed: enclave-running"), "{}", text(&output.stderr));
}

#[test]
fn malformed_arguments_are_usage() {
    let stage = Stage::new();
    for arguments in [["--key", "alias/records"], ["--region", "eu.evil.example/"], ["--enclave", "16"]] {
        assert_eq!(doctor(&stage, "admin").args(arguments).output().unwrap().status.code(), Some(2), "{arguments:?}");
    }
}
