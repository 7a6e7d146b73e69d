//! Static credentials, in AWS's file format: four profiles are made at the first start, and whatever the file holds is read
//! at the next. Whoever has the folder is every one of them.
//!
//! Profile NAME is a session of the role `arn:aws:iam::111122223333:role/NAME`; its caller's ARN is
//! `arn:aws:sts::111122223333:assumed-role/NAME/sealroom`. A line `mock_principal = ARN` makes it another user, role or session.
//! Of those that are made, only `operator` has a session token, as an instance role's credentials do; the others are
//! long-term keys, which AWS would not give for a role.

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
    /// `aws:PrincipalArn`: of a session that of its role.
    pub(super) principal_arn: String,
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
        parse(&fs::read_to_string(&path)?).map(Self).map_err(|text| io::Error::other(format!("{}: {text}", path.display())))
    }

    /// The profile of an access key, if the session token is the one it needs.
    pub(super) fn find(&self, access_key_id: &str, token: Option<&str>) -> Result<&Profile, KmsError> {
        let known = self.0.iter().find(|profile| profile.access_key_id == access_key_id && profile.token.as_deref() == token);
        known.ok_or_else(|| KmsError::new("UnrecognizedClientException", "The security token included in the request is invalid."))
    }
}

fn generate() -> io::Result<String> {
    let mut text = format!(
        "# Made by sealroom-mock-kms; of use against it only. Profile NAME is a session of\n# arn:aws:iam::{ACCOUNT}:role/NAME, or what a line `mock_principal = ARN` says.\n"
    );
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

/// The profiles, or what is wrong, with the profile's name.
fn parse(text: &str) -> Result<Vec<Profile>, String> {
    let mut sections: Vec<(&str, Vec<(&str, &str)>)> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';'])) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            sections.push((name.trim(), Vec::new()));
            continue;
        }
        let (Some((_, pairs)), Some((key, value))) = (sections.last_mut(), line.split_once('=')) else {
            return Err("expected [PROFILE], and lines KEY = VALUE under it".to_owned());
        };
        pairs.push((key.trim(), value.trim()));
    }
    sections.iter().map(|(name, pairs)| Profile::parse(name, pairs).map_err(|error| format!("profile {name}: {error}"))).collect()
}

impl Profile {
    fn parse(name: &str, pairs: &[(&str, &str)]) -> Result<Self, String> {
        let value = |key: &str| pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned());
        let needed = |key: &str| value(key).ok_or_else(|| format!("{key} is missing"));
        let arn = value("mock_principal").unwrap_or_else(|| format!("arn:aws:iam::{ACCOUNT}:role/{name}"));
        let (caller, principal_arn) = who(&arn);
        let principal = Principal::parse(&caller).map_err(|error| error.to_string())?;
        if principal.account() != ACCOUNT {
            return Err(format!("{arn}: the account here is {ACCOUNT}"));
        }
        let (access_key_id, secret) = (needed("aws_access_key_id")?, needed("aws_secret_access_key")?);
        Ok(Self { principal, principal_arn, access_key_id, secret, token: value("aws_session_token") })
    }
}

/// The caller's ARN and its `aws:PrincipalArn`: nobody calls as a role, but as a session of it.
fn who(arn: &str) -> (String, String) {
    if let Some((account, path)) = arn.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(":role/")) {
        let role = path.rsplit('/').next().unwrap_or(path);
        return (format!("arn:aws:sts::{account}:assumed-role/{role}/sealroom"), arn.to_owned());
    }
    let session = arn.strip_prefix("arn:aws:sts::").and_then(|rest| rest.split_once(":assumed-role/"));
    let role = session.and_then(|(account, session)| Some(format!("arn:aws:iam::{account}:role/{}", session.split_once('/')?.0)));
    (arn.to_owned(), role.unwrap_or_else(|| arn.to_owned()))
}

fn random_text(length: usize, alphabet: &[u8]) -> io::Result<String> {
    let mut bytes = vec![0; length];
    rand::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()])).collect())
}

const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &str = "aws_access_key_id=AKIAEXAMPLE\naws_secret_access_key = s/+=\n";

    fn callers(text: &str) -> Vec<(String, String)> {
        parse(text).unwrap().into_iter().map(|profile| (profile.principal.arn().to_owned(), profile.principal_arn)).collect()
    }

    #[test]
    fn profiles_are_sessions_of_roles_unless_told_otherwise() {
        let of = |line: &str| callers(&format!("[app]\n{KEYS}{line}")).remove(0);
        let session = |role: &str, name: &str| format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}");
        let role = |path: &str| format!("arn:aws:iam::{ACCOUNT}:role/{path}");
        assert_eq!(of(""), (session("app", "sealroom"), role("app")));
        assert_eq!(of(&format!("mock_principal = {}", role("team/enclave"))), (session("enclave", "sealroom"), role("team/enclave")));
        assert_eq!(of(&format!("mock_principal = {}", session("enclave", "i-0"))), (session("enclave", "i-0"), role("enclave")));
        let user = format!("arn:aws:iam::{ACCOUNT}:user/alice");
        assert_eq!(of(&format!("mock_principal = {user}")), (user.clone(), user));
    }

    #[test]
    fn a_hand_written_file_is_read_whole() {
        let text = format!("[first]\n{KEYS}; a comment\r\n\n[ second ]\n{KEYS}# another\naws_session_token = token\n");
        let profiles = parse(&text).unwrap();
        assert_eq!(profiles.iter().map(|profile| profile.token.as_deref()).collect::<Vec<_>>(), [None, Some("token")]);
        assert_eq!(profiles[0].secret, "s/+=");
    }

    #[test]
    fn what_is_no_profile_is_refused_by_name() {
        for (text, error) in [
            (KEYS.to_owned(), "expected [PROFILE], and lines KEY = VALUE under it"),
            ("[a]\nnothing".to_owned(), "expected [PROFILE], and lines KEY = VALUE under it"),
            ("[a]\naws_access_key_id = A".to_owned(), "profile a: aws_secret_access_key is missing"),
            (
                format!("[a]\n{KEYS}mock_principal = arn:aws:iam::444455556666:user/b"),
                "profile a: arn:aws:iam::444455556666:user/b: the account here is 111122223333",
            ),
        ] {
            assert_eq!(parse(&text).err().as_deref(), Some(error));
        }
        assert!(parse(&format!("[a]\n{KEYS}mock_principal = somebody")).is_err());
    }
}
