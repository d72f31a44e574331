import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBackends } from '../../src/host/backends.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import type { Defence } from './defence.ts'
import { GROUPS } from './groups.ts'
import { copyTree, runTests, withoutDefence } from './trial.ts'

/**
 * Takes each defence away, in a copy of the tree, and demands that the test which is there for it fails; and that it passes
 * with the defence. `npm run test:defences [-- WORD...]` tries those whose line contains one of the words.
 */
interface Row {
  group: string
  defence: Defence
  /** Empty when the defence is proven. */
  fault: string
  /** What the test says without the defence. */
  said: string
}

const words = process.argv.slice(2).map((word) => word.toLowerCase())
const rows = Object.entries(GROUPS)
  .flatMap(([group, defences]) => defences.map((defence): Row => ({ group, defence, fault: '', said: '' })))
  .filter(({ group, defence: { threat, without, test } }) => {
    const line = `${group} ${threat} ${without} ${test}`.toLowerCase()
    return words.length === 0 || words.some((word) => line.includes(word))
  })

const folder = await mkdtemp(join(tmpdir(), 'runyard-defences-'))
const tree = join(folder, 'tree')
const backends = await startBackends({ dataDir: join(folder, 'data') })
process.env['RUNYARD_TEST_REDIS'] = backends.redisUrl
process.env['RUNYARD_TEST_PODMAN'] = backends.podmanSocket
try {
  await copyTree(packageRoot(), tree)
  for (const { defence } of rows) await withoutDefence(tree, defence, async () => undefined)
  console.log(`${rows.length} defences; first their tests as they are`)
  await tryAll()
} finally {
  await backends.close()
  await rm(folder, { recursive: true, force: true })
}
console.log(table(rows))
const unproven = rows.filter(({ fault }) => fault !== '')
for (const { group, defence, fault } of unproven) console.log(`${group}: ${defence.without}: ${fault}`)
console.log(`${rows.length - unproven.length} of ${rows.length} defences are proven`)
process.exitCode = unproven.length === 0 ? 0 : 1

async function tryAll(): Promise<void> {
  for (const test of new Set(rows.map(({ defence }) => defence.test))) {
    const mine = rows.filter(({ defence }) => defence.test === test)
    const { passed, failed, reason } = await runTests(tree, test, [...new Set(mine.map(({ defence }) => defence.name))])
    console.log(`  ${test}: ${passed} passed, ${failed} failed`)
    if (failed > 0 || passed === 0) for (const row of mine) row.fault = `its test fails as it is: ${reason}`
  }
  for (const [index, row] of rows.entries()) {
    if (row.fault !== '') continue
    const { defence, group } = row
    const { failed, passed, reason } = await withoutDefence(tree, defence, () =>
      runTests(tree, defence.test, [defence.name]),
    )
    row.said = reason
    if (failed === 0) row.fault = passed > 0 ? 'its test passes without it' : `its test cannot be run: ${reason}`
    console.log(`  ${index + 1}/${rows.length} ${group}: ${defence.without}: ${row.fault || 'noticed'}`)
  }
}

function table(all: readonly Row[]): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
  const lines = all.map(({ group, defence: { threat, without, test, name }, fault, said }) =>
    [group, threat, without, `${test}: ${name}`, fault === '' ? `fails: ${said}` : `NOT PROVEN: ${fault}`]
      .map(cell)
      .join(' | '),
  )
  return [
    '',
    '| group | threat | without | test | then |',
    '| --- | --- | --- | --- | --- |',
    ...lines.map((line) => `| ${line} |`),
    '',
  ].join('\n')
}
