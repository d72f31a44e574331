//! One execution: its code, and what became of it.

use crate::interrupt;
use crate::output::Streams;
use crate::requests::{say, Request, Requests};
use evcxr::{CommandContext, CompilationError, Error, EvalCallbacks, EvalOutputs, Theme, ENDED_BY_ERROR, ENDED_BY_PANIC};
use serde_json::{json, Map, Value};
use std::panic::{catch_unwind, AssertUnwindSafe};

/// Bytes of all that one execution shows, as JSON: a message of more than 16 MiB is left out, and of results of more than 8 MiB the engine keeps the
/// first MiB of their text.
const MOST_SHOWN: usize = 12 * 1024 * 1024;

const LOST: &str = "the process that ran it has ended, and the variables with it";

/// Name, value and traceback.
struct Fault(String, String, Vec<String>);

impl Fault {
    fn new(name: &str, value: impl Into<String>) -> Fault {
        let value = value.into();
        Fault(name.to_owned(), value.clone(), vec![format!("{name}: {value}")])
    }
}

/// Runs the code of a request, and says all that is to be said of it.
pub fn run(context: &mut CommandContext, streams: &mut Streams, requests: &Requests, request: &Request, count: u64) {
    let code = request.content["code"].as_str().unwrap_or_default();
    while requests.answers.try_recv().is_ok() {}
    interrupt::begin();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut callbacks = EvalCallbacks { input_reader: &|asked| ask(request, requests, &asked.prompt, asked.is_password) };
        context.execute_with_callbacks(code, &mut callbacks)
    }));
    let (was_interrupted, was_killed) = interrupt::end();
    let has_ended = matches!(outcome, Ok(Err(Error::SubprocessTerminated(_))));
    // An interrupt that came when the code had ended has ended the process all the same.
    if was_killed && !has_ended {
        let _ = context.execute(":restart");
    }
    let said = streams.settle();
    let shown = match outcome {
        _ if was_killed => Err(interrupted(LOST)),
        Ok(Ok(outputs)) => shown_of(outputs, &said),
        _ if was_interrupted && !has_ended => Err(interrupted("it was interrupted before it ran")),
        Ok(Err(error)) => Err(fault_of(error, code, count)),
        Err(_) => Err(Fault::new("KernelError", "evcxr failed")),
    };
    let mut reply = json!({ "status": "ok", "execution_count": count, "user_expressions": {}, "payload": [] });
    match shown {
        Ok(data) => {
            let silent = request.content["silent"].as_bool().unwrap_or(false);
            if !silent && !data.is_empty() {
                say(request, "iopub", "execute_result", json!({ "data": data, "metadata": {}, "execution_count": count }));
            }
        }
        Err(Fault(name, value, traceback)) => {
            let error = json!({ "ename": name, "evalue": value, "traceback": traceback });
            reply = json!({ "status": "error", "execution_count": count, "ename": name, "evalue": value, "traceback": traceback });
            say(request, "iopub", "error", error);
        }
    }
    say(request, "shell", "execute_reply", reply);
}

/// Asks for a line. What ends code that may not ask is no text that anybody answers.
fn ask(request: &Request, requests: &Requests, prompt: &str, password: bool) -> String {
    if request.content["allow_stdin"].as_bool() != Some(true) || evcxr::turn::turn().interrupted {
        return "\0".to_owned();
    }
    say(request, "stdin", "input_request", json!({ "prompt": prompt, "password": password }));
    requests.answers.recv().unwrap_or_default().replace(['\r', '\n'], " ")
}

fn interrupted(what: &str) -> Fault {
    Fault::new("Interrupted", what)
}

/// What is to be shown, by media type; or that a panic or a `?` ended the code, with what it wrote of that last.
fn shown_of(outputs: EvalOutputs, said: &[String]) -> Result<Map<String, Value>, Fault> {
    let content = outputs.content_by_mime_type;
    if content.contains_key(ENDED_BY_PANIC) {
        let at = said.iter().rposition(|line| line.starts_with("thread '") && line.contains("panicked at"));
        let rest = at.map_or(said, |at| &said[at + 1..]);
        let lines: Vec<&str> = rest.iter().map(String::as_str).take_while(|line| !line.starts_with("note: run with")).collect();
        return Err(Fault::new("panic", lines.join("\n")));
    }
    if content.contains_key(ENDED_BY_ERROR) {
        return Err(Fault::new("Err", said.last().cloned().unwrap_or_default()));
    }
    let mut room = MOST_SHOWN;
    let value_of = |media: &str, text: String| match media.contains("json") {
        true => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        false => Value::String(text),
    };
    let shown = content.into_iter().map(|(media, text)| (media.clone(), value_of(&media, cut(text, &mut room))));
    Ok(shown.collect())
}

/// What has room of a text: as JSON, where a character takes up to six bytes.
fn cut(mut text: String, room: &mut usize) -> String {
    let in_json = |c: char| match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        c if c < ' ' => 6,
        c => c.len_utf8(),
    };
    let mut taken = 0;
    let end = text.char_indices().find(|(_, c)| {
        taken += in_json(*c);
        taken > *room
    });
    if let Some((at, _)) = end {
        text.truncate(at);
    }
    *room = room.saturating_sub(taken);
    text
}

fn fault_of(error: Error, code: &str, count: u64) -> Fault {
    match error {
        Error::CompilationErrors(errors) if !errors.is_empty() => {
            let name = errors[0].code().unwrap_or("CompileError").to_owned();
            let value = errors[0].message();
            Fault(name, value, errors.iter().flat_map(|error| report_of(error, code, count)).collect())
        }
        Error::SubprocessTerminated(text) => {
            let status = text.rsplit("status: ").next().unwrap_or(&text).trim().to_owned();
            Fault::new("ProcessEnded", format!("{LOST} ({status})"))
        }
        error => Fault::new("Error", error.to_string()),
    }
}

/// An error of the compiler as lines, with the places in the code where it can be said.
fn report_of(error: &CompilationError, code: &str, count: u64) -> Vec<String> {
    let file = format!("execution {count}");
    let drawn = catch_unwind(AssertUnwindSafe(|| {
        let report = error.build_report(file.clone(), code.to_owned(), Theme::Light)?;
        let mut text = Vec::new();
        report.write(ariadne::sources([(file, code.to_owned())]), &mut text).ok()?;
        Some(String::from_utf8_lossy(&text).into_owned())
    }));
    let mut lines = vec![];
    if let (true, Ok(Some(text))) = (error.is_from_user_code(), drawn) {
        lines.extend(text.lines().map(str::to_owned));
    } else {
        lines.push(format!("{}: {}", error.code().unwrap_or("error"), error.message()));
        lines.extend(error.spanned_messages().iter().flat_map(|place| place.lines.iter().cloned().chain([place.label.clone()])));
        lines.extend(error.help().into_iter().map(|text| format!("help: {text}")));
    }
    lines.retain(|line| !line.is_empty());
    lines
}
