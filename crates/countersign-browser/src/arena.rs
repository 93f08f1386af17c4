//! A small allocator: blocks of powers of two, a free list for each size, memory that only grows.
//!
//! The engine holds little and asks for the same sizes again and again, so splitting and joining
//! blocks would not be worth its code: a general allocator cost 2.1 KB gzipped more, of an engine
//! of 20. At most half of a block is unused.

use core::alloc::Layout;
use core::ptr;

/// The smallest block, and the largest alignment served: 16 bytes.
const MIN_BITS: u32 = 4;
/// The largest block: 1 GiB.
const MAX_BITS: u32 = 30;

/// The source of the arena's memory.
///
/// # Safety
/// [`grow`](Self::grow) returns null, or the address of as many bytes as it says, aligned to 16.
/// Nobody else may use them while the arena lives: the arena hands them out as they are.
pub unsafe trait Source {
    /// Returns the address and number of at least `size` further bytes, or null if there are none.
    fn grow(&mut self, size: usize) -> (*mut u8, usize);
}

/// The free blocks, and the memory that has not been handed out yet.
pub struct Arena<S> {
    source: S,
    free: [*mut u8; (MAX_BITS + 1) as usize],
    fresh: *mut u8,
    left: usize,
}

impl<S: Source> Arena<S> {
    /// Creates an arena without memory.
    pub const fn new(source: S) -> Self {
        Self {
            source,
            free: [ptr::null_mut(); (MAX_BITS + 1) as usize],
            fresh: ptr::null_mut(),
            left: 0,
        }
    }

    /// Returns a block of the layout's size, or null.
    pub fn alloc(&mut self, layout: Layout) -> *mut u8 {
        let bits = bits(layout.size());
        if bits > MAX_BITS || layout.align() > 1 << MIN_BITS {
            return ptr::null_mut();
        }
        let head = self.free[bits as usize];
        if !head.is_null() {
            // SAFETY: a block on a free list holds the address of the next one in its first bytes
            // (`dealloc`), and is large enough and aligned for it.
            self.free[bits as usize] = unsafe { head.cast::<*mut u8>().read() };
            return head;
        }
        let size = 1 << bits;
        if self.left < size {
            // The rest of the old stretch is given up. It is smaller than the block that did not
            // fit.
            let (start, length) = self.source.grow(size);
            if start.is_null() {
                return ptr::null_mut();
            }
            (self.fresh, self.left) = (start, length);
        }
        let block = self.fresh;
        self.fresh = block.wrapping_add(size);
        self.left -= size;
        block
    }

    /// Takes a block back.
    ///
    /// # Safety
    /// `block` came from [`alloc`](Self::alloc) with a layout of the same size, and is not used any
    /// more.
    pub unsafe fn dealloc(&mut self, block: *mut u8, layout: Layout) {
        let head = &mut self.free[bits(layout.size()) as usize];
        // SAFETY: the block is ours again, at least 16 bytes, aligned to 16.
        unsafe { block.cast::<*mut u8>().write(*head) };
        *head = block;
    }

    /// Tells whether a block of this layout holds `size` bytes without moving.
    pub fn fits(layout: Layout, size: usize) -> bool {
        bits(layout.size()) == bits(size)
    }
}

/// Returns the power of two whose block holds `size` bytes.
fn bits(size: usize) -> u32 {
    MIN_BITS.max(usize::BITS - size.saturating_sub(1).leading_zeros())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::alloc::{alloc, dealloc};

    const STRETCH: usize = 1 << 16;

    struct Native(Vec<(*mut u8, Layout)>);

    // SAFETY: fresh from the system's allocator, and freed when no block is used any more.
    unsafe impl Source for Native {
        fn grow(&mut self, size: usize) -> (*mut u8, usize) {
            let layout =
                Layout::from_size_align(size.next_multiple_of(STRETCH), 16).expect("a layout");
            // SAFETY: the size is not zero.
            let start = unsafe { alloc(layout) };
            self.0.push((start, layout));
            (start, layout.size())
        }
    }

    impl Drop for Native {
        fn drop(&mut self) {
            for &(start, layout) in &self.0 {
                // SAFETY: allocated above with this layout, and no block outlives the test.
                unsafe { dealloc(start, layout) };
            }
        }
    }

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 8).expect("a layout")
    }

    #[test]
    fn sizes_are_rounded_up_to_powers_of_two() {
        assert_eq!(
            [0, 1, 16, 17, 32, 33, 4096, 4097].map(bits),
            [4, 4, 4, 5, 5, 6, 12, 13]
        );
        assert!(Arena::<Native>::fits(layout(17), 32));
        assert!(!Arena::<Native>::fits(layout(17), 33));
    }

    #[test]
    fn too_large_and_too_aligned_are_refused() {
        let mut arena = Arena::new(Native(Vec::new()));
        assert!(arena.alloc(layout((1 << 30) + 1)).is_null());
        assert!(
            arena
                .alloc(Layout::from_size_align(8, 32).expect("a layout"))
                .is_null()
        );
    }

    #[test]
    fn a_freed_block_is_used_again() {
        let mut arena = Arena::new(Native(Vec::new()));
        let first = arena.alloc(layout(40));
        // SAFETY: allocated above, not used afterwards.
        unsafe { arena.dealloc(first, layout(40)) };
        assert_eq!(arena.alloc(layout(64)), first);
        assert_ne!(arena.alloc(layout(64)), first);
    }

    /// Compares the arena with a model: live blocks keep their content, whatever happens around
    /// them.
    #[test]
    fn live_blocks_never_overlap() {
        let mut arena = Arena::new(Native(Vec::new()));
        let mut live: Vec<(*mut u8, usize, u8)> = Vec::new();
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = |below: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % below
        };
        let check = |&(block, size, mark): &(*mut u8, usize, u8)| {
            // SAFETY: live, and written in full below.
            assert!(
                unsafe { std::slice::from_raw_parts(block, size) }
                    .iter()
                    .all(|&byte| byte == mark)
            );
        };
        for round in 0..20_000_u32 {
            if live.len() < 200 && next(5) > 1 {
                let size = 1 << next(14);
                let size = size + next(size as u64) as usize;
                let block = arena.alloc(layout(size));
                assert!(!block.is_null() && (block as usize).is_multiple_of(16));
                let mark = round as u8;
                // SAFETY: the block has this size.
                unsafe { block.write_bytes(mark, size) };
                live.push((block, size, mark));
            } else if !live.is_empty() {
                let entry = live.swap_remove(next(live.len() as u64) as usize);
                check(&entry);
                // SAFETY: removed from the live ones.
                unsafe { arena.dealloc(entry.0, layout(entry.1)) };
            }
        }
        live.iter().for_each(check);
    }
}
