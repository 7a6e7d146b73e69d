//! What can be wrong with a policy or a job file. The texts say what is wrong and what is allowed; they are for the
//! file's own author, and hold nothing but that author's words.

/// What is wrong with a policy or a job file, and where. Speaks of the author's own text only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {}{rule}", KeyPrefix(.key))]
pub struct DocumentError {
    /// Line of the file, from 1.
    pub line: u32,
    /// Dotted path of the key, cut at [`crate::limits::KEY_PATH_SHOWN`] bytes; empty where it is about no key.
    pub key: String,
    /// What is wrong, and what is allowed.
    pub rule: Rule,
}

/// The rule that a document breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// Longer than its bound.
    #[error("the file is longer than {0} bytes")]
    TooLong(usize),
    /// Not UTF-8.
    #[error("the file is not UTF-8 text")]
    NotUtf8,
    /// Not TOML; the reader's own words.
    #[error("not valid TOML: {0}")]
    Syntax(String),
    /// A key that does not exist.
    #[error("unknown key; allowed here: {0}")]
    UnknownKey(String),
    /// A key, operation or value of the design that this version does not have.
    #[error("not yet supported by this version of Sealroom")]
    NotYetSupported,
    /// A required key is absent.
    #[error("this key is required here")]
    Missing,
    /// The table that jobs of this kind are made of is absent: the kind, the table, and what is in it.
    #[error("a job with kind = \"{0}\" needs [{1}]: {2}")]
    KindNeeds(&'static str, &'static str, &'static str),
    /// A value of another type.
    #[error("wrong type; expected {0}")]
    Type(&'static str),
    /// A value outside its list or bounds.
    #[error("not allowed; expected {0}")]
    Value(&'static str),
    /// A number outside its bounds.
    #[error("out of bounds; allowed are {0} to {1}")]
    Bounds(u64, u64),
    /// Too many entries.
    #[error("too many entries; at most {0}")]
    TooMany(usize),
    /// A name that is empty, too long or holds control characters.
    #[error("not a name; expected 1 to {0} bytes without control characters")]
    Name(usize),
    /// The same entry twice.
    #[error("stands here twice")]
    Duplicate,
    /// Not the ARN of a key that can be used.
    #[error(transparent)]
    KeyArn(#[from] crate::arn::KeyArnError),
    /// Not a digest.
    #[error(transparent)]
    Digest(#[from] crate::digest::DigestFormat),
    /// Not an RSA public key that can be used.
    #[error("not an RSA public key that can be used; expected one PEM block `PUBLIC KEY` with a key of 2048 to 4096 bits")]
    RsaPublicKey,
    /// A recipient's key is one of the policy's own.
    #[error("a recipient's kms_key must not be one of `keys`: whoever may read outputs could then read the inputs")]
    RecipientIsInputKey,
    /// A recipient has both or neither key.
    #[error("a recipient has exactly one of kms_key and rsa_public_key")]
    RecipientKey,
    /// `not_before` is not before `not_after`.
    #[error("not_after must be later than not_before")]
    EmptyValidity,
    /// A domain without its `[tokens]` entry.
    #[error("this token domain has no [tokens.DOMAIN] entry")]
    UnknownTokenDomain,
    /// `check = ""`.
    #[error("the token key's check value is empty; `sealroom token-key new` makes the key and fills the value in")]
    TokenCheckEmpty,
    /// `sealed = true` without the fields form.
    #[error("single values are sealed with input.form = \"fields\" only; in a sealed file every value is")]
    SealedNeedsFieldsForm,
    /// `type` on a value that has one.
    #[error("values of NDJSON have types of their own; `type` is for cells of CSV and for sealed values")]
    TypeOfJson,
    /// Something else than `keep` on a field that is not sealed.
    #[error("this field is not sealed, so its values are the operator's word and can only be kept; `sealed = true` says otherwise")]
    UnsealedIsKeptOnly,
    /// `filter` with the fields form and `whole = false`.
    #[error("with input.form = \"fields\", conditions need input.whole = true: without a manifest the operator chooses the records")]
    FilterNeedsWhole,
    /// `people.field` that is not sealed.
    #[error("with input.form = \"fields\", the people are counted by a field with `sealed = true`")]
    PeopleNotSealed,
    /// `[release.aggregates]` without `[people]`.
    #[error("aggregates need [people]: every group has to speak of enough of them")]
    AggregatesNeedPeople,
    /// `[release.discovery]` without `[people]`.
    #[error("discovery needs [people]: every count has to speak of enough of them")]
    DiscoveryNeedsPeople,
    /// Groups, measures or discovery with the fields form and `whole = false`.
    #[error(
        "with input.form = \"fields\", aggregates and discovery need input.whole = true: without a manifest the operator chooses the records"
    )]
    AggregatesNeedWhole,
    /// A measure of numbers on a field of texts.
    #[error("only numbers are measured so, and the values of this field are texts; `type = \"number\"` says otherwise")]
    MeasureOfText,
    /// A job that would measure nothing.
    #[error("the job measures nothing; give [measures] at least one entry")]
    NoMeasures,
    /// A name of a field that is no JSON Pointer as fields are named.
    #[error(transparent)]
    Pointer(#[from] crate::record::pointer::PointerError),
    /// A nested field where there is none.
    #[error("a name that begins with `/` leads into a field; only input.format = \"ndjson\" with input.form = \"file\" has such fields")]
    NestedNeedsJson,
    /// `people.field` with `*`.
    #[error("a record speaks of one person, so people are not told apart by each element of an array")]
    PersonOfEach,
    /// A column without `from` that is called as a nested field is.
    #[error("a nested field is named in `from`; call the column something else")]
    ColumnNeedsFrom,
    /// A group column of a nested field without a name of its own.
    #[error("a column of a nested field needs a name of its own: add `name = \"…\"`")]
    GroupNeedsName,
    /// A combination of operations that the field's own entry does not permit.
    #[error("[fields] does not permit this operation on this field")]
    CombinationNotPermitted,
    /// A pattern that does not compile, or to more than its bound; the engine's own words.
    #[error("not a pattern that can be used: {0}")]
    Pattern(String),
    /// A pattern called as one that there is already.
    #[error("a pattern of this name is built in; choose another name")]
    PatternBuiltIn,
    /// A pattern that is neither built in nor in `[patterns]`.
    #[error("no such pattern; there are luhn, {names}, and those of [patterns]", names = crate::detect::NAMES)]
    UnknownPattern,
    /// A job that would release no column.
    #[error("the job has no output column; give at least one field an operation other than drop")]
    NoColumns,
}

struct KeyPrefix<'k>(&'k str);

impl std::fmt::Display for KeyPrefix<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(out, "{}: ", self.0) }
    }
}
