//! What WebAssembly without a runtime needs: a panic handler, a global allocator, and state for one
//! thread.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, unreachable};
use core::cell::UnsafeCell;
use core::ptr;

use crate::arena::{Arena, Source};

#[cfg(target_feature = "atomics")]
compile_error!("`OneThread` needs a module that cannot be shared between threads");

const PAGE: usize = 65_536;

/// On a trap, `boundary.ts` discards the engine.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unreachable()
}

/// A value in a `static`, for a program with one thread.
pub(crate) struct OneThread<T>(pub(crate) T);

// SAFETY: built without the `atomics` feature (see above), the module cannot be shared between
// threads.
unsafe impl<T> Sync for OneThread<T> {}

struct LinearMemory;

// SAFETY: new pages begin where the memory ended, and belong to the code that made it grow.
unsafe impl Source for LinearMemory {
    fn grow(&mut self, size: usize) -> (*mut u8, usize) {
        let pages = size.div_ceil(PAGE);
        match memory_grow::<0>(pages) {
            usize::MAX => (ptr::null_mut(), 0),
            page => ((page * PAGE) as *mut u8, pages * PAGE),
        }
    }
}

#[global_allocator]
static ALLOCATOR: OneThread<UnsafeCell<Arena<LinearMemory>>> =
    OneThread(UnsafeCell::new(Arena::new(LinearMemory)));

// SAFETY: blocks are as large and as aligned as asked, and don't overlap (tested in `arena`). One
// thread, and no method of the arena calls back, so the exclusive borrow is exclusive.
unsafe impl GlobalAlloc for OneThread<UnsafeCell<Arena<LinearMemory>>> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: nothing else borrows the arena meanwhile (see above).
        unsafe { (*self.0.get()).alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as for `alloc`; that the block is ours and of this layout is the caller's
        // contract.
        unsafe { (*self.0.get()).dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if Arena::<LinearMemory>::fits(layout, size) {
            return block;
        }
        // SAFETY: the caller promises that `size`, rounded up to the layout's alignment, is a valid
        // one; the two blocks are both live until `dealloc`, don't overlap, and each holds the
        // bytes that are copied.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                ptr::copy_nonoverlapping(block, moved, layout.size().min(size));
                self.dealloc(block, layout);
            }
            moved
        }
    }
}
