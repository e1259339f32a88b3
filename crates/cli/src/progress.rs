//! How far a long job has got, on a terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// A job shorter than this shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// A line on the terminal of a job that takes long; if the errors go elsewhere, nothing.
#[derive(Debug)]
pub struct Progress {
    begin: Instant,
    bar: ProgressBar,
    is_shown: bool,
    done: u64,
}

impl Progress {
    /// Of a job of so many steps.
    pub fn new(steps: u64) -> Self {
        Self::shown(steps, "{bar:40} {pos}/{len} {msg}")
    }

    /// The same of many short steps: how many are done in a second is shown, and how long the others take.
    pub fn with_rate(steps: u64) -> Self {
        Self::shown(steps, "{bar:40} {pos}/{len} {msg}, {per_sec:.0}, {eta} left")
    }

    fn shown(steps: u64, template: &str) -> Self {
        let bar = ProgressBar::hidden().with_style(style(template));
        bar.set_length(steps);
        Self { begin: Instant::now(), bar, is_shown: false, done: 0 }
    }

    /// There is more to do than was known.
    pub fn more(&self, steps: u64) {
        self.bar.inc_length(steps);
    }

    /// A step is done; `at` is what is at hand.
    pub fn step(&mut self, at: impl FnOnce() -> String) {
        self.reach(self.done + 1, at);
    }

    /// So many steps are done.
    pub fn reach(&mut self, steps: u64, at: impl FnOnce() -> String) {
        self.done = steps;
        if !self.is_shown && self.begin.elapsed() > PATIENCE {
            self.is_shown = true;
            self.bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
        }
        if self.is_shown {
            self.bar.set_position(self.done);
            self.bar.set_message(at());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
