//! `sealroom keygen`: the key pair of a consumer.

use std::path::PathBuf;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rsa::{KeySize, PrivateDecryptingKey},
};

use crate::{
    commands::overwrite,
    failure::{Failure, Result},
    pem,
    pending_output::{self, Access, PendingFile},
    report::Report,
};

/// Make an RSA-3072 key pair for a consumer: NAME.key.pem (keep it) and NAME.pub.pem (for the policy)
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Keygen {
    /// Name of the pair: the files are NAME.key.pem and NAME.pub.pem
    #[arg(long, value_name = "NAME")]
    out: PathBuf,
    /// Replace files that are already there
    #[arg(long)]
    force: bool,
}

impl Keygen {
    /// Writes both files, or none.
    pub fn run(self) -> Result<Report> {
        let named = |suffix: &str| {
            let mut name = self.out.clone().into_os_string();
            name.push(suffix);
            PathBuf::from(name)
        };
        let (private_path, public_path) = (named(".key.pem"), named(".pub.pem"));
        let mut private_file = PendingFile::create(&private_path, Access::Private, overwrite(self.force))?;
        let mut public_file = PendingFile::create(&public_path, Access::Usual, overwrite(self.force))?;
        let failed = |_| Failure::new("internal", "the RSA key pair could not be made");
        let key = PrivateDecryptingKey::generate(KeySize::Rsa3072).map_err(failed)?;
        let private: Pkcs8V1Der<'_> = key.as_der().map_err(failed)?;
        let public: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(failed)?;
        private_file.write_all(pem::encode("PRIVATE KEY", private.as_ref()).as_bytes())?;
        public_file.write_all(pem::encode("PUBLIC KEY", public.as_ref()).as_bytes())?;
        pending_output::publish(vec![private_file, public_file])?;
        Ok(Report::note(
            serde_json::json!({ "private_key": private_path, "public_key": public_path }),
            format!("wrote {} (keep it secret) and {} (for the policy's recipients)", private_path.display(), public_path.display()),
        ))
    }
}

const EXAMPLE: &str = "\
Example:
  sealroom keygen --out analyst

It writes analyst.key.pem (PKCS#8, mode 0600) and analyst.pub.pem, whose text goes into the policy
as rsa_public_key.
";
