//! Receipts, statements and measurement files from anyone. Each has one written form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealroom_shared::measurements::Measurements;
use sealroom_shared::receipt::{Receipt, ReceiptError, user_data_of};

fuzz_target!(|data: &[u8]| {
    if let Ok(receipt) = Receipt::parse(data) {
        assert_eq!(receipt.to_file(), data);
        statement(&receipt);
    }
    // The input as a statement whose document is about it.
    statement(&Receipt { statement: data.to_vec(), document: vec![] });
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(measurements) = Measurements::from_nitro_cli(text)
    {
        let again = Measurements::from_nitro_cli(&measurements.to_nitro_cli()).expect("what was written");
        assert!(again.iter().eq(measurements.iter()));
    }
});

fn statement(receipt: &Receipt) {
    let about = user_data_of(&receipt.statement);
    if let Ok(statement) = receipt.attested_statement(Some(about.as_bytes()), None, Some(&[1]), None) {
        assert_eq!(statement.to_canonical().as_ref(), Ok(&receipt.statement));
    }
    assert_eq!(receipt.attested_statement(Some(about.as_bytes()), Some(&[]), None, None), Err(ReceiptError::OtherPurpose));
    assert_eq!(receipt.attested_statement(Some(&receipt.statement), None, None, None), Err(ReceiptError::NotAboutStatement));
    assert_eq!(receipt.attested_statement(Some(about.as_bytes()), None, Some(&[1]), Some(&[2])), Err(ReceiptError::Nonce));
}
