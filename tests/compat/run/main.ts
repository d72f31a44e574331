// npm run test:compat [-- PART...]: other systems' own clients, as package indexes have them, against a gateway and a worker.
import { agents } from './agents.ts'
import { e2b } from './e2b.ts'
import { jupyter } from './jupyter.ts'
import { others } from './others.ts'
import { pages } from './pages.ts'
import { runTrial } from './trial.ts'

const PARTS = { others, e2b, agents, jupyter, pages }

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !Object.hasOwn(PARTS, name))
if (unknown.length > 0) throw new Error(`no part is named ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}`) // prettier-ignore

const failed = await runTrial(async (trial) => {
  for (const [name, run] of Object.entries(PARTS)) {
    if (asked.length > 0 && !asked.includes(name)) continue
    const startedAt = performance.now()
    await run(trial)
    console.log(`${name}: ${Math.round((performance.now() - startedAt) / 1000)} s`)
  }
})
console.log(failed.length === 0 ? 'all clients work' : `${failed.length} failed: ${failed.join('; ')}`)
process.exitCode = failed.length === 0 ? 0 : 1
