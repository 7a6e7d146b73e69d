//! One condition of a job's `where`.

use toml::de::DeValue;

use super::{JobError, field_name};
use crate::limits;
use crate::record::decimal::Decimal;
use crate::record::filter::{FilterOp, Operand, Operands, Ordered, Test};
use crate::toml_reader::{Item, Rule};

/// `{ field = "…", op = "…", value = … }`
#[derive(Debug)]
pub struct Condition {
    /// The field.
    pub field: String,
    /// What must hold for its value.
    pub test: Test,
    /// Line of the job file.
    pub line: u32,
}

impl Condition {
    pub(super) fn read(item: &Item<'_>) -> Result<Self, JobError> {
        let mut table = item.table()?;
        let field = field_name(&table.required("field")?)?;
        let op = table.required("op")?.word(&FilterOp::ALL, FilterOp::ALLOWED)?;
        let test = match op {
            FilterOp::Exists => Test::Exists(table.take("value").map_or(Ok(true), |item| item.boolean())?),
            FilterOp::In => {
                let values = table.required("value")?.array(limits::IN_VALUES)?;
                Test::In(Operands::new(values.iter().map(operand).collect::<Result<Vec<_>, _>>()?))
            }
            FilterOp::Eq => Test::Compare(Ordered::Eq, operand(&table.required("value")?)?),
            FilterOp::Ne => Test::Compare(Ordered::Ne, operand(&table.required("value")?)?),
            FilterOp::Lt => Test::Compare(Ordered::Lt, rising_operand(&table.required("value")?)?),
            FilterOp::Le => Test::Compare(Ordered::Le, rising_operand(&table.required("value")?)?),
            FilterOp::Gt => Test::Compare(Ordered::Gt, rising_operand(&table.required("value")?)?),
            FilterOp::Ge => Test::Compare(Ordered::Ge, rising_operand(&table.required("value")?)?),
        };
        table.finish()?;
        Ok(Self { field, test, line: item.line() })
    }
}

fn operand(item: &Item<'_>) -> Result<Operand, JobError> {
    match item.value() {
        DeValue::String(_) => Ok(Operand::Text(item.string(limits::CONDITION_VALUE_BYTES)?.to_owned())),
        DeValue::Boolean(boolean) => Ok(Operand::Boolean(*boolean)),
        DeValue::Integer(_) | DeValue::Float(_) => {
            let text = item.number()?;
            if text.len() > limits::CONDITION_VALUE_BYTES {
                return Err(item.error(Rule::TooMany(limits::CONDITION_VALUE_BYTES)));
            }
            let number = Decimal::parse(text).map_err(|_| item.error(Rule::Value("an exponent of at most 999999999")))?;
            Ok(Operand::Number(number.to_owned()))
        }
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => Err(item.error(Rule::Type("a string, a number, true or false"))),
    }
}

/// An operand of a type that has an order.
fn rising_operand(item: &Item<'_>) -> Result<Operand, JobError> {
    match operand(item)? {
        Operand::Boolean(_) => Err(item.error(Rule::Type("a string or a number"))),
        operand => Ok(operand),
    }
}
