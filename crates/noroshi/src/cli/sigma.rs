//! `noroshi sigma`.

use std::path::PathBuf;

use clap::Subcommand;

/// What is asked of Sigma rules.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum SigmaTask {
    /// Say of each rule which STIX pattern it is, and what of it no pattern says.
    ///
    /// Example: noroshi sigma check rules/windows
    Check {
        /// Rules: files, or folders of .yml files.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// Write the rules that a pattern can say as a bundle of indicators.
    ///
    /// Example: noroshi sigma convert rules/windows | noroshi import - --profile sigma
    Convert {
        /// Rules: files, or folders of .yml files.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// Run rules over the events of a log as they are written, a JSON object in each line.
    ///
    /// Example: noroshi sigma find rule.yml events.ndjson
    Find {
        /// Rules: a file, or a folder of .yml files.
        rules: PathBuf,
        /// The events.
        events: PathBuf,
    },
}
