import type { StreamParser } from '@codemirror/language'
import { LanguageSupport, StreamLanguage } from '@codemirror/language'

const legacy =
  <M>(load: () => Promise<M>, pick: (module: M) => StreamParser<unknown>) =>
  async (): Promise<LanguageSupport> =>
    new LanguageSupport(StreamLanguage.define(pick(await load())))

const clike = () => import('@codemirror/legacy-modes/mode/clike')

/** Highlighting by the id of a language: that of the languages here, and of others that an operator may add. */
const LOADERS: Record<string, () => Promise<LanguageSupport>> = {
  bash: legacy(
    () => import('@codemirror/legacy-modes/mode/shell'),
    (mode) => mode.shell,
  ),
  c: async () => (await import('@codemirror/lang-cpp')).cpp(),
  clojure: legacy(
    () => import('@codemirror/legacy-modes/mode/clojure'),
    (mode) => mode.clojure,
  ),
  cpp: async () => (await import('@codemirror/lang-cpp')).cpp(),
  csharp: legacy(clike, (mode) => mode.csharp),
  erlang: legacy(
    () => import('@codemirror/legacy-modes/mode/erlang'),
    (mode) => mode.erlang,
  ),
  go: async () => (await import('@codemirror/lang-go')).go(),
  haskell: legacy(
    () => import('@codemirror/legacy-modes/mode/haskell'),
    (mode) => mode.haskell,
  ),
  java: legacy(clike, (mode) => mode.java),
  javascript: async () => (await import('@codemirror/lang-javascript')).javascript(),
  julia: legacy(
    () => import('@codemirror/legacy-modes/mode/julia'),
    (mode) => mode.julia,
  ),
  kotlin: legacy(clike, (mode) => mode.kotlin),
  lua: legacy(
    () => import('@codemirror/legacy-modes/mode/lua'),
    (mode) => mode.lua,
  ),
  perl: legacy(
    () => import('@codemirror/legacy-modes/mode/perl'),
    (mode) => mode.perl,
  ),
  python: async () => (await import('@codemirror/lang-python')).python(),
  r: legacy(
    () => import('@codemirror/legacy-modes/mode/r'),
    (mode) => mode.r,
  ),
  ruby: legacy(
    () => import('@codemirror/legacy-modes/mode/ruby'),
    (mode) => mode.ruby,
  ),
  rust: async () => (await import('@codemirror/lang-rust')).rust(),
  scala: legacy(clike, (mode) => mode.scala),
  swift: legacy(
    () => import('@codemirror/legacy-modes/mode/swift'),
    (mode) => mode.swift,
  ),
  typescript: async () => (await import('@codemirror/lang-javascript')).javascript({ typescript: true }),
}

/** @returns undefined for a language whose text is shown as it is */
export async function highlightingOf(language: string): Promise<LanguageSupport | undefined> {
  return LOADERS[language]?.()
}
