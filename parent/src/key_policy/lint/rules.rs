//! What the linter knows: each trap with its id, how grave it is, the attack in one sentence and the mend in one. Ids are
//! stable: people write them into their CI.

use std::fmt;

/// How grave a finding is. Errors and warnings fail a lint, notes do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Somebody gets data or keys without the measured image.
    Error,
    /// Weaker than it looks, without effect, or not understood.
    Warning,
    /// Worth knowing; it may be meant.
    Note,
}

/// One trap.
#[derive(Debug)]
pub struct Rule {
    /// Stable, kebab-case.
    pub id: &'static str,
    /// How grave.
    pub severity: Severity,
    /// The trap in a few words.
    pub title: &'static str,
    /// What somebody does with it.
    pub attack: &'static str,
    /// What to write instead.
    pub mend: &'static str,
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

macro_rules! rules {
    ($($name:ident = $id:literal, $severity:ident, $title:literal, $attack:literal, $mend:literal;)*) => {
        $(pub(super) static $name: Rule =
            Rule { id: $id, severity: Severity::$severity, title: $title, attack: $attack, mend: $mend };)*
        /// Every rule, in the order of `docs/key-policy.md`.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    IF_EXISTS = "if-exists", Error, "A condition that passes where its key is absent",
        "A call without an attestation document has none of these keys, so the condition passes and the parent itself gets the plaintext.",
        "Write the operator without IfExists, ForAllValues or Null: an absent key then fails it.";
    NEGATED_ALLOW = "negated-allow", Error, "A negated operator in an Allow",
        "A negated operator is true where its key is absent, so a call without an attestation document is allowed.",
        "Name what is allowed with StringEqualsIgnoreCase, and put the negated operator into a Deny.";
    DENY_SEVERAL_PCRS = "deny-several-pcrs", Error, "Several PCRs in one Deny",
        "Conditions of a statement must all hold, so an image that differs in one of the PCRs and not in the others is not denied.",
        "Write one Deny statement for each PCR.";
    CROSSED_LISTS = "crossed-lists", Error, "Lists for several PCRs in one Allow",
        "Each list is matched on its own, so an image with the first PCR of one release and the second of another is allowed as well.",
        "Write one Allow statement for each image, with one value for each of its PCRs.";
    ROOT_EVERYTHING = "root-everything", Error, "The whole account may use the key",
        "Every principal of the account whose identity policy says so uses the key without attestation.",
        "Name the roles: one that administers and does not use, and one for each use with its conditions.";
    POLICY_BY_USER = "policy-by-user", Error, "Who uses the key may replace its policy",
        "The role that uses the key calls PutKeyPolicy, drops the conditions on the image, and decrypts.",
        "Give kms:PutKeyPolicy to an administrator's role that no other Allow names.";
    RE_ENCRYPT = "re-encrypt", Error, "ReEncrypt is allowed",
        "ReEncrypt knows no attestation: its holder moves a wrapped data key under a key of their own and decrypts it there.",
        "Take kms:ReEncryptFrom and kms:ReEncryptTo out of every Allow, and deny kms:ReEncrypt* to everyone.";
    CREATE_GRANT = "create-grant", Error, "CreateGrant is allowed",
        "A grant allows operations beside the policy: its holder gives themselves Decrypt without the policy's Allow conditions.",
        "Take kms:CreateGrant out of every Allow, deny it to everyone, and look for existing grants with `aws kms list-grants`.";
    MOVES_KEY = "moves-key", Error, "The key can be replicated or its material imported",
        "A replica in another Region has a key policy of its own, and who imports key material knows it and needs no KMS.",
        "Take kms:ReplicateKey and kms:ImportKeyMaterial out of every Allow and deny both to everyone.";
    DEBUG_SATISFIES = "debug-satisfies", Error, "Nothing that an enclave in debug mode does not have",
        "PCR3, PCR4, PCR8 and the mere presence of a document do not say what runs: any image, or an enclave in debug mode whose memory the parent reads, can have them.",
        "Demand PCR0, PCR1 and PCR2 as well, in the same statement.";
    INCOMPLETE_TRIPLE = "incomplete-triple", Warning, "PCR0 alone, or without PCR1 or PCR2",
        "PCR0's digest has no lengths between the image's sections, so bytes can move from one section to the next and leave it as it is.",
        "Demand PCR0, PCR1 and PCR2 together, as nitro-cli printed them.";
    PCR_NOT_HEX = "pcr-not-hex", Error, "A PCR that is not 96 lower-case hex digits",
        "KMS compares with lower-case hex: this value (base64 as CloudTrail shows it, say) never matches, and who mends it in a hurry drops the condition.",
        "Write the 96 hex digits that nitro-cli printed, and compare with StringEqualsIgnoreCase.";
    ZERO_PCR = "zero-pcr", Error, "A PCR of zeros",
        "An enclave in debug mode has PCRs of zeros, so the parent runs any image with --debug-mode and reads its memory.",
        "Write the PCRs of an image that was built, never those of an enclave in debug mode.";
    WILDCARD = "wildcard", Error, "A wildcard in an Allow, or in what a Deny leaves out",
        "A wildcard covers principals, actions or images that nobody thought of, and those that AWS adds later.",
        "Write out each principal's ARN, each action and each PCR.";
    NOT_ACTION = "not-action", Error, "NotAction",
        "An Allow with NotAction allows every action that it leaves out, Decrypt, ReEncrypt and CreateGrant among them; a Deny lets those through.",
        "List the actions under Action.";
    NOT_PRINCIPAL = "not-principal", Error, "NotPrincipal",
        "NotPrincipal speaks of everyone else, strangers included, and misses sessions of the role that it names.",
        "Name principals under Principal; in a Deny for everyone but one, use ArnNotEquals on aws:PrincipalArn.";
    UNATTESTED_NOT_DENIED = "unattested-not-denied", Error, "No Deny for calls without attestation",
        "Whatever else allows the call (another statement, a grant, an identity policy) uses the key without an attestation document.",
        "Deny the action to everyone by StringNotEqualsIgnoreCase on PCR0, and on PCR1 and PCR2 in statements of their own.";
    UNATTESTED_ALLOW = "unattested-allow", Error, "Allowed without attestation beside an attested Allow",
        "This principal does without an attestation document what the image does with one.",
        "Remove the action here, or add the condition on the image.";
    DECRYPT_UNATTESTED = "decrypt-unattested", Error, "Decrypt without attestation by the enclave's role",
        "The parent, which has the enclave's role, opens outside any enclave whatever was sealed under this key.",
        "Let another role open the outputs, or add the condition on the image.";
    SEAL_UNATTESTED = "seal-unattested", Error, "The enclave's role may seal what its image opens",
        "The parent, which has the enclave's role, makes a data key bound to the owner's policy and seals records of its own as if they were the owner's: made-up people beside one real one fill up a minimum.",
        "Let another role seal (the owner's), and allow the enclave's role Decrypt alone under an input key.";
    NO_ATTESTATION = "no-attestation", Error, "No statement demands an image",
        "Whoever the policy names decrypts outside any enclave.",
        "Allow Decrypt (input key) or GenerateDataKey (output key) with conditions on PCR0, PCR1 and PCR2; `sealroom key-policy generate` writes such a policy.";
    NOT_UNDERSTOOD = "not-understood", Warning, "Something that is not evaluated here",
        "What is not understood may allow more, or deny less, than it seems to.",
        "Write the statement with the elements and operators of docs/key-policy.md, or judge it by hand.";
    ENCRYPT_UNATTESTED = "encrypt-unattested", Note, "Encrypt by the enclave's role",
        "KMS knows no attestation for Encrypt: the parent, which has this role, can wrap data keys of its own under this key.",
        "Allow it only where the key is a policy's second or later recipient, and believe an output by its receipt alone.";
    EXEMPT_FROM_DENY = "exempt-from-deny", Note, "A principal that needs no attestation",
        "This principal uses the key outside any enclave: its credentials are worth as much as the data.",
        "Keep it only while it is needed (`sealroom rebind` needs the owner's own Decrypt).";
}
