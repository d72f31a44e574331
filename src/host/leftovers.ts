import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const ANSWER_MS = 5_000

/**
 * Waits until podman has no container with a label any more. The containers of a worker that was killed end by themselves
 * within about two seconds.
 * @returns how many are still there after `timeoutMs`
 */
export async function waitForNoContainers(socketPath: string, label: string, timeoutMs: number): Promise<number> {
  for (const deadline = Date.now() + timeoutMs; ; await sleep(100)) {
    const left = await countContainers(socketPath, label)
    if (left === 0 || Date.now() > deadline) return left
  }
}

/** @returns 0 too when the service does not answer: then there is nothing to wait for */
function countContainers(socketPath: string, label: string): Promise<number> {
  const filters = encodeURIComponent(JSON.stringify({ label: [label] }))
  return new Promise((resolve) => {
    const query = request({ socketPath, path: `/v1.40/containers/json?all=true&filters=${filters}` }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(response.statusCode === 200 ? (JSON.parse(text) as unknown[]).length : 0))
      response.on('error', () => resolve(0))
    })
    query.setTimeout(ANSWER_MS, () => query.destroy())
    query.on('error', () => resolve(0))
    query.end()
  })
}
