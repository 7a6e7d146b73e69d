//! `examples/contacts`: sealed fields and free text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealroom_testkit::stage::refused;
use serde_json::Value;

use crate::page::Page;

const SEALED: [&str; 6] = ["amount", "card", "country", "customer", "text", "zip"];

#[test]
fn the_contacts_commands_give_the_expected_rows_and_no_more() {
    let page = Page::run("contacts");
    let rows = page.shipped("rows.expected.ndjson");
    assert_eq!(page.stage.read("rows.ndjson"), rows);
    page.shows(&rows.split_inclusive('\n').take(6).collect::<String>());
    page.counts(&rows);
    assert_eq!(page.rows_computed_elsewhere("contacts.ndjson"), rows);
    // What the page says leaves all the same: cards that a line break cuts.
    let cut = rows.lines().filter(|row| row.contains("My card is\\n")).count();
    assert_eq!(cut, 8);
    page.says("There are eight of these.");

    // What the operator sees: what is not sealed, and of the rest that it is there.
    let sealed = page.stage.read("sealed.ndjson");
    let parsed = |text: &str| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>();
    let records = parsed(&page.stage.read("contacts.ndjson"));
    assert_eq!(sealed.lines().count(), records.len());
    for (seen, record) in parsed(&sealed).iter().zip(records) {
        for (name, value) in record.as_object().unwrap() {
            assert_eq!(seen[name] == *value, !SEALED.contains(&name.as_str()) || value.is_null(), "{name} of {record}");
        }
    }
    let message = parsed(&sealed)[0]["card"].as_str().map(|value| STANDARD.decode(value).unwrap()).unwrap();
    let stolen = page.stage.write("card.sealed", message);
    let mut open = page.stage.sealroom("operator");
    open.args(["open", "--kms", "--key-arn", &page.key, "--unverified-origin"]).arg(stolen).arg("--out").arg(page.stage.path("card"));
    let said = refused(&mut open);
    assert!(said.contains("AccessDeniedException") && !page.stage.path("card").exists(), "{said}");

    // The records as the owner sealed them, or not at all.
    let lines: Vec<&str> = sealed.split_inclusive('\n').collect();
    let mut moved = lines.clone();
    moved.swap(3, 4);
    let others = [
        lines[1..].concat(),
        [&lines[..], &lines[..1]].concat().concat(),
        moved.concat(),
        sealed.replacen("\"billing\"", "\"account\"", 1),
    ];
    for other in others {
        assert_ne!(other, sealed);
        page.stage.write("other.ndjson", other);
        page.refuses("input-set", page.submit("policy.toml", "job.toml", "other.ndjson").args(["--manifest", "sealed.ndjson.manifest"]));
    }

    page.other_job("\n[fields]", "\n\n[fields]");
    let said = refused(&mut page.plan("policy.toml", "other.toml"));
    assert!(said.contains("lists in `jobs`") && said.contains("[job-not-allowed]"), "{said}");
}
