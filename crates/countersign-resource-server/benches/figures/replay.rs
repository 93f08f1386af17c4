//! The replay store in memory: how fast, and how large.

use std::{
    env, fs,
    process::Command,
    sync::{Barrier, Mutex},
    thread,
    time::Duration,
};

use countersign::{
    UnixSeconds,
    digest::Thumbprint,
    replay::{InProcessReplayStore, ReplayCapacity, ReplayEntry},
};

use crate::{
    Figures, NOW, put,
    slices::{Times, timed},
};

/// Memory is measured in a process that does nothing else.
pub(crate) const IN_A_PROCESS_OF_ITS_OWN: &str = "--bytes-per-entry";

const MILLION: usize = 1_000_000;
/// A proof that is made now ends so much later by default: 60 seconds and 5 of leeway.
const LIFE: i64 = 65;
/// Inserted in one second of the clock, so that a million are live and each insertion ends one.
const A_SECOND: usize = MILLION / LIFE as usize + 1;
const A_SLICE: usize = 4_096;

pub(crate) fn measure(figures: &mut Figures) {
    for (threads, name) in [(1, "replay_insert"), (2, "replay_insert_2_threads")] {
        put(figures, format!("{name}_per_s"), inserts_a_second(threads));
    }
    for (entries, suffix) in [(MILLION, "_1m"), (10 * MILLION, "_10m"), (10 * MILLION, "")] {
        let name = format!("replay_bytes_per_entry{suffix}");
        // With just enough room, and as it grows when nothing bounds it: the larger counts.
        let bytes = bytes(entries, entries).max(bytes(entries, 2 * entries));
        put(figures, name, bytes);
    }
}

/// With a million live entries, of which each insertion ends one.
fn inserts_a_second(threads: usize) -> f64 {
    let store = InProcessReplayStore::new(ReplayCapacity::default(), &[7; 32]);
    let names: Vec<Names> = (0..threads)
        .map(|thread| Names::new(thread as u64, 2 * MILLION / threads))
        .collect();
    let start = Barrier::new(threads);
    let total = Mutex::new(0.0);
    thread::scope(|scope| {
        for names in &names {
            let (store, start, total) = (&store, &start, &total);
            scope.spawn(move || {
                let mut times = Times::default();
                start.wait();
                for slice in 0..names.count / A_SLICE {
                    let at = slice * A_SLICE;
                    let taken = insert(store, names, at..at + A_SLICE, threads);
                    // The first million fills it.
                    if at * threads > MILLION {
                        times.push(taken);
                    }
                }
                *total.lock().unwrap() += times.rate(A_SLICE);
            });
        }
    });
    total.into_inner().unwrap()
}

fn insert(
    store: &InProcessReplayStore,
    names: &Names,
    which: std::ops::Range<usize>,
    threads: usize,
) -> Duration {
    timed(|| {
        for i in which {
            let now = NOW.plus((i * threads / A_SECOND) as i64);
            let entry = ReplayEntry::new(&names.thumbprint, names.jti(i), now.plus(LIFE));
            store.insert_now(&entry, now).unwrap();
        }
    })
}

/// `jti`s of 22 characters, as 128 random bits are in base64url, all different.
struct Names {
    thumbprint: Thumbprint,
    text: String,
    count: usize,
}

impl Names {
    const LENGTH: usize = 22;

    fn new(seed: u64, count: usize) -> Self {
        let mut text = String::with_capacity(count * Self::LENGTH);
        for i in 0..count {
            text.push_str(&format!("{:016x}abcdef", Self::mixed(seed, i)));
        }
        Self {
            thumbprint: Thumbprint::from_digest([seed as u8; 32]),
            text,
            count,
        }
    }

    fn jti(&self, i: usize) -> &str {
        &self.text[i * Self::LENGTH..][..Self::LENGTH]
    }

    /// Different for each `i`: multiplying by an odd number loses nothing.
    fn mixed(seed: u64, i: usize) -> u64 {
        (seed << 32 | i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

fn bytes(entries: usize, room: usize) -> f64 {
    let output = Command::new(env::current_exe().unwrap())
        .args([IN_A_PROCESS_OF_ITS_OWN, &entries.to_string()])
        .args(["--room", &room.to_string()])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.trim()
        .parse()
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// What the process grew by, resident, for each entry: with everything that allocating and growing
/// leaves behind.
pub(crate) fn print_bytes(entries: usize, room: usize) {
    let before = resident_bytes();
    let store = InProcessReplayStore::new(room, &[7; 32]);
    let thumbprint = Thumbprint::from_digest([7; 32]);
    for i in 0..entries {
        let jti = format!("{:016x}", Names::mixed(0, i));
        let until = UnixSeconds(NOW.0 + 1 + (i % LIFE as usize) as i64);
        let entry = ReplayEntry::new(&thumbprint, &jti, until);
        store.insert_now(&entry, NOW).unwrap();
    }
    let taken = resident_bytes() - before;
    println!("{:.2}", taken as f64 / entries as f64);
    drop(store);
}

/// Of the kernel, exactly (`VmRSS` lags behind by up to 64 pages a thread). Linux.
fn resident_bytes() -> usize {
    let rollup = fs::read_to_string("/proc/self/smaps_rollup").unwrap();
    let line = rollup.lines().find(|line| line.starts_with("Rss:"));
    let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
    kilobytes.parse::<usize>().unwrap() * 1024
}
