import type { InlineFile, RequestFile, RequestTest } from '../requests.ts'
import { tarOf } from './archive.ts'
import { baseName, OF_FOLDER } from './example-submissions.ts'
import { gzipped } from './pack-content.ts'
import type { ExampleSubmission } from './problem.ts'
import { naturally, testFolderOf } from './problem-folder.ts'
import type { ProblemContent } from './problem-store.ts'
import { type Verdict, VERDICTS } from './verdict.ts'

/**
 * A problem as a plain folder, which makes the same problem again: a tar.gz of `problem.json`, `NAME.in`, `NAME.ans` and the programs. Tests keep their
 * names, and their order is stated where a folder would have another; verdicts that an example submission may end with become the folder that says so best.
 * @returns the archive in pieces. One file at a time is there unpacked
 */
export function exportProblem({
  tests = [],
  examples = [],
  checker,
  interactor,
  harness,
  groups = [],
  validators: _validators,
  ...rest
}: ProblemContent): Promise<Buffer[]> {
  const files = new Map<string, () => Buffer>()
  const names = namesOf(tests, groups.length > 0)
  const settings = new Map<string, unknown>()
  for (const [index, test] of tests.entries()) {
    const { name: _name, stdin = '', stdinEncoding, answer, expectedOutput = answer, ...own } = test
    const name = names[index] ?? ''
    files.set(`${name}.in`, () => Buffer.from(stdin, stdinEncoding === 'base64' ? 'base64' : 'utf8'))
    if (expectedOutput !== undefined) files.set(`${name}.ans`, () => Buffer.from(expectedOutput))
    // A folder is the group of its tests.
    if (own.group !== undefined && own.group === testFolderOf(name)) delete own.group
    if (Object.keys(own).length > 0) settings.set(name, own)
  }
  const place = (folder: string, path: string, file: Pick<RequestFile, 'content' | 'encoding'>) => {
    const { content = '', encoding } = file
    let at = `${folder}/${path}`
    // It would be read as a test.
    while (folder !== 'submissions' && (/\.(?:in|ans|out)$/.test(at) || files.has(at))) at += '.file'
    files.set(at, () => Buffer.from(content, encoding === 'base64' ? 'base64' : 'utf8'))
    return at
  }
  /** A program whose parts become files of a folder. */
  const program = <T extends { files?: RequestFile[]; code?: string; entrypoint?: string }>(folder: string, one: T) => {
    const { files: own, code, entrypoint, ...others } = one
    if (code !== undefined) return { ...others, file: place(folder, 'program', { content: code }) }
    if (!own) return others
    const paths = own.map((file) => place(folder, file.path, file))
    const main = own.findIndex(({ path }) => path === entrypoint)
    return {
      ...others,
      file: paths[Math.max(0, main)],
      files: own.map(({ path }, index) => placed(paths[index] ?? '', path)),
    }
  }
  const json = {
    ...rest,
    // No groups are stated where folders are none.
    ...((groups.length > 0 || names.some((name) => testFolderOf(name) !== undefined)) && { groups }),
    ...(checker && { checker: program('checker', checker) }),
    ...(interactor && { interactor: program('interactor', interactor) }),
    ...(harness && {
      harness: harness.map((one, index) => ({
        ...one,
        files: one.files.map((file) => placed(place(`harness/${index + 1}`, file.path, file), file.path)),
      })),
    }),
    ...(isSorted(names) ? {} : { order: names }),
    ...(settings.size > 0 && { tests: Object.fromEntries(settings) }),
  }
  files.set('problem.json', () => Buffer.from(`${JSON.stringify(json, null, 2)}\n`))
  for (const [index, example] of examples.entries())
    placeExample(example, index, (path, file) => void place('submissions', path, file))
  return gzipped(tarOf(contentsOf(files)))
}

function* contentsOf(files: ReadonlyMap<string, () => Buffer>): Generator<[string, Buffer], void> {
  for (const [path, content] of files) yield [path, content()]
}

/** A file as `problem.json` names it: with its path in a job, where that is not its name alone. */
const placed = (file: string, path: string) => (baseName(file) === path ? file : { file, path })

function placeExample(
  { files, expected, isPartial, entrypoint }: ExampleSubmission,
  index: number,
  place: (path: string, file: InlineFile) => void,
): void {
  const folder = `${folderOf(expected, isPartial)}/${index + 1}`
  for (const file of files) {
    // Of several sources the main one has that name.
    const path = files.length > 1 && file.path === entrypoint ? file.path.replace(/[^/]*(?=\.\w+$)/, 'main') : file.path
    place(`${folder}/${path}`, file)
  }
}

const PARTIAL = 'partially_accepted'
const isAccepting = (verdicts: readonly Verdict[]) => verdicts.includes('accepted')

/** Of the folders that allow every verdict it may end with, the one that allows least: `accepted` only where it may be, or where no other has the rest. */
function folderOf(expected: readonly Verdict[], isPartial: boolean): string {
  if (isPartial) return PARTIAL
  const excess = (allowed: readonly Verdict[]) =>
    allowed.length + (isAccepting(allowed) && !isAccepting(expected) ? VERDICTS.length : 0)
  const fitting = Object.entries(OF_FOLDER).filter(
    ([name, allowed]) => name !== PARTIAL && expected.every((verdict) => allowed.includes(verdict)),
  )
  return fitting.sort(([, a], [, b]) => excess(a) - excess(b))[0]?.[0] ?? 'mixed'
}

const isSorted = (names: readonly string[]): boolean =>
  names.every((name, index) => index === 0 || naturally(names[index - 1] ?? '', name) < 0)

/** Of names without what makes each its own. */
const NAME_CHARACTERS = 150
/** Of a file or folder of a name, on most systems, less what is added to it. */
const PART_BYTES = 250
/** Where an export has its programs, and a folder those that are no tests. */
const OF_PROGRAMS = ['checker', 'interactor', 'harness', 'submissions', 'input_validators', 'input_format_validators']

/**
 * Names of the tests, each once: their own ones where a plain folder can have them, otherwise others without folders.
 * @param hasGroups whether the problem has groups: a test in a folder is in one then
 */
function namesOf(tests: readonly RequestTest[], hasGroups: boolean): string[] {
  const taken = new Set<string>()
  const kept = tests.map(({ name, group }) => {
    const isPossible = name !== undefined && isFileName(name) && !taken.has(name)
    if (!isPossible || (hasGroups && group === undefined && name.includes('/'))) return undefined
    taken.add(name)
    return name
  })
  return tests.map(({ name = '' }, index) => {
    const own = kept[index]
    if (own !== undefined) return own
    const plain =
      name
        .replaceAll(/[^\w.-]+/g, '-')
        .replace(/^[-.]+/, '')
        .slice(0, NAME_CHARACTERS) || String(index + 1)
    let unique = plain
    for (let more = index + 1; taken.has(unique); more++) unique = `${plain}-${more}`
    taken.add(unique)
    return unique
  })
}

/** Whether files of this name can be in an archive, and are read as a test: nothing is hidden or of another kind. */
function isFileName(name: string): boolean {
  const parts = name.split('/')
  return (
    !/[\p{Cc}\\]/u.test(name) &&
    !(parts.length > 1 && OF_PROGRAMS.includes(parts[0] ?? '')) &&
    parts.every((part) => /^[^.]/u.test(part) && part !== '__MACOSX' && Buffer.byteLength(part) <= PART_BYTES)
  )
}
