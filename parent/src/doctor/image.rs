//! The image that runs, compared with the measurements that its builder published. What nitro-cli says is the parent's own
//! word: an equal answer is no proof (a receipt is), a different one is a fault found.

use std::collections::BTreeSet;

use sealroom_shared::measurements::Measurements;

use super::{nitro_cli::DescribedEnclave, pcr};
use crate::verdict::Verdict;

/// Whether the enclave runs the image of `--measurements`.
pub fn check(verdict: &mut Verdict, enclave: Option<&DescribedEnclave>, published: Option<&Measurements>) {
    let Some(published) = published else { return verdict.skip(NAME, "no --measurements were given") };
    let Some(enclave) = enclave else { return verdict.skip(NAME, "nitro-cli says of no enclave what it runs") };
    let running = match enclave.measurements() {
        None => return verdict.skip(NAME, "this nitro-cli does not say what the enclave measures"),
        Some(Err(error)) => return verdict.skip(NAME, format!("nitro-cli's measurements of the enclave: {error}")),
        Some(Ok(running)) => running,
    };
    let differing: BTreeSet<u8> =
        published.iter().filter(|(index, pcr)| running.pcr(*index) != Some(pcr)).map(|(index, _)| index).collect();
    if differing.is_empty() {
        return verdict.check(NAME, true, "by nitro-cli's word, the enclave runs the image of --measurements");
    }
    let detail = format!(
        "the enclave runs another image than that of --measurements: {} differ; {}",
        pcr::named(&differing),
        pcr::diagnosis(&differing)
    );
    verdict.refuse(NAME, detail, "run the image that was published, or take the measurements that were written when this one was built");
}

const NAME: &str = "image";
