//! `make-transactions`: card transactions that nobody made, the same ones for the same seed, as NDJSON on stdout.

use std::io::{BufWriter, Write};
use std::process::ExitCode;

use clap::Parser;

/// Writes made card transactions as NDJSON: valid Luhn numbers, names, e-mail, decimal amounts, free text.
///
/// Example: make-transactions --count 100000 > transactions.ndjson
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// How many records.
    #[arg(long, default_value_t = 100_000)]
    count: u64,
    /// The same seed gives the same records.
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    /// Distinct customers among them.
    #[arg(long, default_value_t = 20_000)]
    customers: u64,
}

fn main() -> ExitCode {
    match write(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("make-transactions: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(arguments: &Arguments) -> std::io::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut rows = Random::new(arguments.seed);
    for number in 0..arguments.count {
        let customer = rows.below(arguments.customers.max(1));
        // What belongs to a customer comes from the customer's number, so it is the same in each of its records.
        let mut own = Random::new(arguments.seed ^ (customer + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (first, last) = (own.pick(&FIRST), own.pick(&LAST));
        let country = own.pick(&COUNTRIES);
        let zip = own.below(90_000) + 10_000;
        let card = card_number(&mut own);
        let email = format!("{}.{}{}@example.{}", ascii(first), ascii(last), customer, own.pick(&["com", "org", "net"]));
        let (whole, cents) = (rows.below(900) * rows.below(3) + rows.below(90) + 1, rows.below(100));
        let note = format!("{} {} \\\"{}\\\"", rows.pick(&NOTES), rows.below(10_000), rows.pick(&NOTES));
        writeln!(
            out,
            "{{\"id\":\"t{number:08}\",\"customer\":\"c{customer:06}\",\"name\":\"{first} {last}\",\"email\":\"{email}\",\"card_number\":\"{card}\",\
             \"country\":\"{country}\",\"zip\":\"{zip}\",\"date\":\"2026-{:02}-{:02}\",\"amount\":{whole}.{cents:02},\"note\":\"{note}\"}}",
            rows.below(12) + 1,
            rows.below(28) + 1,
        )?;
    }
    out.flush()
}

/// Sixteen digits from a test range, the last one by Luhn's rule.
fn card_number(random: &mut Random) -> String {
    let mut digits = vec![4];
    digits.extend((1..15).map(|_| random.below(10)));
    let sum: u64 =
        digits.iter().rev().enumerate().map(|(place, digit)| if place % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { *digit }).sum();
    digits.push((10 - sum % 10) % 10);
    digits.iter().map(u64::to_string).collect()
}

fn ascii(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase()
}

/// xorshift64*: repeatable, and no more is asked of it.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(2).wrapping_add(1))
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) % bound
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        let length = u64::try_from(list.len()).unwrap_or(1);
        usize::try_from(self.below(length)).ok().and_then(|index| list.get(index)).copied().unwrap_or_default()
    }
}

const FIRST: [&str; 16] = [
    "Amélie",
    "Bjørn",
    "Chloé",
    "Dieter",
    "Elif",
    "François",
    "Giulia",
    "Håkon",
    "Ines",
    "Jürgen",
    "Katarzyna",
    "Łukasz",
    "Małgorzata",
    "Noor",
    "Óscar",
    "Zoë",
];
const LAST: [&str; 16] = [
    "Andersen",
    "Brânză",
    "Çelik",
    "Dupont",
    "Eriksson",
    "Fernández",
    "García",
    "Hoffmann",
    "Ivanov",
    "Jansen",
    "Kowalska",
    "Müller",
    "Nowak",
    "O'Brien",
    "Rossi",
    "Šimek",
];
const COUNTRIES: [&str; 8] = ["DE", "FR", "IT", "ES", "PL", "NL", "SE", "AT"];
const NOTES: [&str; 10] = [
    "groceries",
    "train ticket",
    "refund pending",
    "called about a double charge",
    "gift card",
    "hotel, two nights",
    "paid in instalments",
    "contactless",
    "café at the station",
    "subscription renewal",
];
