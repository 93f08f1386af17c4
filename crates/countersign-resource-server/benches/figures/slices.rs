//! Timing in turns.

use std::time::{Duration, Instant};

/// The times of one contender's slices, in seconds.
#[derive(Default)]
pub(crate) struct Times(Vec<f64>);

impl Times {
    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time.as_secs_f64());
    }

    /// Per second, where each slice did so many.
    pub(crate) fn rate(&self, each: usize) -> f64 {
        each as f64 / median(self.0.clone())
    }

    /// How fast the other was while this one took its turns: its time by this one's, round by
    /// round.
    pub(crate) fn ratio(&self, other: &Self) -> f64 {
        median(
            self.0
                .iter()
                .zip(&other.0)
                .map(|(ours, raw)| raw / ours)
                .collect(),
        )
    }
}

pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
