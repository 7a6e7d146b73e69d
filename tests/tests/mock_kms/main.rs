//! The mock KMS as a program: its settings, its files, its faults and its log. What it answers is held by `contract`.

mod contract;
mod documents;

use std::fs;
use std::path::Path;
use std::process::Command;

use documents::{DOCUMENT_AGE, documents, image, other_image, seal, with_mocks};
use sealroom_shared::digest::hex;
use sealroom_testkit::bins::{bin, workspace};
use sealroom_testkit::stage::payments::key_policy;
use sealroom_testkit::stage::{Process, Stage, succeed, text};
use serde_json::{Value, json};

#[test]
fn restart_keeps_keys_grants_aliases_credentials_and_ca() {
    let mut stage = Stage::new();
    let folder = stage.path("");
    succeed(stage.python("admin", "mock_kms_restart.py").arg("make").arg(&folder));
    let before = (stage.read("kms/ca.pem"), stage.read("kms/credentials"));
    stage.restart_kms(&[]);
    assert_eq!((stage.read("kms/ca.pem"), stage.read("kms/credentials")), before);
    succeed(stage.python("admin", "mock_kms_restart.py").arg("find").arg(&folder));
}

/// The role's ARN in a condition has the path that the credentials file gives it, which the session's own ARN does not carry.
#[test]
fn the_path_of_a_role_stands_in_its_principal_arn() {
    let mut stage = Stage::new();
    let arn = "arn:aws:iam::111122223333:role/team/enclave";
    let profile = "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = secret\nregion = eu-central-1\n";
    let credentials = format!("{}\n[enclave]\n{profile}mock_principal = {arn}\n", stage.read("kms/credentials"));
    stage.write("kms/credentials", credentials);
    stage.restart_kms(&[]);
    for (named, permitted) in [(arn, true), ("arn:aws:iam::111122223333:role/enclave", false)] {
        let key = stage.create_key(&key_policy(&format!(
            r#"{{"Effect":"Allow","Principal":"*","Action":"kms:GenerateDataKey","Resource":"*","Condition":{{"ArnEquals":{{"aws:PrincipalArn":"{named}"}}}}}}"#
        )));
        let mut generate = stage.aws("enclave");
        generate.args(["kms", "generate-data-key", "--key-spec", "AES_256", "--key-id", &key]);
        let output = generate.output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.success(), permitted, "{named}: {said}");
        assert!(permitted || said.contains("assumed-role/enclave/sealroom is not authorized"), "{said}");
    }
}

#[test]
fn private_files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let stage = Stage::new();
    let arn = seal(&stage, &documents(&stage));
    assert!(stage.read("kms/keys.json").contains(arn.rsplit('/').next().unwrap()));
    for name in ["ca.key", "credentials", "keys.json"] {
        let mode = fs::metadata(stage.path("kms").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn documents_are_judged_by_the_settings() {
    let stage = Stage::new();
    let folder = documents(&stage);
    let arn = seal(&stage, &folder);
    // The recipient's document is now ten minutes old.
    fs::copy(folder.join("old.cbor"), folder.join("good.cbor")).unwrap();
    let root = stage.path("sim/nsm-root.pem");
    let root = root.to_str().unwrap();
    let exactly = DOCUMENT_AGE.as_secs().to_string();
    let answers = with_mocks(
        &stage,
        &arn,
        &folder,
        &[
            ("five-minutes", &["--nsm-root", root]),
            ("an-hour", &["--nsm-root", root, "--max-document-age", "3600"]),
            ("too-exact", &["--nsm-root", root, "--max-document-age", &exactly]),
            ("no-anchor", &["--nsm-root", "absent.pem", "--max-document-age", "3600"]),
            ("no-anchor-at-all", &["--nsm-root", "/dev/null", "--max-document-age", "3600"]),
            ("aws-root", &["--max-document-age", "3600"]),
        ],
    );
    let refused = json!([{"code": "ValidationException"}, {"code": "ValidationException"}]);
    let sound = json!([SOUND.told(), SOUND.told()]);
    assert_eq!(answers, [refused.clone(), sound, refused.clone(), refused.clone(), refused.clone(), refused]);
    let said: Vec<_> = stage.kms_requests().iter().filter_map(|entry| Some(entry["message"].as_str()?.to_owned())).collect();
    for (index, words) in
        [(0, "s old"), (2, "s old"), (4, "absent.pem cannot be read"), (6, "/dev/null is no trust anchor"), (8, "trust anchor")]
    {
        assert!(
            said[index].starts_with("mock KMS: the attestation document was refused: ") && said[index].contains(words),
            "{}",
            said[index]
        );
    }
}

#[test]
fn every_encoding_of_the_answer_opens() {
    let stage = Stage::new();
    let folder = documents(&stage);
    let arn = seal(&stage, &folder);
    let help = text(&succeed(Command::new(bin("sealroom-mock-kms")).arg("--help")).stdout);
    for form in FORMS {
        assert!(help.contains(&format!("- {form}:")), "{form} stands in --help");
    }
    let root = stage.path("sim/nsm-root.pem");
    let arguments = FORMS.map(|form| ["--nsm-root", root.to_str().unwrap(), "--cms-form", form]);
    let mocks: Vec<_> = FORMS.iter().zip(&arguments).map(|(form, arguments)| (*form, arguments.as_slice())).collect();
    for (form, answer) in FORMS.iter().zip(with_mocks(&stage, &arn, &folder, &mocks)) {
        assert_eq!(answer[0], SOUND.told(), "{form}");
        let file = folder.join(format!("{form}.cms"));
        // The enclave's own reader takes each but the one that AWS's own would refuse, too.
        let output = Command::new(bin("cms-open")).arg("--key").arg(folder.join("recipient.pk8.der")).arg(&file).output().unwrap();
        assert_eq!(output.status.success(), *form != "issuer-serial", "{form}");
    }
}

#[test]
fn faults_happen_as_asked() {
    let stage = Stage::new();
    let folder = documents(&stage);
    let arn = seal(&stage, &folder);
    let nothing = Told { key_id: true, plaintext: false, sealed: false, opens: false, equal: false, length: None };
    let expected = [
        ("throttle:1", json!({"code": "ThrottlingException"})),
        ("expire:1", json!({"code": "ExpiredTokenException"})),
        ("expired-token:1", json!({"code": "ExpiredTokenException"})),
        ("disconnect:1", json!({"code": "ConnectionClosedError"})),
        ("slow:250ms:1", SOUND.told()),
        ("plaintext:1", Told { plaintext: true, ..nothing }.told()),
        ("plaintext-too:1", Told { plaintext: true, ..SOUND }.told()),
        ("no-cfr:1", nothing.told()),
        ("tampered-cms:1", Told { sealed: true, ..nothing }.told()),
        ("substituted-key:1", Told { equal: false, ..SOUND }.told()),
        ("short-key:1", Told { equal: false, length: Some(31), ..SOUND }.told()),
        ("wrong-key-id:1", Told { key_id: false, ..SOUND }.told()),
    ];
    let root = stage.path("sim/nsm-root.pem");
    let arguments: Vec<_> = expected.iter().map(|(fault, _)| ["--nsm-root", root.to_str().unwrap(), "--fault", fault]).collect();
    let mocks: Vec<_> = expected.iter().zip(&arguments).map(|((fault, _), arguments)| (*fault, arguments.as_slice())).collect();
    let answers = with_mocks(&stage, &arn, &folder, &mocks);
    for ((fault, expected), answer) in expected.iter().zip(answers) {
        assert_eq!(answer, json!([expected, SOUND.told()]), "{fault}, and the request after it");
    }
    let log: Vec<_> = stage.kms_requests().into_iter().filter(|entry| entry["operation"] == "Decrypt").collect();
    for (pair, (fault, _)) in log.chunks(2).zip(&expected) {
        let name = fault.split(':').next().unwrap().replace("expired-token", "expire");
        assert_eq!((&pair[0]["faults"], &pair[1]["faults"]), (&json!([name]), &Value::Null), "{fault}");
    }
    assert!(log[8]["duration_us"].as_u64().unwrap() >= 250_000, "slow waits that long before it answers");
}

#[test]
fn denials_tell_the_condition_and_both_values() {
    let stage = Stage::new();
    let folder = documents(&stage);
    let arn = seal(&stage, &folder);
    let quiet = stage.kms_requests().len();
    let mut command = Command::new(bin("sealroom-mock-kms"));
    command.arg("--dir").arg(stage.path("kms")).arg("--nsm-root").arg(stage.path("sim/nsm-root.pem"));
    let kms = Process::start("mock-kms", command);
    let endpoint = format!("https://{}", kms.wait_for("listening "));
    succeed(stage.python("operator", "mock_kms_denials.py").env("AWS_ENDPOINT_URL_KMS", endpoint).arg(&arn).arg(&folder));

    let log = stage.kms_requests().split_off(quiet);
    let denied: Vec<_> = log.iter().filter(|entry| entry["outcome"] != "ok").collect();
    let decision = |index: usize| denied[index]["decisions"].as_array().unwrap().last().unwrap();
    let pcr = |measurement: &[u8]| json!([hex(measurement)]);
    // Another image: each PCR that differs, with both values. None of them: no actual value.
    let (mine, other) = (image(), other_image());
    let of_pcr = |index: usize, expected: &[u8; 48], actual: Option<&[u8; 48]>| {
        let mut check = json!({
            "at": format!("statement {} (Deny, OnlyPcr{index})", 4 + index),
            "condition": format!("StringNotEqualsIgnoreCase kms:RecipientAttestation:PCR{index}"),
            "expected": pcr(expected),
        });
        if let Some(actual) = actual {
            check["actual"] = pcr(actual);
        }
        check
    };
    let differs =
        [of_pcr(0, &mine.pcr0, Some(&other.pcr0)), of_pcr(1, &mine.pcr1, Some(&other.pcr1)), of_pcr(2, &mine.pcr2, Some(&other.pcr2))];
    assert_eq!(*decision(0), json!({"about": "kms:Decrypt", "allowed": false, "by": "explicit deny in the key policy", "failed": differs}));
    let absent = [of_pcr(0, &mine.pcr0, None), of_pcr(1, &mine.pcr1, None), of_pcr(2, &mine.pcr2, None)];
    assert_eq!(decision(1)["failed"], json!(absent));

    assert_eq!((&decision(2)["about"], &decision(2)["by"]), (&json!("Recipient"), &json!("the attestation document")));
    let age = &decision(2)["failed"][0];
    assert_eq!((&age["condition"], &age["expected"]), (&json!("age in seconds (--max-document-age)"), &json!(["at most 300"])));
    assert!(age["actual"][0].as_str().unwrap().parse::<u64>().unwrap() >= DOCUMENT_AGE.as_secs());

    assert_eq!(decision(3)["by"], json!("no statement and no grant names this principal and action"));
    let grant = log.iter().find(|entry| entry["operation"] == "CreateGrant").unwrap();
    assert_eq!(grant["decisions"][0], json!({"about": "kms:CreateGrant", "allowed": true, "by": "statement 4 (Allow) of the key policy"}));
    let failed = decision(4)["failed"].as_array().unwrap();
    let statement = json!({"at": "statement 3 (Allow)", "condition": "StringEquals kms:EncryptionContext:kind", "expected": ["input"], "actual": ["output"]});
    assert_eq!(failed[0], statement);
    assert!(failed[1]["at"].as_str().unwrap().starts_with("grant "));
    assert_eq!((&failed[1]["expected"], &failed[1]["actual"]), (&json!(["kind=other"]), &json!(["kind=output"])));

    let context = json!({"at": "ciphertext", "condition": "the encryption context is the one at encryption", "expected": ["kind=input"]});
    assert_eq!(decision(5)["failed"], json!([context]));
    assert_eq!(decision(6)["failed"][0]["actual"], json!(["altered"]));
    assert_eq!(denied.len(), 7);

    // On stderr, the same as lines; of those that were denied alone.
    let told = kms.spoken();
    let told: Vec<_> = told.lines().filter(|line| !line.starts_with("listening ") && *line != "ready").collect();
    assert_eq!(told.len(), denied.len(), "{told:?}");
    let line = format!(
        "statement 5 (Deny, OnlyPcr1): StringNotEqualsIgnoreCase kms:RecipientAttestation:PCR1: expected {}, the request has {}",
        hex(&mine.pcr1),
        hex(&other.pcr1)
    );
    assert!(
        told[0].starts_with("Decrypt AccessDeniedException for arn:aws:sts::111122223333:assumed-role/operator/sealroom on ")
            && told[0].contains(&line),
        "{}",
        told[0]
    );
}

#[test]
fn certificate_is_good_for_kms_this_machine_and_the_names_given() {
    let mut stage = Stage::new();
    stage.restart_kms(&["--tls-host", "kms.test", "--tls-host", "127.0.0.2"]);
    let names = ["kms.eu-central-1.amazonaws.com", "kms-fips.us-east-1.amazonaws.com", "localhost", "127.0.0.1", "kms.test", "127.0.0.2"];
    let others = ["s3.eu-central-1.amazonaws.com", "other.test", "127.0.0.3"];
    let mut script = stage.python("owner", "mock_kms_tls.py");
    let output = succeed(script.arg(stage.kms_address()).args(names).args(others));
    assert_eq!(text(&output.stdout).lines().collect::<Vec<_>>(), [vec!["good"; names.len()], vec!["refused"; others.len()]].concat());
}

#[test]
fn usage_errors_name_what_is_wrong() {
    let faults = "throttle, expire, expired-token, disconnect, slow, wrong-key-id, plaintext, plaintext-too, no-cfr, tampered-cms, substituted-key, short-key, together";
    for (arguments, words) in [
        (["--fault", "no-such-fault"], format!("unknown fault `no-such-fault`; known are {faults}")),
        (["--fault", "slow:2"], "`slow:2`: expected slow:DURATION or slow:DURATION:COUNT, such as slow:2s".to_owned()),
        (["--fault", "throttle:many"], "`throttle:many`: expected NAME or NAME:COUNT".to_owned()),
        (["--cms-form", "none"], "invalid value 'none'".to_owned()),
    ] {
        let output = Command::new(bin("sealroom-mock-kms")).args(["--dir", "unused"]).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(&words), "{}", text(&output.stderr));
    }
    assert!(!Path::new("unused").exists());
    // Each fault stands in the help and on the page.
    let help = text(&succeed(Command::new(bin("sealroom-mock-kms")).arg("--help")).stdout);
    let page = fs::read_to_string(workspace().join("docs/mock-kms.md")).unwrap();
    for fault in faults.split(", ") {
        assert!(help.contains(fault) && page.contains(&format!("`{fault}")), "{fault}");
    }
}

#[test]
fn what_cannot_be_started_says_why() {
    let stage = Stage::new();
    let start = |dir: &Path, listen: &str| {
        let output = Command::new(bin("sealroom-mock-kms")).arg("--dir").arg(dir).args(["--listen", listen]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        text(&output.stderr)
    };
    let taken = start(&stage.path("kms"), stage.kms_address());
    assert!(taken.contains(stage.kms_address()) && taken.contains("choose another with --listen"), "{taken}");
    fs::create_dir(stage.path("other")).unwrap();
    stage.write("other/credentials", "[app]\naws_access_key_id = A\n");
    let damaged = start(&stage.path("other"), "127.0.0.1:0");
    assert!(damaged.contains("other/credentials: profile app: aws_secret_access_key is missing"), "{damaged}");
    for (name, content) in [("keys.json", "no JSON"), ("ca.key", "no key")] {
        let folder = stage.path(name.split_once('.').unwrap().0);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("ca.pem"), "").unwrap();
        fs::write(folder.join(name), content).unwrap();
        let damaged = start(&folder, "127.0.0.1:0");
        assert!(damaged.contains(&format!("/{name}: ")), "{damaged}");
    }
    let file = start(&stage.write("a-file", ""), "127.0.0.1:0");
    assert!(file.contains("/a-file: File exists"), "{file}");
}

/// What `mock_kms_fault.py` says of an answer.
#[derive(Clone, Copy)]
struct Told {
    key_id: bool,
    plaintext: bool,
    sealed: bool,
    opens: bool,
    equal: bool,
    length: Option<usize>,
}

const SOUND: Told = Told { key_id: true, plaintext: false, sealed: true, opens: true, equal: true, length: Some(32) };

impl Told {
    fn told(self) -> Value {
        let Self { key_id, plaintext, sealed, opens, equal, length } = self;
        json!({"key_id": key_id, "plaintext": plaintext, "sealed": sealed, "opens": opens, "equal": equal, "length": length})
    }
}

const FORMS: [&str; 10] =
    ["constructed", "primitive", "chunked", "uneven", "nested", "definite", "der", "explicit-label", "absent-parameters", "issuer-serial"];
