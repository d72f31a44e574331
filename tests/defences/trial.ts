import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Defence } from './defence.ts'

/** What a run of tests came to. */
export interface TestRun {
  passed: number
  failed: number
  /** What the first test that failed, or the file that could not be run, says. */
  reason: string
}

const CONFIG = 'defences.config.mjs'
/** A test that waits for what no longer comes has failed. */
const CONFIG_TEXT = `import base from './jest.config.js'
export default { ...base, testTimeout: 12_000 }
`
/** What no test needs, or is better linked. */
const LEFT_OUT = new Set(['.git', 'node_modules', 'dist', '.runyard', 'docs'])
/** After this time a run that hangs is ended. */
const RUN_MS = 180_000

/** Copies the tree with the pages as they were built, and the packages as a link. */
export async function copyTree(root: string, to: string): Promise<void> {
  await cp(root, to, {
    recursive: true,
    filter: (path) => !LEFT_OUT.has(path.slice(root.length + 1)),
  })
  await cp(join(root, 'dist/pages'), join(to, 'dist/pages'), { recursive: true })
  await symlink(join(root, 'node_modules'), join(to, 'node_modules'))
  await writeFile(join(to, CONFIG), CONFIG_TEXT)
}

/** Runs work on a tree without a defence. @throws Error when the tree is not as the defence says */
export async function withoutDefence<T>(tree: string, { edits }: Defence, work: () => Promise<T>): Promise<T> {
  const before = new Map<string, string>()
  try {
    for (const { file, find, replace } of edits) {
      const path = join(tree, file)
      const text = await readFile(path, 'utf8')
      if (!before.has(path)) before.set(path, text)
      const parts = text.split(find)
      if (parts.length !== 2) throw new Error(`${file} has this ${parts.length - 1} times, not once: ${find}`)
      await writeFile(path, parts.join(replace))
    }
    return await work()
  } finally {
    for (const [path, text] of before) await writeFile(path, text)
  }
}

/** The tests of a file whose full names have one of these parts. @throws Error when a defence is guarded by no test */
export async function runTests(tree: string, test: string, names: readonly string[]): Promise<TestRun> {
  const output = join(tree, 'defences.json')
  await rm(output, { force: true })
  const pattern = names.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')
  const jest = ['node_modules/jest/bin/jest.js', '--config', CONFIG, '--json', '--outputFile', output, '--forceExit']
  const child = spawn(
    process.execPath,
    ['--experimental-vm-modules', ...jest, '--runTestsByPath', test, '-t', pattern],
    {
      cwd: tree,
      stdio: 'ignore',
      timeout: RUN_MS,
      killSignal: 'SIGKILL',
    },
  )
  await once(child, 'exit')
  const text = await readFile(output, 'utf8').catch(() => undefined)
  if (text === undefined) return { passed: 0, failed: 0, reason: 'the run did not end' }
  const { testResults } = JSON.parse(text) as JestOutput
  const ran = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status !== 'pending')
  for (const name of names) {
    if (ran.length > 0 && !ran.some(({ fullName }) => fullName.includes(name)))
      throw new Error(`${test} has no test "${name}"`)
  }
  const failed = ran.filter(({ status }) => status === 'failed')
  const said = failed[0]?.failureMessages[0] ?? testResults.map(({ message }) => message).join('\n')
  return {
    passed: ran.length - failed.length,
    failed: failed.length,
    reason: failed.length > 0 || ran.length === 0 ? firstWords(said) : '',
  }
}

interface JestOutput {
  testResults: {
    message: string
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[]
  }[]
}

/** What was expected and what came, in one line: enough to see that it is the defence that is missed, and no mistake in the edit. */
function firstWords(message: string): string {
  const lines = message
    // oxlint-disable-next-line no-control-regex -- the colours of a terminal
    .replaceAll(/\u001b\[[0-9;]*m/g, '')
    .split('\n')
    .map((line) => line.trim())
  const told = lines.filter((line) => /^(?:[-+] (?!Expected|Received)|Expected|Received)/.test(line))
  return (told.length > 0 ? told : lines).slice(0, 6).join(' ').slice(0, 160)
}
