//! Static credentials of four profiles, in AWS's file format: made at the first start, read at the next. Whoever has the
//! folder is every one of them.
//!
//! Each profile NAME is a session of the role `arn:aws:iam::111122223333:role/NAME`; its caller's ARN is
//! `arn:aws:sts::111122223333:assumed-role/NAME/sealroom`. Only `operator`'s credentials carry a session token, as those of
//! an instance role do; the others are long-term keys, which AWS would not give for a role.

use std::fs;
use std::io;
use std::path::Path;

use aws_lc_rs::rand;
use sealroom_parent::key_policy::Principal;

use super::error::KmsError;
use super::store::write_private;

/// The one account there is.
pub const ACCOUNT: &str = "111122223333";

/// The region written into the credentials file; requests to others are served as well.
const REGION: &str = "eu-central-1";

const PROFILES: [&str; 4] = ["owner", "operator", "consumer", "admin"];

/// The profiles' keys.
pub(super) struct Credentials(Vec<Profile>);

/// One caller's keys.
pub(super) struct Profile {
    pub(super) principal: Principal,
    access_key_id: String,
    pub(super) secret: String,
    token: Option<String>,
}

impl Credentials {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join("credentials");
        if !path.exists() {
            write_private(&path, generate()?.as_bytes())?;
        }
        parse(&fs::read_to_string(&path)?).map(Self)
    }

    /// The profile of an access key, if the session token is the one it needs.
    pub(super) fn find(&self, access_key_id: &str, token: Option<&str>) -> Result<&Profile, KmsError> {
        let known = self.0.iter().find(|profile| profile.access_key_id == access_key_id && profile.token.as_deref() == token);
        known.ok_or_else(|| KmsError::new("UnrecognizedClientException", "The security token included in the request is invalid."))
    }
}

fn generate() -> io::Result<String> {
    let mut text =
        format!("# Made by sealroom-mock-kms; of use against it only. Profile NAME is a session of\n# arn:aws:iam::{ACCOUNT}:role/NAME\n");
    for profile in PROFILES {
        let temporary = profile == "operator";
        let id = format!("{}{}", if temporary { "ASIA" } else { "AKIA" }, random_text(16, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")?);
        let secret = random_text(40, ALPHANUMERIC)?;
        text += &format!("\n[{profile}]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
        if temporary {
            text += &format!("aws_session_token = {}\n", random_text(120, ALPHANUMERIC)?);
        }
        text += &format!("region = {REGION}\n");
    }
    Ok(text)
}

fn parse(text: &str) -> io::Result<Vec<Profile>> {
    let sections = text.split("\n[").skip(1);
    sections.map(|section| parse_profile(section).ok_or_else(|| io::Error::other("the credentials file is damaged"))).collect()
}

fn parse_profile(section: &str) -> Option<Profile> {
    let (name, lines) = section.split_once(']')?;
    let value = |key: &str| {
        let pairs = lines.lines().filter_map(|line| line.split_once('='));
        pairs.map(|(name, value)| (name.trim(), value.trim())).find(|(name, _)| *name == key).map(|(_, value)| value.to_owned())
    };
    Some(Profile {
        principal: Principal::parse(&format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/sealroom")).ok()?,
        access_key_id: value("aws_access_key_id")?,
        secret: value("aws_secret_access_key")?,
        token: value("aws_session_token"),
    })
}

fn random_text(length: usize, alphabet: &[u8]) -> io::Result<String> {
    let mut bytes = vec![0; length];
    rand::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()])).collect())
}

const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
