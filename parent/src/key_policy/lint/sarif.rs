//! Findings as SARIF 2.1.0, which code hosts show beside the lines. Called by `key-policy lint`; pure.

use serde_json::{Value, json};

use super::{Finding, RULES, Rule, Severity};

/// One SARIF log with one run. `file` is the policy's path as the person gave it.
#[must_use]
pub fn sarif(findings: &[Finding], file: &str) -> Value {
    let rules: Vec<Value> = RULES.iter().map(|rule| descriptor(rule)).collect();
    let results: Vec<Value> = findings.iter().map(|finding| result(finding, file)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "sealroom key-policy lint", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn descriptor(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": rule.attack },
        "help": { "text": rule.mend },
        "defaultConfiguration": { "level": level(rule.severity) },
    })
}

fn result(finding: &Finding, file: &str) -> Value {
    let Rule { id, severity, attack, mend, .. } = finding.rule;
    let text = format!("{}: {}. {attack} {mend}", finding.place(), finding.found);
    json!({
        "ruleId": id,
        "ruleIndex": RULES.iter().position(|rule| rule.id == *id),
        "level": level(*severity),
        "message": { "text": text },
        "locations": [{
            "physicalLocation": { "artifactLocation": { "uri": uri(file) }, "region": { "startLine": finding.line } },
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// A path as a URI reference (RFC 3986): what is not unreserved or a slash is percent-encoded.
fn uri(path: &str) -> String {
    path.bytes().fold(String::new(), |mut uri, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
        uri
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uri_references() {
        assert_eq!(uri("policies/a b:ü.json"), "policies/a%20b%3A%C3%BC.json");
    }
}
