import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { BenchClient } from '../http-client.ts'

/** A way in: runs one thing and checks its outcome. @throws Error for another outcome */
export type Way = readonly [name: string, run: () => Promise<void>]

/** A job that prints, by each way in; the first is our own. */
export function waysOfJobs(client: BenchClient): Way[] {
  const code = 'print(1)'
  const way = (name: string, path: string, body: object, headers = {}): Way => [
    name,
    async () => {
      const answer = await client.text(path, body, headers)
      if (!answer.includes('"1\\n"')) throw new Error(`${name} answered ${answer}`)
    },
  ]
  return [
    way('`POST /v1/jobs`', '/v1/jobs', { language: 'python', code }, { prefer: 'wait=60' }),
    way('Judge0', '/judge0/submissions?wait=true', { language_id: 71, source_code: code }),
    way('Piston', '/piston/api/v2/execute', { language: 'python', version: '*', files: [{ content: code }] }),
    way('Jobe', '/jobe/index.php/restapi/runs', { run_spec: { language_id: 'python3', sourcecode: code } }),
    way('SandboxFusion', '/sandboxfusion/run_code', { language: 'python', code }),
    way('codapi', '/codapi/v1/exec', { sandbox: 'python', command: 'run', files: { '': code } }),
  ]
}

/** An expression in a kernel that stands ready; the first is our own. */
export async function waysOfKernels(
  client: BenchClient,
  url: string,
  headers: Record<string, string>,
): Promise<{ ways: Way[]; close: () => void }> {
  const code = '6 * 7'
  const session = await client.post('/v1/sessions', { language: 'python', kernel: true }, { prefer: 'wait=60' })
  const sandbox = await client.post('/e2b/sandboxes', { templateID: 'code-interpreter-v1', timeout: 3000 })
  const kernel = await client.post('/jupyter/api/kernels', { name: 'python3' })
  const token = String(sandbox['envdAccessToken'])
  const ofSandbox = {
    'e2b-sandbox-id': String(sandbox['sandboxID']),
    'e2b-sandbox-port': '49999',
    'x-access-token': token,
  }
  const socket = new WebSocket(
    `${url.replace('http', 'ws')}/jupyter/api/kernels/${String(kernel['id'])}/channels`,
    [],
    { headers },
  )
  await once(socket, 'open')
  let count = 0
  const execute = async () => {
    const msg_id = `m${count++}`
    let result = ''
    const done = new Promise<void>((resolve) => {
      const take = (data: Buffer) => {
        const message = JSON.parse(data.toString()) as {
          msg_type: string
          parent_header: { msg_id?: string }
          content: { data?: Record<string, string>; execution_state?: string }
        }
        if (message.parent_header.msg_id !== msg_id) return
        if (message.msg_type === 'execute_result') result = message.content.data?.['text/plain'] ?? ''
        if (message.content.execution_state !== 'idle') return
        socket.off('message', take)
        resolve()
      }
      socket.on('message', take)
    })
    const header = { msg_id, msg_type: 'execute_request', session: 's', username: 'u', version: '5.3', date: '' }
    socket.send(JSON.stringify({ channel: 'shell', header, parent_header: {}, metadata: {}, content: { code } }))
    await done
    if (result !== '42') throw new Error(`Jupyter answered ${result}`)
  }
  const checked = (name: string, ask: () => Promise<string>): Way => [
    name,
    async () => {
      const answer = await ask()
      if (!answer.includes('42')) throw new Error(`${name} answered ${answer}`)
    },
  ]
  const place = `/v1/sessions/${String(session['id'])}/executions`
  return {
    close: () => socket.terminate(),
    ways: [
      checked('`POST /v1/sessions/:id/executions`', () => client.text(place, { code }, { prefer: 'wait=60' })),
      checked('E2B', () => client.text('/e2b/execute', { code }, ofSandbox)),
      ['Jupyter', execute],
    ],
  }
}
