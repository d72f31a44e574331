// What programs for Piston do with their own clients from npm, against the gateway named in argv.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [base = '', folder = ''] = process.argv.slice(2)
const { works } = (await import('./calls.mjs')).callsOf(folder)
const require = createRequire(join(folder, 'clients.cjs'))

const { piston } = await import(require.resolve('piston-client'))
const first = piston({ server: `${base}/piston` })
// It asks for 3 s of the clock unless it is told otherwise, which a busy machine may need for the start of Node.js.
const options = { runTimeout: 60_000 }
const executed = await first.execute('javascript', 'console.log(process.argv.slice(2).join())', options)
assert.equal(executed.run.output, '1,2,3\n', JSON.stringify(executed))
const unknown = await first.execute('nosuch', 'x', { version: '1' })
assert.equal(unknown.message, 'nosuch-1 runtime is unknown')
works('piston-client', 'execute', 'an unknown language')

const { PistonClient } = require('piston-api-client')
const second = new PistonClient({ server: `${base}/piston` })
const result = await second.execute({
  language: 'py',
  version: '3.x',
  files: [{ content: 'print(input())' }],
  stdin: 'hello',
})
assert.ok(result.success, JSON.stringify(result))
assert.equal(result.data.run.stdout, 'hello\n')
works('piston-api-client', 'execute, with input')
// It keeps a timer for its cache.
process.exit(0)
