//! `sealroom plan`: says without any key what would become of a job under a policy, and what a sample would look like.

use std::{
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use sealroom_shared::{
    authorize::{self, SampleMinimum},
    job::Job,
    limits as shared_limits,
    policy::UnixMillis,
};
use serde_json::json;

use crate::{
    commands::refuse_two_from_stdin,
    failure::{Failure, Result, printable},
    owner_policy::OwnerPolicy,
    planning::{self, Refusal, Sample},
    policy_or_job,
    report::Report,
    source, utc,
};

/// Say what a policy makes of a job, without any key: allowed or which rule refuses, what is read and released, which KMS calls follow
///
/// The decision is the enclave's own. With --sample the rows of some records in the clear are shown as the job would release them, but for
/// tokens, which are of throwaway keys. Nothing is sealed, sent or written.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Plan {
    /// The data owner's policy
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// What the operator asks for
    #[arg(long, value_name = "FILE")]
    job: PathBuf,
    /// When the job would run, such as 2026-01-01T00:00:00Z; the enclave goes by attested time
    #[arg(long, value_name = "TIME", default_value = "now", value_parser = time)]
    at: UnixMillis,
    /// Records in the clear, as the policy's `input.format` has them; `-` is standard input
    #[arg(long, value_name = "FILE")]
    sample: Option<PathBuf>,
    /// Rows of the sample's output that are shown
    #[arg(long, value_name = "COUNT", default_value_t = 20, requires = "sample")]
    rows: usize,
    /// Show rows and groups of fewer people than the policy's minimum too: a sample is in the clear anyway
    #[arg(long, requires = "sample")]
    ignore_minimum: bool,
}

impl Plan {
    /// Decides, tells, and runs the sample.
    pub fn run(self) -> Result<Report> {
        refuse_two_from_stdin([&self.policy, &self.job].into_iter().chain(&self.sample))?;
        let read = OwnerPolicy::read(&self.policy)?;
        let policy = read.policy();
        let job = source::read_small(&self.job, shared_limits::JOB_BYTES)?;
        let job = Job::parse(&job).map_err(|error| {
            let help = if policy_or_job::is_policy(&job) { policy_or_job::POLICY_GIVEN } else { "correct the job file at this line" };
            Failure::new("job-invalid", format!("{}: {error}", self.job.display())).help(help)
        })?;
        let mut json = json!({
            "allowed": true,
            "policy": { "name": policy.name(), "digest": policy.digest() },
            "job": { "digest": job.digest() },
            "at": utc::text(self.at.0),
        });
        let about = format!("{} under policy {:?}, at {}\n", self.job.display(), policy.name(), utc::text(self.at.0));
        let plan = match authorize::job(policy, &job, self.at) {
            Ok(plan) => plan,
            Err(refused) => {
                let refusal = Refusal::new(policy, &job, refused);
                json["allowed"] = false.into();
                json["refusal"] = refusal.json();
                let says = refusal.policy_says().map(|says| format!("\npolicy      {says}")).unwrap_or_default();
                return Ok(Report::answer(json, printable(&format!("NOT ALLOWED {}{says}", about.trim_end()))).but(refusal.failure()));
            }
        };
        let told = planning::tell(policy, &job, &plan);
        if let (Some(json), serde_json::Value::Object(told)) = (json.as_object_mut(), told.json) {
            json.extend(told);
        }
        let mut text = format!("ALLOWED     {about}{}", told.text);
        let minimum = if self.ignore_minimum { SampleMinimum::Ignored } else { SampleMinimum::Kept };
        let sample =
            self.sample.as_deref().map(|path: &Path| Sample::read(path, minimum, self.rows)?.run(policy, &job, &plan)).transpose()?;
        if let Some(sampled) = &sample {
            json["sample"] = sampled.json();
            text.push_str(&sampled.text());
        }
        let report = Report::answer(json, printable(text.trim_end_matches('\n')));
        Ok(match sample.and_then(|sampled| sampled.failure()) {
            Some(failure) => report.but(failure),
            None => report,
        })
    }
}

fn time(text: &str) -> std::result::Result<UnixMillis, String> {
    if text == "now" {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| "this machine's clock stands before 1970".to_owned())?;
        return u64::try_from(since.as_millis()).map(UnixMillis).map_err(|_| "this machine's clock is beyond any date".to_owned());
    }
    utc::parse(text).map(UnixMillis).ok_or_else(|| "expected a time with its offset, such as 2026-01-01T00:00:00Z, or now".to_owned())
}

const EXAMPLE: &str = "\
Examples:
  sealroom plan --policy policy.toml --job job.toml
  sealroom plan --policy policy.toml --job job.toml --sample records.ndjson --rows 5
  sealroom plan --policy policy.toml --job job.toml --sample few.ndjson --ignore-minimum

It exits with 0 where the job is allowed, and with 1 where it is not or the enclave would refuse the sample's records.
";
