import type { RequestTest } from '../requests.ts'
import { allowedExamples, baseName, exampleSubmissions, NO_EXAMPLES } from './example-submissions.ts'
import { inputValidators } from './input-validators.ts'
import {
  boundsOf,
  checkAbove,
  createConfigs,
  foldersAbove,
  groupFields,
  isOfSamples,
  SAMPLE,
  VALIDATOR_ARGS,
} from './kattis-groups.ts'
import { checkKeys } from './kattis-keys.ts'
import { allowedLanguages } from './kattis-languages.ts'
import { legacyGroups } from './legacy-groups.ts'
import { limitsOf, SETTINGS, shortened, textOf, wordsOf } from './kattis-settings.ts'
import { defaultValidator, readValidator } from './kattis-validator.ts'
import { type Problem, type ProblemFault, type ReadProblem, readProblemOf, type Tell, withPrograms } from './problem.ts'
import { answerText, inputFields, isText } from './problem-text.ts'
import { MAX_PROBLEM_TESTS } from './stored-problem.ts'
import { isMap, readYamlMap, type Yaml, type YamlMap } from './yaml.ts'

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
  const tell: Tell = (path, detail, pointer) => {
    const fault = `${path}: ${detail}`
    if (!told.has(fault)) faults.push({ path, detail, pointer })
    told.add(fault)
  }
  const notes: ProblemFault[] = []
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
    const known = parsed.get(path) ?? readYamlMap(files.get(path), (detail) => tell(path, detail))
    parsed.set(path, known)
    return known
  }

  const inSettings = (detail: string, pointer?: string) => tell(SETTINGS, detail, pointer)
  const settings = yaml(SETTINGS)
  const version = textOf(settings['problem_format_version']) ?? 'legacy'
  if (!VERSIONS.includes(version))
    inSettings(
      `problem_format_version is "${shortened(version)}"; read are ${VERSIONS.join(', ')}`,
      '/problem_format_version',
    )
  const isLegacy = version.startsWith('legacy')
  const validation = (textOf(settings['validation']) ?? 'default').split(/\s+/)
  const types = wordsOf(settings['type'] ?? 'pass-fail', 'type', inSettings)
  const isScoring = types.includes('scoring')
  const isOutputOnly = types.includes('submit-answer')
  const isMultiPass = types.includes('multi-pass')
  const isInteractive = types.includes('interactive') || validation.includes('interactive')
  for (const type of types) {
    if (!['pass-fail', 'scoring', 'interactive', 'multi-pass', 'submit-answer'].includes(type))
      inSettings(`type is "${shortened(type)}", which is not read here`, '/type')
  }
  for (const folder of NOT_READ) {
    if ([...files.keys()].some((path) => path.startsWith(`${folder}/`))) tell(`${folder}/`, 'is not read here')
  }
  if (settings['constants'] !== undefined) inSettings('constants are not read here', '/constants')

  const grading = isMap(settings['grading']) ? settings['grading'] : {}
  if (isLegacy && grading['objective'] === 'min')
    inSettings('grading: objective is min; the most points are the best here', '/grading/objective')

  const configs = createConfigs(yaml, isLegacy, grading)
  const isGivenScores = isLegacy && validation.includes('score')
  const legacy = isLegacy && isScoring ? legacyGroups(names, { configs, isGivenScores, tell }) : undefined
  const groupOf = legacy?.groupOf ?? ((name: string) => name.split('/').slice(0, -1).slice(0, 2).join('/'))
  if (names.length === 0) tell('data/', 'has no test: there is neither data/sample/NAME.in nor data/secret/NAME.in')
  const sizes = new Map<string, number>()
  for (const name of names) sizes.set(groupOf(name), (sizes.get(groupOf(name)) ?? 0) + 1)
  const pointsOf = (group: string): number | undefined => {
    if (legacy) return legacy.pointsOf(group)
    if (!isScoring) return undefined
    if (isOfSamples(group)) return 0
    const { points, aggregation } = boundsOf(group, configs(group))
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
      if (key !== undefined)
        return wordsOf(within(config[key] ?? null), key, (detail, pointer) => tell(path, detail, pointer))
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
      ...(!name.startsWith(`${SAMPLE}/`) && { secret: true }),
      ...(points !== undefined && { points }),
    }
  })
  if (flags.size > 1)
    tell('data/', 'has tests with different arguments of the output validator, which is not read here')
  const own: string[] = flags.size > 0 ? (JSON.parse([...flags][0] ?? '[]') as string[]) : []
  const validatorArgs = [...wordsOf(settings['validator_flags'], 'validator_flags', inSettings), ...own]

  if (settings['limits'] !== undefined && settings['limits'] !== null && !isMap(settings['limits']))
    inSettings('limits is not a map of keys and values', '/limits')
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

  const allowed = isLegacy ? undefined : allowedLanguages(settings['languages'], tell)
  const harness = includedFiles(files, languageOf, tell)
  const groups = isScoring ? [...new Set(tests.map(({ group = '' }) => group))] : []
  if (!legacy) for (const above of new Set(groups.flatMap(foldersAbove))) checkAbove(above, configs(above), tell)
  const problem: Problem = {
    tests: isScoring ? tests : tests.map(({ group: _group, points: _points, ...test }) => test),
    ...judge,
    ...(isScoring
      ? {
          groups:
            legacy?.groups ??
            groups.map((group) =>
              groupFields(group, configs(group), {
                groups,
                requiredAbove:
                  group === 'secret'
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
    ...(allowed && { languages: allowed }),
    ...(harness.length > 0 && { harness }),
  }
  const examples = isOutputOnly ? NO_EXAMPLES : allowedExamples(exampleSubmissions(files, languageOf, tell), allowed)
  const validators = inputValidators(files, languageOf, tests, (validator, test) => {
    const name = names[test] ?? ''
    const key = isLegacy ? 'input_validator_flags' : 'input_validator_args'
    const ofValidator = (args: Yaml) => (isMap(args) ? (Object.hasOwn(args, validator) ? args[validator] : []) : args)
    return wordsOfTest(name, [key], ofValidator)
  })
  checkKeys({
    files,
    yaml,
    names,
    version,
    tell,
    note: (path, detail, pointer) => void notes.push({ path, detail, pointer }),
  })
  return readProblemOf('kattis', problem, withPrograms(examples, validators), faults, notes)
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
      languageOf(`x.${EXTENSIONS[folder] ?? folder}`) ?? paths.map(languageOf).find((one) => one !== undefined)
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
const EXTENSIONS: Readonly<Record<string, string>> = {
  python3: 'py',
  javascript: 'js',
  ruby: 'rb',
  rust: 'rs',
  kotlin: 'kt',
}

const VERSIONS = ['legacy', 'legacy-icpc', '2023-07-draft', '2025-09']
const NOT_READ = ['static_validator', 'graders', 'grader']
