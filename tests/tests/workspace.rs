//! The lines that hold the workspace together: who may know whom, what the enclave is made of and why, and what must
//! never stand in its sources. A change that crosses one of them has to change this page too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, FeatureName, Metadata, MetadataCommand, Node, Package, PackageId};
use sealroom_testkit::bins::workspace;

const SHARED: &str = "sealroom-shared";
const ENCLAVE: &str = "sealroom-enclave";
const PARENT: &str = "sealroom-parent";
const TESTKIT: &str = "sealroom-testkit";

/// Who may know whom, in code that ships and in tests.
const MAY_KNOW: [(&str, &[&str]); 4] = [(SHARED, &[]), (ENCLAVE, &[SHARED]), (PARENT, &[SHARED]), (TESTKIT, &[SHARED, ENCLAVE, PARENT])];

/// What the enclave depends on directly, and why. Each entry is code that sees plaintext.
const OF_ENCLAVE: &[(&str, &str)] = &[
    ("aws-credential-types", "credentials that the parent hands over, in the SDK's type"),
    ("aws-lc-rs", "the recipient's RSA key pair, and decryption of what KMS answers"),
    ("aws-nitro-enclaves-nsm-api", "the only way to the NSM device that AWS maintains"),
    ("aws-sdk-kms", "KMS's wire protocol, retries, clock skew and error model"),
    ("aws-smithy-async", "gives the SDK the attested time as its clock"),
    ("aws-smithy-runtime-api", "the SDK's transport traits, behind which TLS ends in the enclave"),
    ("aws-smithy-types", "the SDK's bodies, retries and deadlines, set on purpose"),
    ("blake3", "digests of bulk ciphertext in receipts"),
    ("futures-util", "several KMS calls of one job at once, no more than a bound"),
    ("http-body-util", "bounds the body of an answer before it is read"),
    ("hyper", "one HTTP/1.1 request on one TLS connection"),
    ("hyper-util", "tokio's streams as hyper takes them"),
    ("libc", "the ioctl that mixes NSM entropy into the kernel's pool"),
    ("mimalloc", "musl's own allocator is slow under threads"),
    ("rustls", "TLS to KMS"),
    ("rustls-pki-types", "host names and certificates as rustls takes them"),
    ("sealroom-shared", "formats, policy and checks that the parent needs as well"),
    ("serde", "credentials and the measured configuration as types"),
    ("serde_json", "credentials from the parent, and receipts"),
    ("thiserror", "error enumerations"),
    ("tokio", "connections and deadlines"),
    ("tokio-rustls", "rustls over tokio's streams"),
    ("tokio-vsock", "the only transport of the enclave"),
    ("toml", "the measured configuration"),
    ("zeroize", "secrets are wiped when dropped"),
];

/// What the shared package depends on directly, and why.
const OF_SHARED: &[(&str, &str)] = &[
    ("aws-lc-rs", "all cryptography that ships"),
    ("base64", "tokens, receipts and attestation documents carry it"),
    ("blake3", "digests of bulk ciphertext"),
    ("memchr", "line splitting and string scanning on the hot path"),
    ("minicbor", "maintained strict reader of untrusted CBOR"),
    ("regex-lite", "a policy's own patterns, in linear time"),
    ("rustls-pki-types", "PEM and certificate types"),
    ("rustls-webpki", "certificate path building"),
    ("serde", "receipts and measurement files as types"),
    ("serde_json", "receipts and measurement files; records have a reader of their own"),
    ("thiserror", "error enumerations"),
    ("tokio", "frames of the job protocol over any stream"),
    ("toml", "policy, job and measured configuration"),
    ("unicode-segmentation", "masking counts graphemes"),
    ("zeroize", "secrets are wiped when dropped"),
];

/// Never part of the enclave program.
const NOT_IN_ENCLAVE: [(&str, &str); 7] = [
    ("ring", "one crypto provider, aws-lc-rs"),
    ("openssl", "one crypto provider, aws-lc-rs"),
    ("openssl-sys", "one crypto provider, aws-lc-rs"),
    ("native-tls", "one TLS implementation, rustls"),
    ("webpki-roots", "trust anchors come from the measured configuration alone"),
    ("rustls-native-certs", "trust anchors come from the measured configuration alone"),
    ("aws-config", "no profiles, files or environment in the enclave"),
];

/// Never part of the command either.
const NOT_IN_PARENT: [&str; 4] = ["ring", "openssl", "openssl-sys", "native-tls"];

/// Packages of which two versions in one program would be two of something that there must be one of.
const ONE_VERSION: [&str; 4] = ["rustls", "aws-lc-rs", "tokio", "hyper"];

/// The image's target.
const TARGET: &str = "x86_64-unknown-linux-musl";

/// Lines of code over which a file has to be two.
const LINES_AT_MOST: usize = 400;
/// Lines of code over which a file deserves a look.
const LINES_LOOKED_AT: usize = 300;

#[test]
fn packages_know_only_those_below_them() {
    let metadata = metadata();
    let members: BTreeSet<&str> = metadata.workspace_packages().iter().map(|package| package.name.as_str()).collect();
    assert_eq!(members, MAY_KNOW.iter().map(|(name, _)| *name).collect(), "the workspace's packages");
    for (name, allowed) in MAY_KNOW {
        // Dependencies of every kind: a test of `shared` that needed the enclave would tie them together as well.
        for dependency in &package(&metadata, name).dependencies {
            let known = dependency.name.as_str();
            assert!(!members.contains(known) || allowed.contains(&known), "{name} must not know {known}");
        }
    }
}

#[test]
fn enclave_and_shared_have_no_cargo_features() {
    let metadata = metadata();
    for name in [ENCLAVE, SHARED] {
        let package = package(&metadata, name);
        assert!(package.features.is_empty(), "{name}: {:?}", package.features);
        assert!(package.dependencies.iter().all(|dependency| !dependency.optional), "{name} has an optional dependency");
    }
}

#[test]
fn direct_dependencies_are_those_listed_here() {
    let metadata = metadata();
    for (name, reasons) in [(ENCLAVE, OF_ENCLAVE), (SHARED, OF_SHARED)] {
        let listed: BTreeSet<&str> = reasons.iter().map(|(dependency, _)| *dependency).collect();
        assert_eq!(direct(&metadata, name), listed, "dependencies of {name} and their reasons in this test");
        assert!(reasons.iter().all(|(_, reason)| !reason.is_empty()));
        // What a build script does, it does to the program.
        assert!(package(&metadata, name).dependencies.iter().all(|dependency| dependency.kind != DependencyKind::Build), "{name}");
    }
}

#[test]
fn the_page_on_dependencies_names_exactly_those_that_ship() {
    let metadata = metadata();
    let page = fs::read_to_string(workspace().join("docs/dependencies.md")).expect("docs/dependencies.md");
    for name in [ENCLAVE, SHARED, PARENT] {
        let section = page.split("\n## ").find(|section| section.lines().next().is_some_and(|title| title.contains(&format!("`{name}`"))));
        let rows = section.unwrap_or_else(|| panic!("docs/dependencies.md has no section on {name}")).lines();
        let cells = rows.filter_map(|row| row.strip_prefix("| ")?.split(" |").next());
        let named: BTreeSet<&str> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
        assert_eq!(named, direct(&metadata, name), "docs/dependencies.md on {name}");
    }
}

#[test]
fn the_programs_that_ship_hold_one_crypto_provider_and_one_tls() {
    let graph = Graph::of(&metadata());
    let enclave = graph.closure(ENCLAVE);
    for (name, reason) in NOT_IN_ENCLAVE {
        assert!(!enclave.contains_key(name), "{name} is in the enclave program: {reason}");
    }
    for name in ONE_VERSION {
        assert_eq!(enclave.get(name).map(BTreeSet::len), Some(1), "versions of {name} in the enclave program: {:?}", enclave.get(name));
    }
    assert!(enclave["rustls"].iter().all(|version| version.starts_with("0.23.")), "{:?}", enclave["rustls"]);
    let parent = graph.closure(PARENT);
    for name in NOT_IN_PARENT {
        assert!(!parent.contains_key(name), "{name} is in the command");
    }
    for name in [ENCLAVE, PARENT] {
        assert!(!graph.closure(name).contains_key(TESTKIT), "{name} holds the test kit");
    }
}

/// serde_cbor is unmaintained (RUSTSEC-2021-0127): it decodes the hypervisor's own replies and nothing else.
#[test]
fn the_unmaintained_cbor_reader_comes_in_through_the_nsm_package_alone() {
    let graph = Graph::of(&metadata());
    let reached = graph.closure(ENCLAVE);
    assert!(reached.contains_key("serde_cbor"), "gone: delete this test and the exception in DESIGN.md");
    let users: BTreeSet<&str> = graph.users_of("serde_cbor").into_iter().filter(|name| reached.contains_key(*name)).collect();
    assert_eq!(users, BTreeSet::from(["aws-nitro-enclaves-nsm-api"]));
    assert!(!graph.closure(PARENT).contains_key("serde_cbor"));
}

/// Promise P10: no double of anything in the program that is measured.
#[test]
fn the_enclaves_sources_hold_no_test_doubles() {
    for path in shipped_sources("enclave/src") {
        let text = fs::read_to_string(&path).expect("a source file");
        for (number, line) in shipped(&text).lines().enumerate() {
            let line = line.to_lowercase();
            let mut words = line.split(|c: char| !c.is_alphanumeric());
            let double = line.contains("mock") || line.contains("fake") || words.any(|word| word == "sim" || word.starts_with("simulat"));
            assert!(!double, "{}:{}: {line}", path.display(), number + 1);
        }
    }
}

/// STYLE: nothing but `cfg(test)`, no environment and no arguments decide what the enclave does.
#[test]
fn the_enclave_and_what_it_shares_ask_neither_features_nor_environment() {
    for path in ["enclave/src", "shared/src"].into_iter().flat_map(shipped_sources) {
        let text = fs::read_to_string(&path).expect("a source file");
        for (number, line) in shipped(&text).lines().map(str::trim).filter(|line| !line.starts_with("//")).enumerate() {
            let conditional = line.contains("cfg(") && !line.contains("cfg(test)") || line.contains("cfg!(") || line.contains("cfg_attr(");
            let line = line.replace("env!(\"CARGO_PKG_VERSION\")", "");
            let environment = ["env::var", "env!("].iter().any(|word| line.contains(word));
            assert!(!conditional && !environment, "{}: line of code {}: {line}", path.display(), number + 1);
        }
    }
}

#[test]
fn one_idea_a_file() {
    let mut sizes: Vec<(usize, PathBuf)> = ["shared", "enclave", "parent", "tests"]
        .iter()
        .flat_map(|package| [workspace().join(package).join("src"), workspace().join(package).join("tests")])
        .flat_map(|folder| sources(&folder))
        .map(|path| (lines_of_code(&fs::read_to_string(&path).expect("a source file")), path))
        .filter(|(lines, _)| *lines > LINES_LOOKED_AT)
        .collect();
    sizes.sort();
    for (lines, path) in &sizes {
        println!("{lines} lines of code: {}", path.display());
    }
    sizes.retain(|(lines, _)| *lines > LINES_AT_MOST);
    assert!(sizes.is_empty(), "over {LINES_AT_MOST} lines of code, look for the second idea: {sizes:?}");
}

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(workspace().join("Cargo.toml"))
        .other_options(["--locked", "--filter-platform", TARGET].map(str::to_owned))
        .exec()
        .expect("cargo metadata --locked")
}

fn package<'a>(metadata: &'a Metadata, name: &str) -> &'a Package {
    metadata.workspace_packages().into_iter().find(|package| package.name.as_str() == name).expect("a package of the workspace")
}

/// Names of what a package's manifest lists under `[dependencies]`.
fn direct<'a>(metadata: &'a Metadata, name: &str) -> BTreeSet<&'a str> {
    let dependencies = package(metadata, name).dependencies.iter();
    dependencies.filter(|dependency| dependency.kind == DependencyKind::Normal).map(|dependency| dependency.name.as_str()).collect()
}

/// Who depends on whom in what is linked, for the image's target. Features are those of a build of the whole workspace,
/// which has at least those of a build of one package.
struct Graph {
    names: BTreeMap<PackageId, (String, String)>,
    edges: BTreeMap<PackageId, Vec<PackageId>>,
}

impl Graph {
    fn of(metadata: &Metadata) -> Self {
        let names =
            metadata.packages.iter().map(|package| (package.id.clone(), (package.name.to_string(), package.version.to_string()))).collect();
        let packages: BTreeMap<_, _> = metadata.packages.iter().map(|package| (&package.id, package)).collect();
        let linked = |node: &Node| {
            let normal = node.deps.iter().filter(|dep| dep.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal));
            let active = normal.filter(|dep| is_active(packages[&node.id], &node.features, &packages[&dep.pkg].name));
            active.map(|dep| dep.pkg.clone()).collect()
        };
        let nodes = &metadata.resolve.as_ref().expect("a resolved graph").nodes;
        let edges = nodes.iter().map(|node| (node.id.clone(), linked(node))).collect();
        Self { names, edges }
    }

    /// Everything that a workspace package reaches, itself included: versions by name.
    fn closure(&self, name: &str) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&PackageId> = self.names.iter().filter(|(_, (found, _))| found == name).map(|(id, _)| id).collect();
        assert_eq!(open.len(), 1, "{name}");
        while let Some(id) = open.pop() {
            if reached.insert(id) {
                open.extend(&self.edges[id]);
            }
        }
        let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (name, version) in reached.into_iter().map(|id| &self.names[id]) {
            versions.entry(name).or_default().insert(version);
        }
        versions
    }

    /// Names of the packages with a direct dependency on `name`.
    fn users_of(&self, name: &str) -> BTreeSet<&str> {
        let uses = |ids: &[PackageId]| ids.iter().any(|id| self.names[id].0 == name);
        self.edges.iter().filter(|(_, ids)| uses(ids)).map(|(id, _)| self.names[id].0.as_str()).collect()
    }
}

/// Whether the dependency `name` is compiled in. The graph of `cargo metadata` also holds optional dependencies that only a
/// weak feature (`name?/feature`) mentions.
fn is_active(package: &Package, features: &[FeatureName], name: &str) -> bool {
    let declared = package.dependencies.iter().filter(|dependency| dependency.name == name && dependency.kind == DependencyKind::Normal);
    let mut keys = declared.map(|dependency| (dependency.optional, dependency.rename.as_deref().unwrap_or(name)));
    let is_asked_for = |key: &str| {
        let mut implied = features.iter().filter_map(|feature| package.features.get(&**feature)).flatten();
        implied.any(|word| word.strip_prefix("dep:") == Some(key) || word.split_once('/').is_some_and(|(first, _)| first == key))
    };
    keys.any(|(is_optional, key)| !is_optional || is_asked_for(key))
}

/// All Rust files below a folder; none where it is not there.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The Rust files of a folder of the workspace that are more than tests.
fn shipped_sources(folder: &str) -> impl Iterator<Item = PathBuf> {
    let found = sources(&workspace().join(folder));
    assert!(!found.is_empty(), "{folder}");
    let is_test = |path: &PathBuf| {
        path.components().any(|part| part.as_os_str() == "tests.rs") || path.parent().is_some_and(|folder| folder.ends_with("tests"))
    };
    found.into_iter().filter(move |path| !is_test(path))
}

/// A source file without its `mod tests`, which is last.
fn shipped(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod tests {").map_or(text, |end| &text[..end])
}

fn lines_of_code(text: &str) -> usize {
    shipped(text).lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}
