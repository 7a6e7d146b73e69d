//! Measures: what a job may ask of a group, and what a policy permits for a field.

use crate::aggregate::exact::Exact;
use crate::authorize::Breach;
use crate::limits;
use crate::toml_reader::{DocumentError, Item, Rule, Table};

/// What a policy permits to measure of one field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions {
    /// `count_distinct = true`: how many different values.
    pub count_distinct: bool,
    /// `sum = true`
    pub sum: bool,
    /// `mean = true`
    pub mean: bool,
    /// `min = true`: the smallest value, which is somebody's own.
    pub min: bool,
    /// `max = true`: the greatest value, which is somebody's own.
    pub max: bool,
    /// `quantile = true`: a value that somebody has, with enough people on both sides.
    pub quantile: bool,
    /// `histogram = { min_width = N }`
    pub histogram: Option<Histogram>,
    /// `clamp = { min = LOW, max = HIGH }`
    pub clamp: Option<Clamp>,
}

/// Bounds of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Histogram {
    /// Narrowest bins; wider ones are multiples of it.
    pub min_width: u64,
}

/// What a value is brought within before it is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clamp {
    pub(crate) low: Exact,
    pub(crate) high: Exact,
}

/// One measure, as a job asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Records.
    Count,
    /// A measure of one field.
    Of {
        /// The field.
        field: String,
        /// What of it.
        measure: OfField,
    },
}

/// A measure of one field's values. Null and absent values count for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfField {
    /// Different values, exactly.
    CountDistinct,
    /// Their sum, exactly.
    Sum,
    /// Their sum divided by their count.
    Mean,
    /// The smallest.
    Min,
    /// The greatest.
    Max,
    /// The smallest value that at least this share of the values does not exceed.
    Quantile(Share),
    /// How many lie in each bin of this width, from 0.
    Histogram {
        /// Width of a bin.
        width: u64,
    },
}

/// A share between 0 and 1: `parts / 10^9`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    pub(crate) parts: u64,
}

/// What one whole is, in parts of a [`Share`].
pub(crate) const WHOLE: u64 = 1_000_000_000;

impl Permissions {
    /// Takes them from the policy's table of a field.
    pub(crate) fn take(field: &mut Table<'_>) -> Result<Self, DocumentError> {
        let mut flag = |key| field.take(key).map_or(Ok(false), |item| item.boolean());
        let (count_distinct, sum, mean) = (flag("count_distinct")?, flag("sum")?, flag("mean")?);
        let (min, max, quantile) = (flag("min")?, flag("max")?, flag("quantile")?);
        let histogram = field.take("histogram").map(|item| histogram(&item)).transpose()?;
        let clamp = field.take("clamp").map(|item| clamp(&item)).transpose()?;
        Ok(Self { count_distinct, sum, mean, min, max, quantile, histogram, clamp })
    }

    /// Whether nothing of the field may be measured.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Whether any of them is about numbers.
    #[must_use]
    pub fn of_numbers(&self) -> bool {
        *self != Self { count_distinct: self.count_distinct, ..Self::default() }
    }

    /// Decides whether `measure` is among them.
    pub(crate) fn allow(&self, measure: OfField) -> Result<(), Breach> {
        let permitted = match measure {
            OfField::CountDistinct => self.count_distinct,
            OfField::Sum => self.sum,
            OfField::Mean => self.mean,
            OfField::Min => self.min,
            OfField::Max => self.max,
            OfField::Quantile(_) => self.quantile,
            OfField::Histogram { width } => match self.histogram {
                Some(Histogram { min_width }) if width % min_width != 0 => {
                    return Err(Breach::NotAMultiple { parameter: "width", bound: "min_width", least: min_width });
                }
                histogram => histogram.is_some(),
            },
        };
        if permitted { Ok(()) } else { Err(Breach::OperationNotPermitted(measure.name())) }
    }
}

impl Request {
    /// Reads one entry of `[measures]`.
    pub(crate) fn read(item: &Item<'_>) -> Result<Self, DocumentError> {
        let mut table = item.table()?;
        let op = table.required("op")?;
        let name = op.string(limits::NAME_BYTES)?;
        let request = if name == "count" {
            Self::Count
        } else {
            let measure = match name {
                "count_distinct" => OfField::CountDistinct,
                "sum" => OfField::Sum,
                "mean" => OfField::Mean,
                "min" => OfField::Min,
                "max" => OfField::Max,
                "quantile" => OfField::Quantile(share(&table.required("q")?)?),
                "histogram" => OfField::Histogram { width: table.required("width")?.integer(1..=limits::BUCKET_WIDTH)? },
                _ => return Err(op.error(Rule::Value(ALLOWED))),
            };
            Self::Of { field: table.required("field")?.name(limits::NAME_BYTES)?, measure }
        };
        table.finish()?;
        Ok(request)
    }
}

impl OfField {
    /// Its name, as a job writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CountDistinct => "count_distinct",
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Min => "min",
            Self::Max => "max",
            Self::Quantile(_) => "quantile",
            Self::Histogram { .. } => "histogram",
        }
    }
}

impl Clamp {
    /// The least that a value is brought to, in plain digits.
    #[must_use]
    pub fn low(&self) -> String {
        self.low.to_string()
    }

    /// The most that a value is brought to, in plain digits.
    #[must_use]
    pub fn high(&self) -> String {
        self.high.to_string()
    }

    /// The value, brought within the bounds.
    pub(crate) fn apply(self, value: Exact) -> Exact {
        value.clamped(self.low, self.high)
    }
}

/// What a job may call `op` in `[measures]`, for errors.
const ALLOWED: &str = "count, count_distinct, sum, mean, min, max, quantile or histogram";

fn histogram(item: &Item<'_>) -> Result<Histogram, DocumentError> {
    let mut table = item.table()?;
    let min_width = table.required("min_width")?.integer(1..=limits::BUCKET_WIDTH)?;
    table.finish()?;
    Ok(Histogram { min_width })
}

fn clamp(item: &Item<'_>) -> Result<Clamp, DocumentError> {
    let mut table = item.table()?;
    let (low, high_item) = (exact(&table.required("min")?)?, table.required("max")?);
    let high = exact(&high_item)?;
    table.finish()?;
    if low > high { Err(high_item.error(Rule::Value("a max that is not below min"))) } else { Ok(Clamp { low, high }) }
}

fn exact(item: &Item<'_>) -> Result<Exact, DocumentError> {
    Exact::read(item.number()?).map_err(|_| item.error(Rule::Value("a number of at most 28 digits before and after its point")))
}

fn share(item: &Item<'_>) -> Result<Share, DocumentError> {
    let text = item.number()?;
    let parts = Exact::read(text).ok().filter(|number| number.scale() <= 9).and_then(|number| number.in_billionths());
    let parts = parts.and_then(|parts| u64::try_from(parts).ok()).filter(|parts| *parts <= WHOLE);
    parts.map(|parts| Share { parts }).ok_or_else(|| item.error(Rule::Value("a number from 0 to 1 with at most 9 digits after its point")))
}
