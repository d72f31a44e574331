import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBackends } from '../../src/host/backends.ts'
import { runCommand } from '../../src/host/command.ts'
import { baseImage } from '../../src/host/images/references.ts'
import { podmanCommand } from '../../src/host/podman.ts'
import { findLanguage, type Language, loadLanguages } from '../../src/shared/language.ts'
import { DEFAULT_CEILINGS, DEFAULT_LIMITS, effectiveLimits, type LimitOverrides } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { runtimeImage } from '../../src/shared/runtime-image.ts'
import { get, runJob, stageOf } from '../support/client.ts'
import { conformanceRequest, deviation, loadConformance } from '../support/language-conformance.ts'
import { startPlatform } from '../support/platform.ts'
import { conformanceTable, type ConformanceRow } from '../support/conformance-table.ts'
import { recordSizes } from '../support/record-sizes.ts'
import { readSection, writeSection } from '../support/write-section.ts'

/**
 * Installs languages and runs the conformance programs of each. `npm run test:languages [-- NAME...]` takes the named ones, and writes
 * their rows of the table in docs/languages.md.
 */

type Row = ConformanceRow & { helloFailed: boolean }

const root = packageRoot()

async function main(names: readonly string[]): Promise<boolean> {
  const known = loadLanguages(join(root, 'languages'))
  const languages = names.length === 0 ? known : names.map((name) => findLanguage(known, name) ?? refuse(name))
  const failed: string[] = []
  for (const { id } of languages) {
    await runCommand([process.execPath, join(root, 'dist/cli/main.js'), 'languages', 'install', id], {
      onLine: (line) => console.log(line),
    }).catch((error: Error) => failed.push(`${id}: not installed: ${error.message}`))
  }
  const rows = await runAll(languages.filter(({ id }) => !failed.some((line) => line.startsWith(`${id}:`))))
  const ids = known.map(({ id }) => id)
  console.log(conformanceTable('', ids, rows))
  const before = readSection('docs/languages.md', 'conformance')
  await writeSection('docs/languages.md', 'conformance', conformanceTable(before, ids, rows))
  recordSizes(root, new Map(rows.map(({ id, imageBytes }) => [id, imageBytes])), await sizeOf(baseImage(root)))
  failed.push(...rows.flatMap(({ id, deviations }) => deviations.map((text) => `${id}, ${text}`)))
  for (const line of failed) console.log(line)
  return failed.length === 0
}

/** Runs the programs in the sandboxes of a gateway and a worker of their own. */
async function runAll(languages: readonly Language[]): Promise<Row[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'runyard-test-'))
  const backends = await startBackends({ dataDir })
  try {
    process.env['RUNYARD_TEST_REDIS'] = backends.redisUrl
    process.env['RUNYARD_TEST_PODMAN'] = backends.podmanSocket
    const platform = await startPlatform()
    try {
      const rows: Row[] = []
      for (const language of languages) {
        const row = await runLanguage(platform.url, language)
        console.log(`${language.id}: ${row.deviations.length === 0 ? 'as expected' : row.deviations.join('\n  ')}`)
        rows.push(row)
      }
      return rows
    } finally {
      await platform.close()
    }
  } finally {
    await backends.close()
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function runLanguage(url: string, language: Language): Promise<Row> {
  const { programs, without } = loadConformance(root, language)
  const deviations: string[] = []
  let helloMs: number | null = null
  let helloFailed = false
  for (const program of programs) {
    const job = await runJob(url, { ...conformanceRequest(language, program), ...patience(language) })
    const differs = deviation(program, job)
    if (differs !== undefined) deviations.push(`${program.case}: ${differs}`)
    if (program.case !== 'hello') continue
    helloFailed = differs !== undefined
    if (helloFailed || isBusy()) continue
    helloMs = (language.compile ? stageOf(job, 'compile').wallMs : 0) + stageOf(job).wallMs
  }
  const { body } = await get<{ runtimes: { language: string; version: string | null }[] }>(`${url}/v1/runtimes`)
  const version = body.runtimes.find((runtime) => runtime.language === language.id)?.version ?? ''
  const imageBytes = await sizeOf(runtimeImage(root, language))
  const notes = programs.flatMap((program) => (program.expected.note ? [[program.case, program.expected.note]] : []))
  const reasons = [...Object.entries(without), ...notes].map(([name, reason]) => `${name}: ${reason}`)
  const { id, name } = language
  return { id, name, version, imageBytes, helloMs, helloFailed, deviations, without: reasons }
}

/** More time for a job where `TIMEOUT_FACTOR` says that the machine is busy, as far as a job may have it. */
function patience({ limits }: Language): { limits?: LimitOverrides } {
  const factor = Number(process.env['TIMEOUT_FACTOR'] ?? 1)
  if (factor <= 1) return {}
  const own = effectiveLimits({}, limits, DEFAULT_LIMITS, DEFAULT_CEILINGS)
  const longer = (name: 'wallMs' | 'compileWallMs') => Math.min(own[name] * factor, DEFAULT_CEILINGS[name])
  return { limits: { wallMs: longer('wallMs'), compileWallMs: longer('compileWallMs') } }
}

/** Whether others use the processors that this run may use: a time would say nothing then. */
const isBusy = (): boolean => (loadavg()[0] ?? 0) > availableParallelism()

async function sizeOf(image: string): Promise<number> {
  const podman = podmanCommand()
  return Number(await podman.run(['image', 'inspect', '--format', '{{.Size}}', image]))
}

function refuse(name: string): never {
  throw new Error(`there is no language "${name}"`)
}

if (!(await main(process.argv.slice(2)))) process.exitCode = 1
