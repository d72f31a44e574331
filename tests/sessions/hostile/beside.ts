import type { SessionClient } from '../../support/session-client.ts'
import { post } from '../../support/client.ts'
import type { Job } from '../../../src/shared/job.ts'
import { type Arena, KEPT } from './try-session.ts'

/**
 * Starts what must not notice.
 * @param client whose programs are hostile
 * @param other whose session is beside
 * @param headers whose jobs are beside
 */
export async function startBeside(
  url: string,
  client: SessionClient,
  other: SessionClient,
  headers: Record<string, string> = {},
): Promise<Arena> {
  const { status, body } = await other.create({ language: 'python', idleTimeoutMs: 3_600_000 })
  if (status !== 201) throw new Error(`no session beside: ${status} ${JSON.stringify(body)}`)
  await other.run(body.id, `kept = "${KEPT}"`)
  return {
    client,
    beside: { client: other, id: body.id },
    async job() {
      const request = { language: 'bash', code: 'echo "$1"', args: ['beside'] }
      const answer = await post<Job>(`${url}/v1/jobs`, request, { ...headers, prefer: 'wait=60' })
      const stdout = answer.body.stages?.at(-1)?.stdout
      return answer.status === 200 && stdout === 'beside\n'
        ? undefined
        : `${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`
    },
  }
}
