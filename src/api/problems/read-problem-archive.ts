import { extname } from 'node:path/posix'
import { ArchiveFault, ArchiveTooLarge, readArchive } from '../../shared/judging/archive.ts'
import { checkJudging } from '../../shared/judging/check-judging.ts'
import { pointsOfAll } from '../../shared/judging/group-points.ts'
import type { ProblemFault } from '../../shared/judging/problem.ts'
import type { ProblemContent } from '../../shared/judging/problem-store.ts'
import { readProblem } from '../../shared/judging/read-problem.ts'
import { MAX_PROBLEM_FILES, MAX_PROBLEM_TESTS, type StoredProblem } from '../../shared/judging/stored-problem.ts'
import { unreadFiles } from '../../shared/judging/unread-files.ts'
import { findLanguage, type Language } from '../../shared/language.ts'
import { languageOfExtension } from '../../shared/language-of-extension.ts'
import { type FieldError, Problem } from '../../shared/problems.ts'
import type { Interactor } from '../../shared/requests.ts'
import { invalidRequest } from '../http/problems.ts'
import { checkFiles, checkVectors } from '../jobs/request/check-request.ts'
import { checkReserved } from '../judging/judging-of-request.ts'
import { checkHarness, checkLanguageLimits, checkLanguages } from '../judging/prepare-submission.ts'

export interface ArchiveNeeds {
  languages: readonly Language[]
  /** Of an archive, unpacked. */
  maxProblemBytes: number
}

/** What the size of a problem is bounded by, in words. */
export const settingOf = (bytes: number) => `MAX_PROBLEM_BYTES, the most of a problem, is ${bytes}`

/** What an archive comes to. */
export interface FoundProblem {
  content: ProblemContent
  /** What is known of it without its tests. */
  about: Pick<StoredProblem, 'format' | 'tests' | 'groups' | 'points' | 'bytes' | 'submissions' | 'languages'>
  /** Paths of the programs that cannot be run. */
  leftOut: string[]
  /** What of it is not read, though it may be meant. */
  notes: string[]
}

/** The problem in an archive. @throws Problem `too-large`, or `invalid-request` with everything that is wrong with it */
export function problemIn(packed: Buffer, { languages, maxProblemBytes: maxBytes }: ArchiveNeeds): FoundProblem {
  if (packed.length === 0) throw refusal(['is not base64'])
  try {
    return problemOf(packed, languages, maxBytes)
  } catch (error) {
    if (error instanceof ArchiveTooLarge) {
      const detail = `${error.message}: ${settingOf(maxBytes)}`
      throw new Problem('too-large', `the archive ${detail}`, { errors: [{ pointer: '/archive', detail }] })
    }
    // Also of a member that only its reader has asked for.
    throw error instanceof ArchiveFault ? refusal([error.message]) : error
  }
}

const refusal = (details: readonly string[]) =>
  invalidRequest(details.map((detail) => ({ pointer: '/archive', detail })))

function problemOf(packed: Buffer, languages: readonly Language[], maxBytes: number): FoundProblem {
  const files = readArchive(packed, { maxBytes, maxFiles: MAX_PROBLEM_FILES, unread: unreadFiles })
  const read = readProblem(
    files,
    (path) => languageOfExtension(extname(path).toLowerCase(), languages),
    (name) => findLanguage(languages, name)?.id,
  )
  const { problem, faults } = read
  if (!read.problem || !problem) throw refusal(faults.map(inWords))
  if ((problem.tests?.length ?? 0) > MAX_PROBLEM_TESTS) {
    throw refusal([`has ${problem.tests?.length} tests; ${MAX_PROBLEM_TESTS} are allowed`])
  }
  const errors = [
    ...checkJudging({ language: '', ...problem }),
    ...checkHarness(problem.harness, languages),
    // Those of a package are of a list of its own, of which there may be some that are not known here.
    ...(read.format === 'folder' ? checkLanguages(problem.languages, languages) : []),
    ...checkLanguageLimits(problem.languageLimits, languages),
    ...(problem.harness ?? []).flatMap((one, index) =>
      checkFiles(one.files).map((error) => ({ ...error, pointer: `/harness/${index}${error.pointer}` })),
    ),
    ...checkJudge('/checker', problem.checker),
    ...checkJudge('/interactor', problem.interactor),
  ]
  if (errors.length > 0) throw refusal(errors.map(({ pointer, detail }: FieldError) => `${pointer} ${detail}`))
  const { examples, validators, leftOut, format, notes } = read
  const { tests = [], groups = [], languages: allowed } = problem
  const about = {
    format,
    tests: tests.length,
    groups: groups.map(({ name }) => name),
    points: pointsOfAll(groups, tests),
    bytes: files.bytes,
    submissions: examples.length,
    ...(allowed && { languages: allowed }),
  }
  return { content: { ...problem, examples, validators }, about, leftOut, notes: notes.map(inWords) }
}

const inWords = ({ path, detail }: ProblemFault): string => (path === '' ? detail : `${path}: ${detail}`)

/** What no job could have of a program that judges: each submission would be refused for it. */
function checkJudge(place: string, { files = [], args, compilerArgs }: Partial<Interactor> = {}): FieldError[] {
  const errors = [...checkFiles(files), ...checkReserved(files), ...checkVectors({ args, compilerArgs })]
  return errors.map(({ pointer, detail }) => ({ pointer: `${place}${pointer}`, detail }))
}
