import { MIB, SECOND } from '../limits.ts'
import type { RequestTest } from '../requests.ts'
import { OF_TAG, programOf, baseName } from './example-submissions.ts'
import {
  type ExampleSubmission,
  type InputValidator,
  type Problem,
  type ProblemFault,
  type ReadProblem,
  readProblemOf,
} from './problem.ts'
import { answerText, inputFields, isText } from './problem-text.ts'
import { elementsAt, parseXml, type XmlElement } from './simple-xml.ts'
import { MAX_GROUPS } from './judging-request.ts'
import { MAX_PROBLEM_TESTS } from './stored-problem.ts'

export const POLYGON_SETTINGS = 'problem.xml'
const MAX_SETTINGS_BYTES = MIB
/** With one place for the number, of at most 9 digits, so that each test has files of its own. */
/** Within one line: `\s` would go on from each empty line to the end of the source. */
const INCLUDES_TESTLIB = /^[ \t]*#[ \t]*include[ \t]*["<]testlib\.h[">]/m
const PATH_PATTERN = /^[^%]{0,200}%0?\d?d[^%]{0,200}$/

/**
 * Reads a full problem package of Polygon, with its tests made: the test set `tests`, groups with points and dependencies, a checker and an
 * interactor with testlib, files for graders, solutions as example submissions. What is not read is told as a fault, so that nothing is judged
 * otherwise than its authors meant.
 * @param languageOf the language of a file by its name, where that is known
 */
export function readPolygonPackage(
  files: ReadonlyMap<string, Buffer>,
  languageOf: (path: string) => string | undefined,
): ReadProblem {
  const faults: ProblemFault[] = []
  const tell = (path: string, detail: string) => void faults.push({ path, detail })
  const refusal = (detail: string): ReadProblem => ({
    problem: undefined,
    faults: [{ path: POLYGON_SETTINGS, detail }],
  })
  const settings = files.get(POLYGON_SETTINGS) ?? Buffer.alloc(0)
  if (settings.length > MAX_SETTINGS_BYTES)
    return refusal(`has ${settings.length} bytes; ${MAX_SETTINGS_BYTES} are allowed`)
  let root: XmlElement
  try {
    root = parseXml(settings.toString())
  } catch (error) {
    return refusal((error as Error).message)
  }
  if (root.name !== 'problem') tell(POLYGON_SETTINGS, `is a <${root.name}>, not a <problem>`)
  const [judging] = elementsAt(root, 'judging')
  for (const name of ['input-file', 'output-file']) {
    const value = judging?.attributes[name] ?? ''
    if (value !== '' && !['stdin', 'stdout'].includes(value))
      tell(POLYGON_SETTINGS, `${name} is "${value}"; programs read standard input and write standard output here`)
  }
  if (Number(judging?.attributes['run-count'] ?? 1) > 1) tell(POLYGON_SETTINGS, 'run-count is not read here')
  if (judging?.attributes['treat-points-from-checker-as-percent'] === 'true')
    tell(POLYGON_SETTINGS, 'treat-points-from-checker-as-percent is not read here')

  const sets = elementsAt(root, 'judging', 'testset')
  const set = sets.find(({ attributes }) => attributes['name'] === 'tests') ?? sets[0]
  if (!set) tell(POLYGON_SETTINGS, 'has no <testset>')
  const text = (name: string) => (set ? elementsAt(set, name)[0]?.text : undefined)
  const number = (name: string) => {
    const given = text(name)
    if (given === undefined) return undefined
    const value = Number(given)
    if (Number.isFinite(value) && value > 0) return value
    tell(POLYGON_SETTINGS, `${name} is "${given.slice(0, 50)}"; it must be a number above 0`)
    return undefined
  }
  const described = set ? elementsAt(set, 'tests', 'test') : []
  const hasPoints = ({ attributes }: XmlElement) => Number(attributes['points'] ?? 0) > 0
  const isPointed = described.some(hasPoints)
  const isScored = isPointed || (set ? elementsAt(set, 'groups', 'group') : []).some(hasPoints)
  const inputs = text('input-path-pattern') ?? 'tests/%02d'
  const answers = text('answer-path-pattern') ?? 'tests/%02d.a'
  for (const pattern of [inputs, answers]) {
    if (!PATH_PATTERN.test(pattern))
      return refusal(
        `has the path pattern "${pattern.slice(0, 50)}"; one number is allowed in it, as in tests/%02d, of at most 9 digits`,
      )
  }
  const interactor = programFields('interactor', elementsAt(root, 'assets', 'interactor')[0])
  const checker = checkerOf(elementsAt(root, 'assets', 'checker')[0])
  const groups = isScored && set ? elementsAt(set, 'groups', 'group') : []
  const groupNames = new Set(groups.map(({ attributes }) => attributes['name'] ?? ''))
  const count = number('test-count') ?? described.length
  if (count > MAX_PROBLEM_TESTS) return refusal(`has ${count} tests; ${MAX_PROBLEM_TESTS} are allowed`)
  if (groups.length > MAX_GROUPS) return refusal(`has ${groups.length} groups; ${MAX_GROUPS} are allowed`)

  const tests = Array.from({ length: count }, (_, index): RequestTest => {
    const { sample, points = '0', group } = described[index]?.attributes ?? {}
    const [input, answer] = [pathOf(inputs, index + 1), pathOf(answers, index + 1)]
    if (!files.has(input)) tell(input, 'is missing: only a full package, in which tests are made, can be judged with')
    const answered = files.get(answer)
    if (!answered && !interactor) tell(answer, `is missing, the answer of ${input}`)
    else if (answered && !isText(answered)) tell(answer, 'is not UTF-8')
    return {
      name: String(index + 1),
      ...inputFields(files.get(input)),
      ...(answered && { answer: answerText(answered) }),
      ...(isPointed && { points: Number(points) }),
      ...(group !== undefined && groupNames.has(group) && { group }),
      ...(sample === 'true' ? {} : { secret: true }),
    }
  })
  if (count === 0) tell(POLYGON_SETTINGS, 'has no test')

  const cpuMs = number('time-limit')
  const memoryBytes = number('memory-limit')
  const harness = graderFiles()
  const problem: Problem = {
    tests,
    ...(checker && { checker }),
    ...(interactor && { interactor: { protocol: 'testlib', ...interactor } }),
    ...(isScored ? groupsOf() : { stopOnFailure: true }),
    limits: {
      // Wall time may be so much more than CPU time, which is what counts.
      ...(cpuMs !== undefined && { cpuMs, wallMs: 2 * cpuMs + SECOND }),
      ...(memoryBytes !== undefined && { memoryBytes }),
    },
    ...(harness.length > 0 && { harness }),
  }
  const leftOut: string[] = []
  return readProblemOf('polygon', problem, { examples: solutions(), validators: validators(), leftOut }, faults)

  function groupsOf(): Pick<Problem, 'groups'> {
    const used = groups.filter(({ attributes }) => tests.some(({ group }) => group === attributes['name']))
    if (used.length === 0) return {}
    return {
      groups: used.map((element) => {
        const { name = '', points, 'points-policy': policy = 'each-test' } = element.attributes
        if (policy !== 'each-test' && policy !== 'complete-group')
          tell(POLYGON_SETTINGS, `group ${name} has the points-policy "${policy}", which is not read here`)
        const requires = elementsAt(element, 'dependencies', 'dependency').map(
          ({ attributes }) => attributes['group'] ?? '',
        )
        const known = requires.filter((one) => used.some(({ attributes }) => attributes['name'] === one))
        return {
          name,
          ...(points !== undefined && { points: Number(points) }),
          // Its points for all of its tests, or none.
          ...(policy === 'complete-group' && { scoring: 'min' as const }),
          ...(known.length > 0 && { requires: known }),
        }
      }),
    }
  }

  function checkerOf(element: XmlElement | undefined): Problem['checker'] {
    const name = element?.attributes['name'] ?? ''
    const builtIn = Object.hasOwn(STANDARD, name) ? STANDARD[name] : undefined
    // What an interactor leaves is for a program to read.
    if (builtIn && !interactor) return builtIn
    if (!element) {
      if (!interactor) tell(POLYGON_SETTINGS, 'has no <checker>')
      return undefined
    }
    const program = programFields('checker', element)
    return program && { type: 'program', protocol: 'testlib', ...program }
  }

  /** A checker or an interactor, with the headers of the package. */
  function programFields(what: string, element: XmlElement | undefined) {
    if (!element) return undefined
    const path = elementsAt(element, 'source')[0]?.attributes['path'] ?? ''
    const source = files.get(path)
    if (!source) {
      tell(
        POLYGON_SETTINGS,
        path === '' ? `the <${what}> has no <source>` : `the ${what} is ${path}, which is not there`,
      )
      return undefined
    }
    const headers = [...files.keys()].filter((one) => /^files\/[^/]+\.(?:h|hh|hpp)$/.test(one))
    if (INCLUDES_TESTLIB.test(source.toString()) && !files.has('files/testlib.h')) {
      tell(path, 'includes testlib.h, and there is no files/testlib.h: add it, or export the full package')
    }
    return programOf(files, [path, ...headers], baseName, languageOf, tell)
  }

  /** Files that are compiled with a solution; `for-types` says with which. */
  function graderFiles(): NonNullable<Problem['harness']> {
    const resources = elementsAt(root, 'files', 'resources', 'file').filter((file) =>
      elementsAt(file, 'assets', 'asset').some(({ attributes }) => attributes['name']?.toUpperCase() === 'SOLUTION'),
    )
    const byLanguage = new Map<string, Set<string>>()
    for (const { attributes } of resources) {
      const { path = '', 'for-types': types = '' } = attributes
      const language = languageOf(path) ?? languageOf(`x.${types.split('.')[0]}`)
      if (!files.has(path)) tell(POLYGON_SETTINGS, `names the resource ${path}, which is not there`)
      else if (language === undefined) tell(path, 'is for solutions in a language that is not known here')
      else {
        const of = types.startsWith('cpp') ? (languageOf('x.cpp') ?? language) : language
        const paths = byLanguage.get(of)
        if (paths) paths.add(path)
        else byLanguage.set(of, new Set([path]))
      }
    }
    return [...byLanguage].map(([language, paths]) => ({
      language,
      files: [...paths].map((path) => ({
        path: baseName(path),
        content: answerText(files.get(path) ?? Buffer.alloc(0)),
      })),
    }))
  }

  function validators(): InputValidator[] {
    const args = tests.map(({ group }) => ['--testset', 'tests', ...(group === undefined ? [] : ['--group', group])])
    return elementsAt(root, 'assets', 'validators', 'validator').flatMap((element): InputValidator[] => {
      const path = elementsAt(element, 'source')[0]?.attributes['path'] ?? ''
      const isKnown = languageOf(path) !== undefined
      if (!isKnown) leftOut.push(path)
      const program = isKnown ? programFields('validator', element) : undefined
      return program ? [{ name: path, protocol: 'testlib', args, ...program }] : []
    })
  }

  function solutions(): ExampleSubmission[] {
    const seen = new Set<string>()
    return elementsAt(root, 'assets', 'solutions', 'solution').flatMap((element): ExampleSubmission[] => {
      const { tag = 'accepted' } = element.attributes
      const path = elementsAt(element, 'source')[0]?.attributes['path'] ?? ''
      if (tag === 'do-not-run' || seen.has(path)) return []
      seen.add(path)
      const expected = Object.hasOwn(OF_TAG, tag) ? OF_TAG[tag] : undefined
      if (!files.has(path)) tell(POLYGON_SETTINGS, `a solution is ${path}, which is not there`)
      else if (!expected) tell(POLYGON_SETTINGS, `the solution ${path} has the tag "${tag}", which is not read here`)
      else if (languageOf(path) === undefined) leftOut.push(path)
      else {
        const program = programOf(files, [path], baseName, languageOf, tell)
        return program ? [{ name: path, expected: [...expected], isPartial: false, ...program }] : []
      }
      return []
    })
  }
}

const numbers = (error: number): NonNullable<Problem['checker']> => ({
  type: 'numbers',
  absolute: error,
  relative: error,
})

/** Those of the standard checkers that a built-in one does the same as. */
const STANDARD: Readonly<Record<string, NonNullable<Problem['checker']>>> = {
  'std::wcmp.cpp': { type: 'tokens' },
  'std::ncmp.cpp': { type: 'tokens' },
  'std::hcmp.cpp': { type: 'tokens' },
  'std::yesno.cpp': { type: 'tokens', ignoreCase: true },
  'std::nyesno.cpp': { type: 'tokens', ignoreCase: true },
  'std::rcmp4.cpp': numbers(1e-4),
  'std::rcmp6.cpp': numbers(1e-6),
  'std::rcmp9.cpp': numbers(1e-9),
}

/** `tests/%02d` of the test 3 is `tests/03`. */
const pathOf = (pattern: string, test: number): string =>
  pattern.replace(/%(0?)(\d*)d/, (_, zero: string, width: string) =>
    String(test).padStart(Number(width || 0), zero || ' '),
  )
