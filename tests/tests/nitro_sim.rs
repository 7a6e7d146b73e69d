//! `nitro-sim` from outside, with `sim-probe` in the enclave's place: the NSM behind AWS's own driver, the
//! configuration, measurements, start and end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs, reason = "tests")]

mod independent;
mod lab;

use std::io::Read as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use lab::{Lab, NITRO_SIM, ask, ask_until_end, refusal};
use sealroom_testkit::sim::Enclave;

#[test]
fn configuration_is_the_file_given_and_cannot_be_written() {
    let lab = Lab::new();
    let text = "# the measured one\nparent_cid = 3\n";
    lab.configure(text);
    let enclave = lab.start();
    assert_eq!(ask(&enclave, "config\n"), text);
    assert_eq!(ask(&enclave, "stat\n"), format!("true {} true true", text.len()));
    assert_eq!(ask(&enclave, "write-config\n"), format!("Some({})", libc::EROFS));
}

#[test]
fn configuration_changed_after_the_start_stays_as_it_was_measured() {
    let lab = Lab::new();
    let enclave = lab.start();
    let before = ask(&enclave, "config\n");
    lab.configure("# another\n");
    assert_eq!(ask(&enclave, "config\n"), before);
}

#[test]
fn entropy_is_credited_without_privilege() {
    let lab = Lab::new();
    assert_eq!(ask(&lab.start(), "entropy\n"), "0");
}

#[test]
fn program_that_is_not_dumpable_still_reaches_the_nsm() {
    let lab = Lab::new();
    let answer = ask(&lab.start(), "not-dumpable\n");
    assert_eq!((answer.len(), &answer[..2]), (2 + 512, "0 "));
}

#[test]
fn nsm_is_answered_through_awss_driver() {
    let lab = Lab::new();
    let enclave = lab.start();
    let description = ask(&enclave, "nsm describe\n");
    assert!(description.contains("max_pcrs: 32") && description.contains("digest: SHA384"), "{description}");
    assert_eq!(ask(&enclave, "nsm random\n").len(), 512);
    assert_eq!(ask(&enclave, "nsm pcr 32\n"), "Error(InvalidIndex)");
    assert_eq!(ask(&enclave, "nsm extend 0 data\n"), "Error(ReadOnlyIndex)");
    let extended = ask(&enclave, "nsm extend 16 data\n");
    assert_eq!(ask(&enclave, "nsm pcr 16\n"), format!("false {extended}"));
    assert_eq!(ask(&enclave, "nsm lock 16\n"), "LockPCR");
    assert_eq!(ask(&enclave, "nsm lock-range 20\n"), "LockPCRs");
    assert_eq!(ask(&enclave, "nsm pcr 19\n"), format!("true {}", "0".repeat(96)));
    assert_eq!(ask(&enclave, &format!("nsm attest {} - -\n", "k".repeat(1025))), "Error(InputTooLarge)");
    assert_eq!(ask(&enclave, &format!("nsm attest {} - -\n", "k".repeat(4096))), "Error(InputTooLarge)");
}

#[test]
fn nsm_is_known_by_its_file_and_refuses_oversized_requests() {
    let lab = Lab::new();
    let enclave = lab.start();
    assert_eq!(ask(&enclave, "nsm through-duplicate\n"), "256");
    assert_eq!(ask(&enclave, "nsm oversize\n"), "-1 true");
}

#[test]
fn nsm_serves_many_threads() {
    let lab = Lab::new();
    assert_eq!(ask(&lab.start(), "nsm-load 16 50\n"), "800");
}

#[test]
fn document_carries_the_published_measurements() {
    let lab = Lab::new();
    let enclave = lab.start();
    let before = independent::millis(SystemTime::now());
    let document = attest(&enclave);
    let published = pcrs(&enclave);
    assert_eq!(document.pcrs[&0], published[0]);
    assert_eq!(document.pcrs[&1], published[1]);
    assert_eq!(document.pcrs[&2], published[2]);
    assert_eq!(independent::optional(&document, "user_data").unwrap(), b"data");
    assert!((before..=independent::millis(SystemTime::now())).contains(&document.timestamp));
}

#[test]
fn debug_document_is_zero_while_the_published_measurements_are_real() {
    let mut lab = Lab::new();
    let production = pcrs(&lab.start());
    lab.settings.debug = true;
    let enclave = lab.start();
    let document = attest(&enclave);
    assert_eq!([&document.pcrs[&0], &document.pcrs[&1], &document.pcrs[&2]], [&[0; 48]; 3]);
    assert_eq!(pcrs(&enclave), production);
}

#[test]
fn another_configuration_or_program_has_other_measurements_and_the_same_root() {
    let mut lab = Lab::new();
    let enclave = lab.start();
    let (first, root) = (pcrs(&enclave), enclave.root_pem().unwrap());
    drop(enclave);

    lab.configure("parent_cid = 3 # a comment is measured too\n");
    let enclave = lab.start();
    let second = pcrs(&enclave);
    assert_ne!(second[0], first[0]);
    assert_eq!(second[1], first[1]);
    assert_ne!(second[2], first[2]);
    assert_eq!(enclave.root_pem().unwrap(), root);
    assert_eq!(attest(&enclave).pcrs[&0], second[0]);
    drop(enclave);

    lab.settings.program = lab.altered_program();
    let enclave = lab.start();
    let third = pcrs(&enclave);
    for index in 0..3 {
        assert_ne!(third[index], second[index]);
    }
    assert_eq!(enclave.root_pem().unwrap(), root);
}

#[test]
fn two_enclaves_share_a_root_and_nothing_else() {
    let lab = Lab::new();
    let mut other = Lab::new();
    other.settings.root_folder = Some(lab.settings.folder.clone());
    let (one, two) = (lab.start(), other.start());
    assert_eq!(one.root_pem().unwrap(), two.root_pem().unwrap());
    assert!(!other.settings.folder.join("nsm-root.key").exists());
    assert_ne!(attest(&one).certificate, attest(&two).certificate);
}

#[test]
fn program_gets_neither_arguments_nor_environment() {
    let lab = Lab::new();
    let mut enclave = Enclave::spawn(Path::new(NITRO_SIM), &lab.settings).unwrap();
    assert!(enclave.wait_for("probe: args 1 env 0").unwrap());
}

#[test]
fn exit_code_is_the_programs_own() {
    let lab = Lab::new();
    lab.configure("# exit 37\n");
    let mut enclave = Enclave::spawn(Path::new(NITRO_SIM), &lab.settings).unwrap();
    assert!(!enclave.wait_for("ready").unwrap());
    assert_eq!(enclave.wait().unwrap().code(), Some(37));
    assert!(!enclave.socket().exists());
}

#[test]
fn killed_program_ends_the_supervisor_with_128_and_the_signal() {
    let lab = Lab::new();
    let mut enclave = lab.start();
    let mut held = enclave.connect(5000).unwrap();
    assert_eq!(ask_until_end(&enclave, "signal-self 9\n"), "");
    assert_eq!(enclave.wait().unwrap().code(), Some(128 + 9));
    assert_eq!(held.read(&mut [0]).unwrap(), 0);
    assert!(!enclave.socket().exists());
}

#[test]
fn signal_to_the_supervisor_ends_the_program() {
    for (signal, code) in [(libc::SIGTERM, 143), (libc::SIGINT, 130)] {
        let lab = Lab::new();
        let mut enclave = lab.start();
        send_signal(enclave.id(), signal);
        assert_eq!(enclave.wait().unwrap().code(), Some(code));
        assert!(!enclave.socket().exists());
    }
}

#[test]
fn killed_supervisor_leaves_no_program_and_its_folder_serves_again() {
    let lab = Lab::new();
    let mut enclave = lab.start();
    let mut held = enclave.connect(5000).unwrap();
    send_signal(enclave.id(), libc::SIGKILL);
    assert_eq!(enclave.wait().unwrap().signal(), Some(libc::SIGKILL));
    // The program held the other end: that it closes means that the program is gone.
    assert_eq!(held.read(&mut [0]).unwrap(), 0);
    assert!(enclave.socket().exists());
    assert_eq!(ask(&lab.start(), "echo\nagain"), "again");
}

#[test]
fn folder_in_use_is_refused() {
    let lab = Lab::new();
    let enclave = lab.start();
    let error = refusal(&mut lab.command());
    assert!(error.contains("another nitro-sim is running"), "{error}");
    assert_eq!(ask(&enclave, "echo\nunharmed"), "unharmed");
}

#[test]
fn path_that_leaves_no_room_for_a_port_is_refused() {
    let mut lab = Lab::new();
    lab.settings.folder = lab.settings.folder.join("x".repeat(90));
    let error = refusal(&mut lab.command());
    assert!(error.contains("107 bytes"), "{error}");
}

#[test]
fn absent_program_or_configuration_is_named() {
    let mut lab = Lab::new();
    lab.settings.program = PathBuf::from("/nonexistent/program");
    assert!(refusal(&mut lab.command()).contains("/nonexistent/program"));
    let mut lab = Lab::new();
    lab.settings.config = PathBuf::from("/nonexistent/enclave.toml");
    assert!(refusal(&mut lab.command()).contains("/nonexistent/enclave.toml"));
}

#[test]
fn profile_that_refuses_vsock_is_explained() {
    let lab = Lab::new();
    let mut command = lab.command();
    // SAFETY: the closure makes system calls only.
    unsafe { command.pre_exec(refuse_vsock) };
    let error = refusal(&mut command);
    assert!(error.contains("Docker's default profile") && error.contains("--security-opt seccomp=unconfined"), "{error}");
}

#[test]
fn supervisor_inside_a_supervisor_is_explained() {
    let mut outer = Lab::new();
    let inner = Lab::new();
    let said = inner.settings.folder.join("said");
    let settings = &inner.settings;
    let script = format!(
        "#!/bin/sh\nexec {NITRO_SIM} --dir {} --config {} -- {} 2> {}\n",
        settings.folder.display(),
        settings.config.display(),
        settings.program.display(),
        said.display()
    );
    outer.settings.program = outer.write_program("nested", script.as_bytes());
    let mut enclave = Enclave::spawn(Path::new(NITRO_SIM), &outer.settings).unwrap();
    assert_eq!(enclave.wait().unwrap().code(), Some(1));
    let said = std::fs::read_to_string(said).unwrap();
    assert!(said.contains("a supervisor is already in the filter chain"), "{said}");
}

#[test]
fn help_shows_an_example() {
    let output = Command::new(NITRO_SIM).arg("--help").output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().contains("nitro-sim --dir"));
}

/// As Docker's default profile: `socket(AF_VSOCK, ..)` fails with EPERM.
fn refuse_vsock() -> std::io::Result<()> {
    let step = |code: u32, jt: u8, jf: u8, k: u32| libc::sock_filter { code: u16::try_from(code).unwrap_or(0), jt, jf, k };
    let equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let mut filter = [
        step(load, 0, 0, 0),
        step(equal, 0, 3, u32::try_from(libc::SYS_socket).unwrap_or(0)),
        step(load, 0, 0, 16),
        step(equal, 0, 1, u32::try_from(libc::AF_VSOCK).unwrap_or(0)),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | u32::try_from(libc::EPERM).unwrap_or(0)),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: 6, filter: filter.as_mut_ptr() };
    // SAFETY: the program outlives the call.
    let installed = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program)
    };
    if installed == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

fn attest(enclave: &Enclave) -> independent::Document {
    let document = unhex(&ask(enclave, "nsm attest key data nonce\n"));
    independent::verify(&document, &enclave.root_pem().unwrap())
}

fn pcrs(enclave: &Enclave) -> [Vec<u8>; 3] {
    let json: serde_json::Value = serde_json::from_str(&enclave.measurements().unwrap()).unwrap();
    ["PCR0", "PCR1", "PCR2"].map(|name| unhex(json["Measurements"][name].as_str().unwrap()))
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn send_signal(process: u32, signal: i32) {
    // SAFETY: no pointers; the process is our own child, not yet waited for.
    assert_eq!(unsafe { libc::kill(i32::try_from(process).unwrap(), signal) }, 0);
}
