import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { type Job, Status } from '../../src/shared/job.ts'
import type { Language } from '../../src/shared/language.ts'

const optional = Type.Optional

/** Where a language differs from what `CASES` says of a program. */
const Expectation = Type.Object(
  {
    args: optional(Type.Array(Type.String())),
    /** Texts of files beside the program, by path. */
    files: optional(Type.Record(Type.String(), Type.String())),
    stdin: optional(Type.String()),
    status: optional(Status),
    exitCode: optional(Type.Integer()),
    stdout: optional(Type.String()),
    stderr: optional(Type.String()),
    /** Stands in the output of the stage: what names the line of an error, where the language does. */
    contains: optional(Type.String({ minLength: 1 })),
    /** Why it differs, for the table of languages. */
    note: optional(Type.String({ minLength: 1 })),
  },
  { additionalProperties: false },
)
type Expectation = Static<typeof Expectation>

const PRINTS: Expectation = { status: 'succeeded', exitCode: 0 }
const BESIDE = 'from the file beside\n'
const LINES = 100_000

/**
 * The programs each language has, one a case, as `languages/<id>/conformance/<case>.<extension>`, and what they do unless
 * `expected.json` beside them differs.
 */
export const CASES = {
  hello: PRINTS,
  /** Prints each argument in brackets. */
  arguments: { ...PRINTS, args: ['one', 'two words', 'ü', '-x'], stdout: '[one]\n[two words]\n[ü]\n[-x]\n' },
  /** Prints each line in brackets, to the end. */
  'standard-input': { ...PRINTS, stdin: 'one\ntwo\n\nthree\n', stdout: '[one]\n[two]\n[]\n[three]\n' },
  'exit-code': { status: 'failed', exitCode: 7 },
  'error-output': { ...PRINTS, stdout: 'out\n', stderr: 'err\n' },
  /** Prints the line it reads, then one of its own. */
  unicode: { ...PRINTS, stdin: 'Grüße, 世界 🎉\n', stdout: 'Grüße, 世界 🎉\nÄpfel, 日本 🚀\n' },
  /** Prints the file beside it, which it opens by its relative path. */
  beside: { ...PRINTS, files: { 'beside.txt': BESIDE }, stdout: BESIDE },
  /** Prints the numbers from 1 on, one a line. */
  'many-lines': { ...PRINTS, stdout: Array.from({ length: LINES }, (_, index) => `${index + 1}\n`).join('') },
  /** Adds up the numbers to 10,000 by as many calls within each other, and prints the sum. */
  recursion: { ...PRINTS, stdout: '50005000\n' },
  /** Adds up the numbers to 100, one half in a thread, or what the language has in its place, the other in a second; joins them, and prints the sum. */
  threads: { ...PRINTS, stdout: '5050\n' },
  'uncaught-error': { status: 'failed' },
  'compile-error': { status: 'compile-failed' },
} as const satisfies Record<string, Expectation>
export type Case = keyof typeof CASES
export const CASE_NAMES = Object.keys(CASES) as Case[]

const Expected = Type.Object(
  {
    /** Another language, whose programs these are. */
    programsOf: optional(Type.String()),
    /** Cases that the language cannot have, each with the reason. */
    without: optional(Type.Record(Type.String(), Type.String({ minLength: 1 }))),
    ...Type.Partial(Type.Object(Object.fromEntries(CASE_NAMES.map((name) => [name, Expectation])))).properties,
  },
  { additionalProperties: false },
)
const validator = Compile(Expected)

export interface ConformanceProgram {
  case: Case
  code: string
  expected: Expectation
}

export interface Conformance {
  programs: ConformanceProgram[]
  /** Reasons by case. */
  without: Readonly<Partial<Record<Case, string>>>
}

/**
 * Reads `languages/<id>/conformance`.
 * @param root the folder that holds `languages/`
 * @throws Error naming the file when one is missing, malformed or of no case
 */
export function loadConformance(root: string, language: Language): Conformance {
  const folder = join(root, 'languages', language.id, 'conformance')
  const file = join(folder, 'expected.json')
  const own = JSON.parse(readFileSync(file, 'utf8')) as unknown
  if (!validator.Check(own)) {
    const [first] = validator.Errors(own)
    throw new Error(`${file}: ${first?.instancePath || '/'} ${first?.message ?? 'is malformed'}`)
  }
  const without = (own.without ?? {}) as Conformance['without']
  const programsFolder = own.programsOf ? join(root, 'languages', own.programsOf, 'conformance') : folder
  refuseStrays(folder, language, Object.keys(without))
  const programs: ConformanceProgram[] = []
  for (const name of CASE_NAMES) {
    if (name === 'compile-error' && !language.compile) continue
    if (without[name] !== undefined) continue
    const differs = (own as Partial<Record<Case, Expectation>>)[name] ?? {}
    if (name === 'hello') {
      const { code, stdout } = language.hello
      programs.push({ case: name, code, expected: { ...CASES.hello, stdout, ...differs } })
      continue
    }
    const path = join(programsFolder, `${name}${extname(language.fileName)}`)
    if (!existsSync(path)) throw new Error(`${path} is missing, and ${file} gives no reason in "without"`)
    const expected = { ...(differs.status === undefined ? CASES[name] : startOf(CASES[name])), ...differs }
    programs.push({ case: name, code: readFileSync(path, 'utf8'), expected })
  }
  return { programs, without }
}

/** What a program is given: one that ends otherwise than usual prints otherwise too. */
const startOf = ({ args, files, stdin }: Expectation): Expectation => ({
  ...(args && { args }),
  ...(files && { files }),
  ...(stdin !== undefined && { stdin }),
})

function refuseStrays(folder: string, language: Language, without: readonly string[]): void {
  const unknown = without.find((name) => !CASE_NAMES.includes(name as Case))
  if (unknown !== undefined) throw new Error(`${folder}: "without" names "${unknown}", which is no case`)
  for (const name of readdirSync(folder)) {
    if (name === 'expected.json') continue
    const extension = extname(language.fileName)
    const stem = name.slice(0, name.length - extension.length) as Case
    if (!name.endsWith(extension) || !CASE_NAMES.includes(stem) || without.includes(stem)) {
      throw new Error(`${join(folder, name)} is of no case`)
    }
  }
}

/** Characters of the output of a program that ended otherwise than expected. */
const SHOWN = 400

const show = (text: string): string => JSON.stringify(text.slice(0, SHOWN))

/** The job that runs a program. */
export function conformanceRequest(
  language: Language,
  { code, expected }: ConformanceProgram,
): Record<string, unknown> {
  const { args, stdin, files } = expected
  const program = files ? { entrypoint: language.fileName, files: filesOf(language, code, files) } : { code }
  return { language: language.id, ...program, ...(args && { args }), ...(stdin !== undefined && { stdin }) }
}

/** The program's own file and those beside it, as a job has them. */
export const filesOf = (language: Language, code: string, beside: Expectation['files'] = {}) =>
  Object.entries({ [language.fileName]: code, ...beside }).map(([path, content]) => ({ path, content }))

/**
 * Where the end of a program differs from what was expected, in one line.
 * @returns undefined where it does not
 */
export function deviation({ expected }: ConformanceProgram, job: Job): string | undefined {
  const { status, exitCode, stdout, stderr, contains } = expected
  const stage = job.stages.at(-1)
  const seen = `${stage?.name ?? 'no stage'}: ${show(stage?.output ?? job.message ?? '')}`
  if (job.status !== status) return `is ${job.status} (exit code ${stage?.exitCode ?? 'none'}); ${seen}`
  if (stage === undefined) return seen
  if (exitCode !== undefined && stage.exitCode !== exitCode) return `exit code ${stage.exitCode}; ${seen}`
  if (stdout !== undefined && stage.stdout !== stdout) return `standard output is ${show(stage.stdout)}`
  if (stderr !== undefined && stage.stderr !== stderr) return `standard error is ${show(stage.stderr)}`
  if (contains !== undefined && !stage.output.includes(contains)) return `says nothing of ${contains}; ${seen}`
  return undefined
}
