//! What is left of a judgement after a time: the polynomial model of MISP in closed form.
//!
//! Source: Mokaddem et al., "Decaying Indicators of Compromise" (arXiv 1902.03914), and the
//! parameters of MISP's models: NIDS has 120 days and 2, phishing 3 days and 2.3.

/// How a value goes down to nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Polynomial {
    /// After so many days nothing is left; more than 0.
    pub tau_days: f64,
    /// How slowly it begins: below 1 it holds long and falls late. More than 0.
    pub delta: f64,
}

/// Microseconds of a day.
const DAY_US: f64 = 86_400_000_000.0;

impl Polynomial {
    /// What is left of 1 after so many microseconds: 1 at once and before, 0 from tau on.
    #[must_use]
    pub fn left(self, elapsed_us: i64) -> f64 {
        if elapsed_us <= 0 {
            return 1.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "both sides lose the same")]
        let part = elapsed_us as f64 / DAY_US / self.tau_days;
        if part >= 1.0 {
            return 0.0;
        }
        (1.0 - libm::pow(part, 1.0 / self.delta)).max(0.0)
    }

    /// What is left of a score from 0 to 100.
    #[must_use]
    pub fn score(self, base: f64, elapsed_us: i64) -> f64 {
        base * self.left(elapsed_us)
    }
}
