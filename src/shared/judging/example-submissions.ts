import type { JobSummary } from '../job.ts'
import type { InlineFile } from '../requests.ts'
import type { ExampleSubmission, Programs, Tell } from './problem.ts'
import { answerText, isText } from './problem-text.ts'
import { CLAIMS_PATH, readClaims } from './submission-claims.ts'
import type { Verdict } from './verdict.ts'

const FAILED: Verdict[] = [
  'wrong-answer',
  'presentation-error',
  'time-limit',
  'memory-limit',
  'output-limit',
  'runtime-error',
]
const ANY_END: readonly Verdict[] = ['accepted', ...FAILED]
const WRONG: Verdict[] = ['wrong-answer', 'presentation-error']

/** How programs in a folder of `submissions/` must end: by the names of Kattis, and by those of verdicts. */
export const OF_FOLDER: Readonly<Record<string, readonly Verdict[]>> = {
  accepted: ['accepted'],
  // In part, which is no verdict of its own: some tests are, some are not.
  partially_accepted: ['accepted', ...FAILED],
  wrong_answer: WRONG,
  'wrong-answer': WRONG,
  'presentation-error': ['presentation-error'],
  time_limit_exceeded: ['time-limit'],
  'time-limit': ['time-limit'],
  // Programs that are right but slow.
  brute_force: ['accepted', 'time-limit', 'memory-limit'],
  run_time_error: ['runtime-error', 'memory-limit', 'output-limit'],
  'runtime-error': ['runtime-error'],
  memory_limit_exceeded: ['memory-limit', 'runtime-error'],
  'memory-limit': ['memory-limit'],
  output_limit_exceeded: ['output-limit'],
  'output-limit': ['output-limit'],
  compile_error: ['compile-error'],
  compiler_error: ['compile-error'],
  'compile-error': ['compile-error'],
  rejected: FAILED,
  // Of which nothing is said.
  mixed: ANY_END,
}

/** As the solutions of a Polygon package are tagged. `do-not-run` is not read. */
export const OF_TAG: Readonly<Record<string, readonly Verdict[]>> = {
  main: ['accepted'],
  accepted: ['accepted'],
  rejected: FAILED,
  failed: FAILED,
  'wrong-answer': WRONG,
  'presentation-error': WRONG,
  'time-limit-exceeded': ['time-limit'],
  'time-limit-exceeded-or-accepted': ['time-limit', 'accepted'],
  'time-limit-exceeded-or-memory-limit-exceeded': ['time-limit', 'memory-limit'],
  'memory-limit-exceeded': ['memory-limit', 'runtime-error'],
}

const FOLDER = 'submissions/'

export const NO_EXAMPLES: Programs<ExampleSubmission> = { found: [], leftOut: [] }

/**
 * The example submissions of a folder: each file of `submissions/FOLDER/`, or each folder there with all its files, in the order of their names. How
 * they end is what their folder claims, and what `submissions.yaml` does, which may name folders of its own.
 * @param languageOf the language of a file by its name, where that is known
 */
export function exampleSubmissions(
  files: ReadonlyMap<string, Buffer>,
  languageOf: (path: string) => string | undefined,
  tell: Tell,
): Programs<ExampleSubmission> {
  const leftOut: string[] = []
  const members = new Map<string, string[]>()
  for (const path of [...files.keys()].filter((one) => one.startsWith(FOLDER)).sort()) {
    const parts = path.split('/')
    // Next to the folders there are settings of other judges.
    if (parts.length < 3) continue
    const name = parts.slice(1, 3).join('/')
    members.set(name, [...(members.get(name) ?? []), path])
  }
  const claims = readClaims(files.get(CLAIMS_PATH), tell)
  const unknown = new Set<string>()
  const found = [...members].flatMap(([name, paths]): ExampleSubmission[] => {
    const [folder = ''] = name.split('/')
    const ofFolder = Object.hasOwn(OF_FOLDER, folder) ? OF_FOLDER[folder] : undefined
    const own = claims.filter(({ isOf }) => isOf(name))
    if (!ofFolder && own.length === 0) {
      if (!paths.every(isDocument)) unknown.add(folder)
      return []
    }
    const base = `${FOLDER}${name}`
    const expected = (ofFolder ?? ANY_END).filter((verdict) => own.every(({ allows }) => allows(verdict)))
    if (expected.length === 0) {
      tell(CLAIMS_PATH, `claims of ${base} what no program can do: its claims and its folder exclude each other`)
      return []
    }
    if (!paths.some((path) => isSource(path, languageOf))) {
      if (!paths.every(isDocument)) leftOut.push(base)
      return []
    }
    const program = programOf(
      files,
      paths,
      (path) => (path === base ? baseName(path) : path.slice(base.length + 1)),
      languageOf,
      tell,
    )
    return program ? [{ name, expected, isPartial: folder === 'partially_accepted', ...program }] : []
  })
  for (const folder of unknown) {
    const others = files.has(CLAIMS_PATH) ? `, and ${CLAIMS_PATH} does not name it` : ''
    tell(`${FOLDER}${folder}/`, `is no folder of submissions; there are ${Object.keys(OF_FOLDER).join(', ')}${others}`)
  }
  return { found, leftOut }
}

/** Those of a folder in languages that the problem allows; the others cannot be judged. @param allowed ids of languages; undefined when all are */
export function allowedExamples(
  { found, leftOut }: Programs<ExampleSubmission>,
  allowed: readonly string[] | undefined,
): Programs<ExampleSubmission> {
  const isAllowed = ({ language }: ExampleSubmission) => allowed?.includes(language) ?? true
  const refused = found.filter((one) => !isAllowed(one)).map(({ name }) => `${FOLDER}${name}`)
  return { found: found.filter(isAllowed), leftOut: [...leftOut, ...refused] }
}

/** Whether a submission ended as it claims. */
export function endedAsClaimed(
  { expected, isPartial }: Pick<ExampleSubmission, 'expected' | 'isPartial'>,
  judging: JobSummary['judging'],
): boolean {
  if (!judging || !expected.includes(judging.verdict)) return false
  return !isPartial || (judging.score > 0 && judging.score < judging.points)
}

/** Whether a file beside programs is for people. */
export const isDocument = (path: string): boolean =>
  /^(?:readme|license|copying)(?:\.\w+)?$|\.(?:md|rst|txt|pdf|tex)$/i.test(baseName(path))

/** Whether a file can be run, or compiled. */
export const isSource = (path: string, languageOf: (path: string) => string | undefined): boolean =>
  languageOf(path) !== undefined && !/\.(?:h|hh|hpp)$/.test(path) && !isDocument(path)

/** A program of several files. @param within its path in the folder of a job @returns undefined, with a fault, when it cannot be run */
export function programOf(
  files: ReadonlyMap<string, Buffer>,
  paths: readonly string[],
  within: (path: string) => string,
  languageOf: (path: string) => string | undefined,
  tell: Tell,
): { language: string; files: InlineFile[]; entrypoint: string } | undefined {
  const sources = paths.filter((path) => isSource(path, languageOf))
  const main = sources.length === 1 ? sources[0] : sources.find((path) => /(?:^|\/)main\.\w+$/i.test(path))
  const [first = ''] = paths
  if (main === undefined) {
    const what = sources.length === 0 ? 'is in no language that is known here' : 'has several sources, and none is main'
    tell(first, what)
    return undefined
  }
  const binary = paths.find((path) => !isText(files.get(path) ?? Buffer.alloc(0)))
  if (binary !== undefined) {
    tell(binary, 'is not UTF-8')
    return undefined
  }
  return {
    language: languageOf(main) ?? '',
    files: paths.map((path) => ({ path: within(path), content: answerText(files.get(path) ?? Buffer.alloc(0)) })),
    entrypoint: within(main),
  }
}

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
