import { nearWord } from '../did-you-mean.ts'
import { pointerTo } from '../json-pointer.ts'
import { SETTINGS, shortened } from './kattis-settings.ts'
import type { Tell } from './problem.ts'
import { CLAIMS_PATH } from './submission-claims.ts'
import { isMap, type YamlMap } from './yaml.ts'

const words = (text: string): string[] => text.trim().split(/\s+/)

const LIMITS = words(`
  time_multipliers time_limit time_resolution memory output code compilation_time compilation_memory validation_time validation_memory
  validation_output validation_passes`)
/** The last two are of older versions, and read in all. */
const OF_ANY_PROBLEM = words(`
  problem_format_version type name uuid version credits source license rights_owner limits keywords languages constants
  validation validator_flags`)
const OF_TEST = words(`
  args input_validator_args output_validator_args input_visualizer_args output_visualizer_args full_feedback hint description`)
const OF_GROUP = words(`
  max_score score_aggregation static_validation_score static_validation require_pass static_validator_args`)
const OF_CLAIM = words('permitted required score message use_for_time_limit')
const OF_SUBMISSION = [...words('language entrypoint authors model_solution'), ...OF_CLAIM]
/** Keys of a submission that name tests, of which something is claimed. */
const NAMES_TESTS = /^(?:sample|secret|\*)/

const NEWER = {
  problem: [...OF_ANY_PROBLEM, 'embargo_until', 'allow_file_writing'],
  limits: LIMITS,
  group: [...OF_GROUP, ...OF_TEST],
}
/** Drafts of 2023-07 differ, and early ones have keys of the legacy version. */
const DRAFT = { ...NEWER, problem: [...NEWER.problem, 'author', 'source_url'], limits: [...LIMITS, 'time_multiplier'] }
const LEGACY = {
  problem: [...OF_ANY_PROBLEM, 'author', 'source_url', 'scoring', 'grading', 'libraries'],
  limits: [...LIMITS, 'time_multiplier', 'time_safety_margin'],
  group: words(`
    on_reject grading grader_flags accept_score reject_score range args input_validator_flags output_validator_flags
    output_validator_args`),
}

/** Keys that are told of one package: each is compared with all there are. */
const MAX_TOLD = 100

interface Checked {
  files: ReadonlyMap<string, Buffer>
  /** The map in a file. */
  yaml: (path: string) => YamlMap
  /** Of tests, e.g. `secret/a/1`. */
  names: readonly string[]
  version: string
  tell: Tell
  note: Tell
}

/**
 * Tells keys that the format does not know, which say nothing: a misspelt one would lose a limit or a dependency. They are faults, as the newer versions
 * have it; of the legacy version, where packages have keys of other tools, notes.
 * Source: the problem package format of Kattis, "Problem metadata", "Limits", "Test data configuration", "Test case configuration", `submissions.yaml`.
 */
export function checkKeys({ files, yaml, names, version, tell, note }: Checked): void {
  const isLegacy = version.startsWith('legacy')
  const known = isLegacy ? LEGACY : version === '2023-07-draft' ? DRAFT : NEWER
  const tellUnknown = isLegacy ? note : tell
  let left = MAX_TOLD
  /** @param within names the map in the file @param elsewhere keys of other maps, by their place */
  const check = (
    path: string,
    map: YamlMap,
    keys: readonly string[],
    within: string[] = [],
    elsewhere: Elsewhere = [],
  ) => {
    const of = within.map((one) => `${shortened(one)}: `).join('')
    for (const key of Object.keys(map)) {
      if (keys.includes(key)) continue
      if (left-- <= 0) return
      tellUnknown(
        path,
        `${of}has the key "${shortened(key)}", which the format does not know${hint(key, keys, elsewhere)}`,
        pointerTo(...within, key),
      )
    }
  }

  const settings = yaml(SETTINGS)
  check(
    SETTINGS,
    settings,
    known.problem,
    [],
    [
      ['limits', known.limits],
      [isLegacy ? 'testdata.yaml' : 'test_group.yaml', known.group],
    ],
  )
  if (isMap(settings['limits'])) check(SETTINGS, settings['limits'], known.limits, ['limits'])

  for (const path of files.keys()) {
    if (!/^data\/(?:(?:sample|secret)\/(?:.*\/)?)?(?:test_group|testdata)\.yaml$/.test(path)) continue
    if (isLegacy && path.endsWith('test_group.yaml'))
      note(
        path,
        `is not read in a package of version ${version}, which problem_format_version of ${SETTINGS} says; there it is testdata.yaml`,
      )
    else check(path, yaml(path), known.group)
  }
  if (!isLegacy) {
    for (const name of names) check(`data/${name}.yaml`, yaml(`data/${name}.yaml`), OF_TEST)
  }
  for (const [pattern, claim] of Object.entries(yaml(CLAIMS_PATH))) {
    if (!isMap(claim)) continue
    const entries = Object.entries(claim)
    const own = Object.fromEntries(entries.filter(([key]) => !NAMES_TESTS.test(key)))
    check(CLAIMS_PATH, own, OF_SUBMISSION, [pattern])
    for (const [key, tests] of entries)
      if (NAMES_TESTS.test(key) && isMap(tests)) check(CLAIMS_PATH, tests, OF_CLAIM, [pattern, key])
  }
}

type Elsewhere = readonly (readonly [place: string, keys: readonly string[]])[]

/** What may be meant. */
function hint(key: string, keys: readonly string[], elsewhere: Elsewhere): string {
  const written = shortened(key)
  const near = nearWord(written, keys)
  if (near !== undefined) return `; did you mean ${near}?`
  for (const [place, others] of elsewhere) {
    const other = nearWord(written, others)
    if (other !== undefined) return `; did you mean ${other} in ${place}?`
  }
  return `; there are ${keys.join(', ')}`
}
