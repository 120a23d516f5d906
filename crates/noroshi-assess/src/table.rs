//! The table a level is judged by: bands, dwell, weights and decay as dated data.
//!
//! The table ships with the program and names itself; a problem names the table it is judged by,
//! so that both sides use the same one. A changed number is a new version beside the old.

use noroshi_model::document::{DocumentError, Fields};
use noroshi_model::json::Value;
use noroshi_model::{Limits, Timestamp};

use crate::decay::Polynomial;

/// The tables that ship, oldest first.
const SHIPPED: &[&[u8]] = &[include_bytes!("../tables/levels-2026-11-25.json")];
/// Most bands of a table.
const BANDS_MAX: usize = 9;

/// One level: when it is entered and when it may be left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelBand {
    /// Its number; 1 is the gravest.
    pub level: u8,
    /// Entered as soon as the probability is at least this, in thousandths.
    pub enter_permille: u64,
    /// Left when it is below this, in thousandths.
    pub exit_permille: u64,
    /// But not before so many seconds after it would last have been entered.
    pub dwell_s: i64,
}

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelTable {
    /// What a problem names it by.
    pub name: String,
    /// The day from which it holds.
    pub dated: Timestamp,
    /// The level where no band is entered.
    pub normal: u8,
    /// Bands, the gravest first.
    pub bands: Vec<LevelBand>,
    /// Words for weights, and their log-likelihood ratios in thousandths of a nat.
    pub weights: Vec<(String, i64)>,
    /// How the state of an indicator ages.
    pub decay: Polynomial,
    /// What is left of a state, in thousandths, below which it counts as a gap.
    pub stale_permille: u64,
    /// A level is left only at instants that are multiples of this, in seconds since 1970.
    pub step_s: i64,
    /// How far back the way to the present level is followed, in seconds.
    pub window_s: i64,
}

/// Why a table is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// It is not readable as one.
    #[error("not readable as a table of levels")]
    Unreadable(#[from] DocumentError),
    /// Its numbers do not go together.
    #[error("the table of levels: {0}")]
    Unsound(&'static str),
}

impl LevelTable {
    /// The table of that name, of those that ship.
    ///
    /// # Errors
    /// None as long as the tables are sound, which the tests hold.
    pub fn named(name: &str) -> Result<Option<Self>, TableError> {
        for bytes in SHIPPED {
            let table = Self::from_bytes(bytes)?;
            if table.name == name {
                return Ok(Some(table));
            }
        }
        Ok(None)
    }

    /// The newest table that ships: what a new problem is judged by.
    ///
    /// # Errors
    /// None as long as the tables are sound, which the tests hold.
    pub fn newest() -> Result<Self, TableError> {
        Self::from_bytes(SHIPPED.last().copied().unwrap_or_default())
    }

    /// Read a table strictly.
    ///
    /// # Errors
    /// Anything missing or left over; bands that are not in order or that leave above where they
    /// enter; numbers that make no model.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TableError> {
        let document = "table of levels";
        let value = Value::parse(bytes, &Limits::DEFAULT)
            .map_err(|source| DocumentError::Json { document, source })?;
        let mut fields = Fields::of(document, value)?;
        fields.version(1)?;
        let seconds = |fields: &mut Fields, name: &str| -> Result<i64, DocumentError> {
            let number = fields.number(name)?;
            i64::try_from(number).map_err(|_| fields.refused(name, "is too large"))
        };
        let table = Self {
            name: fields.parsed("name")?,
            dated: fields.parsed("dated")?,
            normal: level(&mut fields, "normal")?,
            bands: fields
                .list("bands")?
                .into_iter()
                .map(|value| {
                    let mut fields = Fields::of("band of levels", value)?;
                    let band = LevelBand {
                        level: level(&mut fields, "level")?,
                        enter_permille: fields.number("enter_permille")?,
                        exit_permille: fields.number("exit_permille")?,
                        dwell_s: seconds(&mut fields, "dwell_s")?,
                    };
                    fields.end()?;
                    Ok(band)
                })
                .collect::<Result<_, DocumentError>>()?,
            weights: fields
                .list("weights")?
                .into_iter()
                .map(|value| {
                    let mut fields = Fields::of("weight", value)?;
                    let weight = (fields.parsed("word")?, seconds(&mut fields, "llr_milli")?);
                    fields.end()?;
                    Ok(weight)
                })
                .collect::<Result<_, DocumentError>>()?,
            decay: Polynomial {
                tau_days: thousandths(fields.number("decay_tau_millidays")?),
                delta: thousandths(fields.number("decay_delta_milli")?),
            },
            stale_permille: fields.number("stale_permille")?,
            step_s: seconds(&mut fields, "step_s")?,
            window_s: seconds(&mut fields, "window_s")?,
        };
        fields.end()?;
        table.sound().map_err(TableError::Unsound)?;
        Ok(table)
    }

    fn sound(&self) -> Result<(), &'static str> {
        let grave = |pair: &[LevelBand]| match pair {
            [grave, less] => {
                grave.level < less.level
                    && grave.enter_permille > less.enter_permille
                    && grave.exit_permille >= less.exit_permille
            }
            _ => false,
        };
        let last = self.bands.last().ok_or("it has no band")?;
        if self.bands.len() > BANDS_MAX || last.level >= self.normal {
            return Err("its bands are too many or not graver than normal");
        }
        if !self.bands.windows(2).all(grave) {
            return Err("its bands are not in order, the gravest first");
        }
        let sound = |band: &LevelBand| {
            (1..=1000).contains(&band.enter_permille) && band.exit_permille <= band.enter_permille
        };
        if !self.bands.iter().all(sound) {
            return Err("a band is left above where it is entered, or never entered");
        }
        if self.decay.tau_days <= 0.0 || self.decay.delta <= 0.0 {
            return Err("its decay makes no model");
        }
        if self.step_s < 60 || self.window_s < self.step_s || self.window_s / self.step_s > 2_000 {
            return Err("its steps are shorter than a minute, none or more than 2000");
        }
        Ok(())
    }
}

fn level(fields: &mut Fields, name: &str) -> Result<u8, DocumentError> {
    let number = fields.number(name)?;
    let level = u8::try_from(number).ok().filter(|level| *level > 0);
    level.ok_or_else(|| fields.refused(name, "is no level"))
}

fn thousandths(number: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "both sides lose the same")]
    let number = number as f64;
    number / 1000.0
}
