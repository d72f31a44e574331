import type { LanguageLimits } from '../../shared/judging/judging-request.ts'
import { OUTPUT_LANGUAGE } from '../../shared/judging/judging-spec.ts'
import { findLanguage, type Language } from '../../shared/language.ts'
import type { LimitOverrides } from '../../shared/limits.ts'
import type { FieldError } from '../../shared/problems.ts'
import type { CodeRequest, Harness, RequestFile } from '../../shared/requests.ts'
import { invalidRequest } from '../http/problems.ts'

/** Runs in bash, and prints the first of its arguments that is a file. */
const PRINTER = {
  path: 'print-output.sh',
  content: 'for path; do [ -f "$path" ] && exec cat -- "$path"; done\nexit 0\n',
}
/** Where output lies that was sent as `code`. */
const ONE_OUTPUT = 'output.txt'

/** What says how a program runs: with it, bash would run something else in place of the printer. */
const OF_PROGRAMS = ['env', 'compilerArgs', 'dependencies', 'environment', 'interactive', 'terminal'] as const

/** A submission with what its problem adds to it. */
export interface PreparedSubmission {
  request: CodeRequest
  /** Where the content of each file that has its content there stands in the request. */
  pointers: string[]
  /** Whether its files are code, to be screened. */
  isCode: boolean
}

const pointersOf = (files: readonly RequestFile[] | undefined): string[] =>
  files?.flatMap(({ content }, index) => (content === undefined ? [] : [`/files/${index}/content`])) ?? ['/code']

/**
 * A submission to an output-only problem as a program that prints, for each test, the file `NAME.out` or `NAME.ans`: NAME is the test's, with or without its
 * folders. For a test without a file it prints nothing.
 * @throws Problem when it is a program, or has what is for programs
 */
export function asPrinter(request: CodeRequest): PreparedSubmission {
  const { code, files, tests = [], language } = request
  if (language !== OUTPUT_LANGUAGE) {
    const detail = `is "${language}"; the problem takes output, not a program: use "${OUTPUT_LANGUAGE}", with a file NAME.out for each test in /files, or the output of all in /code`
    throw invalidRequest([{ pointer: '/language', detail }])
  }
  if (code === undefined && files === undefined)
    throw invalidRequest([{ pointer: '/files', detail: 'is missing, and so is /code' }])
  const refused = OF_PROGRAMS.filter((name) => isGiven(request[name]))
  if (refused.length > 0)
    throw invalidRequest(
      refused.map((name) => ({
        pointer: `/${name}`,
        detail: 'is not allowed: the problem takes output, not a program',
      })),
    )
  const { code: _code, args: _args, ...rest } = request
  const own = files ?? [{ path: ONE_OUTPUT, content: code ?? '' }]
  return {
    request: {
      ...rest,
      language: 'bash',
      files: [...own, PRINTER],
      entrypoint: PRINTER.path,
      tests: tests.map((test, index) => ({ ...test, args: outputsOf(test.name ?? String(index + 1)) })),
    },
    pointers: [...pointersOf(files), '/files'],
    isCode: false,
  }
}

const isGiven = (value: unknown): boolean =>
  value !== undefined && value !== false && (typeof value !== 'object' || Object.keys(value ?? {}).length > 0)

function outputsOf(name: string): string[] {
  const names = [...new Set([name, name.slice(name.lastIndexOf('/') + 1)])]
  return [...names.flatMap((one) => [`${one}.out`, `${one}.ans`]), ONE_OUTPUT]
}

/**
 * A submission with the files that the problem has for its language.
 * @param fileName of programs in this language
 * @throws Problem when the problem has files for other languages only, or a file of the same path
 */
export function withHarness(
  request: CodeRequest,
  language: Language,
  languages: readonly Language[],
): PreparedSubmission {
  const { harness, code, files } = request
  if (!harness) return { request, pointers: pointersOf(files), isCode: true }
  const found = placeOf(
    harness.map((one) => one.language),
    language,
    languages,
  )
  const own = harness[found]
  if (!own) {
    const detail = `is "${request.language}"; the problem takes programs in ${harness.map((one) => one.language).join(', ')}`
    throw invalidRequest([{ pointer: '/language', detail }])
  }
  const { code: _code, ...rest } = request
  const submitted = files ?? (code === undefined ? [] : [{ path: own.submission ?? language.fileName, content: code }])
  if (submitted.length === 0) return { request, pointers: [], isCode: true }
  const taken = submitted.findIndex(({ path }) => own.files.some((file) => file.path === path))
  if (taken >= 0) {
    const pointer = files ? `/files/${taken}/path` : '/code'
    const detail = files
      ? 'is also the path of a grader file'
      : `would be ${submitted[taken]?.path}, which is a grader file: set /harness/${found}/submission`
    throw invalidRequest([{ pointer, detail }])
  }
  const entrypoint = own.entrypoint ?? (files ? request.entrypoint : submitted[0]?.path)
  return {
    request: { ...rest, files: [...submitted, ...own.files], ...(entrypoint !== undefined && { entrypoint }) },
    pointers: [...pointersOf(files), ...pointersOf(own.files).map((place) => `/harness/${found}${place}`)],
    isCode: true,
  }
}

/** What is wrong with the grader files of a request, beside the files themselves. */
export function checkHarness(harness: readonly Harness[] = [], languages: readonly Language[]): FieldError[] {
  const seen = new Set<string>()
  return harness.flatMap(({ language, files, entrypoint, submission }, index) => {
    const errors: FieldError[] = []
    const refuse = (name: string, detail: string) => errors.push({ pointer: `/harness/${index}/${name}`, detail })
    const id = findLanguage(languages, language)?.id
    if (id === undefined) refuse('language', `is "${language}", which is no language; see GET /v1/runtimes`)
    else if (seen.has(id)) refuse('language', 'is also that of another of /harness')
    if (id !== undefined) seen.add(id)
    if (entrypoint !== undefined && !files.some(({ path }) => path === entrypoint))
      refuse('entrypoint', `must be one of ${files.map(({ path }) => path).join(', ')}`)
    if (submission !== undefined && files.some(({ path }) => path === submission))
      refuse('submission', 'is also the path of a grader file')
    return errors
  })
}

/**
 * Refuses a program in a language that the problem does not allow. One that it allows is allowed in all of its versions.
 * @throws Problem that names those it allows
 */
export function checkAllowed(
  { languages: allowed, language: asked }: Pick<CodeRequest, 'languages' | 'language'>,
  language: Language,
  languages: readonly Language[],
): void {
  if (allowed === undefined || placeOf(allowed, language, languages) >= 0) return
  const known = allowed.flatMap((name) => findLanguage(languages, name)?.id ?? [])
  const which = known.length === 0 ? 'languages that are not known here' : known.join(', ')
  throw invalidRequest([{ pointer: '/language', detail: `is "${asked}"; the problem takes programs in ${which}` }])
}

/** What is wrong with the languages that a problem allows. */
export function checkLanguages(names: CodeRequest['languages'], languages: readonly Language[]): FieldError[] {
  return (names ?? []).flatMap((name, index) =>
    findLanguage(languages, name)
      ? []
      : [{ pointer: `/languages/${index}`, detail: `is "${name}", which is no language; see GET /v1/runtimes` }],
  )
}

/** What is wrong with the limits by language. */
export function checkLanguageLimits(
  limits: CodeRequest['languageLimits'],
  languages: readonly Language[],
): FieldError[] {
  return Object.keys(limits ?? {}).flatMap((name) =>
    findLanguage(languages, name)
      ? []
      : [
          {
            pointer: `/languageLimits/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
            detail: 'is no language; see GET /v1/runtimes',
          },
        ],
  )
}

/**
 * The limits of a request for one language. Times are in ms.
 * @param own limits that are used as they are, before any others
 */
export function limitsIn(
  { limits = {}, languageLimits = {}, tests }: Pick<CodeRequest, 'limits' | 'languageLimits' | 'tests'>,
  language: Language,
  languages: readonly Language[],
  own: LimitOverrides = {},
): Pick<CodeRequest, 'limits' | 'tests'> {
  const names = Object.keys(languageLimits)
  const name = names[placeOf(names, language, languages)]
  const of: LanguageLimits = (name === undefined ? undefined : languageLimits[name]) ?? {}
  const scaled = { ...scale(limits, of), ...of.limits, ...own }
  return {
    ...(Object.keys(scaled).length > 0 && { limits: scaled }),
    ...(tests && { tests: tests.map((test) => (test.limits ? { ...test, limits: scale(test.limits, of) } : test)) }),
  }
}

function scale<T extends LimitOverrides>(limits: T, { timeFactor = 1, memoryFactor = 1 }: LanguageLimits): T {
  const times = { cpuMs: timeFactor, wallMs: timeFactor, memoryBytes: memoryFactor }
  const scaled = Object.entries(limits).map(([key, value]) => [
    key,
    Math.ceil(value * ((times as Record<string, number>)[key] ?? 1)),
  ])
  return Object.fromEntries(scaled) as T
}

/** Which of these names is that of a language, or else of the language that it is a version of. @returns its place, -1 for none */
function placeOf(names: readonly string[], { id, versionOf }: Language, languages: readonly Language[]): number {
  const ids = names.map((name) => findLanguage(languages, name)?.id)
  const own = ids.indexOf(id)
  return own >= 0 || versionOf === undefined ? own : ids.indexOf(versionOf)
}
