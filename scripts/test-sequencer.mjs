// Starts the test files that take longest first, so that none of them is left alone at the end of a run. How long each takes
// is recorded in tests/durations.json, by `scripts/record-durations.mjs`; a file that is not there counts as a short one.
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import Sequencer from '@jest/test-sequencer'

const root = fileURLToPath(new URL('..', import.meta.url))
const seconds = JSON.parse(readFileSync(`${root}/tests/durations.json`, 'utf8'))

export default class LongestFirst extends Sequencer {
  sort(tests) {
    const secondsOf = ({ path }) => seconds[relative(root, path)] ?? 1
    return [...tests].sort((one, other) => secondsOf(other) - secondsOf(one) || (one.path < other.path ? -1 : 1))
  }
}
