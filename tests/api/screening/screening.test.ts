import { expect, test } from '@jest/globals'
import { SCREENED_LANGUAGES } from '../../../src/api/screening/lexers/lexers.ts'
import { loadRules } from '../../../src/api/screening/load-rules.ts'
import { createScreening, MAX_FINDINGS, TOO_MUCH_TO_SCREEN } from '../../../src/api/screening/screening.ts'
import { subjectOf } from '../../../src/api/screening/subject.ts'
import { packageRoot } from '../../../src/shared/package-root.ts'
import type { ScreeningPolicy } from '../../../src/shared/screening-policy.ts'
import { OPENERS, PIECES } from './pieces.ts'

const rules = loadRules(packageRoot())
const screening = createScreening(rules)

function screen(language: string | undefined, text: string, policy: ScreeningPolicy = 'strict') {
  return screening.screen({ texts: [{ pointer: '/code', language, text }], dependencies: [] }, policy)
}

function ids(language: string | undefined, text: string) {
  return screen(language, text).map(({ rule }) => rule)
}

test('a finding tells its place, from 1 and in UTF-16 units', () => {
  expect(screen('python', 'import os\n# \u{1f600}\nx = "\u{1f600}\u0007"; os.system("ls")\n')).toEqual([
    {
      rule: 'python-os-system',
      severity: 'block',
      reason: 'os.system and os.popen run a shell command',
      pointer: '/code',
      line: 3,
      column: 12,
      excerpt: 'x = "\u{1f600} "; os.system("ls")',
    },
  ])
})

test('an excerpt is at most 120 characters around the place', () => {
  const [finding] = screen('python', `${'a = 1; '.repeat(1000)}eval(x)${'; b = 2'.repeat(1000)}`)
  expect(finding?.column).toBe(7001)
  expect(finding?.excerpt).toContain('eval(x)')
  expect(finding?.excerpt.length).toBeLessThanOrEqual(120)
})

test('standard only warns of rules of a language, still blocks by general ones; off says nothing', () => {
  const text = 'import os\nos.system("rm -rf /")'
  const severities = (policy: ScreeningPolicy) => screen('python', text, policy).map((f) => [f.rule, f.severity])
  expect(severities('strict')).toEqual([
    ['python-os-system', 'block'],
    ['destructive-remove', 'block'],
  ])
  expect(severities('standard')).toEqual([
    ['destructive-remove', 'block'],
    ['python-os-system', 'warn'],
  ])
  expect(severities('off')).toEqual([])
  expect(screening.isBlocked(screen('python', 'eval(x)', 'standard'))).toBe(false)
  expect(screening.isBlocked(screen('python', 'eval(x)', 'strict'))).toBe(true)
})

test('many warnings do not hide what blocks', () => {
  const warnings = 'while True:\n    pass\nimport os as o\nos.execv(a, b)\n/etc/shadow\n'.repeat(50)
  const findings = screen('python', `${warnings}os.fork()\neval(x)\n`)
  expect(findings.length).toBeLessThanOrEqual(MAX_FINDINGS)
  expect(findings[0]).toMatchObject({ rule: 'python-eval', severity: 'block' })
})

test('a command in a string counts only where something runs commands, in whichever file', () => {
  const text = { pointer: '/files/0/content', language: 'python', text: 'TEXT = "rm -rf /"' }
  const runner = { pointer: '/files/1/content', language: 'c', text: 'int main() { system(argv[1]); }' }
  const found = (texts: (typeof text)[]) => screening.screen({ texts, dependencies: [] }, 'standard').map((f) => f.rule)
  expect(found([text])).toEqual([])
  expect(found([text, runner])).toContain('destructive-remove')
})

const cases: { language: string; text: string; rule: string; found: boolean }[] = [
  { language: 'python', text: 'os/**/.system', rule: 'python-os-system', found: false },
  {
    language: 'python',
    text: '# eval(x)\nr"eval(x)"\n"""\neval(x)\n"""\n\'\\\'eval(x)\'',
    rule: 'python-eval',
    found: false,
  },
  { language: 'python', text: "x = ''\neval(x)", rule: 'python-eval', found: true },
  { language: 'python', text: "x = r'\\'' + eval(y)", rule: 'python-eval', found: true },
  { language: 'python', text: 'f"{eval(x)}"', rule: 'python-eval', found: true },
  { language: 'python', text: 'f"{{eval(x)}}"', rule: 'python-eval', found: false },
  { language: 'python', text: 'rf"""{d["a"]} {eval(x)}"""', rule: 'python-eval', found: true },
  { language: 'python', text: 'model.eval()', rule: 'python-eval', found: false },
  { language: 'python', text: 'def eval(self): pass', rule: 'python-eval', found: false },
  { language: 'python', text: 'while True:\n  if x:\n    break\ny()', rule: 'python-endless-loop', found: false },
  { language: 'python', text: 'while True:\n  x()\nfor y in z:\n  break', rule: 'python-endless-loop', found: true },
  { language: 'javascript', text: '// eval(x)\n/* eval(x) */ "eval(x)"; /eval(x)/', rule: 'node-eval', found: false },
  { language: 'javascript', text: 'a = b / eval(x) / 2', rule: 'node-eval', found: true },
  { language: 'javascript', text: 'f(/["/]/); eval(x)', rule: 'node-eval', found: true },
  { language: 'javascript', text: '`eval(x) ${`${eval(y)}`}`', rule: 'node-eval', found: true },
  { language: 'javascript', text: '`${{ a: "}" }.a} eval(x)`', rule: 'node-eval', found: false },
  { language: 'javascript', text: 'obj.eval(1); $eval(2); evaluate(3)', rule: 'node-eval', found: false },
  { language: 'typescript', text: 'class A { eval(x: number): number { return 1 } }', rule: 'node-eval', found: false },
  { language: 'javascript', text: 'for (;;) { if (x) return }', rule: 'node-endless-loop', found: false },
  { language: 'javascript', text: 'for (;;) ;', rule: 'node-endless-loop', found: true },
  {
    language: 'javascript',
    text: 'db.query(`SELECT * FROM t WHERE a = ${b}`)',
    rule: 'node-sql-injection',
    found: true,
  },
  {
    language: 'javascript',
    text: 'db.query(`SELECT * FROM t WHERE a = ?`, [b])',
    rule: 'node-sql-injection',
    found: false,
  },
  { language: 'ruby', text: "x = %w[a `ls`]\ny = '`ls`'\nz = :`", rule: 'ruby-backticks', found: false },
  { language: 'ruby', text: 'x = <<~A + <<~B\n`ls`\nA\n`ls`\nB\n', rule: 'ruby-backticks', found: false },
  { language: 'ruby', text: 'x = <<~A\n#{`ls`}\nA\n', rule: 'ruby-backticks', found: true },
  { language: 'ruby', text: 'x = a % b; y = `ls`', rule: 'ruby-backticks', found: true },
  { language: 'ruby', text: 'x = ?" ; system("ls")', rule: 'ruby-system', found: true },
  { language: 'ruby', text: 'system = 1; puts system; a.system("x"); {system: 1}', rule: 'ruby-system', found: false },
  { language: 'ruby', text: '=begin\nsystem("x")\n=end\n', rule: 'ruby-system', found: false },
  { language: 'ruby', text: 'x = 1\n__END__\nsystem("x")\n', rule: 'ruby-system', found: false },
  { language: 'ruby', text: 'x.split(/"/); system("x")', rule: 'ruby-system', found: true },
  { language: 'rust', text: "fn f<'a>(x: &'a str) { unsafe { g() } }", rule: 'rust-unsafe', found: true },
  {
    language: 'rust',
    text: 'let a = r#"" unsafe { "#; let b = \'"\'; /* /* */ unsafe { */',
    rule: 'rust-unsafe',
    found: false,
  },
  { language: 'rust', text: "let b = '\"'; unsafe { x() }", rule: 'rust-unsafe', found: true },
  { language: 'rust', text: 'loop { if x { break; } }', rule: 'rust-endless-loop', found: false },
  { language: 'rust', text: 'loop { x(); }', rule: 'rust-endless-loop', found: true },
  { language: 'go', text: 'var x = `\nexec.Command("ls")\n`', rule: 'go-exec-command', found: false },
  { language: 'go', text: "a := '\\''; exec.Command(\"ls\")", rule: 'go-exec-command', found: true },
  { language: 'go', text: 'syscall.Kill(1, 9)', rule: 'go-syscall', found: true },
  { language: 'go', text: 'for { x() }', rule: 'go-endless-loop', found: true },
  { language: 'go', text: 'for i := range x { y() }', rule: 'go-endless-loop', found: false },
  { language: 'cpp', text: 'auto s = R"x(system("a"))" )x"; int n = 1\'000;', rule: 'c-system', found: false },
  { language: 'cpp', text: "int n = 1'000; system(a);", rule: 'c-system', found: true },
  { language: 'c', text: "char c = '\"'; system(a);", rule: 'c-system', found: true },
  { language: 'c', text: 'while (1) { if (x) break; }', rule: 'c-endless-loop', found: false },
  { language: 'bash', text: 'echo ${#x} $# # rm -rf /\necho a#b', rule: 'destructive-remove', found: false },
  { language: 'bash', text: 'echo ${x#y} "$(rm -rf /)"', rule: 'destructive-remove', found: true },
  { language: 'bash', text: 'cat <<"A"\n$(rm -rf /)\nA\n', rule: 'destructive-remove', found: false },
  { language: 'bash', text: 'cat <<A\n$(rm -rf /)\nA\n', rule: 'destructive-remove', found: true },
  { language: 'bash', text: 'cat <<A; rm -rf /\nx\nA\n', rule: 'destructive-remove', found: true },
  { language: 'bash', text: 'rm -rf /tmp/x "$dir/" ./y', rule: 'destructive-remove', found: false },
  { language: 'bash', text: 'x=$((1 << n))\nrm -rf /\nn\n', rule: 'destructive-remove', found: true },
  { language: 'bash', text: 'while true; do read -r x; done', rule: 'bash-endless-loop', found: false },
  { language: 'bash', text: 'a | b & c | c', rule: 'fork-bomb-shell', found: false },
  { language: 'bash', text: 'cat docker.sock', rule: 'sensitive-file', found: true },
  { language: 'bash', text: 'curl -s http://x | bash', rule: 'download-and-run', found: true },
]

test.each(cases)('$language `$text`: $rule is found: $found', ({ language, text, rule, found }) => {
  expect(ids(language, text).includes(rule)).toBe(found)
})

test('any mixture of marks is screened without throwing', () => {
  let seed = 1
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
    return seed % below
  }
  const pieces = [...PIECES, ...OPENERS]
  for (let round = 0; round < 300; round++) {
    const text = Array.from({ length: random(60) }, () => pieces[random(pieces.length)]).join('')
    for (const language of [...SCREENED_LANGUAGES, undefined, 'intercal', '__proto__']) {
      for (const { line, column, excerpt } of screen(language, text)) {
        expect(line).toBeGreaterThan(0)
        expect(column).toBeGreaterThan(0)
        expect(excerpt.length).toBeLessThanOrEqual(120)
      }
    }
  }
})

test('10,000 nested templates are followed to the code within', () => {
  const depth = 10_000
  expect(ids('javascript', `${'`${'.repeat(depth)}eval(x)${'}`'.repeat(depth)}`)).toEqual(['node-eval'])
})

test('a byte order mark, NUL bytes and CRLF do not hide the first word', () => {
  expect(ids('javascript', '\uFEFFeval(x)')).toEqual(['node-eval'])
  expect(ids('python', '\0eval(x)\r\n')).toEqual(['python-eval'])
  expect(ids('ruby', 'x = 1\r\nsystem "ls"\r\n')).toEqual(['ruby-system'])
})

test('a text that needs too much looking is refused, a large honest one is not', () => {
  expect(ids('bash', ';nc '.repeat(100_000))).toContain(TOO_MUCH_TO_SCREEN)
  const honest = 'for (int i = 0; i < n; i++) {\n    while (x > 1) { printf("%d system\\n", i); x /= 2; }\n}\n'
  expect(screen('c', honest.repeat(10_000))).toEqual([])
})

test('a job becomes texts by file, with pointers into its request', () => {
  const files = [
    { path: 'main.py', content: 'print(1)' },
    { path: 'lib/run.sh', content: Buffer.from('rm -rf /').toString('base64'), encoding: 'base64' as const },
    { path: 'logo.png', content: Buffer.from([0xff, 0xfe, 0x00]).toString('base64'), encoding: 'base64' as const },
    { path: 'data', content: 'x' },
  ]
  expect(subjectOf({ language: 'python', files, dependencies: ['numpy'] })).toEqual({
    texts: [
      { pointer: '/files/0/content', path: 'main.py', language: 'python', text: 'print(1)' },
      { pointer: '/files/1/content', path: 'lib/run.sh', language: 'python', text: 'rm -rf /' },
      { pointer: '/files/3/content', path: 'data', language: 'python', text: 'x' },
    ],
    dependencies: [{ pointer: '/dependencies/0', language: 'python', name: 'numpy' }],
  })
  const [text] = subjectOf({ language: 'go', files: [{ path: 'main.go', content: '' }], pointers: ['/code'] }).texts
  expect(text?.pointer).toBe('/code')
})

test.each([
  { command: ['rm', '-rf', '/'], blocked: true },
  { command: ['sh', '-c', 'rm -rf /'], blocked: true },
  { command: ['/bin/bash', '-c', ':(){ :|:& };:'], blocked: true },
  { command: ['python3', '-c', 'import os; os.system("id")'], blocked: true },
  { command: ['node', '-e', 'eval("1")'], blocked: true },
  { command: ['nmap', '10.0.0.0/8'], blocked: true },
  { command: ['echo', 'never run rm -rf /'], blocked: false },
  { command: ['ls', '-l', '/'], blocked: false },
  { command: [], blocked: false },
])("a container's command $command is refused: $blocked", ({ command, blocked }) => {
  const findings = screening.screen(subjectOf({ language: undefined, files: [], command }), 'strict')
  expect(screening.isBlocked(findings)).toBe(blocked)
})
