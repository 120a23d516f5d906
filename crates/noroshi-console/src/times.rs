//! Instants for people: the organisation's time and UTC, always both.

use std::fmt::Display;

use jiff::tz::TimeZone;
use noroshi_model::Timestamp;

/// An instant as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct When {
    /// For programs.
    pub(crate) machine: String,
    /// In the organisation's zone, with its abbreviation.
    pub(crate) here: String,
    /// In UTC.
    pub(crate) utc: String,
}

/// The zone of an organisation.
#[derive(Clone, Debug)]
pub(crate) struct Zone(TimeZone);

impl Zone {
    /// Of a name in the IANA database; UTC where there is none of that name.
    pub(crate) fn named(name: &str) -> Self {
        Self(TimeZone::get(name).unwrap_or(TimeZone::UTC))
    }

    /// Is there a zone of that name?
    pub(crate) fn is_known(name: &str) -> bool {
        TimeZone::get(name).is_ok()
    }

    /// An instant in both zones, to the minute.
    pub(crate) fn when(&self, at: Timestamp) -> When {
        let instant = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or_default();
        let here = instant.to_zoned_datetime(self.0.clone());
        let utc = instant.to_zoned_datetime(TimeZone::UTC);
        let same_day = here.date() == utc.date();
        let utc = if same_day {
            utc.strftime("%H:%MZ").to_string()
        } else {
            utc.strftime("%m-%d %H:%MZ").to_string()
        };
        When {
            machine: at.to_string(),
            here: here.strftime("%Y-%m-%d %H:%M %Z").to_string(),
            utc,
        }
    }

    /// Of a text that the node wrote; as it stands where it is no instant.
    pub(crate) fn when_of(&self, text: impl Display) -> When {
        let text = text.to_string();
        match text.parse() {
            Ok(at) => self.when(at),
            Err(_) => When {
                machine: text.clone(),
                here: text,
                utc: String::new(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Zone;

    #[test]
    fn both_zones_are_told_and_another_day_is_named() {
        let tokyo = Zone::named("Asia/Tokyo");
        let when = tokyo.when_of("2026-11-25T17:00:01.000Z");
        assert_eq!(when.here, "2026-11-26 02:00 JST");
        assert_eq!(when.utc, "11-25 17:00Z");
        let when = tokyo.when_of("2026-11-25T03:00:01.000Z");
        assert_eq!(
            (&*when.here, &*when.utc),
            ("2026-11-25 12:00 JST", "03:00Z")
        );
    }

    #[test]
    fn a_zone_nobody_knows_is_utc_and_a_text_that_is_no_instant_stays() {
        assert!(!Zone::is_known("Mars/Olympus") && Zone::is_known("Asia/Tokyo"));
        let nowhere = Zone::named("Mars/Olympus");
        assert_eq!(
            nowhere.when_of("2026-11-25T17:00:00.000Z").here,
            "2026-11-25 17:00 UTC"
        );
        assert_eq!(nowhere.when_of("soon").here, "soon");
    }
}
