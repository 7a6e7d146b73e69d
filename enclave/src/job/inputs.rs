//! A job's inputs, from the first one, which proves that the policy is its owner's, to the last. Sealed files, part after
//! part; or records with sealed fields, and their manifest.

use std::collections::BTreeSet;

use sealroom_shared::authorize::Plan;
use sealroom_shared::digest::Blake3Digest;
use sealroom_shared::limits;
use sealroom_shared::manifest::Manifest;
use sealroom_shared::policy::{Form, Policy};
use sealroom_shared::receipt::{self, Input, KmsRequest};
use sealroom_shared::record::sealed::ValueKeys;
use sealroom_shared::wire::{Kind, Refusal};
use tokio::io::AsyncRead;
use tokio::sync::mpsc::Sender;

use super::Refused;
use super::input_set::InputSet;
use super::pipeline::Incoming as ToPipeline;
use super::pool::Buffers;
use super::sealed_fields::{Proof, SealedManifest};
use super::sealed_file::{FileStatement, SealedFile};
use super::session::Incoming;
use crate::kms::Kms;

/// The inputs of a job, the first of which has begun and has proven the policy.
pub(super) enum Inputs {
    Files { set: InputSet, first: Box<SealedFile> },
    Fields(Box<Proof>),
}

/// What became of them, for the receipt.
pub(super) enum InputsRead {
    Files(Vec<FileStatement>),
    /// What the receipt says of the manifest, and the datasets named so far.
    Fields {
        manifest: Option<receipt::Manifest>,
        datasets: BTreeSet<String>,
    },
}

impl Inputs {
    /// Begins the inputs, whose first `Input` frame has been read: has the first data key released.
    pub(super) async fn begin<R: AsyncRead + Unpin>(
        incoming: &mut Incoming<R>,
        manifest: Option<SealedManifest>,
        plan: &Plan,
        policy: &Policy,
        kms: &Kms,
    ) -> Result<Self, Refused> {
        match (policy.input().form, manifest) {
            (Form::File, None) => {
                let mut set = InputSet::new(policy.input().whole);
                let first = SealedFile::read(incoming, policy, kms, &mut set).await?;
                Ok(Self::Files { set, first: Box::new(first) })
            }
            (Form::File, Some(_)) => Err(Refusal::Protocol.into()),
            (Form::Fields, manifest) => {
                Proof::begin(incoming, manifest, plan, policy, kms).await.map(|proof| Self::Fields(Box::new(proof)))
            }
        }
    }

    /// The call that released the first data key.
    pub(super) fn first_request(&self) -> &KmsRequest {
        match self {
            Self::Files { first, .. } => &first.request,
            Self::Fields(proof) => &proof.request,
        }
    }

    /// Hands over what the records must be, as their owner says; none for sealed files, which say it themselves.
    pub(super) fn take_manifest(&mut self) -> Option<Manifest> {
        match self {
            Self::Files { .. } => None,
            Self::Fields(proof) => proof.manifest.take(),
        }
    }

    /// Hands over the data key that was released first, where it is one of sealed values.
    pub(super) fn give_first(&mut self, keys: &ValueKeys) -> Result<(), Refusal> {
        match self {
            Self::Files { .. } => Ok(()),
            Self::Fields(proof) => proof.first.take().map_or(Ok(()), |(of, key)| keys.give(of, key).map_err(|_| Refusal::TooLarge)),
        }
    }

    /// Moves all inputs from the connection into the pipeline, or until that has given up. Takes the only sender, so that
    /// the pipeline sees its input cut off when this ends early. Appends further KMS calls to `requests`.
    pub(super) async fn feed<R: AsyncRead + Unpin>(
        self,
        incoming: &mut Incoming<R>,
        to: Sender<ToPipeline>,
        buffers: &Buffers,
        policy: &Policy,
        kms: &Kms,
        requests: &mut Vec<KmsRequest>,
    ) -> Result<InputsRead, Refused> {
        let read = match self {
            Self::Files { mut set, first } => {
                let (mut next, mut files) = (Some(*first), Vec::new());
                while let Some(SealedFile { statement, opener, header, frames, ended, .. }) = next {
                    files.push(statement);
                    let begun = [ToPipeline::Input { opener: Some(Box::new(opener)), header }, ToPipeline::Bytes(frames)];
                    if !one_input(begun, ended, incoming, &to, buffers).await? {
                        return Ok(InputsRead::Files(files));
                    }
                    next = match incoming.frame().await? {
                        (Kind::End, _) => None,
                        (Kind::Input, _) => Some(SealedFile::read(incoming, policy, kms, &mut set).await?),
                        _ => return Err(Refusal::Protocol.into()),
                    };
                    requests.extend(next.as_ref().map(|file| file.request.clone()));
                }
                set.finish()?;
                InputsRead::Files(files)
            }
            Self::Fields(proof) => {
                let Proof { manifest_stated: manifest, datasets, received, ended, .. } = *proof;
                let read = InputsRead::Fields { manifest, datasets };
                let begun = [ToPipeline::Input { opener: None, header: Vec::new() }, ToPipeline::Bytes(received)];
                if !one_input(begun, ended, incoming, &to, buffers).await? {
                    return Ok(read);
                }
                match incoming.frame().await? {
                    (Kind::End, _) => {}
                    // One manifest speaks of one file.
                    (Kind::Input, _) => return Err(Refusal::InputSet.into()),
                    _ => return Err(Refusal::Protocol.into()),
                }
                read
            }
        };
        let _ = to.send(ToPipeline::End).await;
        Ok(read)
    }
}

impl InputsRead {
    /// The receipt's entries, with the digests of what was read, in order, and the datasets of sealed values.
    pub(super) fn statements(self, digests: Vec<Blake3Digest>, more_datasets: BTreeSet<String>) -> Vec<Input> {
        match self {
            Self::Files(files) => files.into_iter().zip(digests).map(|(file, digest)| file.with_digest(digest)).collect(),
            Self::Fields { manifest, mut datasets } => {
                datasets.extend(more_datasets);
                let datasets = Vec::from_iter(datasets);
                let fields = |digest| Input::Fields { datasets: datasets.clone(), manifest: manifest.clone(), digest };
                digests.into_iter().map(fields).collect()
            }
        }
    }
}

/// Moves one input to its end. False where the pipeline has given up.
async fn one_input<R: AsyncRead + Unpin>(
    begun: [ToPipeline; 2],
    ended: bool,
    incoming: &mut Incoming<R>,
    to: &Sender<ToPipeline>,
    buffers: &Buffers,
) -> Result<bool, Refused> {
    for next in begun {
        if to.send(next).await.is_err() {
            return Ok(false);
        }
    }
    let mut ended = ended;
    while !ended {
        let mut piece = buffers.take();
        ended = tokio::select! {
            ended = fill(incoming, &mut piece) => ended?,
            () = to.closed() => return Ok(false),
        };
        if to.send(ToPipeline::Bytes(piece)).await.is_err() {
            return Ok(false);
        }
    }
    Ok(to.send(ToPipeline::InputEnd).await.is_ok())
}

/// Puts frames together into one piece. True where the input ends with it.
async fn fill<R: AsyncRead + Unpin>(incoming: &mut Incoming<R>, piece: &mut Vec<u8>) -> Result<bool, Refused> {
    piece.clear();
    // Never more than a block, so that what is opened from it fits the buffers as they are.
    while piece.len().saturating_add(limits::WIRE_PAYLOAD) <= limits::BLOCK_BYTES {
        let before = piece.len();
        match incoming.append_frame(piece).await? {
            Kind::Data => {}
            Kind::InputEnd if piece.len() == before => return Ok(true),
            _ => return Err(Refusal::Protocol.into()),
        }
    }
    Ok(false)
}
