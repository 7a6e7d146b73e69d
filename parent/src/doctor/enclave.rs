//! The enclave: that it runs, which one is meant, that it is not in debug mode, and that it answers.

use sealroom_shared::address::EnclaveAddress;
use tokio::time::timeout;

use super::{
    STEP,
    nitro_cli::{Described, DescribedEnclave},
};
use crate::{commands::ping, verdict::Verdict};

/// The enclave that is meant, as far as it is known.
#[derive(Default)]
pub struct Found {
    /// Where it should answer.
    pub address: Option<EnclaveAddress>,
    /// What nitro-cli says of it.
    pub enclave: Option<DescribedEnclave>,
}

/// Whether the enclave runs, and in production mode.
pub fn check(verdict: &mut Verdict, described: Described, address: Option<&EnclaveAddress>) -> Found {
    let given = || Found { address: address.cloned(), enclave: None };
    let unknown = |verdict: &mut Verdict, reason: &str| {
        verdict.skip("enclave-mode", reason);
        given()
    };
    let described = match described {
        Described::Enclaves(described) => described,
        Described::NotAsked(reason) => {
            verdict.skip("enclave-running", reason);
            return unknown(verdict, reason);
        }
        Described::Failed(problem) => {
            verdict.refuse(
                "enclave-running",
                problem,
                "run it by hand, as the user that starts enclaves; /var/log/nitro_enclaves says more",
            );
            return unknown(verdict, "it is not known which enclave runs");
        }
    };
    let chosen = match (address, described.as_slice()) {
        (_, []) => {
            verdict.refuse("enclave-running", "no enclave runs", RUN);
            return unknown(verdict, "no enclave runs");
        }
        (Some(EnclaveAddress::Vsock { cid, .. }), all) => match all.iter().find(|enclave| enclave.cid == *cid) {
            Some(enclave) => enclave,
            None => {
                let detail = format!("no enclave has CID {cid}; there is {}", titles(all));
                verdict.refuse(
                    "enclave-running",
                    detail,
                    "give --enclave, and `sealroom proxy --enclave-cid`, the CID of the one that runs",
                );
                return unknown(verdict, "the enclave of --enclave does not run");
            }
        },
        (_, [only]) => only,
        (_, several) => {
            let mend = "say which one is meant with --enclave vsock://CID:5000";
            verdict.refuse("enclave-running", format!("several enclaves run: {}", titles(several)), mend);
            return unknown(verdict, "several enclaves run");
        }
    };
    let title = chosen.title();
    if chosen.state == "RUNNING" {
        let others = if described.len() > 1 { format!(" (of {})", described.len()) } else { String::new() };
        verdict.check("enclave-running", true, format!("{title}{others} runs"));
    } else {
        let mend = format!("end it with `nitro-cli terminate-enclave` and run it again: {RUN}");
        verdict.refuse("enclave-running", format!("{title} is {}, not RUNNING", chosen.state), mend);
    }
    if chosen.is_debug() {
        verdict.refuse("enclave-mode", format!("{title} has the flags {}: in debug mode its PCRs are zero", chosen.flags), DEBUG);
    } else {
        verdict.check("enclave-mode", true, "production mode");
    }
    let usual = EnclaveAddress::Vsock { cid: chosen.cid, port: JOBS_PORT };
    Found { address: Some(address.cloned().unwrap_or(usual)), enclave: Some(chosen.clone()) }
}

/// Whether it answers on its job port, as `sealroom ping` asks.
pub async fn check_answer(verdict: &mut Verdict, address: Option<&EnclaveAddress>) {
    let Some(address) = address else {
        return verdict.skip("enclave-answers", "no --enclave was given, and no enclave was found");
    };
    match timeout(STEP, ping::ask(address)).await {
        Ok(Ok(())) => verdict.check("enclave-answers", true, format!("{address} answers")),
        Ok(Err(failure)) => verdict.refuse("enclave-answers", failure.message(), ANSWER),
        Err(_) => verdict.refuse("enclave-answers", format!("{address} does not answer within {} s", STEP.as_secs()), ANSWER),
    }
}

fn titles(enclaves: &[DescribedEnclave]) -> String {
    enclaves.iter().map(DescribedEnclave::title).collect::<Vec<_>>().join(", ")
}

/// The job port of the shipped configuration.
const JOBS_PORT: u32 = 5000;

const RUN: &str = "`scripts/run-enclave.sh --eif image/sealroom.eif`";
const DEBUG: &str = "KMS releases nothing to it, and the parent reads its console: end it, and run it without --debug-mode";
const ANSWER: &str = "compare address and port with the CID that runs and the image's [ports]; a boot takes seconds (`sealroom ping --wait 60`); \
                      an enclave that ends at once was given too little memory or a configuration that it refuses";
