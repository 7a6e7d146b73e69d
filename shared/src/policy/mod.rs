//! The policy: the data owner's terms, parsed strictly. Whatever it does not say is not allowed. A value of [`Policy`]
//! has passed every check that needs nothing but the policy itself; whether a job is allowed is `authorize`'s to say.

use std::collections::BTreeMap;

use crate::arn::KeyArn;
use crate::digest::Sha384Digest;
use crate::limits;
use crate::record::tokens::TokenCheck;
use crate::toml_reader::{self, DocumentError, Item, Rule, Table};
pub use combinations::{Combination, Combinations};
pub use fields::FieldPolicy;
pub use input::{Form, Format, Input, OnError, TextType};
pub use patterns::{Pattern, Patterns};
pub use recipients::{Recipient, RecipientKey};
pub use release::{AggregatesRelease, RecordsRelease, Release};
pub use validity::{OutsideValidity, UnixMillis, Validity};

mod combinations;
mod fields;
mod input;
mod patterns;
mod recipients;
mod release;
mod validity;

#[cfg(test)]
mod tests;

/// What is wrong with a policy, with line and key.
pub type PolicyError = DocumentError;

/// A policy.
#[derive(Debug)]
pub struct Policy {
    digest: Sha384Digest,
    name: String,
    datasets: Vec<String>,
    keys: Vec<KeyArn>,
    validity: Validity,
    jobs: Option<Vec<Sha384Digest>>,
    input: Input,
    people: Option<People>,
    fields: BTreeMap<String, FieldPolicy>,
    combinations: Combinations,
    tokens: BTreeMap<String, TokenCheck>,
    release: Release,
    recipients: Vec<Recipient>,
}

/// Who is counted where a minimum of people applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People {
    /// The field whose distinct values are the people.
    pub field: String,
    /// Fewest of them.
    pub min: u64,
    /// Most records that count for one person in aggregates; none where there is no bound.
    pub max_rows_per_person: Option<u64>,
}

/// A policy whose token keys may still have to be made. It serves `sealroom token-key new` and nothing else: it has no
/// digest to seal under and authorizes no job.
#[derive(Debug)]
pub struct PolicyBeforeTokenKeys {
    policy: Policy,
    domains: BTreeMap<String, Option<TokenCheck>>,
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// [`PolicyError`], with [`Rule::TokenCheckEmpty`] where a token key has still to be made.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        Parsed::read(bytes)?.with_token_keys()
    }

    /// Reads a policy file in which check values of token keys may be empty.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn parse_before_token_keys(bytes: &[u8]) -> Result<PolicyBeforeTokenKeys, PolicyError> {
        Parsed::read(bytes).map(|parsed| PolicyBeforeTokenKeys {
            domains: parsed.tokens.into_iter().map(|(domain, entry)| (domain, entry.check)).collect(),
            policy: parsed.policy,
        })
    }

    /// SHA-384 of the exact bytes.
    #[must_use]
    pub fn digest(&self) -> Sha384Digest {
        self.digest
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The datasets that may be sealed under it; at least one.
    #[must_use]
    pub fn datasets(&self) -> &[String] {
        &self.datasets
    }

    /// The keys that may have sealed the data; at least one.
    #[must_use]
    pub fn keys(&self) -> &[KeyArn] {
        &self.keys
    }

    /// When jobs may run.
    #[must_use]
    pub fn validity(&self) -> &Validity {
        &self.validity
    }

    /// Whether `now` lies within the validity. Asked at authorize, and again before an output is released.
    ///
    /// # Errors
    /// [`OutsideValidity`].
    pub fn still_valid(&self, now: UnixMillis) -> Result<(), OutsideValidity> {
        self.validity.holds(now)
    }

    /// The digests of the only job files that may run; none where any job within the terms may.
    #[must_use]
    pub fn jobs(&self) -> Option<&[Sha384Digest]> {
        self.jobs.as_deref()
    }

    /// What inputs are.
    #[must_use]
    pub fn input(&self) -> Input {
        self.input
    }

    /// Who is counted, and the minimum.
    #[must_use]
    pub fn people(&self) -> Option<&People> {
        self.people.as_ref()
    }

    /// What is allowed with each field. A field that is not here can be neither read nor released.
    #[must_use]
    pub fn fields(&self) -> &BTreeMap<String, FieldPolicy> {
        &self.fields
    }

    /// Which operations may be asked for together on one field.
    #[must_use]
    pub fn combinations(&self) -> &Combinations {
        &self.combinations
    }

    /// The check value of each token domain's key.
    #[must_use]
    pub fn tokens(&self) -> &BTreeMap<String, TokenCheck> {
        &self.tokens
    }

    /// What may leave, and how.
    #[must_use]
    pub fn release(&self) -> &Release {
        &self.release
    }

    /// Who can open outputs; at least one.
    #[must_use]
    pub fn recipients(&self) -> &[Recipient] {
        &self.recipients
    }
}

impl PolicyBeforeTokenKeys {
    /// The policy's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.policy.name
    }

    /// The keys that may seal a token key.
    #[must_use]
    pub fn keys(&self) -> &[KeyArn] {
        &self.policy.keys
    }

    /// The token domains, each with its check value if it has one already.
    #[must_use]
    pub fn domains(&self) -> &BTreeMap<String, Option<TokenCheck>> {
        &self.domains
    }
}

/// A policy whose token checks were not looked at.
struct Parsed {
    policy: Policy,
    tokens: BTreeMap<String, TokenEntry>,
}

struct TokenEntry {
    check: Option<TokenCheck>,
    /// The error that it is without a check value.
    empty: DocumentError,
}

impl Parsed {
    fn read(bytes: &[u8]) -> Result<Self, PolicyError> {
        toml_reader::document(bytes, limits::POLICY_BYTES, |mut root| {
            root.required("version")?.integer(1..=1)?;
            let keys = distinct(&root.required("keys")?, limits::POLICY_KEYS, |item| {
                KeyArn::parse(item.string(limits::KEY_ARN)?).map_err(|error| item.error(error.into()))
            })?;
            let tokens = tokens(root.take("tokens"))?;
            let input = Input::read(&root.required("input")?)?;
            let fields =
                fields::read(root.take("fields"), input, &Patterns::read(root.take("patterns"))?, |domain| tokens.contains_key(domain))?;
            let people = root.take("people").map(|item| people(&item, input, &fields)).transpose()?;
            let policy = Policy {
                digest: Sha384Digest::of(bytes),
                name: root.required("name")?.name(limits::NAME_BYTES)?,
                datasets: distinct(&root.required("datasets")?, limits::DATASETS, |item| item.name(limits::NAME_BYTES))?,
                validity: Validity::take(&mut root)?,
                jobs: root.take("jobs").map(|jobs| distinct(&jobs, limits::POLICY_JOBS, job_digest)).transpose()?,
                input,
                release: Release::read(root.take("release"), people.is_some())?,
                people,
                combinations: Combinations::read(root.take("combinations"), &fields)?,
                fields,
                tokens: BTreeMap::new(),
                recipients: recipients::read(&root.required("recipients")?, &keys)?,
                keys,
            };
            root.finish()?;
            Ok(Self { policy, tokens })
        })
    }

    fn with_token_keys(self) -> Result<Policy, PolicyError> {
        let required = |(domain, entry): (String, TokenEntry)| Ok((domain, entry.check.ok_or(entry.empty)?));
        let tokens = self.tokens.into_iter().map(required).collect::<Result<_, _>>()?;
        Ok(Policy { tokens, ..self.policy })
    }
}

fn people(item: &Item<'_>, input: Input, fields: &BTreeMap<String, FieldPolicy>) -> Result<People, PolicyError> {
    let mut table = item.table()?;
    let field_item = table.required("field")?;
    let field = field_item.name(limits::NAME_BYTES)?;
    if input.form == Form::Fields && !fields.get(&field).is_some_and(|field| field.sealed) {
        return Err(field_item.error(Rule::PeopleNotSealed));
    }
    if fields::path(&field_item, &field, input)?.has_each() {
        return Err(field_item.error(Rule::PersonOfEach));
    }
    let min = table.required("min")?.integer(1..=limits::PEOPLE_MIN)?;
    let most = table.take("max_rows_per_person").map(|item| item.integer(1..=limits::MAX_RECORDS)).transpose()?;
    table.not_yet(&["epsilon", "delta"])?;
    table.finish()?;
    Ok(People { field, min, max_rows_per_person: most })
}

fn tokens(item: Option<Item<'_>>) -> Result<BTreeMap<String, TokenEntry>, PolicyError> {
    let Some(item) = item else { return Ok(BTreeMap::new()) };
    let entry = |(domain, item): (String, Item<'_>)| {
        let mut table = item.table()?;
        let check = table.required("check")?;
        table.finish()?;
        let text = check.string(limits::NAME_BYTES)?;
        let parsed = text.parse().map_err(|_| check.error(Rule::Value("64 lower-case hex digits")));
        let parsed = if text.is_empty() { None } else { Some(parsed?) };
        Ok((domain, TokenEntry { check: parsed, empty: check.error(Rule::TokenCheckEmpty) }))
    };
    item.table()?.entries(limits::TOKEN_KEYS)?.into_iter().map(entry).collect()
}

fn job_digest(item: &Item<'_>) -> Result<Sha384Digest, PolicyError> {
    item.string(limits::NAME_BYTES)?.parse().map_err(|error: crate::digest::DigestFormat| item.error(error.into()))
}

/// An array of 1 to `limit` entries, all different.
fn distinct<T: PartialEq>(
    item: &Item<'_>,
    limit: usize,
    read: impl Fn(&Item<'_>) -> Result<T, PolicyError>,
) -> Result<Vec<T>, PolicyError> {
    let mut entries = Vec::new();
    for item in item.array(limit)? {
        let entry = read(&item)?;
        if entries.contains(&entry) {
            return Err(item.error(Rule::Duplicate));
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// The root table's reader in the modules below.
type Root<'t> = Table<'t>;
