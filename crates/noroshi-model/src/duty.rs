//! What a person is there for. The gate says what each duty permits.

use crate::act::words;

words! {
    /// A duty of a person of this organisation.
    Duty {
        /// Watches: what came in, what waits, what alarms.
        Watch = "watch",
        /// Reads, judges and prepares items.
        Analysis = "analysis",
        /// Decides what leaves.
        Release = "release",
        /// Checks the ledger.
        Audit = "audit",
        /// Looks after people, keys and the machine.
        Administration = "administration",
    }
}
