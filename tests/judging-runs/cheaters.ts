import { C, CPP, INTERACTIVE, type Language, type Programs, SEARCH } from './kinds.ts'

/** What asks the system in C does it in C++ in the same way. */
const inBoth = ({ c, ...others }: Record<Exclude<Language, 'cpp'>, string>): Programs => ({
  c,
  cpp: c.replace(C, CPP + C),
  ...others,
})

/** A way to gain points without solving anything. */
export interface Cheat {
  name: string
  /** What of a request the problem is. No honest verdict of these programs is worth a point. */
  problem: Record<string, unknown>
  programs: Programs
  /** How it may end: never accepted, and never as a fault of the judge. */
  verdicts: string[]
}

const REFUSED = ['wrong-answer', 'runtime-error']
/** Accepts the answer, and says so in words. */
const CHECKER = {
  type: 'program',
  language: 'python',
  code: `
import sys
right = sys.stdin.read().split() == open(sys.argv[2]).read().split()
open(sys.argv[3] + 'judgemessage.txt', 'w').write('accepted' if right else 'not accepted')
sys.exit(42 if right else 43)`,
}
const TESTLIB = {
  type: 'program',
  language: 'python',
  protocol: 'testlib',
  code: `
import sys
right = open(sys.argv[2]).read().split() == open(sys.argv[3]).read().split()
sys.stderr.write('ok' if right else 'wrong answer')
sys.exit(0 if right else 1)`,
}
/** No program can know it. */
const ANSWER = 'quarrel-cinder-parsnip'
const NEXT = 'lantern-gravel-thimble'
const UNKNOWN = { tests: [{ stdin: 'one\n', answer: ANSWER }], checker: CHECKER }

/** Where a neighbour's files could be, and what of /proc could show them. */
const PLACES = `['.', '/tmp', '/var/tmp', '/dev/shm', '/run', '/job', '/mnt', '/home']`
const READ_ALL = inBoth({
  c: `${C}int main(void) {
  char line[4096];
  for (int fd = 3; fd < 256; fd++) { ssize_t n = read(fd, line, sizeof line); if (n > 0) fwrite(line, 1, (size_t)n, stdout); }
  const char *paths[] = {".judge/answer.txt", "../.judge/answer.txt", "/job/.judge/answer.txt", "/tmp/answer", "/proc/1/environ", "/proc/1/cmdline", "/proc/1/cwd/answer.txt"};
  for (unsigned i = 0; i < sizeof paths / sizeof *paths; i++) {
    FILE *f = fopen(paths[i], "r");
    size_t n;
    while (f && (n = fread(line, 1, sizeof line, f)) > 0) fwrite(line, 1, n, stdout);
  }
  fflush(stdout);
  FILE *all = popen("cat $(find ${'. /tmp /var/tmp /dev/shm /run /job /mnt /home'} -type f 2>/dev/null) /proc/*/environ /proc/*/cmdline 2>/dev/null | grep -aoE '[a-z]+-[a-z]+-[a-z]+' | tail -n 1", "r");
  while (all && fgets(line, sizeof line, all)) fputs(line, stdout);
  return 0;
}`,
  python: `import os, re, glob
found = b''
for fd in range(3, 256):
    try: found += os.read(fd, 65536)
    except OSError: pass
paths = glob.glob('/proc/*/environ') + glob.glob('/proc/*/cmdline') + ['.judge/answer.txt', '/job/.judge/answer.txt']
for place in ${PLACES}:
    for folder, _, names in os.walk(place): paths += [os.path.join(folder, name) for name in names]
for path in paths:
    if path.endswith('.py') or path.endswith('.pyc'): continue
    try: found += open(path, 'rb').read(65536)
    except OSError: pass
words = re.findall(rb'[a-z]+-[a-z]+-[a-z]+', found)
print(words[-1].decode() if words else 'nothing')`,
  javascript: `const fs = require('fs'), path = require('path')
let found = ''
const keep = (text) => { found += (text.match(/[a-z]+-[a-z]+-[a-z]+/g) || []).join(' ').slice(0, 4096) + ' ' }
const read = (file) => { try { if (fs.statSync(file).size < 1e6) keep(fs.readFileSync(file, 'latin1')) } catch {} }
const walk = (folder, depth) => { let all = []; try { all = fs.readdirSync(folder, { withFileTypes: true }) } catch {}
  for (const one of all) { const at = path.join(folder, one.name); if (one.isDirectory() && depth < 8) walk(at, depth + 1); else if (one.isFile() && !at.endsWith('.js')) read(at) } }
for (let fd = 3; fd < 64; fd++) try { if (fs.fstatSync(fd).isFile()) keep(fs.readFileSync(fd, 'latin1')) } catch {}
for (const pid of fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))) for (const what of ['environ', 'cmdline', 'cwd/.judge/answer.txt', 'root/job/.judge/answer.txt']) read('/proc/' + pid + '/' + what)
for (const place of ${PLACES}) walk(place, 0)
console.log((found.match(/[a-z]+-[a-z]+-[a-z]+/g) || ['nothing']).at(-1))`,
})

/** Leaves what it has read for whoever comes next, prints what it finds of others, and leaves a process behind that goes on writing. */
const LEAVE_BEHIND = inBoth({
  c: `${C}#include <fcntl.h>
int main(void) {
  char in[256] = "", was[256] = "";
  const char *places[] = {"left", "/tmp/left", "/dev/shm/left", "/var/tmp/left", "/run/left", "../left"};
  if (!fgets(in, sizeof in, stdin)) in[0] = 0;
  for (int i = 0; i < 6; i++) { FILE *f = fopen(places[i], "r"); if (f && fgets(was, sizeof was, f)) break; }
  for (int i = 0; i < 6; i++) { FILE *f = fopen(places[i], "w"); if (f) { fputs(in, f); fclose(f); } }
  puts(was[0] ? was : "nothing");
  fflush(stdout);
  if (fork() == 0) {
    setsid();
    for (int i = 0; i < 200; i++) { printf("%s", in); fflush(stdout); for (int k = 0; k < 6; k++) { FILE *f = fopen(places[k], "w"); if (f) { fputs(in, f); fclose(f); } } usleep(20000); }
  }
  return 0;
}`,
  python: `import os, subprocess, sys
own, was = sys.stdin.read(), 'nothing'
places = ['left', '/tmp/left', '/dev/shm/left', '/var/tmp/left', '/run/left', '../left', 'sitecustomize.py', 'usercustomize.py']
for place in places:
    try: was = open(place).read().split("'")[-2]
    except (OSError, IndexError): pass
for place in places:
    try: open(place, 'w').write(f"print('{own.strip()}')")
    except OSError: pass
print(was, flush=True)
try: subprocess.Popen([sys.executable, '-c', 'import time\\nfor i in range(200): print(' + repr(own.strip()) + ', flush=True); time.sleep(0.02)'], start_new_session=True)
except OSError: pass`,
  javascript: `const fs = require('fs')
const own = fs.readFileSync(0, 'utf8').trim()
let was = 'nothing'
const places = ['left', '/tmp/left', '/dev/shm/left', '/var/tmp/left', '/run/left', '../left']
for (const place of places) try { was = fs.readFileSync(place, 'utf8') } catch {}
for (const place of places) try { fs.writeFileSync(place, own) } catch {}
console.log(was)
try { const child = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => console.log(' + JSON.stringify(own) + '), 20)'], { detached: true, stdio: 'inherit' }); child.on('error', () => {}); child.unref() } catch {}
process.exitCode = 0`,
})

/** Kills and stops all that it can name. */
const SIGNAL_ALL = inBoth({
  c: `${C}int main(void) {
  for (int pid = 2; pid < 4096; pid++) if (pid != getpid()) { kill(pid, SIGSTOP); kill(pid, SIGKILL); }
  kill(1, SIGKILL);
  kill(1, SIGTERM);
  kill(getppid(), SIGKILL);
  puts("accepted");
  return 0;
}`,
  python: `import os, signal
for number in (signal.SIGSTOP, signal.SIGKILL, signal.SIGTERM, signal.SIGUSR1):
    for pid in [1, os.getppid(), *range(2, 4096)]:
        if pid != os.getpid():
            try: os.kill(pid, number)
            except OSError: pass
print('accepted')`,
  javascript: `for (const name of ['SIGSTOP', 'SIGKILL', 'SIGTERM', 'SIGUSR1'])
  for (let pid = 1; pid < 4096; pid++) if (pid !== process.pid) try { process.kill(pid, name) } catch {}
console.log('accepted')`,
})

const print = (text: string): Programs =>
  inBoth({
    c: `${C}int main(void) { fputs(${JSON.stringify(text)}, stdout); fputs(${JSON.stringify(text)}, stderr); return 0; }`,
    python: `import sys\nsys.stdout.write(${JSON.stringify(text)})\nsys.stderr.write(${JSON.stringify(text)})`,
    javascript: `process.stdout.write(${JSON.stringify(text)}); process.stderr.write(${JSON.stringify(text)})`,
  })
/** Writes one piece for as long as it can. */
const flood = (piece: string): Programs =>
  inBoth({
    c: `${C}int main(void) { signal(SIGPIPE, SIG_IGN); for (int i = 0; i < 2000000; i++) if (fputs(${JSON.stringify(piece)}, stdout) < 0) return 0; return 0; }`,
    python: `import sys\ntry:\n    for i in range(2000): sys.stdout.write(${JSON.stringify(piece)} * 1000)\nexcept BrokenPipeError: pass`,
    javascript: `const fs = require('fs'); const text = ${JSON.stringify(piece)}.repeat(1000); try { for (let i = 0; i < 2000; i++) fs.writeSync(1, text) } catch {}`,
  })
const leaveWith = (code: number): Programs =>
  inBoth({
    c: `${C}int main(void) { puts("accepted"); fflush(stdout); _exit(${code}); }`,
    python: `import os\nprint('accepted', flush=True)\nos._exit(${code})`,
    javascript: `console.log('accepted'); process.exit(${code})`,
  })
/** Says all at once what it was to say turn by turn. */
const OUT_OF_TURN = inBoth({
  c: `${C}int main(void) { for (int i = 1; i <= 1000; i++) printf("%d\\n", i); puts("equal"); return 0; }`,
  python: `print('\\n'.join(map(str, range(1, 1001))))\nprint('equal')`,
  javascript: `console.log(Array.from({ length: 1000 }, (_, i) => i + 1).join('\\n') + '\\nequal')`,
})
/** Never reads, and never ends its line. */
const SILENT = inBoth({
  c: `${C}int main(void) { printf("5"); fflush(stdout); for (;;) pause(); }`,
  python: `import time\nprint(5, end='', flush=True)\nwhile True: time.sleep(60)`,
  javascript: `process.stdout.write('5'); setInterval(() => {}, 60_000)`,
})

/** Ends at once, and leaves a process behind that solves the problem. */
const AS_CHILD: Programs = {
  c: SEARCH.c.replace('{', '{ if (fork()) return 0; setsid();'),
  cpp: SEARCH.cpp.replace('{', '{ if (fork()) return 0; setsid();'),
  python: `import os\nif os.fork(): os._exit(0)\nos.setsid()\n${SEARCH.python}`,
  javascript: `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(SEARCH.javascript)}], { detached: true, stdio: 'inherit' }).on('spawn', () => process.exit(0))`,
}
/** Takes more time than it has, and no process of it does. */
const IN_CHILDREN = inBoth({
  c: `${C}#include <sys/wait.h>
#include <time.h>
int main(void) {
  for (int i = 0; i < 3; i++) {
    if (fork() == 0) { while (clock() < CLOCKS_PER_SEC * 6 / 10); _exit(0); }
    wait(NULL);
  }
  puts("7");
  return 0;
}`,
  python: `import os, time
for i in range(3):
    if os.fork() == 0:
        while time.process_time() < 0.6: pass
        os._exit(0)
    os.wait()
print(7)`,
  javascript: `for (let i = 0; i < 3; i++) require('child_process').spawnSync(process.execPath, ['-e', 'while (process.cpuUsage().user < 6e5);'])
console.log(7)`,
})
/** Writes what a judge says to whatever is open anywhere. */
const EVERYWHERE = inBoth({
  c: `${C}#include <dirent.h>
int main(void) {
  for (int pid = 1; pid < 64; pid++) for (int fd = 0; fd < 64; fd++) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
    FILE *file = fopen(path, "w");
    if (file) { fputs("accepted 42\\n", file); fclose(file); }
  }
  for (int fd = 0; fd < 256; fd++) if (write(fd, "accepted 42\\n", 12) < 0) continue;
  return 0;
}`,
  python: `import glob, os
for path in glob.glob('/proc/*/fd/*'):
    try:
        with open(path, 'w') as file: file.write('accepted 42\\n')
    except OSError: pass
for fd in range(256):
    try: os.write(fd, b'accepted 42\\n')
    except OSError: pass`,
  javascript: `const fs = require('fs')
for (const pid of fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)))
  for (let fd = 0; fd < 3; fd++) try { fs.writeFileSync('/proc/' + pid + '/fd/' + fd, 'accepted 42\\n') } catch {}
console.log('accepted 42')`,
})

/** Every cheat with the problem that it is tried on. */
export const CHEATS: Cheat[] = [
  { name: 'reads the answer', problem: UNKNOWN, programs: READ_ALL, verdicts: REFUSED },
  {
    name: 'reads the next test',
    // The first two have as answers what only later tests have.
    problem: {
      tests: [
        { stdin: 'one\n', answer: NEXT },
        { stdin: 'two\n', answer: NEXT },
        { stdin: `${NEXT}\n`, answer: ANSWER, args: [NEXT] },
      ],
    },
    programs: READ_ALL,
    verdicts: REFUSED,
  },
  {
    name: 'writes for the next test',
    problem: {
      tests: [
        { stdin: `${NEXT}\n`, answer: ANSWER },
        { stdin: '\n', answer: NEXT },
        { stdin: '\n', answer: NEXT },
      ],
      checker: { type: 'tokens' },
    },
    programs: LEAVE_BEHIND,
    verdicts: [...REFUSED, 'time-limit', 'output-limit'],
  },
  // Who signals every number can stop itself.
  { name: 'signals the checker', problem: UNKNOWN, programs: SIGNAL_ALL, verdicts: [...REFUSED, 'time-limit'] },
  {
    name: 'signals the interactor',
    problem: INTERACTIVE,
    programs: SIGNAL_ALL,
    verdicts: [...REFUSED, 'time-limit'],
  },
  {
    name: 'floods the checker',
    problem: UNKNOWN,
    programs: flood('accepted 42 ok\n'),
    verdicts: [...REFUSED, 'output-limit', 'time-limit'],
  },
  {
    name: 'floods the interactor with a line',
    problem: INTERACTIVE,
    programs: flood('77777777777777777777'),
    verdicts: [...REFUSED, 'output-limit', 'time-limit'],
  },
  { name: 'talks out of turn', problem: INTERACTIVE, programs: OUT_OF_TURN, verdicts: REFUSED },
  {
    name: 'exhausts the interactor',
    problem: INTERACTIVE,
    programs: SILENT,
    verdicts: ['time-limit', ...REFUSED],
  },
  { name: 'leaves with the code of acceptance', problem: UNKNOWN, programs: leaveWith(42), verdicts: REFUSED },
  { name: 'leaves an interactor with that code', problem: INTERACTIVE, programs: leaveWith(42), verdicts: REFUSED },
  {
    name: 'leaves with the code of testlib',
    problem: { ...UNKNOWN, checker: TESTLIB },
    programs: leaveWith(0),
    verdicts: REFUSED,
  },
  {
    name: "prints the checker's words",
    problem: { ...UNKNOWN, checker: TESTLIB },
    programs: print('points 1\nok accepted\n42\n'),
    verdicts: REFUSED,
  },
  {
    name: 'floods an interactor that does not read',
    problem: {
      tests: [{ stdin: '613' }],
      interactor: { language: 'python', code: 'import time\ntime.sleep(600)' },
    },
    programs: flood('equal\n'),
    verdicts: ['output-limit'],
  },
  { name: 'goes on as a child', problem: INTERACTIVE, programs: AS_CHILD, verdicts: [...REFUSED, 'time-limit'] },
  {
    name: 'takes its time in children',
    problem: { tests: [{ stdin: '3 4', answer: '7' }] },
    programs: IN_CHILDREN,
    verdicts: ['time-limit'],
  },
  { name: 'writes into every descriptor', problem: UNKNOWN, programs: EVERYWHERE, verdicts: REFUSED },
]
