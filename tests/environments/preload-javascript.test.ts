import { mkdtemp, rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Job } from '../../src/shared/job.ts'
import { runJob, stageOf } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { makeKey } from '../support/make-key.ts'
import { startNpmRegistry, tarball, type TestRegistry } from '../support/npm-registry.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { AT_A_FIFO, commandLine, hasPath, sleepers, sleepersAt } from '../support/processes.ts'

/** What each runs when it is loaded. */
const PACKAGES = {
  ahead: 'exports.pid = process.pid\n',
  broken: "throw new Error('broken')\n",
  leaving: 'process.exit(3)\n',
  loud: `process.emitWarning('loud')
console.log('loud')
process.stderr.write('loud')
const write = process.stdout.write.bind(process.stdout)
exports.say = (text) => write(text)
`,
}
const NAMES = Object.keys(PACKAGES)

let registry: TestRegistry
let platform: TestPlatform
let data: string
let lab: { authorization: string }
let other: { authorization: string }
beforeAll(async () => {
  registry = await startNpmRegistry()
  data = await mkdtemp('/tmp/ry-pre-')
  platform = await startPlatform({
    RUNYARD_DATA_DIR: data,
    PACKAGE_INDEX_NPM: registry.url,
    PACKAGE_INDEX_REACH: '127.0.0.1',
    PACKAGE_PRELOAD: ['loud', 'broken', 'leaving', 'absent', 'ahead', '@modern/words']
      .map((name) => `lab/javascript/${name}`)
      .join(),
  })
  lab = await makeKey(platform, 'lab')
  other = await makeKey(platform, 'other')
  registry.add(
    ...Object.entries(PACKAGES).map(([name, content]) => tarball(name, '1.0.0', [['index.js', content]])),
    tarball(
      '@modern/words',
      '1.0.0',
      [['index.mjs', "globalThis.words = (globalThis.words ?? 0) + 1\nexport const text = 'words'\n"]],
      { exports: './index.mjs' },
    ),
  )
  // Behind it the first interpreter starts.
  expect((await run(lab, 'void 0')).status).toBe('succeeded')
})
afterAll(async () => {
  await platform.close()
  await registry.close()
  await rm(data, { recursive: true, force: true })
})

async function run(key: { authorization: string }, code: string, more: object = {}): Promise<Job> {
  const request = { language: 'javascript', code, dependencies: [...NAMES, '@modern/words'], ...more }
  return runJob(platform.url, request, key)
}
/** Prints which packages are loaded. */
const LOADED = `console.log(JSON.stringify(Object.keys(require.cache).map((path) => path.split('/node_modules/')[1] ?? '').filter(Boolean).sort()))
`
const ALL = '["@modern/words/index.mjs","ahead/index.js","loud/index.js"]\n'
const NONE = '[]\n'
/**
 * Each job takes the interpreter that waits, also while it still starts or loads: the next job comes when that sleeps at its program. One that
 * waits is of this tenant, since only it has the modules in its command line.
 */
const preloaded = (code: string, head = '') =>
  eventually('a job finds its modules loaded', async () => {
    await eventually('an interpreter waits at its program', () => sleepers(AT_A_FIFO, '@modern/words') > 0)
    const job = await run(lab, `${head}${LOADED}${code}`)
    const { stdout } = stageOf(job)
    return stdout.startsWith(ALL) ? { job, stdout: stdout.slice(ALL.length) } : undefined
  })

test('a job finds loaded what the operator has loaded ahead for its tenant', async () => {
  const { job, stdout } = await preloaded("console.log(require('ahead').pid === process.pid, words)")
  expect(job.status).toBe('succeeded')
  expect(stdout).toBe('true 1\n')
})

test('a module of the newer kind is the same when the program imports it', async () => {
  const head = `import { createRequire } from 'node:module'
import { text } from '@modern/words'
const require = createRequire(import.meta.url)
`
  const { stdout } = await preloaded('console.log(globalThis.words, text)', head)
  expect(stdout).toBe('1 words\n')
})

/** Interpreters that wait with the packages of this file at hand, and no modules to load. */
const plainOnes = () =>
  sleepersAt(AT_A_FIFO).filter(
    (pid) =>
      hasPath(pid, '/environment/node_modules/@modern/words') && !commandLine(pid).join(' ').includes('@modern/words'),
  )

test('nobody else does, the first time or with an interpreter that has waited', async () => {
  expect(stageOf(await run(other, LOADED)).stdout).toBe(NONE)
  await eventually('an interpreter of the other tenant waits', () => plainOnes().length > 0)
  expect(stageOf(await run(other, LOADED)).stdout).toBe(NONE)
})

test('what they print is not the job’s, and what they keep of its streams writes to them', async () => {
  const { job, stdout } = await preloaded("require('loud').say('kept\\n')")
  expect(stdout).toBe('kept\n')
  expect(stageOf(job).stderr).toBe('')
})

test('what cannot be loaded fails where the program loads it, as ever', async () => {
  const { job } = await preloaded("require('broken')")
  expect(stageOf(job).stderr).toMatch(
    /\/environment\/node_modules\/broken\/index\.js:1\n.*Error: broken.*\/job\/main\.js:2/s,
  )
  expect(stageOf((await preloaded("require('leaving')")).job).exitCode).toBe(3)
})

test('the interpreter looks as ever otherwise, also to a worker thread', async () => {
  const look = `const { Worker } = require('worker_threads')
const own = () => [process.argv, process.execArgv, require.main?.filename, module.id, Object.keys(process.stdout), process.exit.name]
console.log(JSON.stringify([own(), Object.keys(globalThis).filter((name) => name !== 'words'), process.listenerCount('exit')]))
const thread = 'require("worker_threads").parentPort.postMessage([process.argv, process.execArgv, Object.keys(require.cache)])'
new Worker(thread, { eval: true }).on('message', (seen) => console.log(JSON.stringify(seen)))
`
  const { stdout } = await preloaded(look)
  const plain = stageOf(await run(other, `${LOADED}${look}`)).stdout
  expect(stdout).toBe(plain.slice(NONE.length))
})
