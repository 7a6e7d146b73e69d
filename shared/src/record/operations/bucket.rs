//! `bucket`: the range that a value lies in: a width of numbers, a period of dates, or a band of ages. Ranges of one job
//! are always whole ranges of the policy put together, so several jobs never cut finer than the policy's own.

use super::{Breach, DocumentError, Item, Operation, Output, RecordRefused, Rule, Scratch, Table, TokenDomains, Value, WriteValue};
pub use ages::{AgeBands, Ages};
pub use date::{Date, Period};
pub use width::Width;

mod ages;
mod date;
mod width;

/// `{ op = "bucket", width = W }`, `{ op = "bucket", period = "…" }` or `{ op = "bucket", age_bands = […] }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bucket {
    /// Numbers, by multiples of a width.
    Width(Width),
    /// Dates, by a period of the calendar.
    Period(Period),
    /// Ages, by bands.
    Ages(AgeBands),
}

/// `bucket = { min_width = W }`, `{ min_period = "…" }` or `{ age_bands = […], age_on = DATE }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permission {
    /// A job's width is a multiple of this one.
    Width(Width),
    /// A job's period is this one or a longer one.
    Period(Period),
    /// A job's bands are unions of these.
    Ages(Ages),
}

/// Why a policy does not allow these buckets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BucketBreach {
    /// Buckets by something else than the policy's.
    #[error("the policy permits `bucket` on this field by `{0}` only")]
    By(&'static str),
    /// A width that is no multiple of the policy's.
    #[error("`width` has to be a multiple of the policy's `min_width = {0}`")]
    Width(Width),
    /// A shorter period.
    #[error("`period` is shorter than the policy's `min_period = \"{0}\"`")]
    Period(&'static str),
    /// Bands that cut one of the policy's.
    #[error("`age_bands` may only name ages where a band of the policy begins: {0}")]
    Ages(AgeBands),
}

/// Ready to write.
pub(crate) enum Writer {
    Width(Width),
    Period(Period),
    Ages(ages::Writer),
}

impl Operation for Bucket {
    const NAME: &'static str = "bucket";
    type Permission = Permission;
    type Writer = Writer;

    fn permission(item: &Item<'_>) -> Result<Option<Permission>, DocumentError> {
        let mut table = item.table()?;
        let [width, period, bands] = ["min_width", "min_period", "age_bands"].map(|key| table.take(key));
        let on = table.take("age_on");
        let permission = match (width, period, bands, &on) {
            (Some(width), None, None, None) => Permission::Width(Width::read(&width)?),
            (None, Some(period), None, None) => Permission::Period(Period::read(&period)?),
            (None, None, Some(bands), on) => {
                let on = on.as_ref().map(Date::read).transpose()?;
                Permission::Ages(Ages { bands: AgeBands::read(&bands)?, on })
            }
            _ => return Err(item.error(Rule::Value("exactly one of min_width, min_period and age_bands, and age_on with age_bands alone"))),
        };
        table.finish()?;
        Ok(Some(permission))
    }

    fn request(column: &mut Table<'_>) -> Result<Self, DocumentError> {
        let [width, period, bands] = ["width", "period", "age_bands"].map(|key| column.take(key));
        match (width, period, bands) {
            (Some(width), None, None) => Width::read(&width).map(Self::Width),
            (None, Some(period), None) => Period::read(&period).map(Self::Period),
            (None, None, Some(bands)) => AgeBands::read(&bands).map(Self::Ages),
            _ => Err(column.error(Rule::Value("exactly one of width, period and age_bands"))),
        }
    }

    fn authorize(&self, permission: &Permission) -> Result<(), Breach> {
        let allowed = match (self, permission) {
            (Self::Width(width), Permission::Width(min)) if !width.is_multiple_of(min) => Err(BucketBreach::Width(*min)),
            (Self::Period(period), Permission::Period(min)) if period < min => Err(BucketBreach::Period(min.name())),
            (Self::Ages(bands), Permission::Ages(ages)) if !bands.are_unions_of(&ages.bands) => Err(BucketBreach::Ages(ages.bands.clone())),
            (Self::Width(_), Permission::Width(_)) | (Self::Period(_), Permission::Period(_)) | (Self::Ages(_), Permission::Ages(_)) => {
                Ok(())
            }
            (_, Permission::Width(_)) => Err(BucketBreach::By("width")),
            (_, Permission::Period(_)) => Err(BucketBreach::By("period")),
            (_, Permission::Ages(_)) => Err(BucketBreach::By("age_bands")),
        };
        allowed.map_err(Breach::Bucket)
    }

    fn writer(&self, permission: &Permission, _: &TokenDomains) -> Option<Writer> {
        match (self, permission) {
            (Self::Width(width), _) => Some(Writer::Width(*width)),
            (Self::Period(period), _) => Some(Writer::Period(*period)),
            (Self::Ages(bands), Permission::Ages(ages)) => Some(Writer::Ages(ages::Writer::new(bands, ages.on))),
            (Self::Ages(_), _) => None,
        }
    }
}

impl WriteValue for Writer {
    fn write(&self, value: &Value<'_>, scratch: &mut Scratch, out: &mut Output<'_>) -> Result<(), RecordRefused> {
        match self {
            Self::Width(width) => width.write(value, scratch, out),
            Self::Period(period) => period.write(value, scratch, out),
            Self::Ages(ages) => ages.write(value, scratch, out),
        }
    }
}

#[cfg(test)]
mod tests;
