//! Threads that share the work of one step.
//!
//! A job is a number of tasks; whoever has time takes the next one, the calling thread included. So a worker that the
//! operating system has taken off its core delays nobody who does not need the task it holds, and which thread runs a
//! task never influences a result. Workers spin for some microseconds after a job, because the next phase of a step
//! follows soon, and then sleep: an idle server uses no processor time.

use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Spins of a worker before it sleeps; about 30 to 60 µs by the length of the processor's pause.
const SPINS_BEFORE_SLEEP: usize = 800;
/// Spins of the caller for the last tasks before it offers its core to others.
const SPINS_BEFORE_YIELD: usize = 2000;

/// A set of threads. Several models may share one; their jobs then take turns.
pub struct Pool {
    shared: Arc<Shared>,
    /// Held while a job runs: one job at a time.
    turn: Mutex<()>,
    workers: Vec<JoinHandle<()>>,
}

type Task<'a> = dyn Fn(usize) + Sync + 'a;

/// The job that is running.
struct Job {
    /// The closure of the current `run` call; its lifetime is erased.
    task: *const Task<'static>,
    tasks: usize,
}

struct Shared {
    /// Written by `run` while `unclaimed` and `unfinished` are 0; read by those who claimed a task.
    job: UnsafeCell<Job>,
    /// Tasks that nobody has taken yet. Taking one is a compare-and-swap; only then may `job` be read.
    unclaimed: AtomicUsize,
    /// Tasks that are not done.
    unfinished: AtomicUsize,
    sleepers: AtomicUsize,
    stop: AtomicBool,
    panicked: AtomicBool,
    sleep: Mutex<()>,
    wake: Condvar,
}

// SAFETY: `job` is the only part that is not `Sync`. It is written under `Pool::turn` while no task can be claimed, and
// read only between claiming a task and finishing it; `unclaimed` (release, acquire) orders the two.
unsafe impl Sync for Shared {}
// SAFETY: the pointer in `job` is dereferenced only while the `run` call that owns the closure waits; see `Sync`.
unsafe impl Send for Shared {}

impl Pool {
    /// Starts `threads - 1` workers; the thread that calls [`Pool::run`] is the other one. 0 counts as 1. If the
    /// system refuses a thread the pool is smaller.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            job: UnsafeCell::new(Job { task: &|_| {}, tasks: 0 }),
            unclaimed: AtomicUsize::new(0),
            unfinished: AtomicUsize::new(0),
            sleepers: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            panicked: AtomicBool::new(false),
            sleep: Mutex::new(()),
            wake: Condvar::new(),
        });
        let start = |n: usize| {
            let shared = shared.clone();
            std::thread::Builder::new()
                .name(format!("compute-{n}"))
                .spawn(move || shared.work())
                .ok()
        };
        let workers = (1..threads).map_while(start).collect();
        Self { shared, turn: Mutex::new(()), workers }
    }

    /// Number of threads, the caller's included; at least 1.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `task` with each of `0..tasks`, in any order, on any thread of the pool, and returns when all are done.
    ///
    /// # Panics
    /// If a task panicked. A task must not call `run` of the same pool: that would wait for itself.
    pub fn run(&self, tasks: usize, task: &Task<'_>) {
        if tasks <= 1 || self.workers.is_empty() {
            (0..tasks).for_each(task);
            return;
        }
        let _turn = lock(&self.turn);
        let shared = &*self.shared;
        let task: *const Task<'_> = task;
        // SAFETY: the pointer's lifetime is erased, but nobody reads it after this call: every read belongs to a
        // claimed task, and this call returns only when all tasks are finished. No task of a former job is unfinished,
        // so nobody reads `job` while it is written.
        unsafe {
            *shared.job.get() = Job {
                task: std::mem::transmute::<*const Task<'_>, *const Task<'static>>(task),
                tasks,
            };
        }
        shared.unfinished.store(tasks, Ordering::Relaxed);
        shared.unclaimed.store(tasks, Ordering::SeqCst);
        if shared.sleepers.load(Ordering::SeqCst) > 0 {
            drop(lock(&shared.sleep));
            shared.wake.notify_all();
        }
        let mut failure = None;
        while let Some((index, job)) = shared.claim() {
            // SAFETY: a task was claimed and is not finished, so the closure lives.
            let result = catch_unwind(AssertUnwindSafe(|| unsafe { (*job)(index) }));
            failure = failure.or(result.err());
            shared.unfinished.fetch_sub(1, Ordering::Release);
        }
        let mut spins = 0;
        while shared.unfinished.load(Ordering::Acquire) > 0 {
            spins += 1;
            if spins % SPINS_BEFORE_YIELD == 0 {
                std::thread::yield_now();
            } else {
                std::hint::spin_loop();
            }
        }
        let worker_failed = shared.panicked.swap(false, Ordering::Relaxed);
        if let Some(failure) = failure {
            resume_unwind(failure);
        }
        assert!(!worker_failed, "a compute task panicked");
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        drop(lock(&self.shared.sleep));
        self.shared.wake.notify_all();
        for worker in self.workers.drain(..) {
            // A worker cannot panic: tasks run under `catch_unwind`.
            drop(worker.join());
        }
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("threads", &self.threads()).finish_non_exhaustive()
    }
}

impl Shared {
    /// Takes a task of the current job, if one is left.
    fn claim(&self) -> Option<(usize, *const Task<'static>)> {
        let left = self
            .unclaimed
            .try_update(Ordering::Acquire, Ordering::Relaxed, |left| left.checked_sub(1))
            .ok()?;
        // SAFETY: a task of the current job is claimed and unfinished, so `run` does not write `job`.
        let job = unsafe { &*self.job.get() };
        Some((job.tasks - left, job.task))
    }

    /// A worker's life.
    fn work(&self) {
        while !self.stop.load(Ordering::Relaxed) {
            if let Some((index, task)) = self.claim() {
                // SAFETY: the task is claimed and not finished, so the closure lives.
                if catch_unwind(AssertUnwindSafe(|| unsafe { (*task)(index) })).is_err() {
                    self.panicked.store(true, Ordering::Relaxed);
                }
                self.unfinished.fetch_sub(1, Ordering::Release);
            } else if !self.spin() {
                self.sleep();
            }
        }
    }

    /// Waits a moment; whether there is something to do.
    fn spin(&self) -> bool {
        for _ in 0..SPINS_BEFORE_SLEEP {
            if self.unclaimed.load(Ordering::Relaxed) > 0 {
                return true;
            }
            std::hint::spin_loop();
        }
        false
    }

    fn sleep(&self) {
        let mut guard = lock(&self.sleep);
        // `run` publishes tasks and then looks for sleepers; this is the other order, so that one of the two sees the
        // other. Both use sequentially consistent operations.
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        while self.unclaimed.load(Ordering::SeqCst) == 0 && !self.stop.load(Ordering::SeqCst) {
            guard = self.wake.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A poisoned lock guards no data here.
fn lock(mutex: &Mutex<()>) -> MutexGuard<'_, ()> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn increment(counter: &AtomicUsize) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    #[test]
    fn every_task_runs_once_on_any_number_of_threads() {
        for threads in [0, 1, 2, 5] {
            let pool = Pool::new(threads);
            for tasks in [0, 1, 2, 7, 1000].repeat(50) {
                let counts: Vec<AtomicUsize> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
                pool.run(tasks, &|i| increment(&counts[i]));
                assert!(counts.iter().all(|c| c.load(Ordering::Relaxed) == 1));
            }
        }
    }

    #[test]
    fn sleeping_workers_wake_for_the_next_job() {
        let pool = Pool::new(3);
        for _ in 0..20 {
            while pool.shared.sleepers.load(Ordering::SeqCst) < 2 {
                std::thread::yield_now();
            }
            let here = std::thread::current().id();
            let elsewhere = AtomicBool::new(false);
            // Two tasks that wait for each other end only if two threads run them.
            let arrived = AtomicUsize::new(0);
            pool.run(2, &|_| {
                elsewhere.fetch_or(std::thread::current().id() != here, Ordering::Relaxed);
                arrived.fetch_add(1, Ordering::SeqCst);
                while arrived.load(Ordering::SeqCst) < 2 {
                    std::thread::yield_now();
                }
            });
            assert!(elsewhere.load(Ordering::Relaxed));
        }
    }

    #[test]
    fn idle_workers_sleep() {
        let pool = Pool::new(4);
        pool.run(100, &|_| {});
        while pool.shared.sleepers.load(Ordering::SeqCst) < 3 {
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_panic_in_a_task_reaches_the_caller_and_the_pool_lives_on() {
        let pool = Pool::new(3);
        for _ in 0..10 {
            let result = catch_unwind(AssertUnwindSafe(|| {
                pool.run(50, &|i| assert!(i != 17, "on purpose"));
            }));
            assert!(result.is_err());
            let done = AtomicUsize::new(0);
            pool.run(50, &|_| {
                done.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(done.load(Ordering::Relaxed), 50);
        }
    }

    #[test]
    fn jobs_of_several_callers_take_turns() {
        let pool = Pool::new(2);
        let caller = || {
            for _ in 0..200 {
                let done = AtomicUsize::new(0);
                pool.run(8, &|_| increment(&done));
                assert_eq!(done.load(Ordering::Relaxed), 8);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(caller);
            }
        });
    }
}
