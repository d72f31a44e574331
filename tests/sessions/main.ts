// npm run test:sessions: a transcript in the kernel of each language that has one, held against the same in its kernel without an engine; sessions
// without kernel of all languages that are installed; how long executions take and how much memory an idle session has. With names of languages
// behind it, those alone.
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type Execution, createClient, type SessionHandle } from '../../src/client/client.ts'
import { startInstallation } from '../support/installation.ts'
import { findLanguage, loadLanguages } from '../../src/shared/language.ts'
import { MIB } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { type Plain, runPlain } from './plain-kernel.ts'
import type { Step } from './transcript-step.ts'
import { LARGE, TRANSCRIPTS } from './transcripts.ts'

const NAMED = process.argv.slice(2)
const KERNELS = NAMED.length > 0 ? NAMED : Object.keys(TRANSCRIPTS)
const TIMED = 40

const installation = await startInstallation({ name: 'sessions', workers: 1, gateways: 1 })
const client = createClient({ url: installation.urls[0] ?? '' })
let failed = 0

/** What a step says that did not come of it. */
function faultOf(step: Step, execution: Execution): string | undefined {
  if (Object.keys(step).length === 1) return undefined
  const { shows, stderr, error, types } = step
  const text =
    execution.stdout +
    execution.results.map(({ data }) => (typeof data['text/plain'] === 'string' ? data['text/plain'] : '')).join('')
  const fault = execution.error ? `${execution.error.name}: ${execution.error.value}` : undefined
  if (error === undefined ? fault !== undefined : fault?.startsWith(error) !== true) return `error: ${fault}`
  if (shows !== undefined && text !== shows) return `shows ${JSON.stringify(text)}`
  if (stderr !== undefined && execution.stderr !== stderr) return `stderr ${JSON.stringify(execution.stderr)}`
  const found = execution.results.map(({ data }) => Object.keys(data)[0] ?? '')
  if (types !== undefined && found.join() !== types.join()) return `media types ${found.join()}`
  return undefined
}

/** What a kernel without an engine answered otherwise. */
function differenceFrom(
  plain: Plain,
  { stdout, stderr, results, error, executionCount }: Execution,
): string | undefined {
  const here: Plain = {
    stdout,
    stderr,
    results: results.map(({ data, isMainResult }) => ({ data, isMainResult })),
    error: error && { name: error.name, value: error.value },
    executionCount,
  }
  for (const name of Object.keys(here) as (keyof Plain)[]) {
    if (isDeepStrictEqual(here[name], plain[name])) continue
    const [a, b] = [here[name], plain[name]].map((value) => JSON.stringify(value).slice(0, 300))
    return `${name} ${a}, without an engine ${b}`
  }
  return undefined
}

async function runStep(session: SessionHandle, step: Step): Promise<Execution> {
  let written = ''
  return session.runCode(step.code, {
    timeoutMs: 60_000,
    ...(step.silent && { silent: true }),
    ...(step.answer !== undefined && { onInput: () => Promise.resolve(step.answer ?? '') }),
    ...(step.interruptAt !== undefined && {
      onStdout(text: string) {
        written += text
        if (written === step.interruptAt) void session.contexts.interrupt()
      },
    }),
  })
}

async function transcript(language: string): Promise<void> {
  let wrong = 0
  const steps = TRANSCRIPTS[language]
  if (!steps) throw new Error(`there is no transcript of ${language}`)
  const known = findLanguage(loadLanguages(join(packageRoot(), 'languages')), language)
  if (!known) throw new Error(`there is no language ${language}`)
  const plain = await runPlain(known, steps)
  await client.sessions.use({ language }, async (session) => {
    for (const [index, step] of steps.entries()) {
      const execution = await runStep(session, step)
      // An interrupt has no moment of its own, and IRkernel tells none of it.
      const fault =
        faultOf(step, execution) ??
        (step.interruptAt || step.alone ? undefined : differenceFrom(plain[index] as Plain, execution))
      if (fault === undefined) continue
      wrong += 1
      console.log(`failed: ${language}: ${JSON.stringify(step.code)}: ${fault}`)
    }
  })
  failed += wrong
  const each = wrong === 0 ? 'each' : `${steps.length - wrong} of them`
  console.log(`${language}: ${steps.length} executions, ${each} as in its kernel without an engine`)
}

/** A result of more than a kernel and the bridge say in one line: its beginning comes, and the context lives. */
async function largeResult(language: string): Promise<void> {
  const code = LARGE[language]
  if (code === undefined) return
  await client.sessions.use({ language }, async (session) => {
    const { error, results, truncated } = await session.runCode(code, { timeoutMs: 60_000 })
    const length = String(results.at(-1)?.data['text/plain']).length
    if (!error && truncated && length > MIB / 2 && length <= MIB) return
    failed += 1
    console.log(`failed: ${language}: ${code}: ${JSON.stringify({ error, truncated, length }).slice(0, 300)}`)
  })
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
async function took(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

/** Sum of the PSS of all that runs in a session, in MiB. */
async function memoryOf(session: SessionHandle): Promise<number> {
  const { stdout } = await session.commands.run('cat /proc/[0-9]*/smaps_rollup 2>/dev/null | grep ^Pss:')
  return stdout.split('\n').reduce((sum, line) => sum + Number(/\d+/.exec(line)?.[0] ?? 0), 0) / 1024
}

async function figures(language: string): Promise<void> {
  const code = language === 'bash' ? ':' : '1'
  await client.sessions.use({ language }, async (session) => {
    const first = await took(() => session.runCode(code))
    const later: number[] = []
    for (let i = 0; i < TIMED; i++) later.push(await took(() => session.runCode(code)))
    const memory = await memoryOf(session)
    const [a, b, c] = [first, median(later), memory].map((value) => value.toFixed(1))
    console.log(`${language}: first execution ${a} ms, later ones ${b} ms (median), memory ${c} MiB (PSS)`)
  })
}

async function withoutKernel(language: string): Promise<void> {
  await client.sessions.use({ language, kernel: false }, async ({ files, commands }) => {
    await files.write('in/a.txt', 'content')
    const { stdout, exitCode } = await commands.run('cat in/a.txt; mkdir out; mv in/a.txt out/b.txt; exit 3')
    const moved = await files.readText('out/b.txt')
    if (stdout === 'content' && exitCode === 3 && moved === 'content') return
    failed += 1
    console.log(`failed: ${language} without kernel: ${JSON.stringify({ stdout, exitCode, moved })}`)
  })
}

try {
  const installed = (await client.runtimes()).filter(({ installed: is }) => is).map(({ language }) => language)
  for (const language of KERNELS) await transcript(language)
  for (const language of KERNELS) await largeResult(language)
  const bare = installed.filter((language) => NAMED.length === 0 || NAMED.includes(language))
  for (const language of bare) await withoutKernel(language)
  console.log(`without kernel: ${bare.length} languages`)
  for (const language of KERNELS) await figures(language)
} catch (error) {
  failed += 1
  console.log(error)
} finally {
  await installation.close()
}
console.log(failed === 0 ? 'sessions: all held' : `sessions: ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
