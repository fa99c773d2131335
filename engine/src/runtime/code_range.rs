//! Which addresses hold our machine code, and where in it a fault is a trap.
//!
//! Written under a lock when code is published or dropped, read without one by the fault handler.
//! The invariant: [`trap_at`] is async-signal-safe, and what it reads was complete before it
//! became visible and is freed only at a moment when no handler reads.
//!
//! The readers count themselves in before they load the snapshot, the writer looks at the count
//! after it has replaced the snapshot, and both orders are sequentially consistent: a writer that
//! sees zero knows that whoever comes later sees the new snapshot. A writer never waits. What it
//! cannot free it leaves to the next one, so garbage is bounded by the changes made during one
//! uninterrupted stretch of faults.
//!
//! A thread that forks holds the writers' lock meanwhile, so that the child, whose other threads
//! are gone, finds it free, and the list whole. What is made by `clone` instead has no such luck
//! while another thread writes.

use std::cell::Cell;
use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
// Not `parking_lot`: to unlock one of its locks in a forked child touches a table that all share.
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use wasmtier_ops::Trap;

/// How often a writer looks for a moment without readers before it leaves that to the next.
const RECLAIM_ATTEMPTS: usize = 64;

/// An instruction that may fault, and what its fault means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TrapSite {
    /// Where the instruction begins, from the start of its code range.
    pub(crate) offset: u32,
    /// The trap it stands for.
    pub(crate) trap: Trap,
}

/// Which bytes of a code range begin an instruction that accesses guest memory, so that its fault
/// is [`Trap::MemoryOutOfBounds`].
///
/// For code that grows while other parts of it run: noting a site is visible to whoever learns of
/// the code that has it, and copies nothing.
#[derive(Debug)]
pub(super) struct AccessMap {
    /// A bit for each byte of the range.
    words: Box<[AtomicU64]>,
}

impl AccessMap {
    /// A map of no accesses, for `len` bytes of code.
    pub(super) fn new(len: usize) -> Self {
        Self { words: (0..len.div_ceil(64)).map(|_| AtomicU64::new(0)).collect() }
    }

    /// Notes that the instruction at `offset` accesses guest memory.
    ///
    /// # Panics
    /// When the offset lies behind the code.
    pub(super) fn insert(&self, offset: usize) {
        // Relaxed: who runs the instruction has learned of it by an acquiring load.
        self.words[offset / 64].fetch_or(1 << (offset % 64), Ordering::Relaxed);
    }

    fn contains(&self, offset: usize) -> bool {
        let word = self.words.get(offset / 64);
        // Relaxed: as in `insert`.
        word.is_some_and(|word| word.load(Ordering::Relaxed) >> (offset % 64) & 1 == 1)
    }
}

/// Code that the fault handler knows of until this value is dropped.
#[derive(Debug)]
pub(crate) struct Registration {
    start: usize,
}

/// Makes faults at `sites` within `addresses` traps. Costs a copy of the list of all ranges, so
/// code is registered by the batch.
///
/// # Panics
/// When the range is empty, overlaps a registered one, or ends before its last site.
///
/// # Safety
/// Until the registration is dropped the addresses hold code that is entered through
/// [`super::activation::NativeActivation::call`] only, and no frame between a site and that call
/// owns a destructor.
pub(crate) unsafe fn register(addresses: Range<usize>, mut sites: Vec<TrapSite>) -> Registration {
    sites.sort_unstable_by_key(|site| site.offset);
    let start = addresses.start;
    let len = addresses.end.checked_sub(start).expect("a code range does not end before it begins");
    let last = sites.last().map_or(0, |site| site.offset as usize);
    assert!(last < len, "a trap site outside of its code range");
    insert(Entry { addresses, sites: Sites::List(sites.into()) });
    Registration { start }
}

/// Makes faults at what `accesses` has, now or later, traps: for code that grows.
///
/// # Panics
/// When the range is empty or overlaps a registered one.
///
/// # Safety
/// As for [`register`].
pub(super) unsafe fn register_growing(
    addresses: Range<usize>,
    accesses: Arc<AccessMap>,
) -> Registration {
    assert!(addresses.start < addresses.end, "an empty code range");
    let start = addresses.start;
    insert(Entry { addresses, sites: Sites::Growing(accesses) });
    Registration { start }
}

fn insert(entry: Entry) {
    let start = entry.addresses.start;
    replace(|entries| {
        let index = entries.partition_point(|other| other.addresses.start < start);
        let after_previous =
            index == 0 || entries[index - 1].addresses.end <= entry.addresses.start;
        let before_next =
            entries.get(index).is_none_or(|next| entry.addresses.end <= next.addresses.start);
        assert!(after_previous && before_next, "code ranges overlap");
        entries.insert(index, entry);
    });
}

impl Drop for Registration {
    fn drop(&mut self) {
        replace(|entries| entries.retain(|entry| entry.addresses.start != self.start));
    }
}

/// The trap that a fault of the instruction at `pc` stands for, if it is a site of ours.
///
/// Async-signal-safe: takes no lock, allocates and frees nothing.
pub(super) fn trap_at(pc: usize) -> Option<Trap> {
    read(|snapshot| snapshot.trap_at(pc))
}

/// The registered range that `pc` lies in: whether, and where, a return address is our code.
///
/// Async-signal-safe, as [`trap_at`].
#[cfg(test)]
pub(crate) fn range_at(pc: usize) -> Option<Range<usize>> {
    read(|snapshot| snapshot.entry_at(pc).map(|entry| entry.addresses.clone()))
}

/// Whether `pc` is in code that grows: in a handler of the interpreter.
pub(super) fn is_handler(pc: usize) -> bool {
    let is_growing = |entry: &Entry| matches!(entry.sites, Sites::Growing(_));
    read(|snapshot| snapshot.entry_at(pc).map(is_growing)).unwrap_or(false)
}

/// Lets `look` look at the current snapshot, if there is one.
fn read<T>(look: impl FnOnce(&Snapshot) -> Option<T>) -> Option<T> {
    // This order of the two, against the writer's: see the head of the file.
    READERS.fetch_add(1, Ordering::SeqCst);
    let current = CURRENT.load(Ordering::SeqCst);
    // SAFETY: null, or a snapshot that no writer frees while we are counted as a reader.
    let snapshot = unsafe { current.as_ref() };
    let found = snapshot.and_then(look);
    // Pairs with the writer's load: what we read was read before it may be freed.
    READERS.fetch_sub(1, Ordering::SeqCst);
    found
}

/// All registered ranges at one moment, never changed once it is visible.
struct Snapshot {
    /// In ascending order, not overlapping.
    entries: Vec<Entry>,
}

#[derive(Clone)]
struct Entry {
    addresses: Range<usize>,
    sites: Sites,
}

#[derive(Clone)]
enum Sites {
    /// All there will ever be, in ascending order of their offsets.
    List(Arc<[TrapSite]>),
    Growing(Arc<AccessMap>),
}

impl Snapshot {
    fn trap_at(&self, pc: usize) -> Option<Trap> {
        let entry = self.entry_at(pc)?;
        let offset = pc.checked_sub(entry.addresses.start)?;
        match &entry.sites {
            Sites::List(sites) => {
                let offset = u32::try_from(offset).ok()?;
                let site = sites.binary_search_by_key(&offset, |site| site.offset).ok()?;
                Some(sites.get(site)?.trap)
            }
            Sites::Growing(accesses) => {
                accesses.contains(offset).then_some(Trap::MemoryOutOfBounds)
            }
        }
    }

    fn entry_at(&self, pc: usize) -> Option<&Entry> {
        let index = self.entries.partition_point(|entry| entry.addresses.end <= pc);
        self.entries.get(index).filter(|entry| entry.addresses.start <= pc)
    }
}

/// A snapshot that is no longer current, and that a reader may still hold.
struct Retired(*mut Snapshot);

// SAFETY: the pointer came from a `Box`, whose contents may be sent, and is owned by the list.
unsafe impl Send for Retired {}

static CURRENT: AtomicPtr<Snapshot> = AtomicPtr::new(ptr::null_mut());
static READERS: AtomicUsize = AtomicUsize::new(0);
/// Also what a writer must hold to replace the current snapshot.
static RETIRED: Mutex<Vec<Retired>> = Mutex::new(Vec::new());

fn replace(edit: impl FnOnce(&mut Vec<Entry>)) {
    prepare_for_forks();
    let mut retired = lock();
    // The lock orders writers; the ordering is that of all accesses to the snapshot.
    let old = CURRENT.load(Ordering::SeqCst);
    // SAFETY: null, or current, and only a holder of the lock retires the current snapshot.
    let mut entries = unsafe { old.as_ref() }.map_or_else(Vec::new, |old| old.entries.clone());
    edit(&mut entries);
    // First replaced, then counted: see the head of the file.
    CURRENT.store(Box::into_raw(Box::new(Snapshot { entries })), Ordering::SeqCst);
    if !old.is_null() {
        retired.push(Retired(old));
    }
    for _ in 0..RECLAIM_ATTEMPTS {
        // Pairs with the readers' changes of the count.
        if READERS.load(Ordering::SeqCst) == 0 {
            for Retired(snapshot) in retired.drain(..) {
                // SAFETY: made by `Box::into_raw` above and retired once. Nobody read at the
                // moment of the load, and who reads since then reads a later snapshot.
                drop(unsafe { Box::from_raw(snapshot) });
            }
            return;
        }
        std::hint::spin_loop();
    }
}

fn lock() -> MutexGuard<'static, Vec<Retired>> {
    // What panics does so before it changes anything.
    RETIRED.lock().unwrap_or_else(PoisonError::into_inner)
}

thread_local! {
    /// The writers' lock, while this thread forks.
    static FORKING: Cell<Option<MutexGuard<'static, Vec<Retired>>>> = const { Cell::new(None) };
}

fn prepare_for_forks() {
    static PREPARED: Once = Once::new();
    PREPARED.call_once(|| {
        // It fails when there is no memory for the entry; then forks are as they would be.
        // SAFETY: the functions are of the right signature, and stay as long as the process.
        unsafe { libc::pthread_atfork(Some(before_fork), Some(after_fork), Some(in_child)) };
    });
}

extern "C" fn before_fork() {
    // A thread that is about to end forks without the lock.
    let _ = FORKING.try_with(|held| held.set(Some(lock())));
}

extern "C" fn after_fork() {
    let _ = FORKING.try_with(Cell::take);
}

extern "C" fn in_child() {
    // The readers of other threads never come to their end here. Ordered as all accesses to it.
    READERS.store(0, Ordering::SeqCst);
    after_fork();
}
