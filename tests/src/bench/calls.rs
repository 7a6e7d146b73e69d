//! KMS calls of one job, as the mock's log has them.

use anyhow::Result;

use super::Settings;
use super::harness::{Harness, Reader};
use super::report::{Row, Target};

pub fn measure(settings: &Settings) -> Result<Vec<Row>> {
    let harness = Harness::new(&Reader::Kms)?;
    let sealed = settings.folder("calls")?.join("in.sealed");
    harness.seal(1024, &sealed)?;
    let enclave = harness.enclave()?;
    let before = harness.stage.kms_requests().len();
    enclave.run(&mut harness.submit(&enclave, &sealed))?;
    let requests = harness.stage.kms_requests().split_off(before);
    let count = |operation: &str| requests.iter().filter(|request| request["operation"] == operation).count();
    let row = |operation: &str, wanted: usize, of: &str| {
        let made = count(operation);
        let measure = format!("KMS calls: {operation}, {of}");
        Row::number(&measure, format!("{made}"), format!("{wanted}"), made as f64, Target::Exactly(wanted as f64))
    };
    Ok(vec![
        row("Decrypt", 2, "one for each distinct encrypted data key: the input's and the token key's"),
        row("GenerateDataKey", 1, "one for each output"),
    ])
}
