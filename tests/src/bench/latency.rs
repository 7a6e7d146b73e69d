//! From the start of `submit` to the receipt, for a small input, without what the mock KMS says that it took itself.

use anyhow::Result;

use super::clock::median;
use super::harness::{Harness, Reader};
use super::report::{Row, Target};
use super::{Settings, nd1k};

pub fn measure(settings: &Settings) -> Result<Vec<Row>> {
    let times = if settings.quick { 10 } else { 50 };
    let harness = Harness::new(&Reader::Rsa)?;
    let sealed = settings.folder("latency")?.join("in.sealed");
    harness.seal(1024 * 1024 / nd1k::RECORD, &sealed)?;
    let enclave = harness.enclave()?;
    enclave.run(&mut harness.submit(&enclave, &sealed))?;
    let (mut whole, mut own) = (Vec::new(), Vec::new());
    for _ in 0..times {
        let before = harness.stage.kms_requests().len();
        let spent = enclave.run(&mut harness.submit(&enclave, &sealed))?.wall * 1e3;
        let logged = harness.stage.kms_requests()[before..].iter().filter_map(|request| request["duration_us"].as_f64()).sum::<f64>() / 1e3;
        whole.push(spent);
        own.push(spent - logged);
    }
    let (whole, own) = (median(whole.into_iter()), median(own.into_iter()));
    Ok(vec![Row::number(
        &format!("`submit` to receipt, 1 MiB, median of {times} without the mock's own time, in ms"),
        format!("{own:.1} ms"),
        format!("with it {whole:.1} ms"),
        own,
        Target::AtMost(20.0),
    )])
}
