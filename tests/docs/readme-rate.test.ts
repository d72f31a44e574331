import { expect, test } from '@jest/globals'
import { createLocalBuckets } from '../../src/api/rate-limit/local-buckets.ts'
import { loadConfig } from '../../src/shared/config/config.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { blocksOf, shownCommands } from '../support/doc-blocks.ts'

/** Of `npm start` itself, at its end. */
const FIRST_JOBS = 1
const isShell = ({ language }: { language: string }) => language === 'console' || language === 'sh'

/** A newcomer types both, one after the other. */
const FIRST_PAGES = ['README.md', 'docs/tutorial.md']

/** The requests of the gateway that the commands of these pages make, in their order, by what they take from. */
function requests(): ('submit' | 'read')[] {
  const commands = FIRST_PAGES.flatMap(blocksOf)
    .filter(isShell)
    .flatMap(({ language, code }) =>
      language === 'console' ? shownCommands(code).map(({ command }) => command) : [code],
    )
  return commands
    .flatMap((command) => command.match(/curl [^|;&]*http:\/\/127\.0\.0\.1:3000\/(?!healthz|readyz)[^|;&]*/g) ?? [])
    .map((curl) => (/ -d | --data|-X POST/.test(curl) ? 'submit' : 'read'))
}

test('the commands of the README and the tutorial in their order do not meet the rate limit as it comes, typed as fast as they can be', () => {
  const { rates } = loadConfig(packageRoot(), { REDIS_URL: 'redis://127.0.0.1' })
  expect(rates.submit).toEqual({ perMinute: 60, burst: 10 })
  const made = [...Array.from({ length: FIRST_JOBS }, () => 'submit' as const), ...requests()]
  expect(made.filter((budget) => budget === 'submit').length).toBeGreaterThan(5)
  // A clock that stands still: nothing comes back between two commands.
  const buckets = createLocalBuckets(10, () => 0)
  const refused = made.filter((budget) => buckets.take(budget, rates[budget], 1).ticket === undefined)
  expect(refused).toEqual([])
})
