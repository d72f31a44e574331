//! Requests and messages: lines of JSON on the two descriptors that the environment names.

use crate::{folder, interrupt};
use crossbeam_channel::{unbounded, Receiver};
use serde_json::{json, Value};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::FromRawFd;
use std::process::Child;
use std::sync::{Arc, Mutex, OnceLock};

static MESSAGES: OnceLock<Mutex<File>> = OnceLock::new();

#[derive(Default)]
pub struct Request {
    pub id: Option<String>,
    pub kind: String,
    pub content: Value,
}

/// Says something about a request.
pub fn say(parent: &Request, channel: &str, kind: &str, content: Value) {
    let mut line = json!({ "channel": channel, "type": kind, "parent": parent.id, "content": content }).to_string();
    line.push('\n');
    if let Some(messages) = MESSAGES.get() {
        // Who does not listen any more has ended, and so will this.
        let _ = messages.lock().unwrap().write_all(line.as_bytes());
    }
}

/// The requests, before they are read.
pub struct Unread(File);

pub struct Requests {
    queue: Receiver<Request>,
    pub answers: Receiver<String>,
}

fn descriptor(name: &str) -> File {
    let fd = std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{name} names no descriptor"));
    std::env::remove_var(name);
    // Code and compiler are not to have it.
    unsafe {
        libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
        File::from_raw_fd(fd)
    }
}

impl Requests {
    /// Takes the descriptors, and their names out of the environment: before anything else is started.
    pub fn take_from_environment() -> Unread {
        let _ = MESSAGES.set(Mutex::new(descriptor("RUNYARD_MESSAGES_FD")));
        Unread(descriptor("RUNYARD_REQUESTS_FD"))
    }

    /// The next one; nothing when there will be none.
    pub fn next(&self) -> Option<Request> {
        self.queue.recv().ok()
    }
}

impl Unread {
    /// Begins to read. @param process the one that runs code
    pub fn begin(self, process: Arc<Mutex<Child>>) -> Requests {
        let (request, queue) = unbounded();
        let (answer, answers) = unbounded();
        std::thread::spawn(move || {
            for line in BufReader::new(self.0).lines() {
                let Ok(line) = line else { break };
                let Ok(mut said) = serde_json::from_str::<Value>(&line) else { continue };
                let text = |value: &Value| value.as_str().map(str::to_owned);
                match said["type"].as_str().unwrap_or_default() {
                    "interrupt_request" => {
                        if interrupt::interrupt(&process) {
                            let _ = answer.send(String::new());
                        }
                    }
                    "input_reply" => {
                        let _ = answer.send(text(&said["content"]["value"]).unwrap_or_default());
                    }
                    kind => {
                        let kind = kind.to_owned();
                        let _ = request.send(Request { id: text(&said["id"]), kind, content: said["content"].take() });
                    }
                }
            }
            // Nobody asks any more; what runs is not waited for.
            interrupt::kill_all();
            folder::remove();
            std::process::exit(0);
        });
        Requests { queue, answers }
    }
}
