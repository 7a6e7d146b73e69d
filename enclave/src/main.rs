//! `sealroom-enclave`: the program of the image. Wires the parts and nothing else.

use std::process::ExitCode;
use std::sync::Arc;

use sealroom_enclave::config::{Config, ConfigError};
use sealroom_enclave::enclave::{BootError, Enclave};
use sealroom_enclave::nsm::{Device, NsmError};
use sealroom_enclave::server;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("arguments are not accepted: everything that matters is measured")]
    Arguments,
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Nsm(#[from] NsmError),
    #[error(transparent)]
    Boot(#[from] BootError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

fn main() -> ExitCode {
    let Err(error) = run() else { return ExitCode::SUCCESS };
    // Seen on the console of a debug enclave only.
    eprintln!("sealroom-enclave does not run: {error}");
    ExitCode::FAILURE
}

fn run() -> Result<(), StartError> {
    if std::env::args_os().len() > 1 {
        return Err(StartError::Arguments);
    }
    let config = Config::read()?;
    let nsm = Arc::new(Device::open()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let enclave = Arc::new(Enclave::boot(&config, nsm)?);
        server::serve(&config, enclave).await?;
        Ok(())
    })
}
