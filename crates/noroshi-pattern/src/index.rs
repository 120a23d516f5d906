//! From what stands in an observation to the expressions that may hold of it.
//!
//! Paths lie in a tree for each type of object, so that an observation is walked along what it
//! has, not along what patterns ask for. Values are looked up by a keyed hash of path and value;
//! expressions that name no value wait at their path, or at their type.

use std::collections::{BTreeMap, HashMap};
use std::hash::RandomState;

use noroshi_model::{Timestamp, Value};

use crate::anchor::{Anchor, Key, Look};
use crate::ast::{ObjectPath, Step};
use crate::compare::Operand;
use crate::observation::Observation;
use crate::path::{Move, Place, Reach, each_object, step};

/// An expression of a loaded pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Site {
    pub(crate) pattern: u32,
    pub(crate) expression: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Index {
    hasher: RandomState,
    types: HashMap<Box<str>, OfType>,
    ids: HashMap<ObjectPath, u32>,
    paths: Vec<OfPath>,
    unused: Vec<u32>,
    values: HashMap<u64, Waiting>,
    without_value: usize,
}

#[derive(Debug, Default)]
struct OfType {
    tree: Node,
    waiting: Vec<Site>,
}

#[derive(Debug, Default)]
struct Node {
    path: Option<u32>,
    keys: HashMap<Box<str>, Node>,
    elements: BTreeMap<usize, Node>,
    any: Option<Box<Node>>,
}

#[derive(Debug, Default)]
struct OfPath {
    users: usize,
    times: usize,
    waiting: Vec<Site>,
}

/// Most values have one pattern that asks for them.
#[derive(Debug)]
enum Waiting {
    One(Site),
    More(Vec<Site>),
}

impl Waiting {
    fn as_slice(&self) -> &[Site] {
        match self {
            Self::One(one) => core::slice::from_ref(one),
            Self::More(more) => more,
        }
    }
}

impl Index {
    /// How many anchors name no value: these cost every observation that has their path.
    pub(crate) fn without_value(&self) -> usize {
        self.without_value
    }

    pub(crate) fn insert(&mut self, anchor: &Anchor, here: Site) {
        match anchor {
            Anchor::Type(name) => {
                self.without_value += 1;
                self.types
                    .entry(name.clone())
                    .or_default()
                    .waiting
                    .push(here);
            }
            Anchor::Path(path) => {
                self.without_value += 1;
                let id = self.use_path(path);
                self.paths[id as usize].waiting.push(here);
            }
            Anchor::Value(path, key) => {
                let id = self.use_path(path);
                self.paths[id as usize].times += usize::from(matches!(key, Key::Time(_)));
                let hash = key.hashed(id, &self.hasher);
                self.values
                    .entry(hash)
                    .and_modify(|waiting| {
                        let mut all = waiting.as_slice().to_vec();
                        if let Waiting::More(more) = waiting {
                            all = core::mem::take(more);
                        }
                        all.push(here);
                        *waiting = Waiting::More(all);
                    })
                    .or_insert(Waiting::One(here));
            }
        }
    }

    pub(crate) fn remove(&mut self, anchor: &Anchor, here: Site) {
        match anchor {
            Anchor::Type(name) => {
                self.without_value -= 1;
                if let Some(of_type) = self.types.get_mut(name) {
                    of_type.waiting.retain(|other| *other != here);
                    if of_type.is_empty() {
                        self.types.remove(name);
                    }
                }
            }
            Anchor::Path(path) => {
                self.without_value -= 1;
                if let Some(id) = self.ids.get(path).copied() {
                    self.paths[id as usize]
                        .waiting
                        .retain(|other| *other != here);
                    self.leave_path(path, id);
                }
            }
            Anchor::Value(path, key) => {
                let Some(id) = self.ids.get(path).copied() else {
                    return;
                };
                let hash = key.hashed(id, &self.hasher);
                let is_last = match self.values.get_mut(&hash) {
                    Some(Waiting::More(more)) => {
                        more.retain(|other| *other != here);
                        more.is_empty()
                    }
                    Some(Waiting::One(one)) => *one == here,
                    None => false,
                };
                if is_last {
                    self.values.remove(&hash);
                }
                self.paths[id as usize].times -= usize::from(matches!(key, Key::Time(_)));
                self.leave_path(path, id);
            }
        }
    }

    fn use_path(&mut self, path: &ObjectPath) -> u32 {
        if let Some(id) = self.ids.get(path).copied() {
            self.paths[id as usize].users += 1;
            return id;
        }
        let id = self.unused.pop().unwrap_or_else(|| {
            self.paths.push(OfPath::default());
            u32::try_from(self.paths.len() - 1).unwrap_or(u32::MAX)
        });
        self.paths[id as usize].users = 1;
        self.ids.insert(path.clone(), id);
        let of_type = self.types.entry(path.object_type.clone()).or_default();
        of_type.tree.child(&path.steps).path = Some(id);
        id
    }

    fn leave_path(&mut self, path: &ObjectPath, id: u32) {
        let of_path = &mut self.paths[id as usize];
        of_path.users -= 1;
        if of_path.users > 0 {
            return;
        }
        self.ids.remove(path);
        self.unused.push(id);
        if let Some(of_type) = self.types.get_mut(&path.object_type) {
            of_type.tree.prune(&path.steps);
            if of_type.is_empty() {
                self.types.remove(&path.object_type);
            }
        }
    }

    /// Every expression that may hold of the observation, with the object it may hold of. Some may
    /// be named more than once. False: the observation refers so much to itself that not all was
    /// seen.
    pub(crate) fn candidates(
        &self,
        observation: &Observation,
        out: &mut Vec<(Site, usize)>,
    ) -> bool {
        out.clear();
        let mut reach = Reach::OF_ALL;
        for (at, object) in observation.objects().iter().enumerate() {
            let kind = object.properties.str("type").unwrap_or_default();
            let Some(of_type) = self.types.get(kind) else {
                continue;
            };
            out.extend(of_type.waiting.iter().map(|waiting| (*waiting, at)));
            let mut visit = |id, places: &[Place<'_>]| self.at_path(id, places, at, out);
            of_type
                .tree
                .walk(observation, &[Place::Root(at)], &mut reach, &mut visit);
        }
        !reach.is_spent()
    }

    fn at_path(&self, id: u32, places: &[Place<'_>], object: usize, out: &mut Vec<(Site, usize)>) {
        let of_path = &self.paths[id as usize];
        out.extend(of_path.waiting.iter().map(|waiting| (*waiting, object)));
        if of_path.waiting.len() == of_path.users {
            return;
        }
        let mut find = |look: Look<'_>| {
            if let Some(waiting) = self.values.get(&look.hashed(id, &self.hasher)) {
                out.extend(waiting.as_slice().iter().map(|waiting| (*waiting, object)));
            }
        };
        for place in places {
            let operand = Operand::at(place);
            if let Some(look) = Look::at(&operand) {
                find(look);
            }
            if of_path.times > 0
                && let Operand::Text(text) = operand
                && let Ok(time) = text.parse::<Timestamp>()
            {
                find(Look::Time(time.micros()));
            }
        }
    }
}

impl OfType {
    fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.tree.is_empty()
    }
}

impl Node {
    fn is_empty(&self) -> bool {
        self.path.is_none()
            && self.keys.is_empty()
            && self.elements.is_empty()
            && self.any.is_none()
    }

    fn child(&mut self, steps: &[Step]) -> &mut Self {
        let Some((first, rest)) = steps.split_first() else {
            return self;
        };
        let next = match first {
            Step::Key(name) => self.keys.entry(name.clone()).or_default(),
            Step::Index(index) => self.elements.entry(*index).or_default(),
            Step::Any => self.any.get_or_insert_default(),
        };
        next.child(rest)
    }

    /// Take away the path at the end of the steps, and what is then left without any.
    fn prune(&mut self, steps: &[Step]) {
        let Some((first, rest)) = steps.split_first() else {
            self.path = None;
            return;
        };
        match first {
            Step::Key(name) => {
                if let Some(next) = self.keys.get_mut(name) {
                    next.prune(rest);
                    if next.is_empty() {
                        self.keys.remove(name);
                    }
                }
            }
            Step::Index(index) => {
                if let Some(next) = self.elements.get_mut(index) {
                    next.prune(rest);
                    if next.is_empty() {
                        self.elements.remove(index);
                    }
                }
            }
            Step::Any => {
                if let Some(next) = &mut self.any {
                    next.prune(rest);
                    if next.is_empty() {
                        self.any = None;
                    }
                }
            }
        }
    }

    /// Visit every path that leads somewhere from these places.
    fn walk<'a>(
        &self,
        observation: &'a Observation,
        places: &[Place<'a>],
        reach: &mut Reach,
        visit: &mut impl FnMut(u32, &[Place<'a>]),
    ) {
        if let Some(id) = self.path {
            visit(id, places);
        }
        let mut next = Vec::new();
        let mut go = |one: Move<'_>, node: &Self, visit: &mut _| {
            step(observation, places, one, reach, &mut next);
            if !next.is_empty() {
                node.walk(observation, &next, reach, visit);
            }
        };
        if !self.keys.is_empty() {
            let mut there = Vec::new();
            each_object(observation, places, |object| {
                if object.len() <= self.keys.len() {
                    there.extend(
                        object
                            .iter()
                            .filter_map(|(name, _)| self.keys.get_key_value(name)),
                    );
                } else {
                    let keys = self.keys.iter();
                    there.extend(keys.filter(|(name, _)| object.get(name).is_some()));
                }
            });
            there.sort_unstable_by_key(|(name, _)| *name);
            there.dedup_by_key(|(name, _)| *name);
            for (name, node) in there {
                go(Move::Key(name), node, visit);
            }
        }
        if !self.elements.is_empty() {
            let longest = places.iter().map(|place| match place {
                Place::Value(Value::Array(list), _) => list.len(),
                Place::Root(_) | Place::Value(..) => 0,
            });
            for (index, node) in self.elements.range(..longest.max().unwrap_or_default()) {
                go(Move::Index(*index), node, visit);
            }
        }
        if let Some(node) = &self.any {
            go(Move::Any, node, visit);
        }
    }
}
