/** What is run in one session of each language with a kernel, one after another, and what comes of it. */
export interface Step {
  code: string
  /** Of the text of all results and of standard output. */
  shows?: string
  stderr?: string
  error?: string
  /** Media types of its results. */
  types?: string[]
  answer?: string
  /** Interrupted once it has written this. */
  interruptAt?: string
}

const javascript: Step[] = [
  { code: 'const x = 40; let y = 1', types: [] },
  { code: 'x + 2', shows: '42', types: ['text/plain'] },
  { code: 'const x = 41; x', shows: '41' },
  { code: 'console.log("out"); console.error("err")', shows: 'out\n', stderr: 'err\n' },
  { code: 'null', shows: 'null' },
  { code: 'undefined', types: [] },
  { code: '({a: [1, {b: 2}]})', shows: '{ a: [ 1, { b: 2 } ] }' },
  { code: 'new Map([[1, "a"]])', shows: "Map(1) { 1 => 'a' }" },
  { code: '10n ** 20n', shows: '100000000000000000000n' },
  { code: 'function f(a) { return a * 2 }; f(4)', shows: '8' },
  { code: 'class A { constructor() { this.z = 1 } }; new A()', shows: 'A { z: 1 }' },
  { code: 'await Promise.resolve(7)', shows: '7' },
  { code: 'await new Promise((r) => setTimeout(r, 5, "later"))', shows: "'later'" },
  { code: 'for (const i of [1, 2]) console.log(i)', shows: '1\n2\n' },
  { code: 'import fs, { existsSync } from "node:fs"; existsSync("/job")', shows: 'true' },
  { code: 'fs.writeFileSync("a.txt", "text"); fs.readFileSync("a.txt", "utf8")', shows: "'text'" },
  { code: 'fs.writeFileSync("m.mjs", "export const v = 5"); (await import("./m.mjs")).v', shows: '5' },
  { code: 'require("node:path").join("a", "b")', shows: "'a/b'" },
  { code: 'throw new RangeError("far")', error: 'RangeError: far' },
  { code: 'nope', error: 'ReferenceError: nope is not defined' },
  { code: '1 +* 2', error: 'SyntaxError' },
  { code: 'throw "text"', error: "Uncaught: 'text'" },
  { code: 'await Promise.reject(new Error("no"))', error: 'Error: no' },
  { code: 'display.html("<b>x</b>")', types: ['text/html'] },
  { code: 'display.png(Buffer.from("abc")); display.svg("<svg/>")', types: ['image/png', 'image/svg+xml'] },
  { code: 'prompt("who? ")', answer: 'ada', shows: "'ada'" },
  { code: 'console.log("go"); while (true);', interruptAt: 'go\n', error: 'Interrupted' },
  { code: 'console.log("go"); await new Promise(() => {})', interruptAt: 'go\n', error: 'Interrupted' },
  { code: 'x + y', shows: '42' },
  { code: 'require("child_process").execSync("echo sub").toString()', shows: "'sub\\n'" },
]

export const TRANSCRIPTS: Record<string, Step[]> = {
  javascript,
  typescript: [
    ...javascript,
    { code: 'enum E { A = 3 }; interface P { a: number }; const p: P = { a: 1 }; p.a + E.A', shows: '4' },
    { code: 'function id<T>(value: T): T { return value }; id<string>("s")', shows: "'s'" },
    { code: 'const bad: = 1', error: 'SyntaxError' },
    {
      code: 'import { type Stats, statSync } from "node:fs"; const s: Stats = statSync("/job"); s.isDirectory()',
      shows: 'true',
    },
    { code: '(x as unknown as number)!', shows: '41' },
  ],
  bash: [
    { code: 'x=5; echo hi', shows: 'hi\n' },
    { code: 'echo $((x + 1))', shows: '6\n' },
    { code: 'f() { echo "<$1>"; }; f "a b"', shows: '<a b>\n' },
    { code: 'mkdir -p d && cd d && pwd', shows: '/job/d\n' },
    { code: 'pwd', shows: '/job/d\n' },
    { code: 'cd ..; false', error: 'ExitStatus' },
    { code: 'echo $?', shows: '1\n' },
    { code: 'echo err >&2', stderr: 'err\n' },
    { code: 'nosuch', error: 'ExitStatus', stderr: 'bash: nosuch: command not found\n' },
    { code: 'if then', error: 'ExitStatus' },
    { code: 'a=(1 2 3); echo "${a[@]}" ${#a[@]}', shows: '1 2 3 3\n' },
    { code: 'seq 3 | while read -r n; do echo "n$n"; done', shows: 'n1\nn2\nn3\n' },
    { code: 'cat <<END\nhere\nEND', shows: 'here\n' },
    { code: 'printf "%s\\n" "it\'s" \'a "b"\'', shows: 'it\'s\na "b"\n' },
    { code: 'cat; echo eof', shows: 'eof\n' },
    { code: 'read -r -p "who? " a; echo "<$a>"', answer: 'ada l', shows: '<ada l>\n' },
    { code: 'echo \'{"a": 1}\' >j.json; display j.json', types: ['application/json'] },
    { code: 'echo go; while :; do :; done', interruptAt: 'go\n', error: 'Interrupted' },
    { code: 'echo go; sleep 600', interruptAt: 'go\n', error: 'Interrupted' },
    { code: 'echo $x', shows: '5\n' },
    { code: 'exec 3>three; echo t >&3; cat three', shows: 't\n' },
    { code: 'exit 4', error: 'ShellExited' },
    { code: 'echo "<$x>"', shows: '<>\n' },
  ],
  python: [
    { code: 'x = 40', types: [] },
    { code: 'x + 2', shows: '42' },
    { code: 'print("out")', shows: 'out\n' },
    { code: '1 / 0', error: 'ZeroDivisionError' },
    { code: 'input("who? ")', answer: 'ada', shows: "'ada'" },
    { code: 'print("go")\nwhile True: pass', interruptAt: 'go\n', error: 'KeyboardInterrupt' },
    { code: 'x', shows: '40' },
  ],
}
