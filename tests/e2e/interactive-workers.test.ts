import { expect, test } from '@jest/globals'
import { pino } from 'pino'
import { loadConfig } from '../../src/shared/config/config.ts'
import { startWorker } from '../../src/worker/start.ts'
import { post } from '../support/client.ts'
import { connectIo } from '../support/io-client.ts'
import { startPlatform, testRoot } from '../support/platform.ts'

test('a job whose worker closes while it is talked to runs again elsewhere, with all its input and none of its signals', async () => {
  const platform = await startPlatform({ WORKER_CONCURRENCY: '1', POOL_READY: '1', KILL_GRACE_MS: '300' })
  const config = loadConfig(testRoot, {
    REDIS_URL: process.env['RUNYARD_TEST_REDIS'],
    PODMAN_SOCKET: process.env['RUNYARD_TEST_PODMAN'],
    RUNYARD_NAMESPACE: platform.namespace,
    LOG_LEVEL: 'fatal',
    WORKER_CONCURRENCY: '1',
    POOL_READY: '1',
    KILL_GRACE_MS: '300',
    DRAIN_TIMEOUT_MS: '100',
  })
  const code = `
import signal, sys
signal.signal(signal.SIGUSR1, lambda *_: print("signal", flush=True))
for line in iter(sys.stdin.readline, ""): print("got", line.strip(), flush=True)
print("end")`
  const request = { language: 'python', code, interactive: true, stdin: 'zero\n' }
  const submit = async () => String((await post(`${platform.url}/v1/jobs`, request)).body['id'])
  // The platform's own worker is busy, so the next job goes to the other one.
  const blocker = await connectIo(platform.url, await submit())
  await blocker.until(() => blocker.stdout() === 'got zero\n')
  const worker = await startWorker(config, testRoot, pino({ level: config.logLevel }))
  try {
    const client = await connectIo(platform.url, await submit())
    client.line('one', 1)
    client.line('two', 2)
    await client.until(() => client.stdout().endsWith('got two\n'))
    client.send({ type: 'signal', signal: 'SIGUSR1', seq: 3 })
    await client.until(() => client.stdout().endsWith('signal\n'))
    await worker.close()
    client.line('three', 4)
    client.line('two', 2)
    await client.until(() => client.acks().length === 5)
    blocker.send({ type: 'eof' })
    client.send({ type: 'eof', seq: 5 })
    expect(await client.closed).toMatchObject({ code: 1000 })
    const second = client.messages.findLastIndex(({ type, data }) => type === 'state' && data?.['state'] === 'running')
    expect(client.messages[second]?.data).toEqual({ state: 'running', attempt: 2 })
    const again = client.messages.slice(second).map(({ type, data }) => (type === 'stdout' ? data?.['data'] : ''))
    expect(again.join('')).toBe('got zero\ngot one\ngot two\ngot three\nend\n')
    expect(client.stdout()).toBe(`got zero\ngot one\ngot two\nsignal\n${again.join('')}`)
    expect(client.messages.at(-1)?.data).toMatchObject({ status: 'succeeded', attempt: 2 })
    await blocker.closed
  } finally {
    await worker.close()
    await platform.close()
  }
})
