//! KMS's actions on one key, sorted by what they let out. Read by the generator, the linter and the simulator, so that the
//! three speak of the same ones. Names and their use: AWS's table "AWS KMS permissions".

/// Actions whose request can carry an attestation document, the last one of key agreement keys. Only these can be held to an image.
pub const ATTESTABLE: [&str; 4] = ["kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyPair", "kms:DeriveSharedSecret"];

/// Actions that use the key on data and know no attestation document: a condition on an image never holds for them.
pub const UNATTESTABLE: [&str; 5] = [
    "kms:Encrypt",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
];

/// Actions that do not use the key themselves and still give it away.
pub const ESCAPES: [&str; 3] = ["kms:CreateGrant", "kms:ReplicateKey", "kms:ImportKeyMaterial"];

/// What the administrator of a generated policy may do. PutKeyPolicy is among them: without it nobody could ever roll over
/// to a new image. Nothing of [`ATTESTABLE`], [`UNATTESTABLE`] and [`ESCAPES`] is.
pub const ADMINISTRATIVE: [&str; 22] = [
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    PUT_KEY_POLICY,
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
];

/// Replaces the key policy, and so can undo everything.
pub const PUT_KEY_POLICY: &str = "kms:PutKeyPolicy";

/// Every action that lets data or keys out, or writes under the key.
pub fn uses() -> impl Iterator<Item = &'static str> {
    ATTESTABLE.into_iter().chain(UNATTESTABLE)
}
