//! Where the Jobs are: a small interface, and the stores that have it.
//!
//! A store numbers its writes. The number of the last write of a Job is its resourceVersion, so the
//! text of a stored Job has none; [`StoredJob`] puts it in.

mod disk;
mod error;
mod etcd;
mod history;
mod interface;
mod memory;
mod query;
mod stored_job;

pub use self::disk::DiskStore;
pub use self::error::{Expired, StoreError};
pub use self::etcd::{EtcdOptions, EtcdStore};
pub use self::history::{Event, History, Watcher};
pub use self::interface::{Answer, Store};
pub use self::memory::MemoryStore;
pub use self::query::{Page, Query, Write};
pub use self::stored_job::{Key, StoredJob};
