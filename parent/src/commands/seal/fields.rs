//! `sealroom seal --fields`: single values are sealed, each in its place, and a manifest of the whole beside them.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use sealroom_shared::{binding, manifest::Manifest, message::Sealer, policy::Form};

use super::{Seal, failed, is_folder, random_set};
use crate::{
    commands::overwrite,
    failure::{Failure, Result},
    field_sealing::{FieldKeys, FieldSealing, FieldsSealed, SealedField},
    kms::KmsKey,
    owner_policy::OwnerPolicy,
    pending_output::{self, Access, PendingFile},
    progress::Progress,
    report::Report,
    source::Source,
};

/// The options of this form.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Sealing single values (a policy with `input.form = \"fields\"`)")]
pub struct FieldOptions {
    /// Seal the values of these fields alone, each as a message of its own: all that the policy calls `sealed`
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub fields: Vec<String>,
    /// Where the sealed manifest goes, which says that a job has all records: by default OUT.manifest
    #[arg(long, value_name = "FILE", requires = "fields")]
    manifest: Option<PathBuf>,
    /// Values of one field that one data key seals; each data key is a call to KMS here and in every job
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..), requires = "fields")]
    values_per_key: u64,
}

/// Refuses a form that is not the policy's.
pub fn refuse_other_form(seal: &Seal, policy: &OwnerPolicy) -> Result<()> {
    match (policy.policy().input().form, seal.by_field.fields.is_empty()) {
        (Form::File, true) | (Form::Fields, false) => Ok(()),
        (Form::Fields, true) => {
            let named = sealed_fields(policy).map(|field| field.name).collect::<Vec<_>>().join(",");
            Err(Failure::new("form", "the policy has single values sealed, not whole files: it has `input.form = \"fields\"`")
                .help(format!("seal with --fields {named}")))
        }
        (Form::File, false) => Err(Failure::new("form", "the policy has whole files sealed, not single values")
            .help("seal without --fields; or write a policy with `input.form = \"fields\"` and `sealed = true` for each field")),
    }
}

/// Seals the values of one file in their place.
pub async fn run(seal: &Seal, json: bool, policy: &OwnerPolicy) -> Result<Report> {
    let [input] = seal.inputs.as_slice() else {
        return Err(
            Failure::usage("--fields seals one file at a time").help("one manifest speaks of one file; seal the files one after the other")
        );
    };
    if seal.no_check {
        return Err(Failure::usage("--no-check does not go with --fields: fields cannot be sealed unseen"));
    }
    if seal.out == Path::new("-") || is_folder(&seal.out) {
        return Err(Failure::usage("--out wants the name of a file with --fields: the manifest appears beside it"));
    }
    let fields = chosen(&seal.by_field.fields, policy)?;
    let manifest_path = seal.by_field.manifest.clone().unwrap_or_else(|| beside(&seal.out));

    let mut source = Source::open(input)?;
    let mut output = PendingFile::create(&seal.out, Access::Usual, overwrite(seal.force))?;
    let mut manifest_file = PendingFile::create(&manifest_path, Access::Usual, overwrite(seal.force))?;
    let kms = KmsKey::new(&seal.aws, seal.key_arn.clone()).await?;
    let set = random_set()?;

    let progress = Progress::bytes(json, source.length);
    let keys = FieldKeys::new(policy, &kms, (&seal.dataset, &set), fields, seal.by_field.values_per_key);
    let mut bytes = 0;
    let sealing = FieldSealing::new(policy.policy().input().format, keys);
    let FieldsSealed { manifest, fields } = sealing.run(&mut source, &progress, |sealed| {
        bytes += sealed.len() as u64;
        output.write_all(sealed)
    })?;
    drop(progress);
    let message = sealed_manifest(&manifest, seal, policy, &kms, &set).await?;
    manifest_file.write_all(&message)?;
    pending_output::publish(vec![output, manifest_file])?;

    let values: u64 = fields.iter().map(|field| field.values).sum();
    let (out, beside) = (seal.out.display(), manifest_path.display());
    let said = format!(
        "sealed {values} values of {} in {} records into {out} ({bytes} bytes), and {beside}; every other field lies open in {out}",
        seal.by_field.fields.join(", "),
        manifest.records(),
    );
    let report = serde_json::json!({
        "out": seal.out,
        "manifest": manifest_path,
        "bytes": bytes,
        "digest": manifest.digest(),
        "records": manifest.records(),
        "fields": fields,
        "policy_digest": policy.policy().digest(),
        "dataset": seal.dataset,
        "set": set,
    });
    Ok(Report::note(report, said))
}

/// The policy's sealed fields, which must be the ones named: a field that is left out would lie open.
fn chosen(named: &[String], policy: &OwnerPolicy) -> Result<Vec<SealedField>> {
    let sealed: Vec<SealedField> = sealed_fields(policy).collect();
    let known: BTreeSet<&str> = sealed.iter().map(|field| field.name.as_str()).collect();
    let asked: BTreeSet<&str> = named.iter().map(String::as_str).collect();
    let listed = |names: BTreeSet<&str>| names.into_iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    let (missing, foreign) = (&known - &asked, &asked - &known);
    if !missing.is_empty() {
        return Err(Failure::usage(format!("--fields leaves out {}, which the policy calls sealed", listed(missing)))
            .help("name every field that has `sealed = true` in the policy; without it the field would lie open"));
    }
    if !foreign.is_empty() {
        return Err(Failure::usage(format!("--fields names {}, which the policy does not call sealed", listed(foreign)))
            .help("give the field `sealed = true` in the policy, or leave it out here"));
    }
    Ok(sealed)
}

fn sealed_fields(policy: &OwnerPolicy) -> impl Iterator<Item = SealedField> {
    let sealed = policy.policy().fields().iter().filter(|(_, field)| field.sealed);
    sealed.map(|(name, field)| SealedField { name: name.clone(), text_type: field.text_type })
}

/// The manifest as a sealed message under a data key of its own.
async fn sealed_manifest(manifest: &Manifest, seal: &Seal, policy: &OwnerPolicy, kms: &KmsKey, set: &str) -> Result<Vec<u8>> {
    let content = manifest.to_canonical().map_err(|error| Failure::new("internal", error.to_string()))?;
    let context = policy.context(binding::MANIFEST, &[(binding::DATASET, seal.dataset.as_str()), (binding::SET, set)])?;
    let (data_key, wrapped) = kms.generate_data_key(&context).await?;
    let mut sealer = Sealer::new(context, vec![wrapped], &data_key).map_err(failed)?;
    let mut message = sealer.header().to_vec();
    sealer.push(&content, &mut message).map_err(failed)?;
    sealer.finish(&mut message).map_err(failed)?;
    Ok(message)
}

fn beside(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".manifest");
    PathBuf::from(name)
}
