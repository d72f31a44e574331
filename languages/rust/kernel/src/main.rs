//! A kernel for Rust, by evcxr. It speaks the line protocol of docs/sessions.md.
//!
//! Each execution is compiled into a library, which a process beside this one loads and runs: that process has the variables, this one what was declared.
//! One thread reads requests, so that an interrupt is heeded at any time, two pass on output, and the main one does all else.

mod execution;
mod folder;
mod interrupt;
mod output;
mod requests;

use evcxr::{CommandContext, EvalContext};
use requests::{say, Request, Requests};
use serde_json::{json, Value};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::process::Command;

/// What code of every execution finds: asking for a line, under the name of the crate that does so elsewhere.
const PRELUDE: &str = r#"
#[allow(dead_code)]
pub mod evcxr_input {
    pub fn get_string(prompt: &str) -> String { ask("EVCXR_INPUT_REQUEST", prompt) }
    pub fn get_password(prompt: &str) -> String { ask("EVCXR_INPUT_REQUEST_PASSWORD", prompt) }
    fn ask(mark: &str, prompt: &str) -> String {
        use std::{io::Read, mem::ManuallyDrop, os::fd::FromRawFd};
        println!("{mark}:{}", prompt.replace(['\r', '\n'], " "));
        let fd = std::env::var("RUNYARD_ANSWERS_FD").unwrap().parse().unwrap();
        let mut answers = ManuallyDrop::new(unsafe { std::fs::File::from_raw_fd(fd) });
        let mut line = Vec::new();
        let mut byte = [0];
        while answers.read(&mut byte).unwrap() == 1 && byte[0] != b'\n' { line.push(byte[0]); }
        let line = String::from_utf8_lossy(&line).into_owned();
        if line == "\0" { panic!("this execution may not ask for input: allowInput is not set"); }
        line
    }
}
"#;

/// What types and completions are known by is read when it is first needed: before anybody waits for it.
const WARM_UP: [&str; 2] = ["let warm = [String::new()].iter().map(|text| vec![text.len()]).collect::<Vec<_>>();", ":clear"];

fn info() -> Value {
    let said = Command::new("rustc").arg("--version").output();
    let said = said.map(|said| String::from_utf8_lossy(&said.stdout).into_owned()).unwrap_or_default();
    json!({
        "status": "ok",
        "protocol_version": "5.3",
        "implementation": "runyard-rust",
        "implementation_version": "1",
        "language_info": {
            "name": "rust",
            "version": said.split_whitespace().nth(1).unwrap_or_default(),
            "mimetype": "text/rust",
            "file_extension": ".rs",
        },
        "banner": "Rust",
    })
}

/// The end of a code point, counted from the beginning, as bytes.
fn bytes_of(code: &str, characters: u64) -> usize {
    code.char_indices().nth(characters as usize).map_or(code.len(), |(at, _)| at)
}

fn characters_of(code: &str, bytes: usize) -> usize {
    code.char_indices().take_while(|(at, _)| *at < bytes).count()
}

fn complete(context: &mut CommandContext, content: &Value) -> Value {
    let code = content["code"].as_str().unwrap_or_default();
    let at = content["cursor_pos"].as_u64().unwrap_or(u64::MAX);
    let cursor = bytes_of(code, at);
    // What knows types and names panics at some code.
    let found = catch_unwind(AssertUnwindSafe(|| context.completions(code, cursor)));
    let (matches, start, end) = match found {
        Ok(Ok(found)) => (found.completions.into_iter().map(|one| one.code).collect(), found.start_offset, found.end_offset),
        _ => (Vec::new(), cursor, cursor),
    };
    json!({
        "status": "ok",
        "matches": matches,
        "cursor_start": characters_of(code, start),
        "cursor_end": characters_of(code, end),
        "metadata": {},
    })
}

/// The name at the cursor is looked up by evcxr's command for it.
fn inspect(context: &mut CommandContext, content: &Value) -> Value {
    let code = content["code"].as_str().unwrap_or_default();
    let cursor = bytes_of(code, content["cursor_pos"].as_u64().unwrap_or(u64::MAX));
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.' | '!');
    let before = code[..cursor].rfind(|c| !is_part(c)).map_or(0, |at| at + code[at..].chars().next().map_or(1, char::len_utf8));
    let after = code[cursor..].find(|c| !is_part(c) || c == '.').map_or(code.len(), |at| cursor + at);
    let name = code[before..after].trim_matches(|c| c == ':' || c == '.');
    let look_up = || if name.is_empty() { None } else { context.execute(&format!(":doc {name}")).ok() };
    let found = catch_unwind(AssertUnwindSafe(look_up)).ok().flatten();
    let data = found.map(|found| found.content_by_mime_type).unwrap_or_default();
    let is_found = data.get("text/plain").is_some_and(|text| text != "No documentation found");
    json!({ "status": "ok", "found": is_found, "data": if is_found { json!(data) } else { json!({}) }, "metadata": {} })
}

struct Kernel {
    context: CommandContext,
    streams: output::Streams,
    requests: Requests,
    count: u64,
}

impl Kernel {
    fn handle(&mut self, request: &Request) {
        let content = &request.content;
        let status = |state: &str| say(request, "iopub", "status", json!({ "execution_state": state }));
        status("busy");
        let reply = |kind: &str, content: Value| say(request, "shell", kind, content);
        match request.kind.as_str() {
            "execute_request" => {
                let silent = content["silent"].as_bool().unwrap_or(false);
                if !silent {
                    self.count += 1;
                    let code = &content["code"];
                    say(request, "iopub", "execute_input", json!({ "code": code, "execution_count": self.count }));
                }
                execution::run(&mut self.context, &mut self.streams, &self.requests, request, self.count);
            }
            "complete_request" => reply("complete_reply", complete(&mut self.context, content)),
            "inspect_request" => reply("inspect_reply", inspect(&mut self.context, content)),
            "is_complete_request" => reply("is_complete_reply", json!({ "status": "unknown" })),
            "kernel_info_request" => reply("kernel_info_reply", info()),
            "history_request" => reply("history_reply", json!({ "status": "ok", "history": [] })),
            "comm_info_request" => reply("comm_info_reply", json!({ "status": "ok", "comms": {} })),
            _ => {}
        }
        status("idle");
    }
}

fn main() {
    // The process that runs the code, and never comes back from here.
    evcxr::runtime_hook();
    let requests = Requests::take_from_environment();
    folder::make();
    let program = Command::new(std::env::current_exe().expect("the path of this program"));
    let (evaluator, outputs) = match EvalContext::with_subprocess_command(program) {
        Ok(started) => started,
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    };
    let mut context = CommandContext::with_eval_context(evaluator);
    let mut streams = output::Streams::pass_on(outputs);
    for code in WARM_UP.into_iter().chain([PRELUDE]) {
        if let Err(error) = context.execute(code) {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
    streams.settle();
    let requests = requests.begin(context.process_handle());
    say(&Request::default(), "shell", "ready", info());
    let mut kernel = Kernel { context, streams, requests, count: 0 };
    while let Some(request) = kernel.requests.next() {
        kernel.handle(&request);
    }
}
