"""adapt_evcxr.py FOLDER: changes the sources of evcxr so that an engine can tell what became of an execution.

As it is, output without an end of line is taken for a part of what evcxr says of itself and is kept without bound until its end comes, bytes that are no UTF-8 end what
reads them, a panic and a `?` that ended the code are told by text alone, and nobody can interrupt what is compiled without losing all variables.
"""

import sys
from pathlib import Path

CHANGES = {
    'lib.rs': [
        (
            'mod use_trees;\n',
            """mod use_trees;

mod pieces;
pub mod turn;
/// What ended code, as a media type of its output; what ends text without an end of line.
pub const ENDED_BY_PANIC: &str = "runyard/panic";
pub const ENDED_BY_ERROR: &str = "runyard/error";
pub const NO_END: char = '\\0';
/// Said at standard error, too.
pub const COMPLETE: &str = crate::runtime::EVCXR_EXECUTION_COMPLETE;
""",
        )
    ],
    'runtime.rs': [
        (
            '        println!("{EVCXR_EXECUTION_COMPLETE}");',
            """        use std::io::Write;
        // In one step, as threads of the code may write too, and whatever has become of standard error.
        let _ = std::io::stderr().write_all(format!("{EVCXR_EXECUTION_COMPLETE}\\n").as_bytes());
        println!("{EVCXR_EXECUTION_COMPLETE}");""",
        ),
        # Commands come on another descriptor, so that code which reads its standard input does not take them.
        (
            '        let stdin = std::io::stdin();\n        for line in stdin.lock().lines() {',
            """        use std::os::fd::FromRawFd;
        let commands = unsafe {
            let commands = libc::fcntl(0, libc::F_DUPFD_CLOEXEC, 190);
            std::env::set_var("RUNYARD_ANSWERS_FD", commands.to_string());
            let nothing = libc::open(c"/dev/null".as_ptr(), libc::O_RDONLY);
            libc::dup2(nothing, 0);
            libc::close(nothing);
            std::fs::File::from_raw_fd(commands)
        };
        for line in std::io::BufReader::new(commands).lines() {""",
        ),
    ],
    'child_process.rs': [
        ('.env("RUST_BACKTRACE", "1")', '.env("RUST_BACKTRACE", "0")'),
        ('stdout: std::io::Lines<BufReader<std::process::ChildStdout>>', 'stdout: Pieces<std::process::ChildStdout>'),
        (
            '            std::io::BufRead::lines(BufReader::new(process.stderr.take().unwrap()));',
            '            Pieces::of(process.stderr.take().unwrap());',
        ),
        (
            'std::io::BufRead::lines(BufReader::new(process.stdout.take().unwrap()))',
            'Pieces::of(process.stdout.take().unwrap())',
        ),
        ('use std::io::BufReader;', 'use crate::pieces::Pieces;'),
    ],
    'eval_context.rs': [
        # Debian's rustc has no standard library of its own beside it, and each library of code its own.
        (
            'let core_extern = core_extern(&rustc_path)?;',
            'let core_extern = core_extern(&rustc_path).unwrap_or_default();',
        ),
        (
            '        code = code.generated("evcxr_variable_store");',
            """        code = code.generated("{ use std::io::Write as _; let _ = std::io::stdout().flush(); }");
        code = code.generated("evcxr_variable_store");""",
        ),
        # Output is taken no faster than it is passed on.
        (
            'let (stdout_sender, stdout_receiver) = crossbeam_channel::unbounded();',
            'let (stdout_sender, stdout_receiver) = crossbeam_channel::bounded(1024);',
        ),
        (
            'let (stderr_sender, stderr_receiver) = crossbeam_channel::unbounded();',
            'let (stderr_sender, stderr_receiver) = crossbeam_channel::bounded(1024);',
        ),
        (
            '        let mut output = EvalOutputs::new();\n        // TODO: We should probably send an OsString',
            """        let mut output = EvalOutputs::new();
        let Some(_running) = crate::turn::During::running() else { bail!("interrupted") };
        // TODO: We should probably send an OsString""",
        ),
        (
            '            let line = self.child_process.recv_line()?;\n            if line == runtime::EVCXR_EXECUTION_COMPLETE {',
            """            let mut line = self.child_process.recv_line()?;
            let marks = [
                runtime::EVCXR_EXECUTION_COMPLETE,
                PANIC_NOTIFICATION,
                evcxr_internal_runtime::USER_ERROR_OCCURRED,
                evcxr_internal_runtime::VARIABLE_CHANGED_TYPE,
                evcxr_input::GET_CMD,
                "EVCXR_BEGIN_CONTENT ",
            ];
            if let Some(at) = marks.iter().filter_map(|mark| line.find(mark)).min() {
                if at > 0 {
                    let said = line.split_off(at);
                    let before = std::mem::replace(&mut line, said);
                    let _ = self
                        .stdout_sender
                        .send(StdoutEvent::Line(format!("{before}{}", crate::NO_END)));
                }
            }
            if line == runtime::EVCXR_EXECUTION_COMPLETE {""",
        ),
        (
            '        self.child_process = self.child_process.restart()?;',
            """        let _restarting = crate::turn::During::restarting();
        self.child_process = self.child_process.restart()?;""",
        ),
        # What is shown comes in pieces too, and nobody shows more of it than this.
        (
            """                    if !content.is_empty() {
                        content.push('\\n');
                    }
                    content.push_str(&line);""",
            """                    if content.len() > crate::pieces::MOST_SHOWN {
                        continue;
                    }
                    content.push_str(line.strip_suffix(crate::NO_END).unwrap_or(&line));
                    if !line.ends_with(crate::NO_END) {
                        content.push('\\n');
                    }""",
        ),
        (
            '                output.content_by_mime_type.insert(mime_type, content);',
            """                if content.ends_with('\\n') {
                    content.pop();
                }
                output.content_by_mime_type.insert(mime_type, content);""",
        ),
        (
            "line.split(':').nth(1).unwrap_or_default()",
            "line.split_once(':').map(|(_, prompt)| prompt).unwrap_or_default()",
        ),
        (
            '} else if line == evcxr_internal_runtime::USER_ERROR_OCCURRED {\n',
            """} else if line == evcxr_internal_runtime::USER_ERROR_OCCURRED {
                output
                    .content_by_mime_type
                    .insert(crate::ENDED_BY_ERROR.to_owned(), String::new());
""",
        ),
        (
            '        if got_panic {\n            state',
            """        if got_panic {
            output
                .content_by_mime_type
                .insert(crate::ENDED_BY_PANIC.to_owned(), String::new());
            state""",
        ),
    ],
}

# What is added to them, beside this file.
ADDED = ('pieces.rs', 'turn.rs')


def main():
    for name in ADDED:
        source = Path(__file__).with_name('evcxr').joinpath(name).read_text(encoding='utf-8')
        Path(sys.argv[1], 'src', name).write_text(source, encoding='utf-8')
    for name, changes in CHANGES.items():
        path = Path(sys.argv[1], 'src', name)
        source = path.read_text(encoding='utf-8')
        for before, after in changes:
            if source.count(before) != 1:
                raise SystemExit(f'{name} has {before!r} {source.count(before)} times')
            source = source.replace(before, after)
        path.write_text(source, encoding='utf-8')


main()
