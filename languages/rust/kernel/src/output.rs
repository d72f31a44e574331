//! What code writes, passed on to standard output and error as it comes.

use crossbeam_channel::{Receiver, TryRecvError};
use evcxr::{EvalContextOutputs, StdoutEvent, COMPLETE, NO_END};
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Code that has ended said so at standard error before, unless it has closed that.
const AT_MOST: Duration = Duration::from_secs(1);

/// How often code was seen to end at each of them.
#[derive(Default)]
struct Ends {
    stdout: u64,
    stderr: u64,
    /// The last of what was written to standard error since it was last asked for: it may say why code ended.
    said: String,
}

pub struct Streams {
    stdout: Receiver<StdoutEvent>,
    stderr: Receiver<String>,
    ends: Arc<Mutex<Ends>>,
}

/// Bytes of standard error that are kept, at least.
const MOST_KEPT: usize = 128 * 1024;

impl Ends {
    fn pass_stdout(&mut self, event: StdoutEvent) {
        let mut out = std::io::stdout().lock();
        let _ = match event {
            StdoutEvent::ExecutionComplete => {
                self.stdout += 1;
                Ok(())
            }
            StdoutEvent::Line(line) => match line.strip_suffix(NO_END) {
                Some(text) => write!(out, "{text}"),
                None => writeln!(out, "{line}"),
            },
        };
        let _ = out.flush();
    }

    fn pass_stderr(&mut self, line: String) {
        let mut stderr = std::io::stderr().lock();
        let (text, is_whole) = match line.strip_suffix(COMPLETE) {
            Some(text) => {
                self.stderr += 1;
                (text, false)
            }
            None => line.strip_suffix(NO_END).map_or((line.as_str(), true), |text| (text, false)),
        };
        let end = if is_whole { "\n" } else { "" };
        let _ = write!(stderr, "{text}{end}");
        self.said.push_str(text);
        self.said.push_str(end);
        if self.said.len() > 2 * MOST_KEPT {
            let from = self.said.len() - MOST_KEPT;
            let from = (from..).find(|at| self.said.is_char_boundary(*at)).unwrap_or(from);
            self.said.drain(..from);
        }
    }
}

impl Streams {
    /// Begins to pass on what comes.
    pub fn pass_on(outputs: EvalContextOutputs) -> Streams {
        let streams = Streams { stdout: outputs.stdout, stderr: outputs.stderr, ends: Arc::default() };
        // The code that evcxr begins with has ended, and of its ends this one is still to come.
        streams.ends.lock().unwrap().stdout = 1;
        let (stdout, ends) = (streams.stdout.clone(), streams.ends.clone());
        follow(stdout, ends, Ends::pass_stdout);
        let (stderr, ends) = (streams.stderr.clone(), streams.ends.clone());
        follow(stderr, ends, Ends::pass_stderr);
        streams
    }

    /// Returns when all that ended code wrote was passed on, with the last lines of standard error.
    pub fn settle(&mut self) -> Vec<String> {
        let mut ends = self.ends.lock().unwrap();
        for _ in 0..self.stdout.len() {
            let Ok(event) = self.stdout.try_recv() else { break };
            ends.pass_stdout(event);
        }
        let begun = Instant::now();
        while ends.stderr < ends.stdout {
            match self.stderr.recv_timeout(AT_MOST.saturating_sub(begun.elapsed())) {
                Ok(line) => ends.pass_stderr(line),
                Err(_) => break,
            }
        }
        // A thread that the code has left may write for ever.
        for _ in 0..self.stderr.len() {
            let Ok(line) = self.stderr.try_recv() else { break };
            ends.pass_stderr(line);
        }
        ends.stderr = ends.stdout;
        std::mem::take(&mut ends.said).lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }
}

/// Takes and passes on in one step, so that whoever has the lock finds nothing half done.
fn follow<T: Send + 'static>(from: Receiver<T>, ends: Arc<Mutex<Ends>>, pass: fn(&mut Ends, T)) {
    std::thread::spawn(move || {
        let mut select = crossbeam_channel::Select::new();
        select.recv(&from);
        loop {
            select.ready();
            let mut ends = ends.lock().unwrap();
            match from.try_recv() {
                Ok(item) => pass(&mut ends, item),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return,
            }
        }
    });
}
