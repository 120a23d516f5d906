//! `noroshi pattern`.

use std::path::PathBuf;

use clap::Subcommand;

/// What is asked of a pattern.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum PatternTask {
    /// Say whether it is a STIX pattern, how it reads in full, and whether it is a list of plain
    /// values.
    ///
    /// Example: noroshi pattern check "[domain-name:value = 'example.com']"
    Check {
        /// The pattern; - reads it from standard input.
        pattern: String,
    },
    /// Run it over the observed-data objects of a STIX bundle, in the order of their times.
    ///
    /// Example: noroshi pattern match "[ipv4-addr:value = '198.51.100.7']" observed.json
    Match {
        /// The pattern; - reads it from standard input.
        pattern: String,
        /// The bundle, or a list of objects.
        file: PathBuf,
    },
}
