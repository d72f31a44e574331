/** In which every submission is written. */
export const LANGUAGES = ['c', 'cpp', 'python', 'javascript'] as const
export type Language = (typeof LANGUAGES)[number]
/** Needs a function to stand in, and has no file to begin with. */
const isCompiled = (language: Language): boolean => language === 'c' || language === 'cpp'
export type Programs = Record<Language, string>

/** A problem of one kind, with submissions that are right and wrong. */
export interface Kind {
  name: string
  /** What of a request the problem is. */
  problem: Record<string, unknown>
  /** Wrong ones gain this much. */
  wrongScore?: number
  right: Programs
  wrong: Programs
}

export const C =
  '#include <signal.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n'

export const CPP =
  '#include <csignal>\n#include <cstdlib>\n#include <cstring>\n#include <iostream>\n#include <string>\n#include <vector>\n#include <unistd.h>\n'

/** Programs that read two numbers, a and b. @param c what each then does */
const ofTwo = (c: string, cpp: string, python: string, javascript: string): Programs => ({
  c: `${C}int main(void) { long a, b; if (scanf("%ld%ld", &a, &b) != 2) return 1; ${c} return 0; }`,
  cpp: `${CPP}int main() { long a, b; if (!(std::cin >> a >> b)) return 1; ${cpp} }`,
  python: `a, b = map(int, input().split())\n${python}`,
  javascript: `const [a, b] = require('fs').readFileSync(0, 'utf8').split(/\\s+/).map(Number); ${javascript}`,
})
const SUM = ofTwo('printf("%ld\\n", a + b);', 'std::cout << a + b << std::endl;', 'print(a + b)', 'console.log(a + b)')
const PRODUCT = ofTwo(
  'printf("%ld\\n", a * b);',
  'std::cout << a * b << std::endl;',
  'print(a * b)',
  'console.log(a * b)',
)
const PAIRS = [
  [2, 2],
  [-4, 4],
  [900, 99],
]
const SUMS = PAIRS.map(([a = 0, b = 0]) => ({ stdin: `${a} ${b}\n`, answer: `${a + b}\n` }))

const GRADERS: Record<Language, { file: string; submission: string; content: string }> = {
  c: {
    file: 'grader.c',
    submission: 'solution.c',
    content:
      '#include <stdio.h>\nlong add(long a, long b);\nint main(void) { long a, b; if (scanf("%ld%ld", &a, &b) != 2) return 1; printf("%ld\\n", add(a, b)); return 0; }',
  },
  cpp: {
    file: 'grader.cpp',
    submission: 'solution.cpp',
    content:
      '#include <iostream>\nlong add(long a, long b);\nint main() { long a, b; if (!(std::cin >> a >> b)) return 1; std::cout << add(a, b) << std::endl; }',
  },
  python: {
    file: 'grader.py',
    submission: 'solution.py',
    content: 'from solution import add\nprint(add(*map(int, input().split())))',
  },
  javascript: {
    file: 'grader.js',
    submission: 'solution.js',
    content:
      "const { add } = require('./solution.js')\nconst [a, b] = require('fs').readFileSync(0, 'utf8').split(/\\s+/).map(Number)\nconsole.log(add(a, b))",
  },
}

/** Accepts a divisor that is neither one nor the number. */
const DIVISOR = {
  python: `
import sys
number = int(open(sys.argv[1]).read().split()[0])
words = sys.stdin.read().split()
sys.exit(42 if len(words) == 1 and words[0].isdigit() and 1 < int(words[0]) < number and number % int(words[0]) == 0 else 43)`,
  cpp: `
#include <fstream>
#include <iostream>
int main(int, char **argv) {
  std::ifstream in(argv[1]);
  long long number, divisor;
  std::string rest;
  in >> number;
  return std::cin >> divisor && !(std::cin >> rest) && divisor > 1 && divisor < number && number % divisor == 0 ? 42 : 43;
}`,
}
const divisor = (language: 'python' | 'cpp'): Kind => ({
  name: `own checker in ${language}`,
  problem: {
    tests: [{ stdin: '91 0\n' }, { stdin: '221 0\n' }],
    checker: { type: 'program', language, code: DIVISOR[language] },
  },
  right: ofTwo(
    'for (b = 2; a % b; b++); printf("%ld\\n", b);',
    'b = 2; while (a % b) b++; std::cout << b << std::endl;',
    'print(next(d for d in range(2, a) if a % d == 0))',
    'let d = 2; while (a % d) d++; console.log(d)',
  ),
  wrong: ofTwo('printf("1\\n");', 'std::cout << -a << std::endl;', 'print(a)', 'console.log("7 1")'),
})

/** Answers at most twelve guesses of a number. */
const GUESSING = `
import sys
number = int(open(sys.argv[1]).read())
for turn in range(12):
    line = sys.stdin.readline().strip()
    if not line.isdigit(): sys.exit(43)
    print('equal' if int(line) == number else 'more' if int(line) < number else 'less', flush=True)
    if int(line) == number: sys.exit(42)
sys.exit(43)`
const search = (guess: Programs): Programs => ({
  c: `${C}int main(void) {
  int low = 1, high = 1000;
  char said[9];
  for (;;) {
    int g = ${guess.c};
    printf("%d\\n", g);
    fflush(stdout);
    if (scanf("%8s", said) != 1 || !strcmp(said, "equal")) return 0;
    if (!strcmp(said, "more")) low = g + 1; else high = g - 1;
  }
}`,
  cpp: `${CPP}int main() {
  int low = 1, high = 1000, g;
  std::string said;
  do {
    std::cout << (g = ${guess.cpp}) << std::endl;
    if (!(std::cin >> said)) return 0;
    if (said == "more") low = g + 1; else high = g - 1;
  } while (said != "equal");
}`,
  python: `low, high = 1, 1000
while True:
    g = ${guess.python}
    print(g, flush=True)
    said = input()
    if said == 'equal': break
    if said == 'more': low = g + 1
    else: high = g - 1`,
  javascript: `let low = 1, high = 1000, g
const ask = () => { g = ${guess.javascript}; console.log(g) }
ask()
require('readline').createInterface({ input: process.stdin }).on('line', (said) => {
  if (said === 'equal') process.exit(0)
  if (said === 'more') low = g + 1
  else high = g - 1
  ask()
})`,
})
/** Finds it in time. */
export const SEARCH = search({
  c: '(low + high) / 2',
  cpp: '(low + high) / 2',
  python: '(low + high) // 2',
  javascript: '(low + high) >> 1',
})
export const INTERACTIVE = {
  tests: [{ stdin: '613' }, { stdin: '777' }],
  interactor: { language: 'python', code: GUESSING },
}

/** The first pass writes a number in a code that the second has to read. */
const CODING = `
import os, sys
answer = open(sys.argv[2]).read().strip()
words = sys.stdin.read().split()
if os.path.exists(sys.argv[3] + 'second'): sys.exit(42 if words == [answer] else 43)
if len(words) != 1 or len(words[0]) > 40 or set(words[0]) - set('ab'): sys.exit(43)
open(sys.argv[3] + 'second', 'w').close()
open(sys.argv[3] + 'nextpass.in', 'w').write('2 ' + words[0])
sys.exit(42)`
const coding = (bits: number): Programs => ({
  c: `${C}int main(void) {
  int pass, n = 0;
  char w[64];
  if (scanf("%d%63s", &pass, w) != 2) return 1;
  if (pass == 1) for (int i = ${bits - 1}; i >= 0; i--) putchar(atoi(w) >> i & 1 ? 'b' : 'a');
  else { for (char *c = w; *c; c++) n = 2 * n + (*c == 'b'); printf("%d", n); }
  puts("");
  return 0;
}`,
  cpp: `${CPP}int main() {
  int pass, n = 0;
  std::string w;
  if (!(std::cin >> pass >> w)) return 1;
  if (pass == 1) for (int i = ${bits - 1}; i >= 0; i--) std::cout << (std::stoi(w) >> i & 1 ? 'b' : 'a');
  else { for (char c : w) n = 2 * n + (c == 'b'); std::cout << n; }
  std::cout << std::endl;
}`,
  python: `which, word = input().split()
if which == '1': print(format(int(word) % 2 ** ${bits}, '0${bits}b').replace('0', 'a').replace('1', 'b'))
else: print(int(word.replace('a', '0').replace('b', '1'), 2))`,
  javascript: `const [pass, word] = require('fs').readFileSync(0, 'utf8').trim().split(' ')
if (pass === '1') console.log((Number(word) % 2 ** ${bits}).toString(2).padStart(${bits}, '0').replaceAll('0', 'a').replaceAll('1', 'b'))
else console.log(parseInt(word.replaceAll('a', '0').replaceAll('b', '1'), 2))`,
})

/** Problems that take programs. */
export const KINDS: Kind[] = [
  {
    name: 'pass-fail',
    problem: { tests: SUMS.slice(1), stopOnFailure: true, checker: { type: 'tokens' } },
    right: SUM,
    wrong: PRODUCT,
  },
  {
    name: 'scored',
    problem: {
      tests: [...SUMS, { stdin: '1 1\n', answer: '2\n' }].map((test, index) => ({
        ...test,
        group: index === 0 ? 'small' : index < 3 ? 'large' : 'last',
      })),
      groups: [
        { name: 'small', points: 30 },
        { name: 'large', points: 60, scoring: 'min', requires: ['small'] },
        { name: 'last', points: 10, requires: ['large'] },
      ],
    },
    right: SUM,
    wrong: PRODUCT,
    // Two times two is two and two.
    wrongScore: 30,
  },
  divisor('python'),
  divisor('cpp'),
  {
    name: 'interactive',
    problem: INTERACTIVE,
    right: SEARCH,
    wrong: search({ c: 'high', cpp: 'high', python: 'high', javascript: 'high' }),
  },
  {
    name: 'two-pass',
    problem: {
      tests: [5, 700].map((n) => ({ stdin: `1 ${n}`, answer: String(n) })),
      passes: 2,
      checker: { type: 'program', language: 'python', code: CODING },
    },
    right: coding(10),
    wrong: coding(2),
  },
  {
    name: 'grader file',
    problem: {
      tests: SUMS.slice(1),
      harness: LANGUAGES.map((language) => {
        const { file, submission, content } = GRADERS[language]
        return {
          language,
          files: [{ path: file, content }],
          submission,
          ...(!isCompiled(language) && { entrypoint: file }),
        }
      }),
    },
    right: {
      c: 'long add(long a, long b) { return a + b; }',
      cpp: 'template <class T> T sum(T a, T b) { return a + b; }\nlong add(long a, long b) { return sum(a, b); }',
      python: 'def add(a, b): return a + b',
      javascript: 'exports.add = (a, b) => a + b',
    },
    wrong: {
      c: 'long add(long a, long b) { return a * b; }',
      cpp: 'template <class T> T sum(T a, T b) { return a * b; }\nlong add(long a, long b) { return sum(a, b); }',
      python: 'def add(a, b): return a * b',
      javascript: 'exports.add = (a, b) => a * b',
    },
  },
]

/** What an output-only problem takes. */
export const outputOnly = (...texts: string[]): Record<string, unknown> => ({
  language: 'text',
  files: texts.map((content, index) => ({ path: `${index + 1}.out`, content })),
  tests: SUMS,
  outputOnly: true,
})

/** Statements that use more time or memory than there is, whatever the problem. */
export const SLOW: Programs = {
  c: 'for (volatile unsigned x = 0;; x++);',
  cpp: 'for (volatile unsigned x = 0;;) x = x + 1;',
  python: 'while True: pass',
  javascript: 'for (;;);',
}
export const GREEDY: Programs = {
  c: 'for (;;) { char *p = malloc(1 << 20); if (!p) abort(); memset(p, 1, 1 << 20); }',
  cpp: 'for (std::vector<std::string> x;;) x.emplace_back(1 << 20, 1);',
  python: 'x = []\nwhile True: x.append(bytearray(1 << 20))',
  javascript: 'const x = []; for (;;) x.push(Buffer.alloc(1 << 20, 1))',
}

/** Statements as a submission to a problem: with grader files, C and C++ need the function that is called. */
export function submissionOf(language: Language, statements: string, { name }: Pick<Kind, 'name'>): string {
  if (!isCompiled(language)) return statements
  const signature = name === 'grader file' ? 'long add(long a, long b)' : `int main(${language === 'c' ? 'void' : ''})`
  return `${language === 'c' ? C : CPP}${signature} { ${statements} return 0; }`
}
