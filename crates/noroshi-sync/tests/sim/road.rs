//! The road between the nodes: it loses, doubles, reorders, delays, cuts and changes what travels,
//! takes it to the wrong door, and is down for long.

use noroshi_sync::{join_frames, split_frames};

use crate::chance::Chance;

/// Something on its way.
pub(crate) struct Travelling {
    pub(crate) due: u64,
    /// Who it says it is from, and where it arrives.
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) body: Vec<u8>,
}

/// Most bodies on the road between two nodes at once: more are lost, as on any road.
const ROOM: usize = 24;

/// How bad the road is, in percent; chosen for each run.
pub(crate) struct Road {
    loss: u64,
    double: u64,
    reorder: u64,
    cut: u64,
    flip: u64,
    astray: u64,
    /// Steps it takes at most.
    delay: u64,
    /// Between these steps nothing passes between these two.
    down: [Option<(u64, u64)>; 3],
    pub(crate) travelling: Vec<Travelling>,
}

impl Road {
    pub(crate) fn new(chance: &mut Chance, steps: u64) -> Self {
        let down = [0, 1, 2].map(|_| {
            let from = chance.below(steps);
            chance
                .percent(30)
                .then(|| (from, from + 10 + chance.below(steps)))
        });
        Self {
            loss: chance.below(35),
            double: chance.below(30),
            reorder: chance.below(50),
            cut: chance.below(10),
            flip: chance.below(10),
            astray: chance.below(4),
            delay: 1 + chance.below(20),
            down,
            travelling: Vec::new(),
        }
    }

    /// The road is repaired: what is on it still arrives, late; nothing new is lost.
    pub(crate) fn heal(&mut self) {
        (self.loss, self.double, self.reorder) = (0, 0, 0);
        (self.cut, self.flip, self.astray, self.delay) = (0, 0, 0, 1);
        self.down = [None; 3];
    }

    /// Send frames on their way. `false`: lost, and the sender may come to know it.
    pub(crate) fn send(
        &mut self,
        step: u64,
        from: usize,
        to: usize,
        mut frames: Vec<Vec<u8>>,
        chance: &mut Chance,
    ) -> bool {
        // The pairs 0-1, 0-2, 1-2 are numbers 0, 1, 2.
        let is_down = self.down[from + to - 1].is_some_and(|(a, b)| (a..b).contains(&step));
        let between = |one: &&Travelling| one.from + one.to == from + to;
        let is_full = self.travelling.iter().filter(between).count() >= ROOM;
        if is_down || is_full || chance.percent(self.loss) {
            return false;
        }
        if chance.percent(self.reorder) {
            frames.reverse();
        }
        if chance.percent(self.double / 3) {
            frames.extend(frames.clone());
        }
        let mut body = join_frames(&frames);
        if chance.percent(self.cut) {
            body.truncate(chance.index(body.len()));
        }
        if chance.percent(self.flip) && !body.is_empty() {
            let at = chance.index(body.len());
            body[at] ^= 1 << chance.below(8);
        }
        let copies = 1 + u64::from(chance.percent(self.double));
        for _ in 0..copies {
            // One in twenty comes so late that its epoch may be over.
            let late = chance.below(20) == 0 && self.delay > 1;
            let longest = if late { 60 } else { self.delay };
            let due = step + 1 + chance.below(longest);
            let astray = chance.percent(self.astray);
            let (from, to) = match (astray, chance.percent(50)) {
                (false, _) => (from, to),
                (true, true) => (to, from),
                (true, false) => (from, 3 - from - to),
            };
            let body = body.clone();
            self.travelling.push(Travelling {
                due,
                from,
                to,
                body,
            });
        }
        true
    }

    /// What arrives now, in the order it was sent.
    pub(crate) fn arriving(&mut self, step: u64) -> Vec<Travelling> {
        let (now, later) = std::mem::take(&mut self.travelling)
            .into_iter()
            .partition(|one| one.due <= step);
        self.travelling = later;
        now
    }
}

/// The frames of a body as the receiver takes them apart.
pub(crate) fn frames(body: &[u8]) -> Vec<&[u8]> {
    split_frames(body)
}
