import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Language, loadLanguages } from '../../src/shared/language.ts'
import { DEFAULT_CEILINGS, LIMIT_MINIMA } from '../../src/shared/limits.ts'
import { get, runJob, stageOf } from '../support/client.ts'
import { startPlatform, testRoot, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform
beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform.close())

async function installedLanguages(): Promise<Language[]> {
  const { body } = await get<{ runtimes: { language: string; installed: boolean }[] }>(`${platform.url}/v1/runtimes`)
  const installed = new Set(body.runtimes.filter((runtime) => runtime.installed).map(({ language }) => language))
  return loadLanguages(`${testRoot}/languages`).filter(({ id }) => installed.has(id))
}

test('the hello program of every installed language prints what its file says', async () => {
  const installed = await installedLanguages()
  expect(installed.map(({ id }) => id)).toEqual(expect.arrayContaining(['python', 'javascript', 'bash']))
  for (const language of installed) {
    const job = await runJob(platform.url, { language: language.id, code: language.hello.code })
    expect({ language: language.id, status: job.status, stdout: stageOf(job).stdout }).toEqual({
      language: language.id,
      status: 'succeeded',
      stdout: language.hello.stdout,
    })
  }
})

/** Those that the set-up of the tests installs; with `EVERY_PROGRAM=1` whatever else is there too. */
const triedLanguages = async () =>
  (await installedLanguages()).filter(
    (language) => process.env['EVERY_PROGRAM'] === '1' || language.default || language.id === 'c',
  )

/** As long as may be: slow is not what this is about. */
const LONG = {
  wallMs: DEFAULT_CEILINGS.wallMs,
  cpuMs: DEFAULT_CEILINGS.cpuMs,
  compileWallMs: DEFAULT_CEILINGS.compileWallMs,
}

/** But times, which end whatever is slow. */
const FLOORED = ['processes', 'openFiles', 'memoryBytes', 'fileBytes', 'stackBytes', 'outputBytes'] as const

test('with each limit as low as its language takes it, the hello program of a language ends, or tells the limit', async () => {
  const rows: object[] = []
  for (const { id, hello, floors = {} } of await triedLanguages()) {
    const tryLeast = async (name: (typeof FLOORED)[number]) => {
      const least = Math.max(LIMIT_MINIMA[name], floors[name] ?? 0)
      const limits = { ...LONG, [name]: least }
      const { status, message, stages } = await runJob(platform.url, { language: id, code: hello.code, limits })
      const stdout = stages.find((stage) => stage.name === 'run')?.stdout
      // A compiler may be what meets it: then there is no stage after it.
      const limitsMet = stages.flatMap((stage) => stage.limitsMet)
      const ended = status === 'succeeded' ? stdout === hello.stdout : limitsMet.includes(name)
      if (!ended) rows.push({ id, name, least, status, message, limitsMet, stages: stages.map((stage) => stage.name) })
    }
    await Promise.all(FLOORED.filter((name) => name !== 'memoryBytes').map(tryLeast))
    // By itself: with so little, a program may be read from the disk again and again, which is slow enough alone.
    await tryLeast('memoryBytes')
  }
  expect(rows).toEqual([])
})

/** A line and 300,000 bytes, more than a pipe holds; then they spin. Languages whose output is C's stdio are not here, Lua among them: they keep the rest of a line (decision 11). */
const WRITERS: Readonly<Record<string, string>> = {
  bash: 'echo begun; printf "%300000s" ""; while :; do :; done',
  javascript: 'console.log("begun"); process.stdout.write(" ".repeat(300000)); for (;;) {}',
  ksh: 'echo begun; printf "%300000s" ""; while :; do :; done',
  python: 'import sys\nprint("begun")\nsys.stdout.write(" " * 300000)\nwhile True: pass',
  zsh: 'echo begun; printf "%300000s" ""; while :; do :; done',
}

test('what a program wrote before its limit is there to the byte, in each language that writes at once', async () => {
  const rows: object[] = []
  for (const { id } of await triedLanguages()) {
    const code = WRITERS[id]
    if (code === undefined) continue
    const job = await runJob(platform.url, { language: id, code, limits: { cpuMs: 1000, outputBytes: 1e6 } })
    const { stdout } = stageOf(job)
    rows.push({ id, status: job.status, isWhole: stdout === `begun\n${' '.repeat(300_000)}` })
  }
  expect(rows.length).toBeGreaterThanOrEqual(3)
  expect(rows).toEqual(rows.map((row) => ({ ...row, status: 'cpu-time-limit', isWhole: true })))
})
