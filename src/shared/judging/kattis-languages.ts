import { SETTINGS, shortened, wordsOf } from './kattis-settings.ts'
import type { Tell } from './problem.ts'
import type { Yaml } from './yaml.ts'

/**
 * The language codes of problem packages, each with the languages of the catalogue that such programs may be in; none where it has none.
 * Source: the problem package format of Kattis, appendix "Languages".
 */
export const KATTIS_LANGUAGES: Readonly<Record<string, readonly string[]>> = {
  ada: ['ada'],
  algol68: ['algol68'],
  apl: [],
  bash: ['bash'],
  c: ['c', 'clang'],
  cgmp: [],
  cobol: ['cobol'],
  cpp: ['cpp', 'clang-cpp'],
  cppgmp: [],
  crystal: ['crystal'],
  csharp: ['csharp'],
  d: ['d'],
  dart: [],
  elixir: ['elixir'],
  erlang: ['erlang'],
  forth: ['forth'],
  fortran: ['fortran'],
  fsharp: [],
  gerbil: [],
  go: ['go'],
  haskell: ['haskell'],
  java: ['java', 'java-21'],
  javaalgs4: [],
  javascript: ['javascript'],
  julia: [],
  kotlin: ['kotlin'],
  lisp: ['common-lisp', 'clisp'],
  lua: ['lua', 'luajit'],
  modula2: ['modula2'],
  nim: [],
  objectivec: ['objective-c'],
  ocaml: ['ocaml'],
  octave: ['octave'],
  odin: [],
  pascal: ['pascal'],
  perl: ['perl'],
  php: ['php'],
  prolog: ['prolog'],
  python2: [],
  python3: ['python', 'pypy'],
  python3numpy: [],
  racket: ['racket'],
  ruby: ['ruby'],
  rust: ['rust'],
  scala: ['scala'],
  simula: [],
  smalltalk: [],
  snobol: [],
  swift: ['swift'],
  typescript: ['typescript'],
  visualbasic: [],
  zig: ['zig'],
}

/** The languages that submissions may be in, as `languages` of the settings says; undefined for all. */
export function allowedLanguages(value: Yaml | undefined, tell: Tell): string[] | undefined {
  if (value === undefined || value === null || value === 'all') return undefined
  const tellHere = (detail: string) => tell(SETTINGS, detail)
  const codes = wordsOf(value, 'languages', tellHere)
  if (codes.length === 0) {
    tellHere('languages is empty; without it all are allowed')
    return undefined
  }
  for (const code of codes) {
    if (!Object.hasOwn(KATTIS_LANGUAGES, code))
      tellHere(`languages has "${shortened(code)}", which is no language code of the format`)
  }
  const allowed = codes.flatMap((code) => (Object.hasOwn(KATTIS_LANGUAGES, code) ? (KATTIS_LANGUAGES[code] ?? []) : []))
  if (allowed.length === 0) tellHere(`languages has none that is known here: ${codes.map(shortened).join(', ')}`)
  return [...new Set(allowed)]
}
