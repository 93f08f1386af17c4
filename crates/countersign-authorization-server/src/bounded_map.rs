//! A map in memory that can't grow without bound: its entries expire, and it has a capacity.

use std::{collections::HashMap, hash::Hash};

use countersign::UnixSeconds;

struct Entry<V> {
    value: V,
    /// The first moment at which the entry is gone.
    expires: UnixSeconds,
}

/// Holds up to `capacity` values. When it is full, it drops the expired ones, or else the one that
/// would expire first.
pub(crate) struct BoundedMap<K, V> {
    entries: HashMap<K, Entry<V>>,
    capacity: usize,
}

impl<K: Eq + Hash + Copy, V> BoundedMap<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            entries: HashMap::new(),
            capacity,
        }
    }

    pub(crate) fn insert(&mut self, key: K, value: V, expires: UnixSeconds, now: UnixSeconds) {
        if self.entries.len() >= self.capacity {
            self.entries.retain(|_, entry| entry.expires > now);
        }
        if self.entries.len() >= self.capacity {
            let first = self.entries.iter().min_by_key(|(_, entry)| entry.expires);
            if let Some(key) = first.map(|(key, _)| *key) {
                self.entries.remove(&key);
            }
        }
        self.entries.insert(key, Entry { value, expires });
    }

    pub(crate) fn get(&self, key: &K, now: UnixSeconds) -> Option<&V> {
        let entry = self.entries.get(key)?;
        (entry.expires > now).then_some(&entry.value)
    }

    pub(crate) fn get_mut(&mut self, key: &K, now: UnixSeconds) -> Option<&mut V> {
        let entry = self.entries.get_mut(key)?;
        (entry.expires > now).then_some(&mut entry.value)
    }

    /// Sets a new moment of expiry.
    pub(crate) fn extend(&mut self, key: &K, expires: UnixSeconds) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.expires = expires;
        }
    }

    pub(crate) fn remove(&mut self, key: &K) {
        self.entries.remove(key);
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&V) -> bool) {
        self.entries.retain(|_, entry| keep(&entry.value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = UnixSeconds(1_000);

    #[test]
    fn an_entry_is_gone_at_its_end() {
        let mut map = BoundedMap::new(2);
        map.insert(1, 'a', NOW.plus(60), NOW);
        assert_eq!(map.get(&1, NOW.plus(59)), Some(&'a'));
        assert_eq!(map.get(&1, NOW.plus(60)), None);
        map.extend(&1, NOW.plus(100));
        assert_eq!(map.get_mut(&1, NOW.plus(60)), Some(&mut 'a'));
    }

    #[test]
    fn when_it_is_full_the_expired_go_first_then_the_next_to_expire() {
        let mut map = BoundedMap::new(2);
        map.insert(1, 'a', NOW.plus(60), NOW);
        map.insert(2, 'b', NOW.plus(10), NOW);
        map.insert(3, 'c', NOW.plus(90), NOW.plus(10));
        assert_eq!(map.get(&1, NOW), Some(&'a'));
        assert_eq!(map.get(&2, NOW), None);
        map.insert(4, 'd', NOW.plus(70), NOW.plus(10));
        assert_eq!(map.get(&1, NOW), None);
        assert_eq!(map.get(&3, NOW), Some(&'c'));
        assert_eq!(map.get(&4, NOW), Some(&'d'));
    }
}
