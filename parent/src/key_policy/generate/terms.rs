//! What a policy is generated for. Made by `key-policy generate`; terms that cannot be meant do not exist.

use std::collections::BTreeMap;

use sealroom_shared::{attestation::Pcr, digest::Sha384Digest, measurements::Measurements};

use super::role::RoleArn;

/// Terms of a generated policy.
#[derive(Debug, Clone)]
pub struct Terms {
    pub(super) kind: Kind,
    pub(super) enclave: RoleArn,
    pub(super) admin: RoleArn,
    pub(super) images: Vec<Measurements>,
    pub(super) policy_digests: Vec<Sha384Digest>,
    fixed: BTreeMap<u8, Pcr>,
}

/// What the key is for.
#[derive(Debug, Clone)]
pub enum Kind {
    /// It wraps the data keys of inputs and token keys.
    Input {
        /// Seals under it.
        owner: RoleArn,
        /// The owner may decrypt without attestation: `sealroom rebind`.
        owner_decrypts: bool,
    },
    /// It wraps the data keys of outputs.
    Output {
        /// Opens them.
        consumer: RoleArn,
        /// The key is a policy's second or later KMS recipient: the enclave wraps by Encrypt, which knows no attestation.
        further_recipient: bool,
    },
}

/// Why these terms cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    /// One role in two parts.
    #[error(
        "{0} and {1} are the same role: whoever administers must not use, and the parent's role must not be the owner's or the consumer's"
    )]
    SameRole(&'static str, &'static str),
    /// The same image twice.
    #[error("two of the measurements are of the same image")]
    SameImage,
    /// No image, or more than [`IMAGES_MAX`].
    #[error("a policy is for 1 to {IMAGES_MAX} images")]
    Images,
    /// One of the PCRs was given and is another one in the measurements.
    #[error("PCR{0} of the measurements is not the one that the option gives")]
    OtherPcr(u8),
    /// One digest twice.
    #[error("a policy digest was given twice")]
    SameDigest,
}

impl Terms {
    /// Terms for `images`, the newest first. `fixed` are PCRs that every image must have besides: PCR3 of the parent's role,
    /// PCR8 of the signer.
    ///
    /// # Errors
    /// [`TermsError`] names what cannot be meant.
    pub fn new(
        kind: Kind,
        enclave: RoleArn,
        admin: RoleArn,
        images: Vec<Measurements>,
        policy_digests: Vec<Sha384Digest>,
        fixed: BTreeMap<u8, Pcr>,
    ) -> Result<Self, TermsError> {
        let (user, option) = match &kind {
            Kind::Input { owner, .. } => (owner, "--owner-role"),
            Kind::Output { consumer, .. } => (consumer, "--consumer-role"),
        };
        for (one, name, other, other_name) in [
            (&enclave, "--enclave-role", &admin, "--admin-role"),
            (&enclave, "--enclave-role", user, option),
            (&admin, "--admin-role", user, option),
        ] {
            if one.is_same_role(other) {
                return Err(TermsError::SameRole(name, other_name));
            }
        }
        if images.is_empty() || images.len() > IMAGES_MAX {
            return Err(TermsError::Images);
        }
        if has_twice(&images.iter().map(triple).collect::<Vec<_>>()) {
            return Err(TermsError::SameImage);
        }
        let other = |(index, pcr): (&u8, &Pcr)| {
            images.iter().any(|image| image.pcr(*index).is_some_and(|measured| measured != pcr)).then_some(*index)
        };
        if let Some(index) = fixed.iter().find_map(other) {
            return Err(TermsError::OtherPcr(index));
        }
        if has_twice(&policy_digests) {
            return Err(TermsError::SameDigest);
        }
        Ok(Self { kind, enclave, admin, images, policy_digests, fixed })
    }

    /// The PCRs that a statement demands of `image`: PCR0, PCR1, PCR2 and the fixed ones.
    pub(super) fn pcrs(&self, image: &Measurements) -> BTreeMap<u8, Pcr> {
        let mut pcrs = self.fixed.clone();
        pcrs.extend(triple(image));
        pcrs
    }
}

/// PCR0, PCR1 and PCR2: they say which image runs.
fn triple(image: &Measurements) -> Vec<(u8, Pcr)> {
    image.iter().filter(|(index, _)| *index <= 2).map(|(index, pcr)| (index, *pcr)).collect()
}

fn has_twice<T: PartialEq>(items: &[T]) -> bool {
    items.iter().enumerate().any(|(at, item)| items[..at].contains(item))
}

/// Images in one policy: a roll-over has two or three. All crossings of their PCRs are simulated, 512 for 8.
pub const IMAGES_MAX: usize = 8;
