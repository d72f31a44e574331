import { MIB, SECOND } from '../limits.ts'
import type { CodeRequest, RequestTest } from '../requests.ts'
import { baseName, exampleSubmissions, NO_EXAMPLES } from './example-submissions.ts'
import { inputValidators } from './input-validators.ts'
import { type Problem, type ProblemFault, type ReadProblem, readProblemOf, withPrograms } from './problem.ts'
import { answerText, inputFields, isText } from './problem-text.ts'
import { MAX_PROBLEM_TESTS } from './stored-problem.ts'
import { isMap, parseYaml, wordsIn, type Yaml, type YamlMap } from './yaml.ts'

/**
 * Reads a problem package of Kattis: of the versions `legacy`, `legacy-icpc`, `2023-07-draft` and `2025-09`, pass-fail and scoring problems, with the default
 * output validator, one of their own, or an interactive one. What is not read is told as a fault, so that nothing is judged otherwise than its
 * authors meant.
 * Source: https://www.kattis.com/problem-package-format/
 * @param languageOf the language of a file by its name, where that is known
 */
export function readKattisPackage(
  files: ReadonlyMap<string, Buffer>,
  languageOf: (path: string) => string | undefined,
): ReadProblem {
  const faults: ProblemFault[] = []
  const told = new Set<string>()
  /** Once, whoever reads the same settings again. */
  const tell = (path: string, detail: string) => {
    const fault = `${path}: ${detail}`
    if (!told.has(fault)) faults.push({ path, detail })
    told.add(fault)
  }
  const names = [...files.keys()]
    .filter((path) => /^data\/(?:sample|secret)\/.*\.in$/.test(path))
    .map((path) => path.slice('data/'.length, -'.in'.length))
    .sort()
  if (names.length > MAX_PROBLEM_TESTS) {
    tell('data/', `has ${names.length} tests; ${MAX_PROBLEM_TESTS} are allowed`)
    return { problem: undefined, faults }
  }
  const parsed = new Map<string, YamlMap>()
  const yaml = (path: string): YamlMap => {
    const known = parsed.get(path) ?? parsedFile(path)
    parsed.set(path, known)
    return known
  }
  const parsedFile = (path: string): YamlMap => {
    const bytes = files.get(path)
    if (!bytes) return {}
    try {
      const value = parseYaml(bytes.toString())
      if (value === null) return {}
      if (isMap(value)) return value
      tell(path, 'is not a map of keys and values')
    } catch (error) {
      tell(path, (error as Error).message)
    }
    return {}
  }

  const settings = yaml(SETTINGS)
  const version = textOf(settings['problem_format_version']) ?? 'legacy'
  if (!VERSIONS.includes(version))
    tell(SETTINGS, `problem_format_version is "${shortened(version)}"; read are ${VERSIONS.join(', ')}`)
  const isLegacy = version.startsWith('legacy')
  const validation = (textOf(settings['validation']) ?? 'default').split(/\s+/)
  const inSettings = (detail: string) => tell(SETTINGS, detail)
  const types = wordsOf(settings['type'] ?? 'pass-fail', 'type', inSettings)
  const isScoring = types.includes('scoring')
  const isOutputOnly = types.includes('submit-answer')
  const isMultiPass = types.includes('multi-pass')
  const isInteractive = types.includes('interactive') || validation.includes('interactive')
  for (const type of types) {
    if (!['pass-fail', 'scoring', 'interactive', 'multi-pass', 'submit-answer'].includes(type))
      tell(SETTINGS, `type is "${shortened(type)}", which is not read here`)
  }
  for (const folder of NOT_READ) {
    if ([...files.keys()].some((path) => path.startsWith(`${folder}/`))) tell(`${folder}/`, 'is not read here')
  }
  if (settings['constants'] !== undefined) tell(SETTINGS, 'constants are not read here')

  const { objective } = isMap(settings['grading']) ? settings['grading'] : {}
  if (isLegacy && objective === 'min') tell(SETTINGS, 'grading: objective is min; the most points are the best here')

  const configs = createConfigs(yaml, isLegacy)
  /** Legacy groups may lie in others: the innermost that has settings of its own is meant. */
  const groupOf = (name: string): string => {
    const parts = name.split('/').slice(0, -1)
    const least = Math.min(parts.length, 2)
    let depth = isLegacy && isScoring ? parts.length : least
    while (depth > least && !files.has(`data/${parts.slice(0, depth).join('/')}/testdata.yaml`)) depth--
    return parts.slice(0, depth).join('/')
  }
  if (names.length === 0) tell('data/', 'has no test: there is neither data/sample/NAME.in nor data/secret/NAME.in')
  const sizes = new Map<string, number>()
  for (const name of names) sizes.set(groupOf(name), (sizes.get(groupOf(name)) ?? 0) + 1)
  const isGivenScores = isLegacy && validation.includes('score')
  const pointsOf = (group: string): number | undefined => {
    if (!isScoring || isOfSamples(group)) return undefined
    const config = configs(group)
    if (isGivenScores) return highestOf(config)
    if (isLegacy) return numberOf(config['accept_score'])
    const { points, aggregation } = boundsOf(group, config)
    return points === undefined || aggregation !== 'sum' ? points : points / (sizes.get(group) ?? 1)
  }
  const flags = new Set<string>()
  const ownOf = (name: string) => (isLegacy ? {} : yaml(`data/${name}.yaml`))
  /**
   * Words that a test says itself, or its group does, by the first of these names that is said.
   * @param within takes from what is said the part that is meant
   */
  const wordsOfTest = (name: string, keys: readonly string[], within = (value: Yaml): Yaml | undefined => value) => {
    const group = groupOf(name)
    const places: [string, YamlMap][] = [
      [`data/${name}.yaml`, ownOf(name)],
      [`data/${group}/`, configs(group)],
    ]
    for (const [path, config] of places) {
      const key = keys.find((one) => config[one] !== undefined && config[one] !== null)
      if (key !== undefined) return wordsOf(within(config[key] ?? null), key, (detail) => tell(path, detail))
    }
    return []
  }
  const tests = names.map((name): RequestTest => {
    const answer = files.get(`data/${name}.ans`)
    // What talks to the program, or asks for its passes, may know the answer from the input.
    if (answer === undefined && !isInteractive && !isMultiPass)
      tell(`data/${name}.in`, `has no answer data/${name}.ans`)
    else if (answer && !isText(answer)) tell(`data/${name}.ans`, 'is not UTF-8')
    if ([...files.keys()].some((path) => path.startsWith(`data/${name}.files/`)))
      tell(`data/${name}.files/`, 'is not read here')
    const group = groupOf(name)
    flags.add(JSON.stringify(wordsOfTest(name, isLegacy ? VALIDATOR_ARGS : VALIDATOR_ARGS.slice(0, 1))))
    const args = wordsOfTest(name, ['args'])
    const points = pointsOf(group)
    return {
      name,
      group,
      ...inputFields(files.get(`data/${name}.in`)),
      ...(answer && { answer: answerText(answer) }),
      ...(args.length > 0 && { args }),
      ...(name.startsWith(`${SAMPLE}/`) ? { points: 0 } : { secret: true }),
      ...(points !== undefined && { points }),
    }
  })
  if (flags.size > 1)
    tell('data/', 'has tests with different arguments of the output validator, which is not read here')
  const own: string[] = flags.size > 0 ? (JSON.parse([...flags][0] ?? '[]') as string[]) : []
  const validatorArgs = [...wordsOf(settings['validator_flags'], 'validator_flags', inSettings), ...own]

  const limits = limitsOf(isMap(settings['limits']) ? settings['limits'] : {}, files, tell)
  const program = readValidator(files, languageOf, tell, limits.validator)
  if (isMultiPass && !program) tell(SETTINGS, 'is multi-pass and has no output validator to ask for the passes')
  if (isInteractive && !program) tell(SETTINGS, 'is interactive and has no output validator')
  else if (validation.includes('custom') && !program) tell(SETTINGS, 'has custom validation and no output validator')
  const judge: Pick<Problem, 'checker' | 'interactor'> = !program
    ? { checker: defaultValidator(validatorArgs, tell) }
    : isInteractive
      ? { interactor: { ...program, args: validatorArgs } }
      : { checker: { type: 'program', ...program, args: validatorArgs } }

  const harness = includedFiles(files, languageOf, tell)
  const groups = isScoring ? [...new Set(tests.map(({ group = '' }) => group))] : []
  for (const above of new Set(groups.flatMap(foldersAbove))) checkAbove(above, configs(above), { isLegacy, tell })
  const problem: Problem = {
    tests: isScoring ? tests : tests.map(({ group: _group, points: _points, ...test }) => test),
    ...judge,
    ...(isScoring
      ? {
          groups: groups.map((group) =>
            groupFields(group, configs(group), {
              isLegacy,
              isGivenScores,
              groups,
              requiredAbove:
                isLegacy || group === 'secret'
                  ? []
                  : wordsOf(configs('secret')['require_pass'], 'require_pass', (detail) =>
                      tell('data/secret/', detail),
                    ),
              tell,
            }),
          ),
        }
      : { stopOnFailure: true }),
    ...(Object.keys(limits.own).length > 0 && { limits: limits.own }),
    ...(isMultiPass && { passes: limits.passes }),
    ...(isOutputOnly && { outputOnly: true }),
    ...(harness.length > 0 && { harness }),
  }
  const examples = isOutputOnly ? NO_EXAMPLES : exampleSubmissions(files, languageOf, tell)
  const validators = inputValidators(files, languageOf, tests, (validator, test) => {
    const name = names[test] ?? ''
    const key = isLegacy ? 'input_validator_flags' : 'input_validator_args'
    const ofValidator = (args: Yaml) => (isMap(args) ? (Object.hasOwn(args, validator) ? args[validator] : []) : args)
    return wordsOfTest(name, [key], ofValidator)
  })
  return readProblemOf('kattis', problem, withPrograms(examples, validators), faults)
}

/** Files of `include/LANGUAGE/`, which are put beside each program in that language. */
function includedFiles(
  files: ReadonlyMap<string, Buffer>,
  languageOf: (path: string) => string | undefined,
  tell: Tell,
): NonNullable<Problem['harness']> {
  const folders = new Map<string, string[]>()
  for (const path of [...files.keys()].filter((one) => one.startsWith('include/')).sort()) {
    const [, folder = '', ...rest] = path.split('/')
    if (rest.length === 0) tell(path, 'is in no folder of a language')
    else folders.set(folder, [...(folders.get(folder) ?? []), path])
  }
  return [...folders].flatMap(([folder, paths]) => {
    const language =
      languageOf(`x.${KATTIS_LANGUAGES[folder] ?? folder}`) ?? paths.map(languageOf).find((one) => one !== undefined)
    if (language === undefined || folder === 'default') {
      tell(`include/${folder}/`, 'is of no language that is known here')
      return []
    }
    const within = (path: string) => path.slice(`include/${folder}/`.length)
    const main = paths.map(within).find((path) => /^(?:main|grader)\.\w+$/.test(baseName(path)))
    return [
      {
        language,
        files: paths.map((path) => ({ path: within(path), content: answerText(files.get(path) ?? Buffer.alloc(0)) })),
        ...(main !== undefined && { entrypoint: main }),
      },
    ]
  })
}

/** Names of languages by an extension of theirs, where that is another. */
const KATTIS_LANGUAGES: Readonly<Record<string, string>> = {
  python3: 'py',
  javascript: 'js',
  ruby: 'rb',
  rust: 'rs',
  kotlin: 'kt',
}

type Tell = (path: string, detail: string) => void

const SETTINGS = 'problem.yaml'
const SAMPLE = 'sample'
/** The second is of the legacy format alone. */
const VALIDATOR_ARGS = ['output_validator_args', 'output_validator_flags']
const VERSIONS = ['legacy', 'legacy-icpc', '2023-07-draft', '2025-09']
const NOT_READ = ['static_validator', 'graders', 'grader']

/** Whether a group is that of the samples, or lies in it. */
const isOfSamples = (group: string): boolean => group.split('/')[0] === SAMPLE

/** A word of the file as a message quotes it. */
const shortened = (word: string): string => (word.length > 50 ? `${word.slice(0, 50)}...` : word)

const textOf = (value: Yaml | undefined): string | undefined => (typeof value === 'string' ? value : undefined)

function numberOf(value: Yaml | undefined): number | undefined {
  const number = Number(textOf(value) ?? NaN)
  return Number.isFinite(number) ? number : undefined
}

/** Words of a setting; with a fault none. @param what its name */
function wordsOf(value: Yaml | undefined, what: string, tell: (detail: string) => void): string[] {
  const words = wordsIn(value)
  if (!words) tell(`${what} is neither words nor a list of words`)
  return words ?? []
}

/** The folders that a group lies in, the root of the data among them. */
const foldersAbove = (group: string): string[] =>
  group.split('/').map((_part, index, parts) => parts.slice(0, index).join('/'))

/** The end of a `range`, where it is one; scores of a validator go up to it. */
function highestOf(config: YamlMap): number | undefined {
  const [, highest] = wordsIn(config['range']) ?? []
  return numberOf(highest)
}

/** What a group of the newer formats gives at most, and how. */
function boundsOf(name: string, config: YamlMap) {
  const isWhole = name === 'secret'
  return {
    points: numberOf(config['max_score'] ?? (isWhole ? '100' : undefined)),
    aggregation: textOf(config['score_aggregation']) ?? (isWhole ? 'sum' : 'pass-fail'),
  }
}

/** What groups within a folder give is added up here, whatever else its settings say. */
function checkAbove(name: string, config: YamlMap, { isLegacy, tell }: { isLegacy: boolean; tell: Tell }): void {
  const path = name === '' ? 'data/' : `data/${name}/`
  const others = 'and has groups within it, whose scores are added up here'
  if (!isLegacy) {
    const { aggregation } = boundsOf(name, config)
    if (name === 'secret' && aggregation !== 'sum') tell(path, `score_aggregation is "${aggregation}", ${others}`)
    return
  }
  for (const flag of wordsOf(config['grader_flags'], 'grader_flags', (detail) => tell(path, detail))) {
    if (['min', 'max', 'avg'].includes(flag)) tell(path, `has the grader flag ${flag}, ${others}`)
  }
  if (config['grading'] === 'custom') tell(path, 'has a grader of its own, which is not read here')
}

/** Settings of a group; those of the legacy format are inherited from the folders above. */
function createConfigs(yaml: (path: string) => YamlMap, isLegacy: boolean): (group: string) => YamlMap {
  const known: Record<string, YamlMap> = {}
  const read = (group: string): YamlMap => {
    const folder = `data${group === '' ? '' : `/${group}`}`
    const above = group === '' ? undefined : group.split('/').slice(0, -1).join('/')
    if (!isLegacy) return { ...yaml(`${folder}/testdata.yaml`), ...yaml(`${folder}/test_group.yaml`) }
    const own = yaml(`${folder}/testdata.yaml`)
    return Object.keys(own).length > 0 || above === undefined ? own : config(above)
  }
  const config = (group: string): YamlMap => (known[group] ??= read(group))
  return config
}

interface GroupContext {
  isLegacy: boolean
  /** Whether the validator says what each test gives. */
  isGivenScores: boolean
  groups: readonly string[]
  /** What the folder above requires of each of its groups. */
  requiredAbove: readonly string[]
  tell: Tell
}

function groupFields(
  name: string,
  config: YamlMap,
  { isLegacy, isGivenScores, groups, requiredAbove, tell }: GroupContext,
): NonNullable<CodeRequest['groups']>[number] {
  if (isOfSamples(name)) return { name, points: 0 }
  const path = `data/${name}/`
  const tellHere = (detail: string) => tell(path, detail)
  if (isLegacy) {
    const flags = wordsOf(config['grader_flags'], 'grader_flags', tellHere)
    if (config['grading'] === 'custom') tell(path, 'has a grader of its own, which is not read here')
    for (const flag of flags) {
      if (!LEGACY_FLAGS.includes(flag)) tell(path, `has the grader flag ${shortened(flag)}, which is not read here`)
    }
    if (isGivenScores && highestOf(config) === undefined)
      tell(path, 'has scores of the validator, and no range with a highest one, e.g. "range: 0 100"')
    const stops = config['on_reject'] !== 'continue'
    if (flags.findLast((flag) => flag === 'min' || flag === 'sum') !== 'min') return { name, stopOnFailure: stops }
    const points = isGivenScores ? highestOf(config) : numberOf(config['accept_score'])
    return { name, scoring: 'min', points: points ?? 1, stopOnFailure: stops }
  }
  const { points, aggregation } = boundsOf(name, config)
  if (points === undefined) tell(path, 'has no max_score; groups without a bound are not read here')
  if (!['pass-fail', 'sum', 'min'].includes(aggregation))
    tell(path, `score_aggregation is "${aggregation}", which is not read here`)
  if (config['static_validation_score'] !== undefined) tell(path, 'static_validation_score is not read here')
  const required = [...new Set([...requiredAbove, ...wordsOf(config['require_pass'], 'require_pass', tellHere)])]
  for (const one of required) {
    // Samples are no group of their own making: there may be none.
    if (one !== SAMPLE && !groups.includes(one))
      tell(path, `require_pass names "${shortened(one)}", which is no group; there are ${groups.join(', ')}`)
  }
  const requires = groups.filter((one) => required.includes(one) || (required.includes(SAMPLE) && isOfSamples(one)))
  return {
    name,
    scoring: aggregation === 'sum' ? 'sum' : 'min',
    ...(points !== undefined && { points }),
    ...(requires.length > 0 && { requires }),
  }
}

/** Which error a group has, and that it may be accepted all the same, changes no score here. */
const LEGACY_FLAGS = [
  'min',
  'sum',
  'ignore_sample',
  'worst_error',
  'first_error',
  'always_accept',
  'accept_if_any_accepted',
]

/** Wall time may be so much more than CPU time, which is what counts. */
const WALL_FACTOR = 2
const WALL_MORE_MS = SECOND
/** Of a multi-pass problem that does not say it. */
const DEFAULT_PASSES = 2

/** Within one line: `\s` would go on from each empty line to the end of the file. */
const TIME_LIMIT = /^[ \t]*timelimit[ \t]*=[ \t]*["']?([\d.]+)/m

function limitsOf(given: YamlMap, files: ReadonlyMap<string, Buffer>, tell: Tell) {
  const times = (name: string, unit: number) => {
    const value = numberOf(given[name])
    if (value === undefined && given[name] !== undefined && given[name] !== null)
      tell(SETTINGS, `limits: ${name} is no number`)
    return value === undefined ? undefined : Math.round(value * unit)
  }
  const [, ofIni] = TIME_LIMIT.exec(files.get('domjudge-problem.ini')?.toString() ?? '') ?? []
  const cpuMs = times('time_limit', SECOND) ?? (ofIni === undefined ? undefined : Math.round(Number(ofIni) * SECOND))
  const withTime = (ms: number | undefined) => ({
    cpuMs: ms,
    wallMs: ms === undefined ? undefined : WALL_FACTOR * ms + WALL_MORE_MS,
  })
  return {
    own: defined({
      ...withTime(cpuMs),
      memoryBytes: times('memory', MIB),
      outputBytes: times('output', MIB),
      compileWallMs: times('compilation_time', SECOND),
    }),
    passes: times('validation_passes', 1) ?? DEFAULT_PASSES,
    validator: defined({
      ...withTime(times('validation_time', SECOND)),
      memoryBytes: times('validation_memory', MIB),
      outputBytes: times('validation_output', MIB),
    }),
  }
}

function defined(limits: Record<string, number | undefined>): NonNullable<Problem['limits']> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined))
}

/** @returns the output validator as a program of the judges; undefined when the default one is meant */
function readValidator(
  files: ReadonlyMap<string, Buffer>,
  languageOf: (path: string) => string | undefined,
  tell: Tell,
  limits: NonNullable<Problem['limits']>,
) {
  const folders = ['output_validator', 'output_validators']
  const all = [...files.keys()].filter((path) => folders.some((folder) => path.startsWith(`${folder}/`)))
  const [first] = all
  if (first === undefined) return undefined
  // In `output_validators` a program is a file, or a folder of its own.
  const parts = first.split('/')
  const base = parts.length > 2 && parts[0] === 'output_validators' ? parts.slice(0, 2).join('/') : (parts[0] ?? '')
  const own = all.filter((path) => path.startsWith(`${base}/`))
  const isOneFile = base === 'output_validators'
  if (own.length < all.length || (isOneFile && own.length > 1))
    tell('output_validators/', 'has several programs; one is read here')
  for (const path of own) {
    if (/\/(?:build|run)$/.test(path)) tell(path, 'is a script to build or run a program, which is not read here')
    else if (!isText(files.get(path) ?? Buffer.alloc(0))) tell(path, 'is not UTF-8')
  }
  const sources = own.filter((path) => languageOf(path) !== undefined && !/\.(?:h|hh|hpp)$/.test(path))
  const main =
    sources.length === 1
      ? sources[0]
      : sources.find((path) => /\/(?:main|validate|validator|output_validator)\.\w+$/.test(path))
  if (main === undefined) {
    tell(
      `${base}/`,
      sources.length === 0
        ? 'has no file of a language that is known here'
        : 'has several sources, and none is main, validate or validator',
    )
    return undefined
  }
  const within = (path: string) => path.slice(base.length + 1)
  return {
    language: languageOf(main) ?? '',
    files: own.map((path) => ({ path: within(path), content: answerText(files.get(path) ?? Buffer.alloc(0)) })),
    entrypoint: within(main),
    ...(Object.keys(limits).length > 0 && { limits }),
  }
}

/** The default output validator: words, letter case aside. */
function defaultValidator(args: readonly string[], tell: Tell): NonNullable<Problem['checker']> {
  let [caseSensitive, spaceSensitive] = [false, false]
  const errors: { absolute?: number; relative?: number } = {}
  for (let at = 0; at < args.length; at++) {
    const name = args[at] ?? ''
    if (name === 'case_sensitive') caseSensitive = true
    else if (name === 'space_change_sensitive') spaceSensitive = true
    else if (/^float_(?:absolute_|relative_)?tolerance$/.test(name)) {
      const value = Number(args[++at] ?? NaN)
      if (!Number.isFinite(value)) tell(SETTINGS, `the default validator needs a number behind ${name}`)
      if (!name.includes('relative')) errors.absolute = value
      if (!name.includes('absolute')) errors.relative = value
    } else tell(SETTINGS, `the default validator has no argument ${shortened(name)}`)
  }
  const isNumbers = Object.keys(errors).length > 0
  if (spaceSensitive && (isNumbers || !caseSensitive)) {
    tell(SETTINGS, 'space_change_sensitive is read here with case_sensitive alone')
  }
  if (spaceSensitive) return { type: 'exact' }
  return { type: isNumbers ? 'numbers' : 'tokens', ignoreCase: !caseSensitive, ...errors }
}
