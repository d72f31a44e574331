// npm run test:compat [-- [--document] PART...]: other systems' own clients, as package indexes have them, against a gateway and a worker.
// With --document, what all of them showed is written to docs/compatibility/clients.md, by call.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { agents } from './agents.ts'
import { type CallTable, pageOf, TABLE_FILE, TABLE_PAGE, withCalls } from './calls.ts'
import { e2b } from './e2b.ts'
import { jupyter } from './jupyter.ts'
import { others } from './others.ts'
import { pages } from './pages.ts'
import { runTrial } from './trial.ts'

const PARTS = { others, e2b, agents, jupyter, pages }

const DOCUMENT = '--document'
const asked = process.argv.slice(2).filter((word) => word !== DOCUMENT)
const isDocumented = process.argv.includes(DOCUMENT)
const unknown = asked.filter((name) => !Object.hasOwn(PARTS, name))
if (unknown.length > 0)
  throw new Error(`no part is named ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}`)

const { failed, calls } = await runTrial(async (trial) => {
  for (const [name, run] of Object.entries(PARTS)) {
    if (asked.length > 0 && !asked.includes(name)) continue
    const startedAt = performance.now()
    await run(trial)
    console.log(`${name}: ${Math.round((performance.now() - startedAt) / 1000)} s`)
  }
})
console.log(failed.length === 0 ? 'all clients work' : `${failed.length} failed: ${failed.join('; ')}`)
if (isDocumented && failed.length === 0) await document()
process.exitCode = failed.length === 0 ? 0 : 1

/** Nothing is written of a run in which something failed: the page says what was shown. */
async function document(): Promise<void> {
  const before = existsSync(TABLE_FILE) ? (JSON.parse(readFileSync(TABLE_FILE, 'utf8')) as CallTable) : undefined
  const table = withCalls(before, calls, new Date().toISOString().slice(0, 10))
  const formatted = async (file: string, text: string, parser: string) =>
    writeFileSync(file, await format(text, { ...(await resolveConfig(file)), parser }))
  await formatted(TABLE_FILE, JSON.stringify(table), 'json')
  await formatted(TABLE_PAGE, pageOf(table), 'markdown')
}
