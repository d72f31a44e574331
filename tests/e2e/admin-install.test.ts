import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Installation } from '../../src/shared/redis/installations.ts'
import type { StoredSecurityEvent } from '../../src/shared/security/security-event.ts'
import { get, post, runJob } from '../support/client.ts'
import { makeKey } from '../support/make-key.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { makePrivateRoot } from '../support/private-root.ts'
import { eventsOf, type ReceivedEvent } from '../support/read-events.ts'

/** A language that exists in this test alone, really installed: its image is built by podman. */
const tiny = `tiny${randomBytes(3).toString('hex')}`
const broken = `broken${randomBytes(3).toString('hex')}`

let place: ReturnType<typeof makePrivateRoot>
let platform: TestPlatform
let admin: { authorization: string }
const dataDir = mkdtempSync(join(tmpdir(), 'runyard-install-'))
beforeAll(async () => {
  place = makePrivateRoot([tiny, broken], { [broken]: 'RUN exit 3' })
  writeFileSync(
    join(place.root, 'languages/groups.json'),
    JSON.stringify({ groups: [{ id: 'small', name: 'Small', languages: ['bash', tiny] }] }),
  )
  writeFileSync(join(place.root, 'languages/sizes.json'), JSON.stringify({ [tiny]: 1.5 }))
  platform = await startPlatform({ WORKER_CONCURRENCY: '1', RUNYARD_DATA_DIR: dataDir }, undefined, place.root)
  admin = await makeKey(platform, 'ops', { scopes: ['admin'] })
})
afterAll(async () => {
  await platform.close()
  const env = { ...process.env, PODMAN_SOCKET: process.env['RUNYARD_TEST_PODMAN'], RUNYARD_DATA_DIR: dataDir }
  execFileSync(process.execPath, [join(place.root, 'dist/cli/main.js'), 'languages', 'remove', tiny, broken], { env })
  place.remove()
  rmSync(dataDir, { recursive: true, force: true })
})

interface Runtime {
  language: string
  imageBytes: number | null
  hosts: { host: string; version: string | null; installsOnRequest: boolean }[]
  installation: Installation | null
}
const url = (path: string) => `${platform.url}${path}`
const runtimeOf = async (language: string) =>
  (await get<{ runtimes: Runtime[] }>(url('/v1/admin/runtimes'), admin)).body.runtimes.find(
    (one) => one.language === language,
  )

interface Followed {
  installation: Installation
  events: ReceivedEvent[]
}
async function install(language: string, action = 'install'): Promise<Followed> {
  const { status, body } = await post<Installation>(url(`/v1/admin/runtimes/${language}/${action}`), {}, admin)
  expect(status).toBe(202)
  return follow(body)
}
async function follow(body: Installation): Promise<Followed> {
  const events: ReceivedEvent[] = []
  const stream = await fetch(url(`/v1/admin/installations/${body.id}/events`), { headers: admin })
  for await (const event of eventsOf(stream)) events.push(event)
  return { installation: (await get<Installation>(url(`/v1/admin/installations/${body.id}`), admin)).body, events }
}

test('a worker installs a language that is asked for, tells how it goes, and runs it', async () => {
  expect((await runtimeOf(tiny))?.hosts).toMatchObject([{ version: null, installsOnRequest: true }])
  const refused = await post(url('/v1/jobs'), { language: tiny, code: 'echo' })
  expect(refused.body['code']).toBe('language-not-installed')

  const { installation, events } = await install(tiny)
  expect(installation).toMatchObject({ language: tiny, over: true })
  expect(Object.values(installation.hosts)).toEqual([{ state: 'installed', detail: null }])
  expect(events[0]).toMatchObject({ event: 'state' })
  expect(events.at(-1)).toMatchObject({ event: 'result', data: { id: installation.id } })
  const lines = events.filter(({ event }) => event === 'line').map(({ data }) => data['text'])
  expect(lines.at(-1)).toBe(`${tiny}: installed`)
  expect(lines.length).toBeGreaterThan(3)

  const runtime = await runtimeOf(tiny)
  expect(runtime?.hosts[0]?.version).toMatch(/^5\./)
  expect(runtime?.installation?.id).toBe(installation.id)
  const job = await runJob(platform.url, { language: tiny, code: 'cat /etc/runyard-test' })
  expect(job.stages[0]?.stdout).toBe(`${tiny}\n`)
  const { body } = await get<{ events: StoredSecurityEvent[] }>(
    url('/v1/admin/security-events?kind=runtime-install'),
    admin,
  )
  expect(body.events).toMatchObject([
    { tenant: 'ops', keyId: expect.any(String), detail: expect.stringContaining(tiny) },
  ])

  expect([runtime?.imageBytes, (await runtimeOf(broken))?.imageBytes]).toEqual([1_500_000, null])

  // Once more: there is nothing to do, and that is told too.
  const again = await install(tiny)
  expect(again.installation.id).not.toBe(installation.id)
  expect(again.events.filter(({ event }) => event === 'line').map(({ data }) => data['text'])).toEqual([
    `${tiny}: installed already`,
  ])
})

test('one that cannot be installed says why', async () => {
  const { installation } = await install(broken)
  const [host] = Object.values(installation.hosts)
  expect(host).toMatchObject({ state: 'failed', detail: expect.stringContaining('it exited with 1') })
  expect((await runtimeOf(broken))?.hosts[0]?.version).toBeNull()
})

test('one that is under way is not begun twice, and what is no language is not begun at all', async () => {
  const [one, other] = await Promise.all([
    post<Installation>(url(`/v1/admin/runtimes/${tiny}/install`), {}, admin),
    post<Installation>(url(`/v1/admin/runtimes/${tiny}/install`), {}, admin),
  ])
  expect(one.body.id).toBe(other.body.id)
  const opposite = await post(url(`/v1/admin/runtimes/${tiny}/remove`), {}, admin)
  expect([opposite.status, opposite.body['code'], opposite.body['detail']]).toEqual([
    409,
    'runtime-busy',
    expect.stringContaining(one.body.id),
  ])
  for await (const _event of eventsOf(
    await fetch(url(`/v1/admin/installations/${one.body.id}/events`), { headers: admin }),
  ));
  for (const name of ['nosuch', '..%2F..', '--help', 'tiny;id']) {
    expect([name, (await post(url(`/v1/admin/runtimes/${name}/install`), {}, admin)).status]).toEqual([name, 404])
  }
})

test('a language is removed on request, and installed with its group', async () => {
  const removed = await install(tiny, 'remove')
  expect(removed.installation).toMatchObject({ language: tiny, action: 'remove', over: true })
  expect(Object.values(removed.installation.hosts)).toEqual([{ state: 'removed', detail: null }])
  expect((await runtimeOf(tiny))?.hosts).toMatchObject([{ version: null }])
  const refused = await post(url('/v1/jobs'), { language: tiny, code: 'echo' })
  expect([refused.status, refused.body['detail']]).toEqual([
    422,
    `Test ${tiny} is not installed; the operator can install it with: npx runyard languages install ${tiny}`,
  ])

  const { groups } = (await get<{ groups: { group: string }[] }>(url('/v1/admin/runtimes'), admin)).body
  expect(groups).toContainEqual({ group: 'small', name: 'Small', languages: ['bash', tiny] })
  const path = url('/v1/admin/runtime-groups/small/install')
  const asked = await post<{ installations: Installation[] }>(path, {}, admin)
  expect([asked.status, asked.body.installations.map(({ language }) => language)]).toEqual([202, [tiny]])
  for (const one of asked.body.installations) await follow(one)
  expect((await runtimeOf(tiny))?.hosts[0]?.version).toMatch(/^5\./)
  expect((await post(path, {}, admin)).body).toEqual({ installations: [] })
  expect((await post(url('/v1/admin/runtime-groups/nosuch/install'), {}, admin)).status).toBe(404)
})

test('a worker that may not installs nothing', async () => {
  const closed = await startPlatform({ WORKER_CONCURRENCY: '1', INSTALL_ON_REQUEST: 'off' }, undefined, place.root)
  try {
    const key = await makeKey(closed, 'ops', { scopes: ['admin'] })
    const answer = await post(`${closed.url}/v1/admin/runtimes/${tiny}/install`, {}, key)
    expect([answer.status, answer.body['code']]).toEqual([503, 'unavailable'])
    const removal = await post(`${closed.url}/v1/admin/runtimes/${tiny}/remove`, {}, key)
    expect(removal.status).toBe(503)
  } finally {
    await closed.close()
  }
})
