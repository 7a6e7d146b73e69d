//! `sealroom token-key`: the secret of a token domain, sealed like an input.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use sealroom_shared::{
    arn::KeyArn,
    binding, limits as shared_limits,
    message::{MessageError, Sealer},
    policy::Policy,
    record::tokens::TokenKey as Secret,
};

use crate::{
    commands::{overwrite, refuse_two_on_stdout},
    failure::{Failure, Result},
    kms::{AwsOptions, KmsKey},
    owner_policy::{self, OwnerPolicy},
    pending_output::{self, Access, Output, Overwrite, PendingFile},
    report::Report,
    source,
    token_check::{self, WrittenCheck},
};

/// Make the key of a token domain
#[derive(Debug, clap::Args)]
pub struct TokenKey {
    #[command(subcommand)]
    command: TokenKeyCommand,
}

#[derive(Debug, clap::Subcommand)]
enum TokenKeyCommand {
    New(New),
    Check(Check),
}

/// Seal a token domain's secret under a policy; `submit --token-key` takes the result
///
/// Where the policy says `check = ""` for the domain, this command fills the key-check value in, changing no other byte of
/// the policy, and then seals under the policy as it is now. Data sealed before that is sealed under another policy: make
/// token keys first.
#[derive(Debug, clap::Args)]
#[command(after_help = NEW_EXAMPLE)]
struct New {
    /// The policy; its empty `check` is filled in
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The policy's token domain
    #[arg(long, value_name = "NAME")]
    domain: String,
    /// KMS key to seal under: one of the policy's `keys`
    #[arg(long, value_name = "ARN", value_parser = KeyArn::parse)]
    key_arn: KeyArn,
    /// The secret: a file of exactly 32 bytes
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Where the sealed key goes; `-` is standard output
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace a file that is already there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    aws: AwsOptions,
}

/// Print the key-check value of a secret, to write into a policy by hand
///
/// It shows which secret is meant and nothing about it. A policy with several token domains needs every check before
/// anything can be sealed under it.
#[derive(Debug, clap::Args)]
#[command(after_help = CHECK_EXAMPLE)]
struct Check {
    /// The policy's token domain
    #[arg(long, value_name = "NAME")]
    domain: String,
    /// The secret: a file of exactly 32 bytes
    #[arg(long, value_name = "FILE")]
    secret_file: PathBuf,
}

impl TokenKey {
    /// Runs the subcommand.
    pub async fn run(self, json: bool) -> Result<Report> {
        match self.command {
            TokenKeyCommand::New(command) => command.run(json).await,
            TokenKeyCommand::Check(command) => {
                let check = read_secret(&command.secret_file)?.check_value(&command.domain).to_string();
                Ok(Report::answer(serde_json::json!({ "domain": command.domain, "check": check }), check))
            }
        }
    }
}

impl New {
    async fn run(self, json: bool) -> Result<Report> {
        refuse_two_on_stdout(json, &self.out)?;
        let text = source::read_text(&self.policy, shared_limits::POLICY_BYTES)?;
        self.sealable_once_filled(&text)?;
        let secret = match &self.secret_file {
            Some(path) => read_secret(path)?,
            None => Secret::random().map_err(|error| Failure::new("internal", error.to_string()))?,
        };
        let check = secret.check_value(&self.domain).to_string();
        let filled = match token_check::find(&text, &self.domain)? {
            WrittenCheck::Empty(place) => Some(token_check::fill_in(&text, &self.domain, place, &check)?),
            WrittenCheck::Given(given) if given == check => None,
            WrittenCheck::Given(_) => return Err(self.other_secret()),
        };
        if filled.is_some() && self.policy == Path::new("-") {
            return Err(Failure::usage("a policy from `-` cannot be filled in: name its file"));
        }
        let policy = OwnerPolicy::parse(&self.policy, filled.as_deref().unwrap_or(&text).as_bytes())?;
        policy.allows_key(&self.key_arn)?;

        let mut output = Output::create(&self.out, Access::Usual, overwrite(self.force))?;
        let rewritten = filled.as_deref().map(|filled| rewrite(&self.policy, filled)).transpose()?;
        let context = policy.context(binding::TOKEN_KEY, &[(binding::DOMAIN, &self.domain)])?;
        let kms = KmsKey::new(&self.aws, self.key_arn.clone()).await?;
        let (data_key, wrapped) = kms.generate_data_key(&context).await?;
        let mut sealer = Sealer::new(context, vec![wrapped], &data_key).map_err(failed)?;
        let mut sealed = sealer.header().to_vec();
        sealer.push(secret.as_bytes(), &mut sealed).map_err(failed)?;
        sealer.finish(&mut sealed).map_err(failed)?;
        output.write_all(&sealed)?;
        publish(output, rewritten)?;

        let digest = policy.policy().digest();
        let said = if filled.is_some() {
            format!("; filled in its check in {}: the policy is now {digest}", self.policy.display())
        } else {
            String::new()
        };
        Ok(Report::note(
            serde_json::json!({ "out": self.out, "domain": self.domain, "check": check, "policy_digest": digest, "policy_changed": filled.is_some() }),
            format!("sealed the token key of {:?} into {}{said}", self.domain, self.out.display()),
        ))
    }

    /// Refuses a policy that would not be one even with this domain's check: no key is asked for then.
    fn sealable_once_filled(&self, text: &str) -> Result<()> {
        let policy = Policy::parse_before_token_keys(text.as_bytes())
            .map_err(|error| owner_policy::invalid(&self.policy, text.as_bytes(), &error))?;
        let empty = policy.domains().iter().filter(|(domain, check)| check.is_none() && **domain != self.domain);
        let others: Vec<&str> = empty.map(|(domain, _)| domain.as_str()).collect();
        if others.is_empty() {
            return Ok(());
        }
        Err(Failure::new("empty-checks", format!("the policy's check is empty for other token domains too: {}", others.join(", "))).help(
            "every check belongs to the policy that data is sealed under, so all come first: make each secret (`openssl rand -out FILE 32`), write what \
             `sealroom token-key check` prints into the policy, then run this command with --secret-file for each domain",
        ))
    }

    /// The policy already names a secret, and this is not it.
    fn other_secret(&self) -> Failure {
        let message = match &self.secret_file {
            Some(path) => format!("{} is not the secret whose check the policy has for {:?}", path.display(), self.domain),
            None => format!("the policy already has a check for {:?}, which a new random secret would not fit", self.domain),
        };
        Failure::new("other-secret", message).help("pass the secret that belongs to the check with --secret-file; or, for new tokens, empty the check (`check = \"\"`): that makes it another policy")
    }
}

/// A file of exactly [`SECRET`] bytes.
fn read_secret(path: &Path) -> Result<Secret> {
    let bytes = source::read_small(path, SECRET)?;
    match <[u8; SECRET]>::try_from(bytes.as_slice()) {
        Ok(bytes) => Ok(Secret::from_bytes(bytes)),
        Err(_) => Err(Failure::new("secret", format!("{} is not exactly {SECRET} bytes", path.display()))
            .help("`openssl rand -out FILE 32` makes one")),
    }
}

/// The policy's file with its check, pending; it keeps its permissions.
fn rewrite(policy: &Path, filled: &str) -> Result<PendingFile> {
    let unreadable = |error| Failure::file("read", policy, &error);
    let mode = std::fs::metadata(policy).map_err(unreadable)?.permissions().mode();
    let mut file = PendingFile::create(policy, Access::Usual, Overwrite::Force)?;
    file.file().set_permissions(std::fs::Permissions::from_mode(mode & 0o7777)).map_err(unreadable)?;
    file.write_all(filled.as_bytes())?;
    Ok(file)
}

/// The sealed key and the changed policy appear together: neither is of use without the other.
fn publish(output: Output, policy: Option<PendingFile>) -> Result<()> {
    match output {
        Output::File(file) => pending_output::publish([Some(*file), policy].into_iter().flatten().collect()),
        Output::Standard(_) => {
            output.publish()?;
            pending_output::publish(policy.into_iter().collect())
        }
    }
}

fn failed(error: MessageError) -> Failure {
    Failure::new("seal", format!("the token key cannot be sealed: {error}"))
}

/// Bytes of a token domain's secret.
const SECRET: usize = 32;

const NEW_EXAMPLE: &str = "\
Example:
  sealroom token-key new --policy policy.toml --domain customer \\
      --key-arn arn:aws:kms:eu-central-1:111122223333:key/ID --out customer.token

Without --secret-file the secret is random and exists nowhere but in the sealed file. To have the
same tokens under another policy as well, keep 32 random bytes yourself and pass them with
--secret-file each time.
";

const CHECK_EXAMPLE: &str = "\
Example:
  openssl rand -out customer.secret 32
  sealroom token-key check --domain customer --secret-file customer.secret
";
