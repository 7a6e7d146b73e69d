//! The data keys of sealed values: one for a field and so many values, from KMS, with the field's name in its context.

use base64::{Engine, encoded_len, engine::general_purpose::STANDARD};
use sealroom_shared::{
    binding,
    limits::VALUE_DATA_KEYS,
    message::{DataKey, EncryptedDataKey, EncryptionContext, MessageError, Sealer},
};
use tokio::runtime::Handle;

use super::SealedField;
use crate::{
    failure::{Failure, Result},
    kms::KmsKey,
    owner_policy::OwnerPolicy,
};

/// Data keys for some fields, asked for when they are needed.
pub struct FieldKeys<'a> {
    policy: &'a OwnerPolicy,
    kms: &'a KmsKey,
    dataset: &'a str,
    set: &'a str,
    fields: Vec<SealedField>,
    /// Values that one data key seals.
    values_per_key: u64,
    current: Vec<Option<FieldKey>>,
    counts: Vec<FieldCount>,
    message: Vec<u8>,
}

/// What was sealed of one field.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FieldCount {
    /// Its name.
    pub name: String,
    /// Sealed values.
    pub values: u64,
    /// Data keys that they took.
    pub data_keys: u64,
}

struct FieldKey {
    context: EncryptionContext,
    wrapped: EncryptedDataKey,
    key: DataKey,
    values: u64,
}

impl<'a> FieldKeys<'a> {
    /// Keys for `fields`, bound to the policy, the dataset and the random id `set`.
    pub fn new(
        policy: &'a OwnerPolicy,
        kms: &'a KmsKey,
        (dataset, set): (&'a str, &'a str),
        fields: Vec<SealedField>,
        values_per_key: u64,
    ) -> Self {
        let current = fields.iter().map(|_| None).collect();
        let counts = fields.iter().map(|field| FieldCount { name: field.name.clone(), values: 0, data_keys: 0 }).collect();
        Self { policy, kms, dataset, set, fields, values_per_key, current, counts, message: Vec::new() }
    }

    /// The fields, whose index everything here goes by.
    pub fn fields(&self) -> &[SealedField] {
        &self.fields
    }

    /// How many values were sealed, and under how many data keys.
    pub fn into_counts(self) -> Vec<FieldCount> {
        self.counts
    }

    /// Appends the sealed message of one value, in base64.
    pub fn seal(&mut self, index: usize, value: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let current = &mut self.current[index];
        let key = match current {
            Some(key) if key.values < self.values_per_key => key,
            _ => {
                if self.counts.iter().map(|count| count.data_keys).sum::<u64>() >= VALUE_DATA_KEYS as u64 {
                    return Err(Failure::new(
                        "too-large",
                        format!("these values take more than the {VALUE_DATA_KEYS} data keys that one job asks for"),
                    )
                    .help("raise --values-per-key, or seal the records as several files"));
                }
                let pairs =
                    [(binding::DATASET, self.dataset), (binding::SET, self.set), (binding::FIELD, self.fields[index].name.as_str())];
                let context = self.policy.context(binding::INPUT, &pairs)?;
                // Records are cut in one go, and this happens once in very many of them.
                let generated = tokio::task::block_in_place(|| Handle::current().block_on(self.kms.generate_data_key(&context)));
                let (key, wrapped) = generated?;
                self.counts[index].data_keys += 1;
                current.insert(FieldKey { context, wrapped, key, values: 0 })
            }
        };
        key.values += 1;
        self.counts[index].values += 1;
        let mut sealer = Sealer::with_frame_length(key.context.clone(), vec![key.wrapped.clone()], &key.key, FRAME).map_err(failed)?;
        self.message.clear();
        self.message.extend_from_slice(sealer.header());
        sealer.push(value, &mut self.message).map_err(failed)?;
        sealer.finish(&mut self.message).map_err(failed)?;
        let start = out.len();
        out.resize(start + encoded_len(self.message.len(), true).unwrap_or(0), 0);
        STANDARD.encode_slice(&self.message, &mut out[start..]).map_err(|_| Failure::new("internal", "a sealed value was mismeasured"))?;
        Ok(())
    }
}

fn failed(error: MessageError) -> Failure {
    Failure::new("seal", format!("a value cannot be sealed: {error}"))
}

/// Frame length of a sealed value in bytes: the default of AWS's SDKs.
const FRAME: u32 = 4096;
