//! The threads of a script: `(thread ...)` and `(wait ...)` of the threads proposal.
//!
//! What lives here: starting threads, and what becomes of their directives. What does not: what
//! those do, which is what they do in any script (`script`).
//!
//! Invariant: a thread is a script with a store of its own, on a thread of its own. All it has of
//! the script it comes from are the shared memories of one instance.

use std::collections::HashMap;
use std::panic::resume_unwind;
use std::thread::{Scope, ScopedJoinHandle};

use wast::WastThread;
use wast::token::{Id, Span};

use super::script::{Checked, Script, absent};
use super::{Directive, Lines, run_one};

/// What it takes to start a thread.
#[derive(Copy, Clone)]
pub(super) struct Spawner<'scope, 'env> {
    pub(super) scope: &'scope Scope<'scope, 'env>,
    pub(super) lines: &'env Lines,
}

/// The threads that a script has started and not waited for.
pub(super) struct Threads<'scope, 'env> {
    spawner: Spawner<'scope, 'env>,
    running: HashMap<String, Running<'scope>>,
}

struct Running<'scope> {
    /// Where it begins.
    line: usize,
    handle: ScopedJoinHandle<'scope, Checked>,
}

impl Running<'_> {
    fn join(self) -> Checked {
        self.handle.join().unwrap_or_else(|payload| resume_unwind(payload))
    }
}

impl<'scope, 'env> Threads<'scope, 'env> {
    pub(super) fn new(spawner: Spawner<'scope, 'env>) -> Self {
        Self { spawner, running: HashMap::new() }
    }

    /// The line of a directive.
    pub(super) fn line(&self, span: Span) -> usize {
        self.spawner.lines.line(span)
    }

    /// Waits for a thread to end; fails if one of its directives did.
    pub(super) fn wait(&mut self, id: Id<'_>) -> Checked {
        let thread = self.running.remove(id.name());
        thread.ok_or_else(|| absent("thread", Some(id)))?.join()
    }

    /// Waits for all threads that are left, and returns those that failed.
    pub(super) fn finish(&mut self) -> Vec<Directive> {
        let ended = self.running.drain().map(|(_, thread)| {
            let line = thread.line;
            Directive { line, keyword: "thread", result: thread.join() }
        });
        let mut failed: Vec<_> = ended.filter(|directive| directive.result.is_err()).collect();
        failed.sort_by_key(|directive| directive.line);
        failed
    }
}

impl<'env> Script<'_, 'env> {
    /// Starts a thread.
    pub(super) fn thread(&mut self, thread: WastThread<'env>) -> Checked {
        let WastThread { span, name, shared_module, directives } = thread;
        if self.threads.running.contains_key(name.name()) {
            return Err(format!("a thread called `${}` is running", name.name()));
        }
        let spawner = self.threads.spawner;
        let mut child = Script::new(&self.engine, spawner).map_err(|error| error.to_string())?;
        if let Some(id) = shared_module {
            child.shared.insert(id.name().to_owned(), self.shared_memories(id)?);
        }
        let run = move || {
            let failed = |directive: Directive| directive.result.is_err().then_some(directive);
            let directives = directives.into_iter().map(|directive| run_one(&mut child, directive));
            // All of them run, whatever became of those before.
            let mut failures: Vec<_> = directives.filter_map(failed).collect();
            failures.extend(child.threads.finish());
            failures.first().map_or(Ok(()), |failure| Err(failure.to_string()))
        };
        let running = Running { line: self.threads.line(span), handle: spawner.scope.spawn(run) };
        self.threads.running.insert(name.name().to_owned(), running);
        Ok(())
    }
}
