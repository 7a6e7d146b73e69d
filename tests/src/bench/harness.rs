//! The benchmark's job done by the shipped programs: mock KMS, enclave under nitro-sim, proxy and `sealroom`, each a
//! process of its own, and what the kernel says of them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use sealroom_testkit::stage::payments::{key_policy, key_policy_attested};
use sealroom_testkit::stage::{RunningEnclave, Stage, Variant, succeed};

use super::clock::Spent;
use super::{nd1k, peers, work};

/// Keys, policy and token key on a stage.
pub struct Harness {
    /// The stage itself.
    pub stage: Stage,
    key_arn: String,
}

/// Who reads the output.
pub enum Reader {
    /// A key pair.
    Rsa,
    /// A KMS key.
    Kms,
}

impl Harness {
    /// Makes keys and policy; nothing is sealed yet.
    pub fn new(reader: &Reader) -> Result<Self> {
        let stage = Stage::new();
        let anyone = key_policy(
            r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/operator"},"Action":"kms:*","Resource":"*"}"#,
        );
        let key_arn = stage.create_key(&anyone);
        let recipient = match reader {
            Reader::Rsa => {
                peers::prepare(stage.sealroom("consumer").arg("keygen").arg("--out").arg(stage.path("analyst")))?;
                format!("rsa_public_key = \"\"\"\n{}\"\"\"", stage.read("analyst.pub.pem"))
            }
            Reader::Kms => format!("kms_key = \"{}\"", stage.create_key(&anyone)),
        };
        let policy = work::POLICY.replace("@KEY_ARN@", &key_arn).replace("@CHECK@", "").replace("@RECIPIENT@", &recipient);
        let policy = stage.write("policy.toml", policy);
        stage.write("job.toml", work::JOB);
        let mut command = stage.sealroom("owner");
        command.args(["token-key", "new", "--domain", "customer", "--key-arn", &key_arn, "--policy"]).arg(policy);
        peers::prepare(command.arg("--out").arg(stage.path("customer.token")))?;
        Ok(Self { stage, key_arn })
    }

    /// A sealed file of `count` records, as the owner makes it.
    pub fn seal(&self, count: usize, sealed: &Path) -> Result<()> {
        let (mut records, mut left) = (nd1k::Records::new(), count);
        self.seal_pieces(sealed, || {
            let now = left.min(4096);
            left -= now;
            (now > 0).then(|| records.take(now))
        })
    }

    /// The same of what `next` gives, piece by piece until it gives none.
    pub fn seal_pieces(&self, sealed: &Path, mut next: impl FnMut() -> Option<Vec<u8>>) -> Result<()> {
        let mut command = self.stage.sealroom("owner");
        command.args(["seal", "--dataset", "nd1k", "--key-arn", &self.key_arn, "--policy"]).arg(self.stage.path("policy.toml"));
        command.arg("-").arg("--out").arg(sealed).stdin(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let mut to = child.stdin.take().context("its input")?;
        while let Some(piece) = next() {
            to.write_all(&piece)?;
        }
        drop(to);
        ensure!(child.wait()?.success(), "sealroom seal failed");
        Ok(())
    }

    /// The shipped enclave, which alone may use the key.
    pub fn enclave(&self) -> Result<Enclave> {
        let running = self.stage.start_enclave(&Variant::default());
        self.stage.put_key_policy(&self.key_arn, &key_policy_attested(&fs::read_to_string(&running.measurements)?));
        let simulator = running.simulator.id();
        let children = fs::read_to_string(format!("/proc/{simulator}/task/{simulator}/children"))?;
        let program = children.split_whitespace().next().context("nitro-sim has one child, the enclave")?.parse()?;
        Ok(Enclave { running, program })
    }

    /// `sealroom submit` of a sealed file; what it makes is replaced each time.
    pub fn submit(&self, enclave: &Enclave, sealed: &Path) -> Command {
        let stage = &self.stage;
        let mut command = stage.sealroom("operator");
        command.args(["submit", "--force", "--enclave", &enclave.running.address, "--policy"]).arg(stage.path("policy.toml"));
        command.arg("--job").arg(stage.path("job.toml")).arg("--token-key").arg(stage.path("customer.token")).arg(sealed);
        command.arg("--out").arg(self.output()).arg("--receipt").arg(stage.path("out.receipt.json"));
        command
    }

    /// Where `submit` puts what it receives: in memory where that is possible, so that no disk is measured.
    #[must_use]
    pub fn output(&self) -> PathBuf {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() { memory.join(format!("sealroom-bench.{}", std::process::id())) } else { self.stage.path("out.sealed") }
    }

    /// What the reader with the key pair makes of the output.
    pub fn open(&self) -> Vec<u8> {
        let mut command = self.stage.sealroom("consumer");
        command.args(["open", "--unverified-origin", "--out", "-", "--private-key"]).arg(self.stage.path("analyst.key.pem"));
        succeed(command.arg(self.output())).stdout
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.output());
    }
}

/// A running enclave and its process.
pub struct Enclave {
    /// With its simulator and proxy.
    pub running: RunningEnclave,
    program: u32,
}

impl Enclave {
    /// Processor time that the enclave's program has taken so far, in seconds; the kernel counts in hundredths.
    pub fn cpu(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.program))?;
        let (_, after) = stat.rsplit_once(") ").context("a process's name")?;
        let ticks = after.split(' ').skip(11).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
        Ok(ticks / 100.0)
    }

    /// The most memory that it ever had resident, in KiB.
    pub fn peak(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.program))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    /// Keeps the enclave on one processor, and what surrounds it on another.
    pub fn pin(&self, program: usize, surroundings: usize) -> Result<()> {
        pin(self.program, program)?;
        pin(self.running.simulator.id(), surroundings)?;
        pin(self.running.proxy.id(), surroundings)
    }

    /// Runs a job; its processor time is the enclave's.
    pub fn run(&self, submit: &mut Command) -> Result<Spent> {
        let before = self.cpu()?;
        let wall = super::clock::process(submit)?.wall;
        Ok(Spent { wall, cpu: self.cpu()? - before })
    }
}

/// Keeps every thread of a process, and those that they start, on one processor.
pub fn pin(process: u32, processor: usize) -> Result<()> {
    pin_to(process, &[processor])
}

/// As [`pin`], on several.
pub fn pin_to(process: u32, processors: &[usize]) -> Result<()> {
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let thread: i32 = thread?.file_name().to_string_lossy().parse()?;
        // SAFETY: the set is all-zero bytes but for bits that CPU_SET puts within it, and the call only reads it.
        let done = unsafe {
            let mut set: libc::cpu_set_t = std::mem::zeroed();
            processors.iter().for_each(|processor| libc::CPU_SET(*processor, &mut set));
            libc::sched_setaffinity(thread, size_of::<libc::cpu_set_t>(), &raw const set)
        };
        ensure!(done == 0, "process {process} cannot be kept on {processors:?}: {}", std::io::Error::last_os_error());
    }
    Ok(())
}
