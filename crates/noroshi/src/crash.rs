//! What is said when the program itself is at fault: where, and never what it was working on; and
//! nothing of its memory stays on the disk.
//!
//! The message of a panic may quote an item, a name or a key's bytes. It goes to no terminal, log
//! or crash report.

use std::io::Write as _;
use std::panic::PanicHookInfo;

use noroshi_node::messages::{Lang, text};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

/// From now on a panic says its place and nothing else, and a crash of any kind leaves no core
/// dump: keys and items would be in it.
pub(crate) fn install(lang: Lang) {
    // Only a system that knows no dumps refuses this.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    std::panic::set_hook(Box::new(move |info| {
        // Where even that cannot be written nobody is there to read it.
        let _ = writeln!(std::io::stderr(), "{}", said(lang, info));
    }));
}

fn said(lang: Lang, info: &PanicHookInfo<'_>) -> String {
    let place = info.location().map_or("?".to_owned(), ToString::to_string);
    text(lang, "crash", &[("place", &place)])
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    use noroshi_node::messages::Lang;

    const CANARY: &str = "canary-never-to-leave-JPN";
    const PLANTED: &str = "NOROSHI_TEST_PANIC";

    /// This very program, with a fault planted in it: once with the hook, once without.
    #[test]
    fn a_panic_tells_its_place_and_nothing_of_what_was_worked_on() {
        let name = "crash::tests::a_panic_tells_its_place_and_nothing_of_what_was_worked_on";
        if let Ok(planted) = std::env::var(PLANTED) {
            if planted == "with the hook" {
                super::install(Lang::En);
            }
            CANARY.parse::<u8>().map_err(|_| CANARY).unwrap();
        }
        let crashed = |planted: &str| {
            let program = std::env::current_exe().unwrap();
            let output = Command::new(program)
                .args([name, "--exact", "--nocapture"])
                .env(PLANTED, planted)
                .env("RUST_BACKTRACE", "1")
                .output()
                .unwrap();
            assert!(!output.status.success());
            let said = [output.stdout, output.stderr].concat();
            String::from_utf8_lossy(&said).into_owned()
        };
        let said = crashed("with the hook");
        assert!(said.contains("crash.rs"), "{said}");
        assert!(!said.contains(CANARY), "{said}");
        assert!(crashed("without").contains(CANARY));
    }

    /// This very program, ended by the signal that dumps: with what is installed at every start,
    /// and without.
    ///
    /// Clause: I5
    #[test]
    fn a_crash_leaves_no_core_dump() {
        let name = "crash::tests::a_crash_leaves_no_core_dump";
        if let Ok(planted) = std::env::var(PLANTED) {
            if planted == "installed" {
                super::install(Lang::En);
            }
            println!("{:?}", rustix::process::dumpable_behavior().unwrap());
            std::process::abort();
        }
        let folder = tempfile::tempdir().unwrap();
        let crashed = |planted: &str, limit: &str| {
            let script = format!("ulimit -c {limit}; exec \"$0\" \"$@\"");
            let output = Command::new("sh")
                .args(["-c", &script])
                .arg(std::env::current_exe().unwrap())
                .args([name, "--exact", "--nocapture"])
                .current_dir(folder.path())
                .env(PLANTED, planted)
                .output()
                .unwrap();
            assert!(!output.status.core_dumped());
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        assert!(crashed("installed", "unlimited").contains("NotDumpable"));
        assert!(!crashed("not installed", "0").contains("NotDumpable"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
