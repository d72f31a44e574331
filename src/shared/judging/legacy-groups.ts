import type { CodeRequest } from '../requests.ts'
import { MAX_POINTS } from './judging-request.ts'
import type { COUNTS, SCORINGS } from './judging-spec.ts'
import { highestOf, isOfSamples, SAMPLE } from './kattis-groups.ts'
import { numberOf, shortened, textOf, wordsOf } from './kattis-settings.ts'
import type { Tell } from './problem.ts'
import type { YamlMap } from './yaml.ts'

type Group = NonNullable<CodeRequest['groups']>[number]

/** Name of the group that all others are within. */
const ROOT = 'data'

const SCORING_OF: Readonly<Record<string, (typeof SCORINGS)[number]>> = {
  sum: 'sum',
  min: 'min',
  max: 'max',
  avg: 'average',
}
/** Which error a group has changes no score. */
const OTHER_FLAGS = ['ignore_sample', 'worst_error', 'first_error', 'always_accept', 'accept_if_any_accepted']

interface LegacyContext {
  /** Settings of a folder below `data`, with those it inherits; of `data` by the empty path. */
  configs: (folder: string) => YamlMap
  /** Whether the validator says what each test gives. */
  isGivenScores: boolean
  tell: Tell
}

/**
 * Groups of the legacy format, scored as its default grader does: each folder is a group within the one it lies in. What a group gives is the sum, least,
 * greatest or average of what its tests and folders gave, accepted or not; whether it is accepted decides whether the one around it goes on, and of the
 * outermost, whether the program gets its score at all. With `ignore_sample` samples count for nothing of that.
 * Source: the problem package format of Kattis, legacy, "Test Data Groups" and "Default Grader Specification".
 * @param names of tests, e.g. `secret/a/1`
 */
export function legacyGroups(names: readonly string[], { configs, isGivenScores, tell }: LegacyContext) {
  const folders = [...new Set(names.flatMap((name) => foldersTo(folderOf(name))))].sort()
  const known = new Map<string, Settings>()
  const settings = (folder: string): Settings => {
    const found = known.get(folder) ?? settingsOf(configs(folder))
    known.set(folder, found)
    return found
  }
  for (const folder of folders) {
    // A fault that is inherited is that of the folder above.
    const above = folder === '' ? [] : settings(folderOf(folder)).faults
    for (const fault of settings(folder).faults) if (!above.includes(fault)) tell(pathOf(folder), fault)
  }
  const ignoresSample = settings('').flags.includes('ignore_sample')
  const isIgnored = (folder: string) => ignoresSample && isOfSamples(folder)
  const acceptScore = (folder: string): number => {
    if (isIgnored(folder)) return 0
    if (!isGivenScores) return settings(folder).acceptScore
    return highestOf(configs(folder)) ?? 0
  }
  const fields = (folder: string): Group => {
    const name = folder === '' ? ROOT : folder
    const { scoring, counts, stops, rejectScore } = settings(folder)
    if (isIgnored(folder)) return { name, points: 0, ...(folder !== SAMPLE && { within: parentOf(folder) }) }
    const hasTests = names.some((one) => folderOf(one) === folder)
    const hasFolders = folders.some((one) => one !== '' && parentOf(one) === name && !isIgnored(one))
    if (isGivenScores && hasTests && highestOf(configs(folder)) === undefined)
      tell(pathOf(folder), 'has scores of the validator, and no range with a highest one, e.g. "range: 0 100"')
    const requires = folder === '' && stops && ignoresSample ? folders.filter((one) => one === SAMPLE) : []
    return {
      name,
      ...(folder !== '' && { within: parentOf(folder) }),
      scoring,
      // Of a group by parts: its tests can give the same each.
      ...(!hasFolders && scoring !== 'sum' && { points: acceptScore(folder) }),
      ...(rejectScore > 0 && { rejectedPoints: rejectScore }),
      counts,
      ...(requires.length > 0 && { requires }),
      stopOnFailure: stops,
    }
  }
  return {
    groups: folders.map(fields),
    /** The group of a test. */
    groupOf: (name: string) => folderOf(name),
    /** What a test of a group gives when it is accepted. */
    pointsOf: acceptScore,
  }
}

const folderOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf('/')))

const parentOf = (folder: string): string => folderOf(folder) || ROOT

const pathOf = (folder: string): string => (folder === '' ? 'data/' : `data/${folder}/`)

/** A folder and those around it, the root among them. */
const foldersTo = (folder: string): string[] => (folder === '' ? [''] : [...foldersTo(folderOf(folder)), folder])

type Settings = ReturnType<typeof settingsOf>

/** What the settings of a group say, and what is wrong with them. */
function settingsOf(config: YamlMap) {
  const faults: string[] = []
  const tellHere = (detail: string) => void faults.push(detail)
  const flags = wordsOf(config['grader_flags'], 'grader_flags', tellHere)
  for (const flag of flags) {
    if (!Object.hasOwn(SCORING_OF, flag) && !OTHER_FLAGS.includes(flag))
      tellHere(`has the grader flag ${shortened(flag)}, which is not read here`)
  }
  if (config['grading'] === 'custom') tellHere('has a grader of its own, which is not read here')
  const onReject = textOf(config['on_reject']) ?? 'break'
  if (onReject !== 'break' && onReject !== 'continue')
    tellHere(`on_reject is "${shortened(onReject)}"; there are break and continue`)
  const scoreOf = (name: string, standard: number): number => {
    const given = config[name]
    const score = given === undefined || given === null ? standard : numberOf(given)
    if (score !== undefined && score >= 0 && score <= MAX_POINTS) return score
    tellHere(`${name} is no number from 0 to ${MAX_POINTS}`)
    return standard
  }
  const acceptScore = scoreOf('accept_score', 1)
  const rejectScore = scoreOf('reject_score', 0)
  if (rejectScore > acceptScore) tellHere('has a reject_score above its accept_score, which is not read here')
  const scoring = SCORING_OF[flags.findLast((flag) => Object.hasOwn(SCORING_OF, flag)) ?? 'sum'] ?? 'sum'
  return { flags, scoring, counts: countsOf(flags), stops: onReject === 'break', acceptScore, rejectScore, faults }
}

function countsOf(flags: readonly string[]): (typeof COUNTS)[number] {
  const mode = flags.findLast((flag) => ['worst_error', 'first_error', 'always_accept'].includes(flag))
  if (mode === 'always_accept') return 'always'
  return flags.includes('accept_if_any_accepted') ? 'any' : 'all'
}
