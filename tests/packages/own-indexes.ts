import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApiKeys } from '../../src/shared/access/api-keys.ts'
import type { Environment } from '../../src/shared/environments/environment.ts'
import type { Job } from '../../src/shared/job.ts'
import { MIB } from '../../src/shared/limits.ts'
import { startCratesRegistry } from '../support/crates-registry.ts'
import { eventually } from '../support/eventually.ts'
import { startGemIndex } from '../support/gem-index.ts'
import { startGoProxy } from '../support/go-proxy.ts'
import { startInstallation } from '../support/installation.ts'
import { startMavenRepository } from '../support/maven-repository.ts'
import { addGems, GEM_TRIALS } from './gem-trials.ts'
import {
  addHostileCrates,
  addHostileGems,
  addHostileJars,
  addHostileModules,
  CLIMBED,
  ESCAPED,
  HOSTILE,
} from './hostile-packages.ts'
import { addJars, RESOLUTIONS } from './maven-resolutions.ts'

/**
 * Go, Rust, Java and Ruby against indexes of the test's own: what Maven's and Bundler's rules make of what is asked for, and packages that mean
 * ill, each of which is refused with its code, or harmless, and leaves nothing. `npm run test:packages`; words select languages, or rows of
 * one by a part of their titles, e.g. `tsx tests/packages/own-indexes.ts 'ruby/too new'`.
 */
const MAX_BYTES = 24 * MIB
/** Of a build or a job, with all that it waits for: each question waits for up to a minute. */
const DEADLINE_MS = 15 * 60_000
const words = process.argv.slice(2)
const isWanted = (language: string, title = '') =>
  words.length === 0 ||
  words.some((word) => {
    const [own, part] = word.split('/')
    return own === language && (part === undefined || title.includes(part))
  })
const failures: string[] = []
const expect = (isSo: boolean, what: string) => {
  console.log(`  ${isSo ? 'ok' : 'NOT'}  ${what}`)
  if (!isSo) failures.push(what)
}

const [go, crates, maven, gems] = await Promise.all([
  startGoProxy(),
  startCratesRegistry(),
  startMavenRepository(),
  startGemIndex(),
])
const strange: string[] = []
/** What packages name, and nobody asks. */
const stranger = createServer((req, res) => {
  strange.push(req.url ?? '')
  res.writeHead(404).end()
})
await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
const elsewhere = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}/`
addJars(maven)
addHostileModules(go)
addHostileCrates(crates)
addHostileJars(maven, elsewhere, MAX_BYTES)
addGems(gems)
addHostileGems(gems)

const data = await mkdtemp(join(tmpdir(), 'ry-own-'))
const installation = await startInstallation({
  name: 'own-indexes',
  workers: 1,
  gateways: 1,
  env: {
    RUNYARD_DATA_DIR: data,
    PACKAGE_INDEX_GO: go.url,
    PACKAGE_INDEX_CRATES: crates.url,
    PACKAGE_INDEX_MAVEN: maven.url,
    PACKAGE_INDEX_RUBYGEMS: gems.url,
    PACKAGE_INDEX_REACH: '127.0.0.1',
    ENVIRONMENT_MAX_BYTES: String(MAX_BYTES),
    ENVIRONMENT_MAX_FILES: '600',
    WORKER_CONCURRENCY: '2',
  },
})

try {
  const url = installation.urls[0] ?? ''
  const apiKeys = createApiKeys(installation.connection, installation.keys)
  const { secretKey } = await apiKeys.create({ name: 'trial', tenant: 'trial' })
  const headers = { 'content-type': 'application/json', prefer: 'wait=60', authorization: `Bearer ${secretKey}` }
  const send = async <Answer>(path: string, body: object) =>
    (await (await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })).json()) as Answer
  const install = (body: object) => {
    let last: (Environment & { code?: string; detail?: string }) | undefined
    return eventually(
      `the environment of ${JSON.stringify(body)}`,
      async () => {
        last = await send<NonNullable<typeof last>>('/v1/environments', body)
        return last.code !== undefined || last.state === 'ready' ? last : undefined
      },
      DEADLINE_MS,
    ).catch((cause: unknown) => {
      throw new Error(`the last answer was ${JSON.stringify(last)}`, { cause })
    })
  }
  const runJob = async (body: object) => {
    let job = await send<Job & { code?: string; detail?: string }>('/v1/jobs', body)
    if (job.id === undefined) return job
    return eventually(
      `the end of job ${job.id}`,
      async () => {
        if (job.status === null)
          job = (await (await fetch(`${url}/v1/jobs/${job.id}?wait=60`, { headers })).json()) as Job
        return job.status === null ? undefined : job
      },
      DEADLINE_MS,
    )
  }

  /** Files of a job, its lock, what a job without gems is told, and options of a job's own. */
  const holdGems = async () => {
    const print = async (what: string, body: object, stdout: string) => {
      const job = await runJob({ language: 'ruby', ...body })
      const isRight = job.stages?.at(-1)?.stdout === stdout
      expect(isRight, `ruby: ${what}${isRight ? '' : `: ${job.status} ${job.message} ${JSON.stringify(job.stages)}`}`)
      return job
    }
    const code = 'require "aa"\nrequire "bb"\nputs [AA::WORD, BB::WORD].join(", ")\n'
    const main = { path: 'main.rb', content: code }
    const gemfile = { path: 'Gemfile', content: 'source "https://example.com"\ngem "aa", "~> 1.0"\n' }
    const stdout = 'aa 1.0, bb 1.5\n'
    const job = await print('a job with a Gemfile', { files: [main, gemfile] }, stdout)
    const lock = job.environment?.lock ?? ''
    gems.add({ name: 'bb', version: '1.9', files: [['lib/bb.rb', 'module BB; WORD = "bb 1.9"; end\n']] })
    const again = await install({ language: 'ruby', manifest: lock })
    const isSame = lock !== '' && again.lock === lock
    expect(isSame, `ruby: the lock, submitted again, is the same${isSame ? '' : `: ${again.detail} ${again.lock}`}`)
    const locked = { path: 'Gemfile.lock', content: lock }
    await print('a job with the lock', { files: [main, locked] }, stdout)
    await print('a job with a Gemfile and its lock', { files: [main, gemfile, locked] }, stdout)
    const bare = await runJob({ language: 'ruby', code: 'require "active_support/all"\n' })
    expect(bare.message?.includes('"activesupport"') === true, `ruby: a job is told what to add: ${bare.message}`)
    const own = 'require "trial"\nputs Trial::WORD, $VERBOSE.inspect\n'
    const asked = { dependencies: ['trial@1.0.0'], env: { RUBYOPT: '-W0' }, code: own }
    await print("options of a job's own", asked, '1.0.0\nnil\n')
  }

  if (isWanted('java')) {
    console.log('java: what a project needs')
    for (const { title, asked, jars, says } of RESOLUTIONS) {
      const answer = await install({ language: 'java', ...asked })
      const found =
        answer.lock
          ?.split('\n')
          .slice(1, -1)
          .map((line) => line.split(' ')[0]) ?? []
      const isRight = jars === undefined ? says.test(`${answer.code} ${answer.detail}`) : found.join() === jars.join()
      expect(isRight, `${title}${isRight ? '' : `: ${answer.code} ${answer.detail} ${found.join()}`}`)
    }
  }
  for (const { language, title, asked, code, says, run, stdout } of [...GEM_TRIALS, ...HOSTILE].filter((one) =>
    isWanted(one.language, one.title),
  )) {
    const answer = await install({ language, ...asked })
    const told = answer.code ?? answer.state
    const isRight = told === code && (says?.test(answer.detail ?? '') ?? true)
    expect(isRight, `${language}: ${title}: ${told}${isRight ? '' : `, not ${code}: ${answer.detail}`}`)
    if (run === undefined || answer.state !== 'ready') continue
    const by = 'manifest' in asked ? { environment: answer.id } : asked
    const job = await runJob({ language, ...by, code: run, limits: { compileWallMs: 120_000 } })
    const last = job.stages?.at(-1)
    expect(
      last?.stdout === stdout,
      `${language}: ${title}: a job with it ${job.status}: ${last?.stdout}${last?.stderr}`,
    )
  }
  if (isWanted('ruby')) await holdGems()
  // What runs in a cell writes nowhere else, so a host shows only what its worker unpacks; the programs show the rest.
  expect(!existsSync(ESCAPED), 'a worker unpacked nothing outside of its folder')
  const climbed = (await readdir(data, { recursive: true })).filter((path) => path.split('/').at(-1) === CLIMBED)
  expect(
    climbed.length === 0,
    `nothing of above a package's folder is kept${climbed.map((path) => ` but ${path}`).join()}`,
  )
  expect(strange.length === 0, `nothing but the index was asked${strange.map((path) => ` but ${path}`).join()}`)
  const left = (await readdir(join(data, 'environments')).catch(() => [])).filter((name) =>
    /^(new|gone|pack)-/.test(name),
  )
  expect(left.length === 0, `nothing half-made is left${left.map((name) => ` but ${name}`).join()}`)
} finally {
  const left = await installation.close()
  if (left > 0) failures.push(`${left} containers are left`)
  await Promise.all([go.close(), crates.close(), maven.close(), gems.close()])
  stranger.close()
  await rm(data, { recursive: true, force: true })
}
console.log(failures.length === 0 ? 'all held' : `${failures.length} things went wrong`)
process.exit(failures.length === 0 ? 0 : 1)
