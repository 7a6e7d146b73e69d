//! What the mock KMS answers, by AWS's own clients: boto3 over every operation and every record of real KMS, and the `aws`
//! command.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

use sealroom_testkit::bins::workspace;
use sealroom_testkit::stage::{Stage, succeed, text};
use serde_json::{Value, json};

use crate::documents::documents;

#[test]
fn boto3_gets_what_kms_is_recorded_to_answer() {
    let stage = Stage::new();
    let folder = documents(&stage);
    let output = stage.python("admin", "kms_contract.py").arg(folder).output().unwrap();
    let told = text(&output.stdout);
    assert!(output.status.success(), "{told}{}", text(&output.stderr));
    let cases = told.lines().filter(|line| line.starts_with("ok ")).count();
    assert_eq!(told.lines().last(), Some(format!("{cases} cases, 0 failed").as_str()));

    // Every operation that the page names was carried out, and every one that was carried out is named there.
    let page = fs::read_to_string(workspace().join("docs/mock-kms.md")).unwrap();
    let section = page.split("\n## ").find(|section| section.starts_with("Operations\n")).expect("a section on operations");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
    let named: BTreeSet<_> = rows.flat_map(|cell| cell.split(['`', ',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned)).collect();
    let done = stage.kms_requests().into_iter().filter(|entry| entry["outcome"] == "ok");
    assert_eq!(done.map(|entry| entry["operation"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>(), named);
}

#[test]
fn aws_command_works_unchanged() {
    let stage = Stage::new();
    let role = |name: &str| json!({"AWS": format!("arn:aws:iam::111122223333:role/{name}")});
    let allow = |who: &str, actions: &str| json!({"Effect": "Allow", "Principal": role(who), "Action": actions, "Resource": "*"});
    let deny = json!({"Effect": "Deny", "Principal": role("operator"), "Action": "kms:Decrypt", "Resource": "*",
        "Condition": {"Null": {"kms:RecipientAttestation:PCR0": "true"}}});
    let statements =
        [allow("admin", "kms:*"), allow("owner", "kms:Encrypt"), allow("consumer", "kms:Decrypt"), allow("operator", "kms:Decrypt"), deny];
    let arn = stage.create_key(&json!({"Version": "2012-10-17", "Statement": statements}).to_string());
    let plaintext = stage.write("plaintext", "a data key");
    let context = ["--encryption-context", "sealroom:kind=input"];
    let mut encrypt = stage.aws("owner");
    encrypt.args(["kms", "encrypt", "--key-id", &arn, "--output", "text", "--query", "CiphertextBlob", "--plaintext"]);
    let encrypted = succeed(encrypt.arg(format!("fileb://{}", plaintext.display())).args(context));
    let sealed = stage.write("sealed", base64(text(&encrypted.stdout).trim()));
    let sealed = format!("fileb://{}", sealed.display());
    let decrypt = |profile: &str, context: &[&str]| {
        let mut command = stage.aws(profile);
        command.args(["kms", "decrypt", "--key-id", &arn, "--ciphertext-blob", &sealed, "--output", "text", "--query", "Plaintext"]);
        command.args(context);
        command
    };
    let mut grant = stage.aws("admin");
    grant.args(["kms", "create-grant", "--key-id", &arn, "--grantee-principal", "arn:aws:iam::111122223333:role/operator"]);
    grant.args(["--operations", "Decrypt", "--constraints", "EncryptionContextSubset={sealroom:kind=input}"]);
    // The command starts slowly: all at once.
    let other_context = decrypt("consumer", &["--encryption-context", "sealroom:kind=output"]);
    let commands = [decrypt("consumer", &context), decrypt("operator", &context), other_context, grant];
    let start = |mut command: Command| command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let [opened, denied, other_context, granted] = commands.map(start).map(|child| child.wait_with_output().unwrap());
    assert_eq!(base64(text(&opened.stdout).trim()), b"a data key", "{}", text(&opened.stderr));
    let denied = text(&denied.stderr);
    assert!(denied.contains("(AccessDeniedException)") && denied.contains("with an explicit deny in a resource-based policy"), "{denied}");
    assert!(text(&other_context.stderr).contains("(InvalidCiphertextException)"), "{}", text(&other_context.stderr));
    let granted: Value = serde_json::from_slice(&granted.stdout).unwrap();
    assert_eq!(granted["GrantId"].as_str().unwrap().len(), 64);

    let log = stage.kms_requests();
    let denied = log.iter().find(|entry| entry["outcome"] == "AccessDeniedException").unwrap();
    assert_eq!(denied["operation"], "Decrypt");
    assert_eq!(denied["principal"], "arn:aws:sts::111122223333:assumed-role/operator/sealroom");
    assert_eq!(denied["key_arn"], json!(arn));
    assert_eq!(denied["encryption_context"], json!({"sealroom:kind": "input"}));
    assert_eq!(denied["attested"], json!(false));
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}
