//! Token keys: sealed by the owner, sent by the operator beside the input, opened only once an input has proven that
//! the policy is its owner's.

use std::collections::BTreeMap;

use sealroom_shared::binding;
use sealroom_shared::limits;
use sealroom_shared::message::Header;
use sealroom_shared::policy::Policy;
use sealroom_shared::receipt::{self, KmsRequest};
use sealroom_shared::record::tokens::TokenKey;
use sealroom_shared::wire::Refusal;

use super::Refused;
use super::input_header::{self, SealedKind, of_message};
use crate::kms::Kms;

/// The sealed token keys that a job uses, by the domain that each claims.
pub(super) struct SealedTokenKeys(BTreeMap<String, Vec<u8>>);

/// The token keys of a job, and what the receipt says of them.
pub(super) struct TokenKeys {
    pub(super) keys: BTreeMap<String, TokenKey>,
    pub(super) statements: Vec<receipt::TokenKey>,
    pub(super) requests: Vec<KmsRequest>,
}

impl SealedTokenKeys {
    /// Picks the messages for `domains` and leaves the others alone. No key is asked for.
    pub(super) fn choose<'a>(messages: Vec<Vec<u8>>, domains: impl Iterator<Item = &'a str>) -> Result<Self, Refused> {
        let mut claimed = BTreeMap::new();
        for message in messages {
            if message.len() > limits::TOKEN_KEY_MESSAGE_BYTES {
                return Err(Refusal::TooLarge.into());
            }
            let (header, _) = Header::parse(&message).map_err(of_message)?.ok_or(Refusal::InputCorrupt)?;
            let domain = header.context().get(binding::DOMAIN).ok_or(Refusal::InputCorrupt)?.to_owned();
            if claimed.insert(domain, message).is_some() {
                return Err(Refusal::InputCorrupt.into());
            }
        }
        let mut chosen = BTreeMap::new();
        for domain in domains {
            let message = claimed.remove(domain).ok_or_else(|| {
                let rule =
                    format!("the job tokenizes with the token domain `{domain}`, and its sealed token key was not sent (--token-key)");
                Refused::with_note(Refusal::JobNotAllowed, 0, rule)
            })?;
            chosen.insert(domain.to_owned(), message);
        }
        Ok(Self(chosen))
    }

    /// Opens them: the same checks as an input's, then one whole message of exactly 32 bytes.
    pub(super) async fn open(self, policy: &Policy, kms: &Kms) -> Result<TokenKeys, Refusal> {
        let mut tokens = TokenKeys { keys: BTreeMap::new(), statements: Vec::new(), requests: Vec::new() };
        for (domain, message) in self.0 {
            let (header, used) = Header::parse(&message).map_err(of_message)?.ok_or(Refusal::InputCorrupt)?;
            let unlocked = input_header::unlock(SealedKind::TokenKey, header, policy, kms).await?;
            // The same header as in `choose`, now authentic.
            if unlocked.header.context().get(binding::DOMAIN) != Some(domain.as_str()) {
                return Err(Refusal::InputCorrupt);
            }
            let statement = receipt::TokenKey {
                domain: domain.clone(),
                message_id: unlocked.header.message_id().to_hex(),
                key_arn: unlocked.key_arn.clone(),
            };
            let request = unlocked.request.clone();
            let bytes = unlocked.open_whole(message.get(used..).unwrap_or_default())?;
            let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| Refusal::InputCorrupt)?;
            tokens.statements.push(statement);
            tokens.requests.push(request);
            tokens.keys.insert(domain, TokenKey::from_bytes(key));
        }
        Ok(tokens)
    }
}
