//! Interrupts: what is compiled is ended, and nothing is lost; code that runs is ended with its process, which has the variables.

use evcxr::turn::{turn, Phase};
use std::collections::{HashMap, HashSet};
use std::process::Child;
use std::sync::{Arc, Mutex};

pub fn begin() {
    let mut turn = turn();
    turn.phase = Phase::Compiling;
    turn.interrupted = false;
    turn.killed = false;
}

/// @returns whether the execution was interrupted, and whether its process was ended by that
pub fn end() -> (bool, bool) {
    let mut turn = turn();
    turn.phase = Phase::Idle;
    (turn.interrupted, turn.killed)
}

/// @returns whether there was something to interrupt
pub fn interrupt(process: &Arc<Mutex<Child>>) -> bool {
    let mut turn = turn();
    match turn.phase {
        Phase::Idle => return false,
        Phase::Compiling => {
            // Nobody waits for it while something is compiled.
            let spared = process.try_lock().map(|child| child.id()).ok();
            kill(&descendants(spared));
        }
        Phase::Running => {
            kill_all();
            turn.killed = true;
        }
        Phase::Restarting => {}
    }
    turn.interrupted = true;
    true
}

pub fn kill_all() {
    kill(&descendants(None));
}

fn kill(processes: &[u32]) {
    for id in processes {
        unsafe { libc::kill(*id as libc::pid_t, libc::SIGKILL) };
    }
}

/// All that descends from this process, but one child and what descends from that.
fn descendants(spared: Option<u32>) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // Behind the name, which may have any characters: the state, then the parent.
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse().ok());
        if let Some(parent) = parent {
            children.entry(parent).or_default().push(id);
        }
    }
    let mut found = Vec::new();
    let mut seen = HashSet::from([std::process::id()]);
    let mut waiting = vec![std::process::id()];
    while let Some(parent) = waiting.pop() {
        for id in children.get(&parent).into_iter().flatten() {
            if Some(*id) != spared && seen.insert(*id) {
                found.push(*id);
                waiting.push(*id);
            }
        }
    }
    found
}
