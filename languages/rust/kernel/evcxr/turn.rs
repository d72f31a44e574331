//! What an interrupt finds; a part of evcxr, added by adapt_evcxr.py.

use std::sync::{Mutex, MutexGuard};

#[derive(Clone, Copy, PartialEq)]
pub enum Phase {
    /// Nothing is executed.
    Idle,
    /// Code is read and compiled: what does so can be ended, and nothing is lost.
    Compiling,
    /// Code runs: it is ended with its process.
    Running,
    /// That process is replaced by a new one: there is nothing to end.
    Restarting,
}

pub struct Turn {
    pub phase: Phase,
    /// Whether this execution was interrupted.
    pub interrupted: bool,
    /// Whether its process was ended by that.
    pub killed: bool,
}

static TURN: Mutex<Turn> = Mutex::new(Turn { phase: Phase::Idle, interrupted: false, killed: false });

/// Held by whoever changes it, and by an interrupt until it is carried out.
pub fn turn() -> MutexGuard<'static, Turn> {
    TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A phase until this is dropped, and the one before it again then.
pub(crate) struct During(Phase);

impl During {
    /// @returns nothing when the execution was interrupted before it ran
    pub(crate) fn running() -> Option<During> {
        let mut turn = turn();
        if turn.interrupted {
            return None;
        }
        Some(During(std::mem::replace(&mut turn.phase, Phase::Running)))
    }

    pub(crate) fn restarting() -> During {
        During(std::mem::replace(&mut turn().phase, Phase::Restarting))
    }
}

impl Drop for During {
    fn drop(&mut self) {
        turn().phase = self.0;
    }
}
