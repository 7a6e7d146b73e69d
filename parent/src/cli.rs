//! The command line: what is said where, and how commands exit. The only place that prints a failure.

use std::{ffi::OsString, process::ExitCode};

use clap::{Parser, Subcommand, error::ErrorKind};

use crate::{
    commands::{attestation, doctor, key_policy, keygen, open, ping, plan, policy, proxy, rebind, seal, submit, table, token_key, verify},
    failure::{Failure, Result},
    interrupt,
    report::Report,
};

/// Seal records for a measured AWS Nitro Enclave, run jobs on them, and open what comes out.
#[derive(Debug, Parser)]
#[command(name = "sealroom", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done, 1 refused or failed, 2 usage. Every command takes `--help`, with an example.")]
struct Cli {
    /// Print the result as one JSON object on standard output, a failure as one on standard error
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Attestation(attestation::Attestation),
    Keygen(keygen::Keygen),
    Policy(policy::Policy),
    Plan(plan::Plan),
    KeyPolicy(key_policy::KeyPolicy),
    TokenKey(token_key::TokenKey),
    Seal(seal::Seal),
    Rebind(rebind::Rebind),
    Proxy(proxy::Proxy),
    Ping(ping::Ping),
    Doctor(doctor::Doctor),
    Submit(submit::Submit),
    Open(open::Open),
    Table(table::Table),
    Verify(verify::Verify),
}

/// Runs one command and says how to exit.
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, asks_for_json(&arguments)),
    };
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("internal", format!("cannot start: {error}")))
        .and_then(|runtime| {
            let done = runtime.block_on(run_command(cli.command, cli.json));
            // Left running until the process ends: a task may be blocked in a read of standard input.
            std::mem::forget(runtime);
            done
        });
    match done {
        Ok(report) => match report.print(cli.json) {
            Ok(()) => report.failure().map_or(ExitCode::SUCCESS, |failure| fail(failure, cli.json)),
            Err(_) => ExitCode::FAILURE,
        },
        Err(failure) => fail(&failure, cli.json),
    }
}

async fn run_command(command: Command, json: bool) -> Result<Report> {
    if let Command::Proxy(command) = command {
        // The proxy takes the signals itself and ends cleanly.
        return command.run(json).await;
    }
    interrupt::remove_unfinished_outputs()?;
    match command {
        Command::Attestation(command) => command.run(),
        Command::Keygen(command) => command.run(),
        Command::Policy(command) => command.run(),
        Command::Plan(command) => command.run(),
        Command::KeyPolicy(command) => command.run(json),
        Command::TokenKey(command) => command.run(json).await,
        Command::Seal(command) => command.run(json).await,
        Command::Rebind(command) => command.run(json).await,
        Command::Ping(command) => command.run().await,
        Command::Doctor(command) => command.run().await,
        Command::Submit(command) => command.run(json).await,
        Command::Open(command) => command.run(json).await,
        Command::Table(command) => command.run(),
        Command::Verify(command) => command.run(),
        Command::Proxy(command) => command.run(json).await,
    }
}

/// A command line that clap refuses, or a request for help.
fn usage(error: &clap::Error, json: bool) -> ExitCode {
    let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if asked_for || !json {
        let _ = error.print();
        return if asked_for { ExitCode::SUCCESS } else { ExitCode::from(2) };
    }
    let text = error.render().to_string();
    // The first paragraph, in one line: what is wrong, and the arguments it is about.
    let message: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
    let message = message.join(" ");
    fail(&Failure::usage(message.trim_start_matches("error: ")).help("`sealroom COMMAND --help` shows how to call it"), true)
}

fn fail(failure: &Failure, json: bool) -> ExitCode {
    if json {
        eprintln!("{}", failure.to_json());
    } else {
        eprintln!("{}", failure.to_text());
    }
    ExitCode::from(failure.exit_code())
}

/// Whether `--json` stands before any `--`: asked where clap could not read the command line.
fn asks_for_json(arguments: &[OsString]) -> bool {
    arguments.iter().take_while(|argument| *argument != "--").any(|argument| argument == "--json")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        fn check(command: &clap::Command) {
            if command.has_subcommands() {
                command.get_subcommands().for_each(check);
            } else {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains("Example"), "{}", command.get_name());
            }
        }
        check(&Cli::command());
    }
}
