//! `sealroom key-policy simulate`: who may do what with the key.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::{Value, json};

use super::{is_no_policy, read, unreadable};
use crate::{
    commands::refuse_two_from_stdin,
    failure::{Failure, Result},
    key_policy::{
        KeyPolicy, Principal,
        simulate::{self as simulator, Person, Row, Simulation},
    },
    origin,
    report::Report,
};

/// Show who may do what with the key: without a document, from this image, from another one, from a debug enclave
///
/// Asked about are the principals that the policy names, a stranger of each of their accounts and one of another account.
/// Where the policy admits a whole account, its principals are taken to be allowed by their identity policies. Grants are
/// not known. The other image and the debug enclave have the PCR3, PCR4 and PCR8 that the policy wants.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Simulate {
    /// The key policy; `-` is standard input
    #[arg(value_name = "FILE")]
    policy: PathBuf,
    /// Measurements of this image, as nitro-cli printed them; `-` is standard input
    #[arg(long, value_name = "FILE")]
    measurements: PathBuf,
    /// Ask about this user, role or session too; may be repeated
    #[arg(long, value_name = "ARN", value_parser = Principal::parse)]
    principal: Vec<Principal>,
    /// Encryption context of each request; without it, what the policy asks for; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    encryption_context: Vec<(String, String)>,
}

impl Simulate {
    /// Prints the matrix.
    pub fn run(self) -> Result<Report> {
        refuse_two_from_stdin([&self.policy, &self.measurements])?;
        let image = origin::read_measurements(&self.measurements)?;
        let policy = KeyPolicy::parse(&read(&self.policy)?).map_err(|error| {
            let failure = unreadable(&self.policy, &error);
            if is_no_policy(&error) {
                return failure;
            }
            failure.help("`sealroom key-policy lint` finds what it can in policies that cannot be evaluated")
        })?;
        let simulation = Simulation::new(&policy, &image, given(self.encryption_context)?);
        let people: Vec<(Person, Vec<Row>)> = Person::all(&policy, &self.principal)
            .into_iter()
            .map(|person| {
                let rows = simulation.rows(&person.principal);
                (person, rows)
            })
            .collect();
        let object = json!({
            "encryption_context": simulation.context,
            "conditions_not_simulated": simulator::keys_not_simulated(&policy),
            "principals": people.iter().map(|(person, rows)| to_json(person, rows)).collect::<Vec<Value>>(),
            "statements": policy.statements().iter().map(|statement| json!({ "sid": statement.sid, "effect": format!("{:?}", statement.effect) })).collect::<Vec<Value>>(),
        });
        let context: Vec<String> = simulation.context.iter().map(|(key, value)| format!("\n  {key} = {value}")).collect();
        let context = if context.is_empty() { " none".to_owned() } else { context.concat() };
        let text = format!("encryption context:{context}\n\n{}", simulator::table(&policy, &people));
        Ok(Report::answer(object, crate::failure::printable(&text)))
    }
}

fn to_json(person: &Person, rows: &[Row]) -> Value {
    json!({
        "principal": person.principal.arn(),
        "who": person.role.code(),
        "operations": rows.iter().map(Row::to_json).collect::<Vec<Value>>(),
    })
}

fn given(pairs: Vec<(String, String)>) -> Result<Option<BTreeMap<String, String>>> {
    if pairs.is_empty() {
        return Ok(None);
    }
    let mut context = BTreeMap::new();
    for (key, value) in pairs {
        if context.insert(key.clone(), value).is_some() {
            return Err(Failure::usage(format!("--encryption-context names {key} twice")));
        }
    }
    Ok(Some(context))
}

fn pair(text: &str) -> std::result::Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

const EXAMPLE: &str = "\
Example:
  sealroom key-policy simulate key-policy.json --measurements pcrs.json \\
      --principal arn:aws:iam::111122223333:role/intern
";
