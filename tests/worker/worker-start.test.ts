import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { afterAll, expect, test } from '@jest/globals'
import { tryCommand } from '../../src/host/command.ts'
import { serviceCommand } from '../../src/host/service-command.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { IMAGE_LABEL, runtimeImage } from '../../src/shared/runtime-image.ts'

const root = packageRoot()
const folder = mkdtempSync(join(tmpdir(), 'runyard-worker-start-'))
afterAll(() => rmSync(folder, { recursive: true }))

const WORDS = 'make private /: Permission denied'

/** An engine on which init cannot do what it does first: it says so and ends. @param says whether that is heard */
function engineWhoseInitEnds(says: boolean) {
  const language = loadLanguages(join(root, 'languages')).find(({ id }) => id === 'bash')
  if (!language) throw new Error('no language')
  const image = {
    RepoTags: [runtimeImage(root, language)],
    Labels: { [IMAGE_LABEL.language]: language.id, [IMAGE_LABEL.version]: '1.0' },
  }
  let attached: Duplex | undefined
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0] ?? ''
    if (path.endsWith('/images/json')) response.end(JSON.stringify([image]))
    else if (path.endsWith('/version')) response.end(JSON.stringify({ Version: '5.0' }))
    else if (path.endsWith('/containers/create'))
      response.writeHead(201).end(JSON.stringify({ Id: 'c0ffee'.repeat(4) }))
    else {
      response.writeHead(204).end()
      if (path.endsWith('/start')) attached?.end(says ? block(`${WORDS}\n`) : undefined)
    }
  })
  server.on('upgrade', (_request, socket: Duplex) => {
    attached = socket
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n')
  })
  return server
}

/** Standard error, as an engine multiplexes it. */
function block(text: string): Buffer {
  const head = Buffer.alloc(8)
  head[0] = 2
  head.writeUInt32BE(Buffer.byteLength(text), 4)
  return Buffer.concat([head, Buffer.from(text)])
}

test.each([
  [true, `init said: ${WORDS}`],
  [false, 'init said nothing'],
])('a worker whose sandbox ends while it starts ends with 1 and says why (init is heard: %s)', async (says, words) => {
  const socket = join(folder, `${says}.sock`)
  const server = engineWhoseInitEnds(says)
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  const env = { ...process.env, REDIS_URL: 'redis://127.0.0.1:1', PODMAN_SOCKET: socket, RUNYARD_DATA_DIR: folder }
  const { exitCode, stderr } = await tryCommand(serviceCommand(root, 'worker'), { env, timeoutMs: 60_000 })
  server.closeAllConnections()
  server.close()
  expect(exitCode).toBe(1)
  expect(stderr).toContain(words)
  expect(stderr).toMatch(/^runyard worker: sandbox c0ffeec0ffee: not ready: /)
})

test('a worker that is given a setting by its former name says so in its log', async () => {
  const socket = join(folder, 'former.sock')
  const server = engineWhoseInitEnds(true)
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  const settings = { REDIS_URL: 'redis://127.0.0.1:1', PODMAN_SOCKET: socket, RUNYARD_DATA_DIR: folder }
  const env = { ...process.env, ...settings, LOG_LEVEL: 'info', ARMED: 'off' }
  const { stdout } = await tryCommand(serviceCommand(root, 'worker'), { env, timeoutMs: 60_000 })
  server.closeAllConnections()
  server.close()
  const lines = stdout.split('\n').filter((line) => line.includes('"former"'))
  const msg = 'setting was renamed; its former name works in this version only'
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { level: 40, former: 'ARMED', setting: 'PREWARM', msg },
  ])
})
