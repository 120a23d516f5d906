//! Catalogues that are being taken in behind the pages, and how far that is. One work at a time,
//! and none that the node would not do by a command.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use noroshi_model::PersonId;
use noroshi_node::catalogues::CatalogueRow;
use noroshi_node::sink::{Collected, Sink};
use noroshi_node::{CatalogueCommand, Command, Event, Failure};

use crate::Console;

/// How far it is; nothing where nobody asked for it.
#[derive(Clone, Default)]
pub(crate) struct Loading(Arc<Mutex<Option<Step>>>);

/// What is being taken in.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The catalogue.
    pub(crate) name: String,
    /// Bytes of it that were read.
    pub(crate) done: u64,
    /// Bytes it has, where that is known yet.
    pub(crate) total: u64,
    /// Why it ended, where it did.
    pub(crate) failed: Option<Failure>,
}

impl Loading {
    /// How far it is.
    pub(crate) fn step(&self) -> Option<Step> {
        self.lock().clone()
    }

    /// Begin, unless somebody has: one that failed may be begun again.
    fn begin(&self) -> bool {
        let mut step = self.lock();
        if step.as_ref().is_some_and(|step| step.failed.is_none()) {
            return false;
        }
        *step = Some(Step {
            name: String::new(),
            done: 0,
            total: 0,
            failed: None,
        });
        true
    }

    fn set(&self, change: impl FnOnce(&mut Step)) {
        if let Some(step) = self.lock().as_mut() {
            change(step);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Step>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes how far it is.
struct Told<'a>(&'a Loading);

impl Sink for Told<'_> {
    fn send(&mut self, event: Event) -> bool {
        if let Event::Progress { done, total, .. } = event {
            self.0.set(|step| {
                step.done = done;
                step.total = total.unwrap_or_default();
            });
        }
        true
    }
}

impl Console {
    /// What came with the program.
    pub(crate) fn catalogues(&self) -> Result<Vec<CatalogueRow>, Failure> {
        let mut told = Collected::default();
        let list = Command::Catalogue(CatalogueCommand::List);
        self.node.run(list, None, &*self.outside, &mut told)?;
        let rows = told.0.into_iter().filter_map(|event| match event {
            Event::Row { row, .. } => serde_json::from_value(row).ok(),
            Event::Answer { .. } | Event::Progress { .. } => None,
        });
        Ok(rows.collect())
    }

    /// Take in what was not yet, behind the pages, as this person, whose duty permits it.
    pub(crate) fn load_catalogues(&self, person: &PersonId) {
        if !self.loading.begin() {
            return;
        }
        let (console, person) = (self.clone(), person.to_string());
        std::thread::spawn(move || {
            let done = console.load_each(&person);
            let mut step = console.loading.lock();
            match done {
                Ok(()) => *step = None,
                Err(failure) => {
                    if let Some(step) = step.as_mut() {
                        step.failed = Some(failure);
                    }
                }
            }
        });
    }

    fn load_each(&self, person: &str) -> Result<(), Failure> {
        let missing = self.catalogues()?.into_iter();
        for row in missing.filter(|row| row.loaded.is_none()) {
            self.loading.set(|step| {
                step.name.clone_from(&row.name);
                (step.done, step.total) = (0, 0);
            });
            let command = Command::Catalogue(CatalogueCommand::Load {
                name: row.name,
                person: person.to_owned(),
            });
            let sink = &mut Told(&self.loading);
            self.node.run(command, None, &*self.outside, sink)?;
        }
        Ok(())
    }
}
