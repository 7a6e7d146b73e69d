//! Jobs that speak of several people need to know that no record was left out on purpose: a sealed file says so, and so
//! does a manifest. Single sealed values without one do not.

use super::*;

fn decided(input: &str, kind: &str) -> Option<Breach> {
    let text = format!(
        "version = 1\nname = \"n\"\ndatasets = [\"d\"]\nkeys = [\"arn:aws:kms:eu-central-1:111122223333:key/1\"]\n\
         recipients = [{{ name = \"r\", kms_key = \"arn:aws:kms:eu-central-1:111122223333:key/2\" }}]\n\
         input = {{ format = \"ndjson\", on_error = \"fail\", {input} }}\npeople = {{ field = \"who\", min = 2 }}\n\
         release = {{ aggregates = {{ max_groups = 10 }}, discovery = {{}} }}\n[fields.who]\n"
    );
    let sealed = if input.contains("\"fields\"") { "sealed = true\n" } else { "" };
    let policy = Policy::parse(format!("{text}{sealed}").as_bytes()).unwrap();
    let job = Job::parse(format!("version = 1\n{kind}").as_bytes()).unwrap();
    super::super::job(&policy, &job, NOW).err().map(|refused| refused.breach)
}

#[test]
fn what_speaks_of_many_needs_a_sealed_file_or_a_manifest() {
    let count = "kind = \"aggregate\"\n[measures]\nn = { op = \"count\" }\n";
    for (input, refused) in [
        ("form = \"file\"", false),
        ("form = \"file\", whole = false", false),
        ("form = \"fields\"", false),
        ("form = \"fields\", whole = false", true),
    ] {
        assert_eq!(decided(input, count), refused.then_some(Breach::NothingSealed), "{input}");
        // That no field may be discovered is looked at later.
        let expected = if refused { Breach::NothingSealed } else { Breach::NothingToDiscover };
        assert_eq!(decided(input, "kind = \"discover\"\n"), Some(expected), "{input}");
    }
}
