import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { startBackends } from '../../src/host/backends.ts'
import { quantile } from '../../src/cli/bench/quantile.ts'
import type { JobSpec } from '../../src/shared/job.ts'
import { findLanguage, type Language, loadLanguages } from '../../src/shared/language.ts'
import { DEFAULT_CEILINGS, DEFAULT_LIMITS, effectiveLimits } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { planAhead } from '../../src/worker/jobs/plan.ts'
import type { Sandbox } from '../../src/worker/sandbox/sandbox.ts'
import { type Bench, createBench } from '../sandbox/init-harness.ts'
import { BARE_COMMANDS } from '../support/bare-commands.ts'
import { filesOf, loadConformance, type ConformanceProgram } from '../support/language-conformance.ts'
import { recordMemory } from '../support/record-sizes.ts'
import { GRACE_MS, runInSandbox, told } from '../support/run-in-sandbox.ts'

/**
 * `npm run test:prewarmed [-- [--trial] NAME...]`: runs the conformance programs of installed languages with and without prewarming and
 * compares them word for word; measures hello world in both ways, and by the bare toolchain in the same image, and records what the
 * interpreters hold in memory while they wait. `--trial` takes languages that are not prewarmed as if their interpreter could be, and
 * records nothing.
 */

const root = packageRoot()
const HELLOS = 9

/** A program to compare; one with a name is not of the conformance programs, and its text is its bytes. */
type Compared = ConformanceProgram & { name?: string }

async function main(args: readonly string[]): Promise<boolean> {
  const isTrial = args.includes('--trial')
  const known = loadLanguages(join(root, 'languages'))
  const names = args.filter((arg) => arg !== '--trial')
  const languages = (names.length === 0 ? known.map(({ id }) => id) : names)
    .map((name) => findLanguage(known, name) ?? refuse(name))
    .map((language) => (isTrial && !language.prewarm ? { ...language, prewarm: { unless: [] } } : language))
    .filter(({ prewarm }) => prewarm !== undefined)
  const dataDir = await mkdtemp(join(tmpdir(), 'runyard-test-'))
  const backends = await startBackends({ dataDir })
  process.env['RUNYARD_TEST_PODMAN'] = backends.podmanSocket
  const bench = createBench('test-prewarmed-languages')
  const memory = new Map<string, number>()
  let good = true
  try {
    for (const language of languages) {
      const faults = await compare(bench, language, memory).catch((error: Error) => [error.message])
      good &&= faults.length === 0
      for (const fault of faults) console.log(`${language.id}: ${fault}`)
    }
    if (!isTrial) recordMemory(root, memory)
  } finally {
    await bench.close()
    await backends.close()
    await rm(dataDir, { recursive: true, force: true })
  }
  return good
}

/** @param memory gets the bytes that the language's interpreter holds while it waits. @returns what differed, a line each */
async function compare(bench: Bench, language: Language, memory: Map<string, number>): Promise<string[]> {
  const limits = effectiveLimits({}, language.limits, DEFAULT_LIMITS, DEFAULT_CEILINGS)
  const program = planAhead(language, limits, GRACE_MS)
  const { memoryBytes } = limits
  const make = (options: object) =>
    bench.make({ language: language.id, memoryBytes, processes: DEFAULT_CEILINGS.processes, ...options })
  const [plain, prewarmed] = [await make({}), await make({ program })]
  waited.length = 0
  const faults: string[] = []
  const programs: Compared[] = loadConformance(root, language).programs
  for (const one of [...programs, ...(await morePrograms(language))]) {
    const spec = specOf(language, limits, one)
    if (!(await isWaiting(prewarmed, spec, language))) {
      // What it says when it finds the file.
      const argv = [...(program?.launcher ?? program?.start.args ?? [])]
      const { wrote } = await runInSandbox(plain, spec, { ...language, run: { argv } })
      const said = Object.values(wrote).map((bytes) => bytes.toString().slice(0, 500))
      return [...faults, `does not wait at its file; ${JSON.stringify(said)}`]
    }
    const [here, there] = [await timed(plain, spec, language), await timed(prewarmed, spec, language)]
    if (!isDeepStrictEqual(here.told, there.told))
      faults.push(`${one.name ?? one.case} differs: ${JSON.stringify([here.told, there.told])}`)
  }
  const hello = programs.find((one) => one.case === 'hello')
  if (!hello) return [...faults, 'has no hello']
  const spec = specOf(language, limits, hello)
  const bare = BARE_COMMANDS[language.id]
  const times: Record<'bare' | 'plain' | 'prewarmed', number[]> = { bare: [], plain: [], prewarmed: [] }
  for (let i = 0; i < HELLOS; i++) {
    if (!(await isWaiting(prewarmed, spec, language))) return [...faults, 'does not wait at its file']
    times.prewarmed.push((await timed(prewarmed, spec, language)).ms)
    times.plain.push((await timed(plain, spec, language)).ms)
    if (bare === undefined) continue
    const { compile: _, ...alone } = language
    times.bare.push((await timed(plain, spec, { ...alone, run: { argv: ['sh', '-c', bare] } })).ms)
  }
  const show = (ms: number[]) =>
    ms.length === 0
      ? '-'
      : `${Math.round(
          quantile(
            ms.toSorted((a, b) => a - b),
            0.5,
          ),
        )} ms`
  const bytes = await waitingBytes(prewarmed, spec, language)
  memory.set(language.id, bytes)
  console.log(
    `${language.id}: ${faults.length === 0 ? 'the same' : 'DIFFERS'}; hello p50: prewarmed ${show(times.prewarmed)}, not ${show(times.plain)}, bare ${show(times.bare)}; waits after ${show(waited)}; ` +
      `memory ${(bytes / 1e6).toFixed(1)} MB`,
  )
  await plain.destroy()
  await prewarmed.destroy()
  return faults
}

/** Where something lies in memory is chance. */
const withoutAddresses = (text: string): string => text.replaceAll(/(0x|\{)[0-9a-fA-F]{6,}/g, '$1...')

/** Programs that a launcher could take otherwise: `tests/languages/programs/<id>/`. */
async function morePrograms({ id }: Language): Promise<Compared[]> {
  const folder = join(root, 'tests/languages/programs', id)
  const names = await readdir(folder).catch(() => [])
  const read = async (name: string): Promise<Compared> => {
    const code = await readFile(join(folder, name), 'latin1')
    return { name, case: 'hello', code, expected: {} }
  }
  return Promise.all(names.toSorted((a, b) => (a < b ? -1 : 1)).map(read))
}

async function timed(sandbox: Sandbox, spec: JobSpec, language: Language) {
  const began = performance.now()
  const ran = await runInSandbox(sandbox, spec, language)
  const ms = ran.outcome.stages.reduce((sum, { wallMs }) => sum + wallMs, 0)
  const wrote = Object.entries(ran.wrote).map(([name, bytes]) => [name, withoutAddresses(bytes.toString())] as const)
  return { told: { ...told(ran), wrote: Object.fromEntries(wrote) }, ms: ms || performance.now() - began }
}

/** Whether the first stage of a sandbox's last job had input: another such is expected. */
const tookInput = new WeakMap<Sandbox, boolean>()
/** An interpreter that has not come to its file by then does not wait at it. */
const WAITS_MS = 60_000
/** How long it took until one waited, in ms. */
const waited: number[] = []
/** Jobs of a kind after which another is expected, whatever came before. */
const ALIKE = 4

/**
 * Prewarms for such a job, and waits until one of the sandbox's threads sleeps in opening a FIFO.
 * @returns false when none does
 */
async function isWaiting(sandbox: Sandbox, spec: JobSpec, language: Language): Promise<boolean> {
  const stdin = language.compile ? '' : spec.stdin
  for (let jobs = 0; jobs < ALIKE && !sandbox.prewarmed; jobs++) {
    if ((tookInput.get(sandbox) ?? false) === (stdin !== '')) sandbox.prewarm()
    if (sandbox.prewarmed) break
    const { code } = language.hello
    await runInSandbox(
      sandbox,
      {
        ...spec,
        stdin,
        args: [],
        files: [{ ...spec.files[0], path: language.fileName, content: code, encoding: 'utf-8' }],
      },
      language,
    )
    tookInput.set(sandbox, stdin !== '')
  }
  sandbox.prewarm()
  const began = performance.now()
  const until = began + WAITS_MS
  while (performance.now() < until) {
    for (const pid of await pidsOf(sandbox)) {
      for (const thread of await readdir(`/proc/${pid}/task`).catch(() => [])) {
        const sleeping = await readFile(`/proc/${pid}/task/${thread}/wchan`, 'utf8').catch(() => '')
        if (/wait_for_partner|fifo_open/.test(sleeping)) {
          waited.push(performance.now() - began)
          return true
        }
      }
    }
    await sleep(20)
  }
  return false
}

async function pidsOf({ id }: Sandbox): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const groups = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '')))
  return pids.filter((_, index) => groups[index]?.includes(id))
}

/** What the processes of a sandbox that waits hold in memory, proportionally. */
async function waitingBytes(sandbox: Sandbox, hello: JobSpec, language: Language): Promise<number> {
  await isWaiting(sandbox, hello, language)
  let kib = 0
  for (const pid of await pidsOf(sandbox)) {
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
    kib += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0)
  }
  return kib * 1024
}

function specOf(language: Language, limits: JobSpec['head']['limits'], { name, code, expected }: Compared): JobSpec {
  return {
    head: {
      id: 'x',
      kind: 'code',
      language: language.id,
      version: null,
      image: null,
      interactive: false,
      limits,
      metadata: {},
      warnings: [],
      createdAt: '',
    },
    tenant: 'a',
    origin: { address: '127.0.0.1', keyId: null, requestId: 'x' },
    shareable: true,
    maxRunningJobs: null,
    rank: 1,
    keptRequest: null,
    delayMs: 0,
    webhook: null,
    artifacts: null,
    files: filesOf(language, code, expected.files).map(({ path, content }) => ({
      path,
      content: Buffer.from(content, name ? 'latin1' : 'utf8').toString('base64'),
      encoding: 'base64' as const,
    })),
    entrypoint: language.fileName,
    command: [],
    stdin: expected.stdin ?? '',
    args: expected.args ?? [],
    compilerArgs: [],
    env: {},
    tests: [],
    expectedOutput: null,
  }
}

function refuse(name: string): never {
  throw new Error(`there is no language "${name}"`)
}

if (!(await main(process.argv.slice(2)))) process.exitCode = 1
