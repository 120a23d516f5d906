//! Many things looked at on every core, and what was seen of them taken in their order.

use std::ops::ControlFlow;

use crate::command::Failure;

/// Most things that one worker looks at in one go.
const SHARE: usize = 256;
/// So few are not worth a thread of their own.
const SHARE_MIN: usize = 32;
/// Most workers.
const WORKERS_MAX: usize = 8;

/// How many workers this machine is good for.
pub(crate) fn workers() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    cores.min(WORKERS_MAX)
}

/// Show things to workers, a run of neighbours at a time, and take what each saw in the order of
/// the things. No more is in memory than what every worker saw in one go.
///
/// Each worker keeps what it learns from one run to the next. `take` may end it early.
///
/// # Errors
/// The first failure of a worker in the order of the things.
pub(crate) fn in_order<T: Sync, W: Send, S: Send>(
    things: &[T],
    workers: &mut [W],
    look: impl Fn(&mut W, &[T]) -> Result<S, Failure> + Sync,
    mut take: impl FnMut(S) -> ControlFlow<()>,
) -> Result<(), Failure> {
    let ended = || Failure::new("internal", 1, "a thread ended abnormally");
    for round in things.chunks(SHARE * workers.len()) {
        let share = round.len().div_ceil(workers.len()).max(SHARE_MIN);
        let seen: Vec<Result<S, Failure>> = std::thread::scope(|scope| {
            let mut runs = workers.iter_mut().zip(round.chunks(share));
            let own = runs.next();
            let look = &look;
            let others: Vec<_> = runs
                .map(|(worker, run)| scope.spawn(move || look(worker, run)))
                .collect();
            let own = own.map(|(worker, run)| look(worker, run));
            let others = others
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|_| Err(ended())));
            own.into_iter().chain(others).collect()
        });
        for run in seen {
            if take(run?).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_comes_in_order_and_as_far_as_it_is_wanted() {
        for count in [0, 1, SHARE_MIN, SHARE_MIN + 1, 3 * SHARE + 7, 10_000] {
            let things: Vec<usize> = (0..count).collect();
            for workers in 1..5 {
                let mut looked = vec![0; workers];
                let mut seen = Vec::new();
                let look = |looked: &mut usize, run: &[usize]| {
                    *looked += run.len();
                    Ok(run.to_vec())
                };
                in_order(&things, &mut looked, look, |run: Vec<usize>| {
                    seen.extend(run);
                    ControlFlow::Continue(())
                })
                .unwrap();
                assert_eq!(seen, things);
                assert_eq!(looked.iter().sum::<usize>(), count);
                let busy = looked.iter().filter(|looked| **looked > 0).count();
                assert_eq!(busy, workers.min(count.div_ceil(SHARE_MIN)));
            }
        }
        let things: Vec<usize> = (0..10_000).collect();
        let mut taken = 0;
        let first = |_: &mut (), run: &[usize]| Ok(run[0]);
        in_order(&things, &mut [(), ()], first, |_| {
            taken += 1;
            ControlFlow::Break(())
        })
        .unwrap();
        assert_eq!(taken, 1);
    }

    #[test]
    fn the_first_failure_ends_it_also_where_a_later_worker_panics() {
        let things: Vec<usize> = (0..2 * SHARE).collect();
        let mut taken = 0;
        let failing = |_: &mut (), run: &[usize]| {
            assert!(run[0] == 0, "the second worker ends abnormally");
            Ok(())
        };
        let failure = in_order(&things, &mut [(), ()], failing, |()| {
            taken += 1;
            ControlFlow::Continue(())
        })
        .unwrap_err();
        assert_eq!((taken, &*failure.code), (1, "internal"));
    }
}
