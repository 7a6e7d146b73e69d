//! Tests of rows whose values are texts: cells of CSV, and values that are sealed one by one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::authorize::{self, Breach};
use crate::job::Job;
use crate::message::{DataKey, EncryptedDataKey, EncryptionContext, Sealer};
use crate::policy::{Policy, UnixMillis};
use crate::record::csv::{CsvError, HeaderError};
use crate::record::sealed::MissingKey;
use crate::record::tokens::TokenKey;

const OPS: &str = "filter = { ops = [\"eq\", \"ne\", \"lt\", \"ge\", \"in\", \"exists\"] }";

fn policy(input: &str, fields: &str) -> Policy {
    let check = TokenKey::from_bytes([7; 32]).check_value("d");
    let text = format!(
        "version = 1\nname = \"n\"\ndatasets = [\"d\"]\nkeys = [\"arn:aws:kms:eu-central-1:111122223333:key/1\"]\n\
         recipients = [{{ name = \"r\", kms_key = \"arn:aws:kms:eu-central-1:111122223333:key/2\" }}]\n\
         tokens.d.check = \"{check}\"\nrelease.records.max_records = 1000\npeople = {{ field = \"who\", min = 1 }}\n\
         [input]\n{input}\n{fields}\n"
    );
    Policy::parse(text.as_bytes()).unwrap()
}

fn plan(policy: &Policy, job: &str) -> Result<authorize::Plan, Breach> {
    let job = Job::parse(format!("version = 1\nkind = \"records\"\n{job}").as_bytes()).unwrap();
    authorize::job(policy, &job, UnixMillis(0)).map_err(|error| error.breach)
}

fn processor(policy: &Policy, job: &str) -> RowProcessor {
    plan(policy, job).unwrap().processor(&BTreeMap::from([("d".to_owned(), TokenKey::from_bytes([7; 32]))])).unwrap()
}

/// Head and rows of a job over one input.
fn rows(policy: &Policy, job: &str, input: &str) -> Result<(String, Counts), RecordRefused> {
    let mut processor = processor(policy, job);
    let mut worker = processor.worker();
    let mut out = processor.head();
    worker.whole(processor.cutter(), input.as_bytes(), &mut out)?;
    processor.merge(worker.into_tally())?;
    let (counts, _) = processor.finish()?;
    Ok((String::from_utf8(out).unwrap(), counts))
}

fn csv_policy(on_error: &str) -> Policy {
    policy(
        &format!("format = \"csv\"\non_error = \"{on_error}\""),
        &format!(
            "[fields.who]\ntokenize = {{ domain = \"d\" }}\nkeep = true\n{OPS}\n[fields.card]\nmask = {{ keep_last_max = 4 }}\n\
             [fields.zip]\ntruncate = {{ keep_first_max = 3 }}\n[fields.amount]\nkeep = true\ntype = \"number\"\ntokenize = {{ domain = \"d\" }}\n{OPS}\n\
             [fields.note]\nkeep = true\n{OPS}\n"
        ),
    )
}

#[test]
fn cells_are_operated_on_as_texts_and_written_as_cells() {
    let job = "[fields]\nnote = { op = \"keep\" }\ncard = { op = \"mask\", keep_last = 4 }\n\"a,b\" = { from = \"zip\", op = \"truncate\", keep_first = 3 }\namount = { op = \"keep\" }\n";
    let input = "\u{feff}who,zip,note,card,amount\r\n\
        1,10115,\"said \"\"no\"\",\nand left\",4111111111111111,1.50e2\r\n\
        \r\n\
        2,,, ,\"-0\"\n\
        3,\"ab,cd\",\"\",\"12\"\"345\",7";
    let (out, counts) = rows(&csv_policy("fail"), job, input).unwrap();
    let expected =
        "note,card,\"a,b\",amount\n\"said \"\"no\"\",\nand left\",************1111,101,1.50e2\n, ,,-0\n,\"**\"\"345\",\"ab,\",7\n";
    // The mask of `12"345` with 4 kept: two stars, then the quote and 345.
    assert_eq!(out, expected);
    assert_eq!(counts, Counts { read: 3, released: 3, skipped: 0 });
}

#[test]
fn a_cell_is_a_string_unless_the_policy_calls_it_a_number() {
    let token =
        |key: &str, input: &str| rows(&csv_policy("fail"), &format!("[fields]\n{key} = {{ op = \"tokenize\" }}\n"), input).unwrap().0;
    let json = policy(
        "format = \"ndjson\"\non_error = \"fail\"",
        "[fields.who]\ntokenize = { domain = \"d\" }\n[fields.amount]\ntokenize = { domain = \"d\" }\n",
    );
    let from_json = |key: &str, input: &str| {
        let (out, _) = rows(&json, &format!("[fields]\n{key} = {{ op = \"tokenize\" }}\n"), input).unwrap();
        serde_json::from_str::<serde_json::Value>(&out).unwrap()[key].as_str().unwrap().to_owned()
    };
    assert_eq!(token("who", "who,amount\n5,5\n"), format!("who\n{}\n", from_json("who", "{\"who\":\"5\"}")));
    assert_eq!(token("amount", "who,amount\n5,5\n"), format!("amount\n{}\n", from_json("amount", "{\"amount\":5}")));
    assert_eq!(token("who", "who,amount\n\"a\"\"b\",1\n"), format!("who\n{}\n", from_json("who", "{\"who\":\"a\\\"b\"}")));
}

#[test]
fn an_empty_cell_is_null() {
    let job = |condition: &str| format!("where = [{condition}]\n[fields]\nwho = {{ op = \"keep\" }}\n");
    let input = "who,note,amount\na,,1\nb,\"\",2\nc,x,\n";
    let kept =
        |condition: &str| rows(&csv_policy("fail"), &job(condition), input).map(|(out, _)| out.replace("who\n", "").replace('\n', ""));
    assert_eq!(kept("{ field = \"note\", op = \"exists\" }"), Ok("c".to_owned()));
    assert_eq!(kept("{ field = \"note\", op = \"exists\", value = false }"), Ok("ab".to_owned()));
    assert_eq!(kept("{ field = \"note\", op = \"ne\", value = \"y\" }"), Ok("c".to_owned()));
    assert_eq!(kept("{ field = \"amount\", op = \"ge\", value = 1.5 }"), Ok("b".to_owned()));
    assert_eq!(kept("{ field = \"amount\", op = \"exists\" }"), Ok("ab".to_owned()));
    // A row of one empty cell is not a blank line, which would be padding.
    assert_eq!(rows(&csv_policy("fail"), "[fields]\nnote = { op = \"keep\" }\n", input).unwrap().0, "note\n\"\"\n\"\"\nx\n");
}

#[test]
fn a_condition_of_the_other_type_is_not_allowed() {
    let refused =
        |condition: &str| plan(&csv_policy("fail"), &format!("where = [{condition}]\n[fields]\nwho = {{ op = \"keep\" }}\n")).err();
    for condition in [
        "{ field = \"who\", op = \"eq\", value = 5 }",
        "{ field = \"who\", op = \"eq\", value = true }",
        "{ field = \"who\", op = \"in\", value = [\"a\", 5] }",
    ] {
        assert_eq!(refused(condition), Some(Breach::ConditionType("string")), "{condition}");
    }
    assert_eq!(refused("{ field = \"amount\", op = \"lt\", value = \"5\" }"), Some(Breach::ConditionType("number")));
    assert_eq!(refused("{ field = \"amount\", op = \"in\", value = [1, 2] }"), None);
}

#[test]
fn bad_csv_is_refused_and_skipped_by_the_record() {
    let job = "[fields]\nwho = { op = \"keep\" }\namount = { op = \"keep\" }\n";
    for (record, refused) in [
        ("a,1,2", RecordRefused::Csv(CsvError::CellCount)),
        ("a", RecordRefused::Csv(CsvError::CellCount)),
        ("a\"b\",1", RecordRefused::Csv(CsvError::QuoteInUnquotedCell)),
        ("\"a\"b,1", RecordRefused::Csv(CsvError::AfterClosingQuote)),
        ("a,1x", RecordRefused::NotANumber),
        ("a,01", RecordRefused::NotANumber),
        ("a, 1", RecordRefused::NotANumber),
        ("a,NaN", RecordRefused::NotANumber),
        ("a,\"1\"\"\"", RecordRefused::NotANumber),
    ] {
        let input = format!("who,amount\nx,1\n{record}\ny,2\n");
        assert_eq!(rows(&csv_policy("fail"), job, &input).err(), Some(refused), "{record}");
        let (out, counts) = rows(&csv_policy("skip"), job, &input).unwrap();
        assert_eq!((out.as_str(), counts), ("who,amount\nx,1\ny,2\n", Counts { read: 3, released: 2, skipped: 1 }));
    }
    for (input, refused) in
        [("who,who\n", HeaderError::DuplicateName), ("who,\n", HeaderError::EmptyName), ("who,sum\na,1\n", HeaderError::MissingColumn(1))]
    {
        for on_error in ["fail", "skip"] {
            assert_eq!(rows(&csv_policy(on_error), job, input).err(), Some(RecordRefused::CsvHeader(refused)));
        }
    }
}

fn fields_policy(format: &str, whole: bool) -> Policy {
    let filter = if whole { OPS } else { "" };
    policy(
        &format!("format = \"{format}\"\nform = \"fields\"\non_error = \"skip\"\nwhole = {whole}"),
        &format!(
            "[fields.who]\nsealed = true\nkeep = true\n{filter}\n[fields.card]\nsealed = true\nmask = {{ keep_last_max = 4 }}\nkeep = true\n\
             [fields.amount]\nsealed = true\ntype = \"number\"\nkeep = true\n{filter}\n[fields.city]\nkeep = true\n"
        ),
    )
}

/// A sealed value in base64.
fn sealed(field: &str, key: u8, value: &str) -> String {
    let mut context = EncryptionContext::new();
    context.insert("sealroom:field", field).unwrap();
    let wrapped = EncryptedDataKey { provider_id: "aws-kms".to_owned(), provider_info: b"arn".to_vec(), ciphertext: vec![key; 100] };
    let mut sealer = Sealer::new(context, vec![wrapped], &DataKey::from_bytes([key; 32])).unwrap();
    let mut message = sealer.header().to_vec();
    sealer.push(value.as_bytes(), &mut message).unwrap();
    sealer.finish(&mut message).unwrap();
    STANDARD.encode(message)
}

/// Runs a job whose data keys are given when they are asked for; `ask` sees each.
fn released(policy: &Policy, job: &str, input: &str, mut ask: impl FnMut(&MissingKey)) -> Result<(String, Counts), RecordRefused> {
    let mut processor = processor(policy, job);
    let (mut worker, keys) = (processor.worker(), processor.value_keys());
    let mut out = processor.head();
    let mut cutter = processor.cutter();
    cutter.space().extend_from_slice(input.as_bytes());
    let (block, mut at) = (cutter.finish(), 0);
    loop {
        match worker.advance(&block, &mut at, &mut out)? {
            Step::Done => break,
            Step::Full => panic!("short input"),
            Step::KeyMissing => {
                let missing = worker.missing(&block, at);
                assert!(!missing.is_empty());
                for missing in missing {
                    ask(&missing);
                    let key = missing.header.encrypted_data_keys()[0].ciphertext[0];
                    keys.give(missing.of, DataKey::from_bytes([key; 32])).unwrap();
                }
            }
        }
    }
    processor.merge(worker.into_tally())?;
    let (counts, _) = processor.finish()?;
    Ok((String::from_utf8(out).unwrap(), counts))
}

const FIELDS_JOB: &str =
    "[fields]\nwho = { op = \"keep\" }\ncard = { op = \"mask\", keep_last = 2 }\namount = { op = \"keep\" }\ncity = { op = \"keep\" }\n";

#[test]
fn sealed_values_are_opened_typed_and_operated_on() {
    let (who, card, amount) = (sealed("who", 1, "a\"n,n\n"), sealed("card", 2, "4111"), sealed("amount", 3, "12.50"));
    let json = format!(
        "{{\"who\":\"{who}\",\"x\":[1],\"city\":{{\"n\": \"B\"}},\"amount\":\"{}\",\"card\":\"{card}\"}}\n{{\"who\":null,\"city\":1}}\n",
        amount.replace('/', "\\/")
    );
    let mut asked = Vec::new();
    let (out, counts) =
        released(&fields_policy("ndjson", true), FIELDS_JOB, &json, |missing| asked.push(missing.of.field().to_owned())).unwrap();
    assert_eq!(out, "{\"who\":\"a\\\"n,n\\n\",\"card\":\"**11\",\"amount\":12.50,\"city\":{\"n\": \"B\"}}\n{\"who\":null,\"city\":1}\n");
    assert_eq!(counts, Counts { read: 2, released: 2, skipped: 0 });
    asked.sort();
    assert_eq!(asked, ["amount", "card", "who"]);

    let csv = format!("city,who,card,amount\nB,{who},{card},\"{amount}\"\nC,,,\n");
    let (out, _) = released(&fields_policy("csv", true), FIELDS_JOB, &csv, |_| {}).unwrap();
    assert_eq!(out, "who,card,amount,city\n\"a\"\"n,n\n\",**11,12.50,B\n,,,C\n");
}

#[test]
fn a_data_key_is_asked_for_once_however_many_values_it_seals() {
    let lines: String = (0..300)
        .map(|number| format!("{{\"who\":\"{}\"}}\n", sealed("who", u8::try_from(number / 100 + 1).unwrap(), &number.to_string())))
        .collect();
    let mut asked = 0;
    let (out, counts) = released(&fields_policy("ndjson", false), "[fields]\nwho = { op = \"keep\" }\n", &lines, |_| asked += 1).unwrap();
    assert_eq!((asked, counts.released), (3, 300));
    assert!(out.lines().zip(0..).all(|(line, number)| line == format!("{{\"who\":\"{number}\"}}")));
}

#[test]
fn what_is_not_the_fields_own_sealed_value_ends_the_job_even_where_bad_records_are_skipped() {
    let good = sealed("who", 1, "a");
    let altered = STANDARD.encode({
        let mut message = STANDARD.decode(&good).unwrap();
        *message.last_mut().unwrap() ^= 1;
        message
    });
    let cut = STANDARD.encode({
        let mut message = STANDARD.decode(&good).unwrap();
        message.pop();
        message
    });
    for value in [
        "\"\"",
        "\"plain\"",
        "5",
        "true",
        "[]",
        &format!("\"{altered}\""),
        &format!("\"{cut}\""),
        &format!("\"{good} \""),
        &format!("\"{good}{good}\""),
    ] {
        let lines = format!("{{\"who\":\"{good}\"}}\n{{\"who\":{value}}}\n");
        let refused = released(&fields_policy("ndjson", false), "[fields]\nwho = { op = \"keep\" }\n", &lines, |_| {}).err();
        assert_eq!(refused, Some(RecordRefused::SealedValue), "{value}");
    }
}

#[test]
fn a_value_moved_to_another_field_is_asked_for_as_that_fields() {
    let lines = format!("{{\"who\":\"{0}\",\"card\":\"{0}\"}}\n", sealed("who", 1, "a"));
    let mut asked = Vec::new();
    let context = |missing: &MissingKey| missing.header.context().get("sealroom:field").unwrap().to_owned();
    let job = "[fields]\nwho = { op = \"keep\" }\ncard = { op = \"keep\" }\n";
    released(&fields_policy("ndjson", false), job, &lines, |missing| asked.push((missing.of.field().to_owned(), context(missing))))
        .unwrap();
    // Whoever releases the key sees that the context is not the field's, and refuses.
    assert!(asked.contains(&("card".to_owned(), "who".to_owned())), "{asked:?}");
}

#[test]
fn sealed_values_of_another_type_are_bad_records() {
    let lines = format!("{{\"amount\":\"{}\"}}\n{{\"amount\":\"{}\"}}\n", sealed("amount", 1, "1,5"), sealed("amount", 1, "2"));
    let (out, counts) = released(&fields_policy("ndjson", false), "[fields]\namount = { op = \"keep\" }\n", &lines, |_| {}).unwrap();
    assert_eq!((out.as_str(), counts), ("{\"amount\":2}\n", Counts { read: 2, released: 1, skipped: 1 }));
}

#[test]
fn the_first_sealed_value_is_found_at_the_beginning() {
    let policy = fields_policy("csv", false);
    let plan = plan(&policy, FIELDS_JOB).unwrap();
    let csv = format!("who,card,amount,city\n,,,x\n,{},,y\n", sealed("card", 9, "4111"));
    assert_eq!(plan.first_sealed(csv.as_bytes()).unwrap().of.field(), "card");
    for nothing in ["", "who,card,amount,city\n,,,x\n", "who,card\n", "who,card,amount,city\n,plain,,x\n"] {
        assert!(plan.first_sealed(nothing.as_bytes()).is_none(), "{nothing}");
    }
}
