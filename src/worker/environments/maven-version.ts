/** Words of a version from the oldest on; one without any stands between `snapshot` and `sp`. */
const QUALIFIERS = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp']
const SHORT = new Map([
  ['a', 'alpha'],
  ['b', 'beta'],
  ['m', 'milestone'],
  ['cr', 'rc'],
  ['ga', ''],
  ['final', ''],
  ['release', ''],
])
/** What is offered to be tried. */
const TRIED = /(?:^|[.-])(?:alpha|beta|milestone|rc|cr|m|a|b|pre|preview|ea|dev|snapshot|incubating)[.-]?\d*(?:$|[.-])/i

/** Whether a version is one that nobody calls a trial of one. */
export const isMavenRelease = (version: string): boolean => !TRIED.test(version)

/** As Maven orders versions, the older first. */
export function byMavenVersion(a: string, b: string): number {
  const [first, second] = [partsOf(a), partsOf(b)]
  for (let index = 0; index < Math.max(first.length, second.length); index++) {
    const apart = rankOf(first[index]) - rankOf(second[index])
    if (apart !== 0) return apart
    const [one, other] = [first[index] ?? '', second[index] ?? '']
    if (!/^\d/.test(one) && one !== other) return one < other ? -1 : 1
  }
  return 0
}

/** Numbers and words: they end at a dot, a hyphen, and where one begins behind the other. */
const partsOf = (version: string): string[] =>
  (version.toLowerCase().match(/\d+|[a-z]+/g) ?? []).map((part) => SHORT.get(part) ?? part)

/** Words that are not known stand behind those that are, numbers behind all words but none. */
function rankOf(part: string | undefined): number {
  if (part === undefined || /^0*$/.test(part)) return QUALIFIERS.indexOf('')
  if (/^\d/.test(part)) return QUALIFIERS.length + Number(part) + 1
  const known = QUALIFIERS.indexOf(part)
  return known < 0 ? QUALIFIERS.length : known
}
