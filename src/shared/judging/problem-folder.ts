import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { LimitOverrides } from '../limits.ts'
import { Checker, CodeRequest, Interactor, type RequestTest } from '../requests.ts'
import { pointerTo } from '../json-pointer.ts'
import { MAX_HARNESSES, RequestGroup, TestLimits } from './judging-request.ts'
import { allowedExamples, baseName, exampleSubmissions, NO_EXAMPLES } from './example-submissions.ts'
import { folderNotes } from './folder-notes.ts'
import { inputValidators } from './input-validators.ts'
import { createPlacedFiles, type Place } from './placed-files.ts'
import { type Problem, type ProblemFault, type ReadProblem, readProblemOf, type Tell, withPrograms } from './problem.ts'
import { inputFields, isText } from './problem-text.ts'

const optional = Type.Optional
const strict = { additionalProperties: false }
const FILE = Type.String({ minLength: 1, description: 'relative to the folder of the problem' })
/** In a job it is where its name alone says, or at `path`. */
const PLACED = Type.Union([FILE, Type.Object({ file: FILE, path: Type.String({ minLength: 1 }) }, strict)])
/** A program is a file here, and need not name its language. Beside the file itself, others that it needs: headers, libraries. */
const asFile = { language: optional(Type.String()), file: optional(FILE), files: optional(Type.Array(PLACED)) }

/** `problem.json` of a plain folder; every member may be absent. */
export const ProblemFile = Type.Object(
  {
    limits: optional(LimitOverrides),
    checker: optional(
      Type.Object({ ...Type.Omit(Checker, ['code', 'files', 'entrypoint']).properties, ...asFile }, strict),
    ),
    interactor: optional(
      Type.Object({ ...Type.Omit(Interactor, ['code', 'files', 'entrypoint']).properties, ...asFile }, strict),
    ),
    groups: optional(Type.Array(RequestGroup)),
    stopOnFailure: optional(Type.Boolean()),
    secret: optional(Type.Boolean()),
    languages: CodeRequest.properties.languages,
    languageLimits: CodeRequest.properties.languageLimits,
    passes: CodeRequest.properties.passes,
    outputOnly: CodeRequest.properties.outputOnly,
    harness: optional(
      Type.Array(
        Type.Object(
          {
            language: Type.String(),
            files: Type.Array(PLACED, { minItems: 1 }),
            entrypoint: optional(Type.String()),
            submission: optional(Type.String()),
          },
          strict,
        ),
        { minItems: 1, maxItems: MAX_HARNESSES },
      ),
    ),
    /** Names of tests, in their order; others come after these. */
    order: optional(Type.Array(Type.String())),
    /** By the name of a test: `1`, `small/2`. */
    tests: optional(
      Type.Record(
        Type.String(),
        Type.Object(
          {
            points: optional(Type.Number({ minimum: 0 })),
            group: optional(Type.String()),
            secret: optional(Type.Boolean()),
            limits: optional(TestLimits),
            args: optional(Type.Array(Type.String())),
          },
          strict,
        ),
      ),
    ),
  },
  strict,
)
export type ProblemFile = Static<typeof ProblemFile>

type Placed = Static<typeof PLACED>
const placeOf = (one: Placed): Place => (typeof one === 'string' ? { file: one, path: baseName(one) } : one)

const validator = Compile(ProblemFile)
const SETTINGS = 'problem.json'

/**
 * Reads a plain folder: a test for each `NAME.in`, with its answer in `NAME.ans` or `NAME.out`, and settings in `problem.json`. Tests in a folder
 * are a group of its name, unless the settings state that there are no groups. Numbers in names count as numbers, `2` comes before `10`, but for names that `order` lists.
 * @param files of the folder, by path
 * @param languageOf the language of a file by its name, where that is known
 * @param idOf the language with a name, where that is known
 * @returns the problem, or what is wrong with the folder
 */
export function readProblemFolder(
  files: ReadonlyMap<string, Buffer>,
  languageOf: (path: string) => string | undefined,
  idOf: (name: string) => string | undefined = (name) => name,
): ReadProblem {
  const faults: ProblemFault[] = []
  const settings = readSettings(files.get(SETTINGS), faults)
  const tell: Tell = (path, detail, pointer) => void faults.push({ path, detail, pointer })
  const isOfTests = (path: string) => !/^(?:submissions|input_validators|input_format_validators)\//.test(path)
  const names = [...files.keys()]
    .filter((path) => path.endsWith('.in') && isOfTests(path))
    .map((path) => path.slice(0, -'.in'.length))
  const { order = [] } = settings
  const places = new Map(order.map((name, place) => [name, place]))
  const placeIn = (name: string) => places.get(name) ?? order.length
  names.sort((a, b) => placeIn(a) - placeIn(b) || naturally(a, b))
  const folders = [...new Set(names.flatMap((name) => testFolderOf(name) ?? []))]
  const groups = settings.groups ?? folders.map((name) => ({ name }))
  const areFoldersGroups = groups.length > 0
  const needsAnswer = settings.interactor === undefined && settings.checker?.type !== 'program'

  const tests = names.map((name): RequestTest => {
    const answer = files.get(`${name}.ans`) ?? files.get(`${name}.out`)
    if (answer === undefined && needsAnswer) {
      faults.push({ path: `${name}.in`, detail: `has no answer: there is neither ${name}.ans nor ${name}.out` })
    }
    const group = areFoldersGroups ? testFolderOf(name) : undefined
    return {
      name,
      ...inputFields(files.get(`${name}.in`)),
      ...(answer && { answer: textOf(answer, `${name}.ans`, faults) }),
      ...(group !== undefined && { group }),
      ...settings.tests?.[name],
    }
  })
  const below = [...files.keys()].find((path) => path.endsWith(`/${SETTINGS}`) && isOfTests(path))
  if (below !== undefined && !files.has(SETTINGS))
    tell(below, `is not read: the settings of a problem are ${SETTINGS} in its own folder`)
  if (tests.length === 0)
    faults.push({ path: '', detail: 'has no test: a test is a file NAME.in with its answer in NAME.ans' })
  for (const name of Object.keys(settings.tests ?? {})) {
    if (!names.includes(name))
      tell(SETTINGS, `/tests/${name} names no test; there is no ${name}.in`, pointerTo('tests', name))
  }
  for (const [place, name] of order.entries()) {
    if (!names.includes(name))
      tell(SETTINGS, `/order/${place} is "${name}", which names no test; there is no ${name}.in`, `/order/${place}`)
  }
  for (const path of files.keys()) {
    const name = /^(.*)\.(?:ans|out)$/.exec(path)?.[1]
    if (name !== undefined && !names.includes(name) && isOfTests(path))
      faults.push({ path, detail: `is an answer without its input ${name}.in` })
  }

  const placed = createPlacedFiles(files, SETTINGS, tell)
  const program = <T extends { file?: string; files?: Placed[]; language?: string }>(
    what: string,
    { file, files: more, ...rest }: T,
  ) => {
    const content = file === undefined ? undefined : files.get(file)
    const language = rest.language ?? (file === undefined ? undefined : languageOf(file))
    const wrong = (member: string, detail: string) =>
      tell(SETTINGS, `/${what}/${member} ${detail}`, `/${what}/${member}`)
    if (file === undefined) wrong('file', 'is missing')
    else if (content === undefined) wrong('file', `is "${file}", which is not there`)
    else if (language === undefined) wrong('language', `is missing; the name ${file} does not tell it`)
    const one = { ...rest, language: language ?? '' }
    if (!more) return { ...one, code: content === undefined ? '' : textOf(content, file ?? '', faults) }
    const places = more.map(placeOf)
    const named = places.find((place) => place.file === file)
    const main = named ?? { file: file ?? '', path: baseName(file ?? '') }
    const all = named || content === undefined ? places : [...places, main]
    return { ...one, files: placed(all, `/${what}/files`), entrypoint: main.path }
  }
  const harness = settings.harness?.map(({ files: paths, ...rest }, index) => ({
    ...rest,
    files: placed(paths.map(placeOf), `/harness/${index}/files`),
  }))
  const { checker, interactor, limits, stopOnFailure, secret, languages, languageLimits, passes, outputOnly } = settings
  const problem: Problem = {
    tests,
    ...(groups.length > 0 && { groups }),
    ...(limits && { limits }),
    ...(stopOnFailure !== undefined && { stopOnFailure }),
    ...(secret !== undefined && { secret }),
    ...(languages && { languages }),
    ...(languageLimits && { languageLimits }),
    ...(passes !== undefined && { passes }),
    ...(outputOnly !== undefined && { outputOnly }),
    ...(harness && { harness }),
    ...(checker && { checker: (checker.type === 'program' ? program('checker', checker) : checker) as Checker }),
    ...(interactor && { interactor: program('interactor', interactor) as Interactor }),
  }
  const allowed = languages?.flatMap((name) => idOf(name) ?? [])
  const examples = outputOnly ? NO_EXAMPLES : allowedExamples(exampleSubmissions(files, languageOf, tell), allowed)
  const validators = inputValidators(files, languageOf, tests)
  const named = new Set(
    [checker, interactor, ...(settings.harness ?? [])].flatMap((one) =>
      one ? [...('file' in one ? [one.file] : []), ...(one.files ?? []).map((file) => placeOf(file).file)] : [],
    ),
  )
  const notes = folderNotes(files.keys(), needsAnswer ? [] : tests, (path) => named.has(path) || !isOfTests(path))
  // Beside a fault, they may be what explains it.
  return readProblemOf(
    'folder',
    problem,
    withPrograms(examples, validators),
    faults.length > 0 ? [...faults, ...notes] : faults,
    notes,
  )
}

function readSettings(bytes: Buffer | undefined, faults: ProblemFault[]): ProblemFile {
  if (!bytes) return {}
  let value: unknown
  const text = bytes.toString().replace(/^\uFEFF/, '')
  try {
    value = JSON.parse(text)
  } catch (error) {
    faults.push({ path: SETTINGS, detail: jsonFault(text, error as Error) })
    return {}
  }
  if (validator.Check(value)) return value
  for (const { keyword, instancePath, message, params } of validator.Errors(value)) {
    // Told again, and with its name, of the object that has it.
    if (keyword === 'boolean') continue
    const { additionalProperties, allowedValues } = params as {
      additionalProperties?: string[]
      allowedValues?: unknown[]
    }
    const told = additionalProperties ?? allowedValues
    const names = told ? `: ${told.join(', ')}` : ''
    const [unknown] = additionalProperties ?? []
    const pointer = `${instancePath}${unknown === undefined ? '' : pointerTo(unknown)}`
    faults.push({ path: SETTINGS, detail: `${instancePath || '/'} ${message}${names}`, pointer })
  }
  return {}
}

/** With the line, where the parser tells the position, which it does in its message alone. */
function jsonFault(text: string, { message }: Error): string {
  const [end, position] = / at position (\d+)\b.*$/.exec(message) ?? []
  if (end === undefined) return `is not JSON: ${message}`
  const before = text.slice(0, Number(position)).split('\n')
  const column = (before.at(-1) ?? '').length + 1
  return `line ${before.length}, column ${column}: is not JSON: ${message.slice(0, -end.length)}`
}

/** The folder of a test, which is its group; undefined of one that lies in none. */
export const testFolderOf = (name: string): string | undefined => {
  const slash = name.lastIndexOf('/')
  return slash < 0 ? undefined : name.slice(0, slash)
}

function textOf(bytes: Buffer, path: string, faults: ProblemFault[]): string {
  if (!isText(bytes)) faults.push({ path, detail: 'is not UTF-8' })
  return bytes.toString()
}

const collator = new Intl.Collator('en', { numeric: true })
/** The order of names in which numbers count as numbers. */
export const naturally = (a: string, b: string): number => collator.compare(a, b) || (a < b ? -1 : 1)
