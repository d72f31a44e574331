import type { StreamParser } from '@codemirror/language'
import { LanguageSupport, StreamLanguage } from '@codemirror/language'

const legacy =
  <M>(load: () => Promise<M>, pick: (module: M) => StreamParser<unknown>) =>
  async (): Promise<LanguageSupport> =>
    new LanguageSupport(StreamLanguage.define(pick(await load())))

const clike = () => import('@codemirror/legacy-modes/mode/clike')
const commonLisp = legacy(
  () => import('@codemirror/legacy-modes/mode/commonlisp'),
  (mode) => mode.commonLisp,
)
const clojure = legacy(
  () => import('@codemirror/legacy-modes/mode/clojure'),
  (mode) => mode.clojure,
)
const d = legacy(
  () => import('@codemirror/legacy-modes/mode/d'),
  (mode) => mode.d,
)
const ml = legacy(
  () => import('@codemirror/legacy-modes/mode/mllike'),
  (mode) => mode.oCaml,
)
const pascal = legacy(
  () => import('@codemirror/legacy-modes/mode/pascal'),
  (mode) => mode.pascal,
)
const perl = legacy(
  () => import('@codemirror/legacy-modes/mode/perl'),
  (mode) => mode.perl,
)
const vhdl = legacy(
  () => import('@codemirror/legacy-modes/mode/vhdl'),
  (mode) => mode.vhdl,
)
const lua = legacy(
  () => import('@codemirror/legacy-modes/mode/lua'),
  (mode) => mode.lua,
)
const scheme = legacy(
  () => import('@codemirror/legacy-modes/mode/scheme'),
  (mode) => mode.scheme,
)
const shell = legacy(
  () => import('@codemirror/legacy-modes/mode/shell'),
  (mode) => mode.shell,
)
const cpp = async () => (await import('@codemirror/lang-cpp')).cpp()
const javascript = async () => (await import('@codemirror/lang-javascript')).javascript()
const typescript = async () => (await import('@codemirror/lang-javascript')).javascript({ typescript: true })
const python = async () => (await import('@codemirror/lang-python')).python()

/**
 * Highlighting by the id of a language: that of the languages here, and of others that an operator may add. A language without a mode has that of the
 * nearest relative whose comments and strings are written alike.
 */
const LOADERS: Record<string, () => Promise<LanguageSupport>> = {
  ada: vhdl,
  assembly: legacy(
    () => import('@codemirror/legacy-modes/mode/gas'),
    (mode) => mode.gas,
  ),
  bash: shell,
  brainfuck: legacy(
    () => import('@codemirror/legacy-modes/mode/brainfuck'),
    (mode) => mode.brainfuck,
  ),
  bun: typescript,
  c: cpp,
  chez: scheme,
  chicken: scheme,
  clang: cpp,
  'clang-cpp': cpp,
  clisp: commonLisp,
  clojure,
  cobol: legacy(
    () => import('@codemirror/legacy-modes/mode/cobol'),
    (mode) => mode.cobol,
  ),
  coffeescript: legacy(
    () => import('@codemirror/legacy-modes/mode/coffeescript'),
    (mode) => mode.coffeeScript,
  ),
  'common-lisp': commonLisp,
  coq: ml,
  cpp,
  crystal: legacy(
    () => import('@codemirror/legacy-modes/mode/crystal'),
    (mode) => mode.crystal,
  ),
  csharp: legacy(clike, (mode) => mode.csharp),
  d,
  deno: typescript,
  elvish: shell,
  erlang: legacy(
    () => import('@codemirror/legacy-modes/mode/erlang'),
    (mode) => mode.erlang,
  ),
  fennel: clojure,
  fish: shell,
  forth: legacy(
    () => import('@codemirror/legacy-modes/mode/forth'),
    (mode) => mode.forth,
  ),
  fortran: legacy(
    () => import('@codemirror/legacy-modes/mode/fortran'),
    (mode) => mode.fortran,
  ),
  gauche: scheme,
  gdc: d,
  go: async () => (await import('@codemirror/lang-go')).go(),
  groovy: legacy(
    () => import('@codemirror/legacy-modes/mode/groovy'),
    (mode) => mode.groovy,
  ),
  guile: scheme,
  hare: legacy(clike, (mode) => mode.c),
  haskell: legacy(
    () => import('@codemirror/legacy-modes/mode/haskell'),
    (mode) => mode.haskell,
  ),
  haxe: legacy(
    () => import('@codemirror/legacy-modes/mode/haxe'),
    (mode) => mode.haxe,
  ),
  java: legacy(clike, (mode) => mode.java),
  javascript,
  julia: legacy(
    () => import('@codemirror/legacy-modes/mode/julia'),
    (mode) => mode.julia,
  ),
  jython: python,
  kotlin: legacy(clike, (mode) => mode.kotlin),
  ksh: shell,
  lua,
  luajit: lua,
  maxima: legacy(
    () => import('@codemirror/legacy-modes/mode/mathematica'),
    (mode) => mode.mathematica,
  ),
  modula2: pascal,
  'objective-c': legacy(clike, (mode) => mode.objectiveC),
  ocaml: ml,
  octave: legacy(
    () => import('@codemirror/legacy-modes/mode/octave'),
    (mode) => mode.octave,
  ),
  pascal,
  perl,
  php: async () => (await import('@codemirror/lang-php')).php(),
  picolisp: commonLisp,
  pike: legacy(clike, (mode) => mode.java),
  pypy: python,
  postgresql: legacy(
    () => import('@codemirror/legacy-modes/mode/sql'),
    (mode) => mode.pgSQL,
  ),
  python,
  quickjs: javascript,
  r: legacy(
    () => import('@codemirror/legacy-modes/mode/r'),
    (mode) => mode.r,
  ),
  racket: scheme,
  raku: perl,
  ruby: legacy(
    () => import('@codemirror/legacy-modes/mode/ruby'),
    (mode) => mode.ruby,
  ),
  rust: async () => (await import('@codemirror/lang-rust')).rust(),
  scala: legacy(clike, (mode) => mode.scala),
  sql: legacy(
    () => import('@codemirror/legacy-modes/mode/sql'),
    (mode) => mode.sqlite,
  ),
  swift: legacy(
    () => import('@codemirror/legacy-modes/mode/swift'),
    (mode) => mode.swift,
  ),
  tcl: legacy(
    () => import('@codemirror/legacy-modes/mode/tcl'),
    (mode) => mode.tcl,
  ),
  typescript,
  vala: legacy(clike, (mode) => mode.csharp),
  verilog: legacy(
    () => import('@codemirror/legacy-modes/mode/verilog'),
    (mode) => mode.verilog,
  ),
  vhdl,
  wat: legacy(
    () => import('@codemirror/legacy-modes/mode/wast'),
    (mode) => mode.wast,
  ),
  yabasic: legacy(
    () => import('@codemirror/legacy-modes/mode/vb'),
    (mode) => mode.vb,
  ),
  z3: commonLisp,
  zig: legacy(
    () => import('@codemirror/legacy-modes/mode/rust'),
    (mode) => mode.rust,
  ),
  zsh: shell,
}

/** @returns undefined for a language whose text is shown as it is */
export async function highlightingOf(language: string): Promise<LanguageSupport | undefined> {
  // Another version of a language has its id, a hyphen and a number.
  return (LOADERS[language] ?? LOADERS[language.replace(/-[\d.]+$/, '')])?.()
}
