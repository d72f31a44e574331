import type { Installation } from '../support/installation.ts'
import { get, post } from '../support/client.ts'
import { KINDS } from './kinds.ts'

const SUBMISSIONS = 100

interface BatchView {
  counts: { queued: number; running: number }
  jobs: { judging?: { verdict: string } }[]
}

/** Submits a hundred programs at once to a problem whose checker has to be compiled. @returns what is wrong */
export async function proveCompiledOnce({ urls, connection, keys }: Installation): Promise<string[]> {
  const [url = ''] = urls
  const kind = KINDS.find(({ name }) => name === 'own checker in cpp')
  if (!kind) throw new Error('no problem has a checker in C++')
  let saved = 0
  await connection.config('SET', 'notify-keyspace-events', 'K$')
  const subscriber = connection.duplicate()
  subscriber.on('pmessage', (_pattern: string, _channel: string, command: string) => {
    if (command === 'set') saved++
  })
  await subscriber.psubscribe(`__keyspace@*__:${keys.compiledProgram('')}*`)
  try {
    const began = performance.now()
    const jobs = Array.from({ length: SUBMISSIONS }, () => ({
      language: 'python',
      code: kind.right.python,
      ...kind.problem,
    }))
    const { body } = await post<{ id: string }>(`${url}/v1/batches`, { jobs })
    let view: BatchView
    do view = (await get<BatchView>(`${url}/v1/batches/${body.id}?wait=60`)).body
    while (view.counts.queued + view.counts.running > 0)
    const accepted = view.jobs.filter(({ judging }) => judging?.verdict === 'accepted').length
    const seconds = Math.round((performance.now() - began) / 1000)
    console.log(
      `${SUBMISSIONS} submissions on two workers in ${seconds} s: the checker was compiled ${saved === 1 ? 'once' : `${saved} times`}`,
    )
    return [
      ...(accepted === SUBMISSIONS ? [] : [`of ${SUBMISSIONS} right submissions ${accepted} are accepted`]),
      ...(saved === 1 ? [] : [`the checker was compiled ${saved} times`]),
    ]
  } finally {
    subscriber.disconnect()
    await connection.config('SET', 'notify-keyspace-events', '')
  }
}
