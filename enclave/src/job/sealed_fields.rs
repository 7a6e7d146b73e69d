//! Records with sealed fields: what proves that the policy is their owner's, and data keys for the sealed values as workers
//! come upon them. The records themselves are the operator's word, but for what a manifest says.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use futures_util::StreamExt;
use sealroom_shared::authorize::Plan;
use sealroom_shared::binding;
use sealroom_shared::digest::Blake3Digest;
use sealroom_shared::limits;
use sealroom_shared::manifest::Manifest;
use sealroom_shared::message::DataKey;
use sealroom_shared::message::Header;
use sealroom_shared::policy::Policy;
use sealroom_shared::receipt::{self, KmsRequest};
use sealroom_shared::record::sealed::{MissingKey, ValueKeys, ValuesOf};
use sealroom_shared::wire::Refusal;
use tokio::io::AsyncRead;
use tokio::sync::mpsc::Receiver;

use super::Refused;
use super::input_header::{self, SealedKind, Unlocked, of_message};
use super::session::{Beginning, Incoming};
use crate::kms::Kms;

/// A manifest as the operator sent it.
pub(super) struct SealedManifest(pub(super) Vec<u8>);

/// What has shown that the policy is its owner's, and what has come of the records meanwhile.
pub(super) struct Proof {
    /// What the receipt says of the manifest; none where the policy asks for none.
    pub(super) manifest_stated: Option<receipt::Manifest>,
    /// Its content.
    pub(super) manifest: Option<Manifest>,
    /// The data key of the first sealed value, where that was the proof.
    pub(super) first: Option<(ValuesOf, DataKey)>,
    pub(super) datasets: BTreeSet<String>,
    pub(super) request: KmsRequest,
    pub(super) received: Vec<u8>,
    /// Whether that is all of the records.
    pub(super) ended: bool,
}

/// Data keys that a worker needs, and where it waits for the word that they were given.
pub struct KeysWanted {
    /// The data keys, all different.
    pub missing: Vec<MissingKey>,
    /// To say that they were given, or why not.
    pub given: SyncSender<Result<(), Refusal>>,
}

/// What was released for sealed values, for the receipt.
#[derive(Default)]
pub(super) struct ValuesReleased {
    pub(super) datasets: BTreeSet<String>,
    pub(super) requests: Vec<KmsRequest>,
}

impl Proof {
    /// Has the manifest's data key released, or where the policy asks for no manifest, the first sealed value's.
    pub(super) async fn begin<R: AsyncRead + Unpin>(
        incoming: &mut Incoming<R>,
        manifest: Option<SealedManifest>,
        plan: &Plan,
        policy: &Policy,
        kms: &Kms,
    ) -> Result<Self, Refused> {
        match manifest {
            Some(manifest) => manifest.open(policy, kms).await.map_err(Refused::from),
            None if policy.input().whole => Err(Refusal::InputSet.into()),
            None => Self::by_first_value(incoming, plan, policy, kms).await,
        }
    }

    async fn by_first_value<R: AsyncRead + Unpin>(
        incoming: &mut Incoming<R>,
        plan: &Plan,
        policy: &Policy,
        kms: &Kms,
    ) -> Result<Self, Refused> {
        let find = |records: &[u8]| Ok(plan.first_sealed(records));
        let Beginning { found, bytes: received, ended } = incoming.beginning(limits::PROOF_BYTES, find).await?;
        let ValueKey { of, data_key, dataset, request } = value_key(found, policy, kms).await?;
        let datasets = BTreeSet::from([dataset]);
        Ok(Self { manifest_stated: None, manifest: None, first: Some((of, data_key)), datasets, request, received, ended })
    }
}

impl SealedManifest {
    async fn open(self, policy: &Policy, kms: &Kms) -> Result<Proof, Refusal> {
        let (header, used) = Header::parse(&self.0).map_err(of_message)?.ok_or(Refusal::InputCorrupt)?;
        let unlocked = input_header::unlock(SealedKind::Manifest, header, policy, kms).await?;
        let datasets = BTreeSet::from([unlocked.dataset(policy)?.to_owned()]);
        let request = unlocked.request.clone();
        let digest = Blake3Digest::finish(blake3::Hasher::new().update(&self.0));
        let stated = receipt::Manifest { message_id: unlocked.header.message_id().to_hex(), digest };
        let content = unlocked.open_whole(self.0.get(used..).unwrap_or_default())?;
        let manifest = Some(Manifest::parse(&content).map_err(|_| Refusal::InputCorrupt)?);
        Ok(Proof { manifest_stated: Some(stated), manifest, first: None, datasets, request, received: Vec::new(), ended: false })
    }
}

/// A data key of sealed values, believed.
struct ValueKey {
    of: ValuesOf,
    data_key: DataKey,
    dataset: String,
    request: KmsRequest,
}

/// Has the data key of a field's values released. Their context must name the field.
async fn value_key(missing: MissingKey, policy: &Policy, kms: &Kms) -> Result<ValueKey, Refusal> {
    let MissingKey { header, of } = missing;
    if header.context().get(binding::FIELD) != Some(of.field()) {
        return Err(Refusal::InputCorrupt);
    }
    let unlocked = input_header::unlock(SealedKind::Input, header, policy, kms).await?;
    let dataset = unlocked.dataset(policy)?.to_owned();
    let Unlocked { data_key, request, .. } = unlocked;
    Ok(ValueKey { of, data_key, dataset, request })
}

/// Answers workers until none is left: has the data keys released that they ask for, several at once.
pub(super) async fn release_keys(mut wanted: Receiver<KeysWanted>, keys: &Arc<ValueKeys>, policy: &Policy, kms: &Kms) -> ValuesReleased {
    let mut released = ValuesReleased::default();
    while let Some(KeysWanted { missing, given }) = wanted.recv().await {
        let answer = release_some(missing, keys, policy, kms, &mut released).await;
        // A worker that no longer waits has ended.
        let _ = given.send(answer);
    }
    released
}

async fn release_some(
    missing: Vec<MissingKey>,
    keys: &ValueKeys,
    policy: &Policy,
    kms: &Kms,
    released: &mut ValuesReleased,
) -> Result<(), Refusal> {
    // Another worker may have asked in the meantime.
    let calls = missing.into_iter().filter(|missing| !keys.has(&missing.of)).map(|missing| value_key(missing, policy, kms));
    let mut answers = futures_util::stream::iter(calls).buffer_unordered(limits::KMS_CALLS_AT_ONCE);
    while let Some(answer) = answers.next().await {
        let ValueKey { of, data_key, dataset, request } = answer?;
        keys.give(of, data_key).map_err(|_| Refusal::TooLarge)?;
        released.datasets.insert(dataset);
        released.requests.push(request);
    }
    Ok(())
}
