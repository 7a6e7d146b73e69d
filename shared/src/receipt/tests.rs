//! One form of file and statement, and what a document has to be for them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use super::*;

fn statement() -> Statement {
    let digest = Sha384Digest::of(b"");
    Statement {
        version: 1,
        enclave: "0.1.0".into(),
        policy: NamedDigest { name: "card-transactions".into(), digest },
        job: NamedDigest { name: "records".into(), digest },
        inputs: vec![],
        token_keys: vec![],
        outputs: vec![],
        kms_requests: vec![],
        attested: Attested { authorized: 1, finished: 2 },
        counts: None,
    }
}

#[test]
fn the_canonical_form_has_sorted_keys_and_no_spaces() {
    let text = String::from_utf8(statement().to_canonical().unwrap()).unwrap();
    assert!(text.starts_with("{\"attested\":{\"authorized\":1,\"finished\":2},\"enclave\":\"0.1.0\",\"inputs\":[],\"job\":{\"digest\":"));
}

#[test]
fn a_statement_counts_only_with_its_own_document() {
    let bytes = statement().to_canonical().unwrap();
    let about = *user_data_of(&bytes).as_bytes();
    let receipt = Receipt { statement: bytes.clone(), document: vec![1] };
    assert_eq!(receipt.attested_statement(Some(&about), None, Some(&[1]), Some(&[1])), Ok(statement()));
    assert_eq!(receipt.attested_statement(Some(&about), Some(b"key"), None, None), Err(ReceiptError::OtherPurpose));
    assert_eq!(receipt.attested_statement(None, None, None, None), Err(ReceiptError::NotAboutStatement));
    assert_eq!(receipt.attested_statement(Some(&about), None, Some(&[1]), Some(&[2])), Err(ReceiptError::Nonce));
    let unlabelled = *Sha384Digest::of(&bytes).as_bytes();
    assert_eq!(receipt.attested_statement(Some(&unlabelled), None, None, None), Err(ReceiptError::NotAboutStatement));
}

#[test]
fn a_statement_that_is_not_canonical_is_refused() {
    let mut bytes = statement().to_canonical().unwrap();
    bytes.push(b' ');
    let about = *user_data_of(&bytes).as_bytes();
    let receipt = Receipt { statement: bytes, document: vec![] };
    assert_eq!(receipt.attested_statement(Some(&about), None, None, None), Err(ReceiptError::Statement));
}

#[test]
fn a_receipt_file_has_one_form() {
    let receipt = Receipt { statement: b"{}".to_vec(), document: vec![1, 2, 3] };
    let file = receipt.to_file();
    assert_eq!(Receipt::parse(&file), Ok(receipt));
    for index in 0..file.len() {
        for bit in 0..8 {
            let mut other = file.clone();
            other[index] ^= 1 << bit;
            // Another statement or document may parse, but then it is another receipt, which its document refuses.
            if let Ok(parsed) = Receipt::parse(&other) {
                assert_ne!(parsed, Receipt::parse(&file).unwrap());
            }
        }
    }
    assert_eq!(Receipt::parse(b"{}"), Err(ReceiptError::Format));
    assert_eq!(Receipt::parse(&vec![b' '; limits::RECEIPT_BYTES + 1]), Err(ReceiptError::TooLarge));
}
