//! A parent instance as `sealroom doctor` sees one: a folder for its files, and stand-ins for nitro-cli and systemctl.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use sealroom_testkit::stage::Stage;

/// One digit for each of PCR0, PCR1 and PCR2 of the image that [`described`] runs.
pub const PCRS: [&str; 3] = ["a", "b", "c"];

/// A folder of the stage.
pub struct Instance {
    folder: PathBuf,
}

impl Instance {
    /// EC2, and nothing set up: every program that doctor runs is there but nitro-cli.
    pub fn bare(stage: &Stage) -> Self {
        let instance = Self { folder: stage.path("instance") };
        instance.file("sys/devices/virtual/dmi/id/sys_vendor", "Amazon EC2\n");
        instance.program("systemctl", "echo inactive; exit 3");
        instance
    }

    /// Everything set up, and one enclave in production mode, under the context id of parents: nothing answers
    /// there, and at once.
    pub fn good(stage: &Stage) -> Self {
        let instance = Self::bare(stage);
        instance.file("etc/nitro_enclaves/allocator.yaml", "---\n# MiB\nmemory_mib: 512\ncpu_count: 2\n");
        instance.file("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "512\n");
        instance.file("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "0\n");
        instance.file("dev/nitro_enclaves", "");
        instance.file("dev/vsock", "");
        instance.program("systemctl", "[ \"$*\" = 'is-active nitro-enclaves-allocator.service' ] && echo active");
        instance.enclaves(&[described("sealroom", 3, "RUNNING", "NONE")]);
        instance
    }

    /// Writes a file of the machine.
    pub fn file(&self, name: &str, contents: &str) {
        let path = self.folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder of the instance");
        fs::write(path, contents).expect("a file of the instance");
    }

    /// A program of this name does this.
    pub fn program(&self, name: &str, body: &str) {
        self.file(&format!("bin/{name}"), &format!("#!/bin/sh\n{body}\n"));
        fs::set_permissions(self.folder.join("bin").join(name), fs::Permissions::from_mode(0o755)).expect("an executable");
    }

    /// nitro-cli describes these.
    pub fn enclaves(&self, enclaves: &[String]) {
        self.file("enclaves.json", &format!("[{}]\n", enclaves.join(",")));
        let list = self.folder.join("enclaves.json");
        let body =
            format!("case \"$1\" in --version) echo 'Nitro CLI 1.4.2' ;; describe-enclaves) cat '{}' ;; *) exit 1 ;; esac", list.display());
        self.program("nitro-cli", &body);
    }

    /// `sealroom doctor` on the instance.
    pub fn doctor(&self, stage: &Stage, profile: &str) -> Command {
        let mut command = stage.sealroom(profile);
        let path = std::env::var("PATH").expect("PATH");
        command.env("PATH", format!("{}:{path}", self.folder.join("bin").display()));
        command.arg("doctor").arg("--root").arg(&self.folder);
        command
    }
}

/// An enclave as `nitro-cli describe-enclaves` prints it.
pub fn described(name: &str, cid: u32, state: &str, flags: &str) -> String {
    let [pcr0, pcr1, pcr2] = PCRS.map(|digit| digit.repeat(96));
    format!(
        r#"{{
    "EnclaveName": "{name}", "EnclaveID": "i-0123456789abcdef0-enc{cid:016x}", "ProcessID": 4321, "EnclaveCID": {cid},
    "NumberOfCPUs": 2, "CPUIDs": [1, 3], "MemoryMiB": 512, "State": "{state}", "Flags": "{flags}",
    "Measurements": {{"HashAlgorithm": "Sha384 {{ ... }}", "PCR0": "{pcr0}", "PCR1": "{pcr1}", "PCR2": "{pcr2}"}}
}}"#
    )
}
