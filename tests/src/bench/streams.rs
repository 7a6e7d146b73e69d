//! One large file opened to `/dev/null`, a whole process each: `sealroom open`, the same format's other libraries, and
//! what else people encrypt files with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::clock::{Contest, Spent, process};
use super::report::{Judged, Row, Target, rate};
use super::sealed::WRAPPING_KEY;
use super::{Settings, nd1k, peers, sealed};

/// The files, all of one plaintext, and the plaintext's digest.
struct Files {
    folder: PathBuf,
    key: PathBuf,
    bytes: f64,
    digest: blake3::Hash,
}

/// A tool and how it opens its file of some plaintext.
type Tool<'a> = (&'static str, Box<dyn Fn() -> Command + 'a>);

/// `sealroom open` and the libraries.
pub fn libraries(settings: &Settings) -> Result<Vec<Row>> {
    let files = Files::make(settings, "libraries")?;
    for (name, frame_length) in FRAMES {
        sealed::file(&files.folder.join(name), frame_length, files.plaintext())?;
        sealed::file(&files.folder.join(format!("{name}.start")), frame_length, std::iter::once(b"x".to_vec()))?;
    }
    let (keyset, tink, plain) = (files.folder.join("keyset"), files.folder.join("tink"), files.folder.join("plain"));
    files.write_plaintext(&plain)?;
    peers::prepare(peers::python(settings, "streams.py").arg("tink-seal").arg(&keyset).arg(&plain).arg(&tink))?;
    fs::remove_file(&plain)?;

    let at = |name: &str| files.folder.join(name);
    let esdk = |file: PathBuf| {
        let mut command = peers::python(settings, "streams.py");
        command.arg("esdk").arg(&files.key).arg(file);
        command
    };
    let tools: Vec<Tool<'_>> = vec![
        ("sealroom open", Box::new(|| peers::sealroom_open(&files.key, &at("64K")))),
        ("ESDK Python, frames 4 KiB", Box::new(|| esdk(at("4K")))),
        ("ESDK Python, frames 64 KiB", Box::new(|| esdk(at("64K")))),
        ("ESDK Python, frames 1 MiB", Box::new(|| esdk(at("1M")))),
        ("ESDK JavaScript, frames 64 KiB", Box::new(|| peers::javascript(settings, &files.key, &at("64K")))),
        ("ESDK JavaScript, frames 1 MiB", Box::new(|| peers::javascript(settings, &files.key, &at("1M")))),
        (
            "Tink Python, segments 1 MB",
            Box::new(|| {
                let mut command = peers::python(settings, "streams.py");
                command.arg("tink-open").arg(&keyset).arg(&tink);
                command
            }),
        ),
    ];
    // Which frame length is best for a library is decided by the rounds themselves.
    let starts: [Option<Tool<'_>>; 3] = [
        Some(("ESDK Python", Box::new(|| esdk(at("64K.start"))))),
        Some(("ESDK JavaScript", Box::new(|| peers::javascript(settings, &files.key, &at("64K.start"))))),
        None,
    ];
    let groups = [("ESDK Python", 4.0), ("ESDK JavaScript", 1.0), ("Tink Python", 1.0)];
    files.contest(settings, &tools, &starts, &groups)
}

/// `sealroom open` and the tools of Debian.
pub fn tools(settings: &Settings) -> Result<Vec<Row>> {
    let files = Files::make(settings, "tools")?;
    sealed::file(&files.folder.join("64K"), super::work::FRAME, files.plaintext())?;
    let plain = files.folder.join("plain");
    files.write_plaintext(&plain)?;
    let (identity, for_age, passphrase, for_gpg) =
        (files.folder.join("identity"), files.folder.join("age"), files.folder.join("passphrase"), files.folder.join("gpg"));
    peers::prepare(Command::new("age-keygen").arg("-o").arg(&identity))?;
    peers::prepare(Command::new("age").arg("-e").arg("-i").arg(&identity).arg("-o").arg(&for_age).arg(&plain))?;
    fs::write(&passphrase, "a passphrase\n")?;
    // A folder with a short path: the agent's socket is in it.
    let home = tempfile::Builder::new().prefix("gpg").tempdir_in("/tmp")?;
    let gpg = || {
        let mut command = Command::new("gpg");
        command.arg("--homedir").arg(home.path()).args(["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase-file"]);
        command.arg(&passphrase);
        command
    };
    // Nothing of it is spent on compression or on stretching the passphrase.
    let symmetric = ["--symmetric", "--cipher-algo", "AES256", "--compress-algo", "none", "--s2k-count", "1024", "--output"];
    peers::prepare(gpg().args(symmetric).arg(&for_gpg).arg(&plain))?;
    fs::remove_file(&plain)?;
    let tools: Vec<Tool<'_>> = vec![
        ("sealroom open", Box::new(|| peers::sealroom_open(&files.key, &files.folder.join("64K")))),
        (
            "age -d",
            Box::new(|| {
                let mut command = Command::new("age");
                command.arg("-d").arg("-i").arg(&identity).arg(&for_age);
                command
            }),
        ),
        (
            "gpg -d",
            Box::new(|| {
                let mut command = gpg();
                command.arg("--decrypt").arg(&for_gpg);
                command
            }),
        ),
    ];
    let rows = files.contest(settings, &tools, &[None, None], &[("age", 3.0), ("gpg", 3.0)]);
    let _ = Command::new("gpgconf").arg("--homedir").arg(home.path()).args(["--kill", "all"]).status();
    rows
}

impl Files {
    fn make(settings: &Settings, name: &str) -> Result<Self> {
        let folder = settings.folder(name)?;
        let key = folder.join("key");
        fs::write(&key, WRAPPING_KEY)?;
        let pieces = if settings.quick { 100 } else { 1024 };
        let mut files = Self { folder, key, bytes: (pieces * PIECE) as f64, digest: blake3::hash(b"") };
        let mut hasher = blake3::Hasher::new();
        files.plaintext().for_each(|piece| {
            hasher.update(&piece);
        });
        files.digest = hasher.finalize();
        Ok(files)
    }

    /// The plaintext, a mebibyte at a time.
    fn plaintext(&self) -> impl Iterator<Item = Vec<u8>> + use<> {
        let mut records = nd1k::Records::new();
        (0..self.bytes as usize / PIECE).map(move |_| records.take(PIECE / nd1k::RECORD))
    }

    fn write_plaintext(&self, path: &Path) -> Result<()> {
        let mut file = fs::File::create(path)?;
        for piece in self.plaintext() {
            std::io::Write::write_all(&mut file, &piece)?;
        }
        Ok(())
    }

    /// Compares the first tool with the best of each group, by the beginning of its name. Where a group's start takes
    /// more than a twentieth of its time, a second row leaves it out.
    fn contest(&self, settings: &Settings, tools: &[Tool<'_>], starts: &[Option<Tool<'_>>], groups: &[(&str, f64)]) -> Result<Vec<Row>> {
        for (name, command) in tools {
            ensure!(peers::digest(command())? == self.digest, "{name} does not open to the plaintext");
        }
        let mut contest = Contest::default();
        for (_, command) in tools {
            contest.enter(|| process(&mut command()));
        }
        let starts: Vec<Option<usize>> =
            starts.iter().map(|start| start.as_ref().map(|(_, command)| contest.enter(|| process(&mut command())))).collect();
        let outcome = contest.hold(settings.rounds)?;
        for (entry, (name, _)) in tools.iter().enumerate() {
            let Spent { wall, cpu } = outcome.median(entry);
            eprintln!("  {name}: {wall:.3} s, {cpu:.3} s of CPU");
        }
        let ours = rate(self.bytes, outcome.median(0).wall);
        let mut rows = Vec::new();
        for ((group, least), start) in groups.iter().zip(starts) {
            let of_group = (1..tools.len()).filter(|entry| tools[*entry].0.starts_with(group));
            let Some(best) = of_group.min_by(|one, other| outcome.median(*one).wall.total_cmp(&outcome.median(*other).wall)) else {
                continue;
            };
            let (name, spent) = (tools[best].0, outcome.median(best));
            let measure = format!("`sealroom open` of {} MiB to /dev/null, against {group}", self.bytes as usize / PIECE);
            let reference = format!("{name}, {}", rate(self.bytes, spent.wall));
            rows.push(Row::speed(&measure, ours.clone(), reference, outcome.ratio(0, best), Judged::Wall, Target::AtLeast(*least)));
            // Where the start is nearly all of it, the rest is noise.
            let share = |start: usize| outcome.median(start).wall / spent.wall;
            if let Some(start) = start.filter(|start| (0.05..0.8).contains(&share(*start))) {
                let rest = spent.without(outcome.median(start));
                let reference = format!("{name}, {}", rate(self.bytes, rest.wall));
                let ratio = outcome.median(0).against(rest);
                rows.push(Row::speed(
                    &format!("the same without the start of {group}"),
                    ours.clone(),
                    reference,
                    ratio,
                    Judged::Wall,
                    Target::None,
                ));
            }
        }
        Ok(rows)
    }
}

/// Frame lengths that libraries differ in.
const FRAMES: [(&str, u32); 3] = [("4K", 4096), ("64K", 64 * 1024), ("1M", 1024 * 1024)];
/// Bytes made at once.
const PIECE: usize = 1024 * 1024;
