import type { CodeRequest } from '../requests.ts'
import { MAX_POINTS } from './judging-request.ts'
import { numberOf, shortened, textOf, wordsOf } from './kattis-settings.ts'
import type { Tell } from './problem.ts'
import { wordsIn, type YamlMap } from './yaml.ts'

/** Group of the samples, and folder of their tests. */
export const SAMPLE = 'sample'

/** Whether a group is that of the samples, or lies in it. */
export const isOfSamples = (group: string): boolean => group.split('/')[0] === SAMPLE

/** The folders that a group lies in, the root of the data among them. */
export const foldersAbove = (group: string): string[] =>
  group.split('/').map((_part, index, parts) => parts.slice(0, index).join('/'))

/** The end of a `range`, where it is one; scores of a validator go up to it. */
export function highestOf(config: YamlMap): number | undefined {
  const [, highest] = wordsIn(config['range']) ?? []
  return numberOf(highest)
}

/** What a group of the newer formats gives at most, and how. */
export function boundsOf(name: string, config: YamlMap) {
  const isWhole = name === 'secret'
  const points = numberOf(config['max_score'] ?? (isWhole ? '100' : undefined))
  return {
    points: points !== undefined && points >= 0 && points <= MAX_POINTS ? points : undefined,
    aggregation: textOf(config['score_aggregation']) ?? (isWhole ? 'sum' : 'pass-fail'),
  }
}

/** What groups within a folder give is added up here, whatever else its settings say. */
export function checkAbove(name: string, config: YamlMap, tell: Tell): void {
  const { aggregation } = boundsOf(name, config)
  if (name === 'secret' && aggregation !== 'sum')
    tell(
      `data/${name}/`,
      `score_aggregation is "${aggregation}", and has groups within it, whose scores are added up here`,
    )
}

/** Names of the arguments of the output validator, the first that is said counts; the second is of the legacy format alone. */
export const VALIDATOR_ARGS = ['output_validator_args', 'output_validator_flags']

/** What is read of a group of the legacy format, each setting by its names. No others are inherited: each folder would have a copy of all of them. */
const INHERITED = [
  ['on_reject'],
  ['accept_score'],
  ['reject_score'],
  ['range'],
  ['grading'],
  ['grader_flags'],
  ['args'],
  ['input_validator_flags'],
  VALIDATOR_ARGS,
]

/**
 * Settings of a group. In the legacy format each that its folder does not say is that of the folder around it, and `grading` of the problem stands before
 * those of all folders, as in the tools of the format.
 * @param grading of the settings of the problem
 */
export function createConfigs(
  yaml: (path: string) => YamlMap,
  isLegacy: boolean,
  grading: YamlMap = {},
): (group: string) => YamlMap {
  const known = new Map<string, YamlMap>()
  const ofProblem = settingsIn(grading)
  const read = (group: string): YamlMap => {
    const folder = `data${group === '' ? '' : `/${group}`}`
    if (!isLegacy) return { ...yaml(`${folder}/testdata.yaml`), ...yaml(`${folder}/test_group.yaml`) }
    const own = yaml(`${folder}/testdata.yaml`)
    const above = group === '' ? {} : config(group.split('/').slice(0, -1).join('/'))
    const settings = INHERITED.flatMap((names) => {
      const from = names.some((name) => own[name] !== undefined) ? own : above
      return names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]] as const]))
    })
    return { ...Object.fromEntries(settings), ...ofProblem }
  }
  const config = (group: string): YamlMap => {
    const found = known.get(group) ?? read(group)
    known.set(group, found)
    return found
  }
  return config
}

/** What `grading` of problems in the legacy format says of all groups. */
function settingsIn(grading: YamlMap): YamlMap {
  const scores = ['accept_score', 'reject_score', 'range'].flatMap((name) =>
    grading[name] === undefined ? [] : [[name, grading[name]] as const],
  )
  const onReject = grading['on_reject']
  return {
    ...Object.fromEntries(scores),
    ...(onReject === 'first_error' && { on_reject: 'break' }),
    ...(onReject === 'grade' && { on_reject: 'continue' }),
  }
}

interface GroupContext {
  groups: readonly string[]
  /** What the folder above requires of each of its groups. */
  requiredAbove: readonly string[]
  tell: Tell
}

/** A group of the newer formats as a job has it. @param name its path below `data` */
export function groupFields(
  name: string,
  config: YamlMap,
  { groups, requiredAbove, tell }: GroupContext,
): NonNullable<CodeRequest['groups']>[number] {
  if (isOfSamples(name)) return { name, points: 0 }
  const path = `data/${name}/`
  const tellHere = (detail: string) => tell(path, detail)
  const { points, aggregation } = boundsOf(name, config)
  const given = textOf(config['max_score'])
  if (points === undefined && (given === undefined || given === 'unbounded'))
    tell(path, 'has no max_score; groups without a bound are not read here')
  else if (points === undefined)
    tell(
      `${path}test_group.yaml`,
      `max_score is "${shortened(given ?? '')}"; it must be a number from 0 to ${MAX_POINTS}`,
      '/max_score',
    )
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
