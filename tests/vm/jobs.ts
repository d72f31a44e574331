import { type Client, type CodeRequest, createClient, type Job } from '../../src/client/client.ts'
import { MIB, SECOND } from '../../src/shared/limits.ts'
import type { Trial } from './trial.ts'

interface Row {
  name: string
  request: CodeRequest
  status: Job['status']
  stdout?: string | RegExp
}

/** An emulated processor takes many times as long as one of today. */
const LIMITS = { wallMs: 120 * SECOND, cpuMs: 60 * SECOND }
const bash = (code: string, more: Partial<CodeRequest> = {}): CodeRequest => ({
  language: 'bash',
  code,
  limits: LIMITS,
  ...more,
})
const python = (code: string, more: Partial<CodeRequest> = {}): CodeRequest => ({
  language: 'python',
  code,
  limits: LIMITS,
  ...more,
})

const ROWS: Row[] = [
  { name: 'bash', request: bash('echo $((6 * 7))'), status: 'succeeded', stdout: '42\n' },
  {
    name: 'Python',
    request: python('print(input()[::-1])', { stdin: 'olleh\n' }),
    status: 'succeeded',
    stdout: 'hello\n',
  },
  {
    name: 'JavaScript',
    request: { language: 'javascript', code: 'console.log(6 * 7)', limits: LIMITS },
    status: 'succeeded',
    stdout: '42\n',
  },
  { name: 'exit code', request: bash('exit 3'), status: 'failed' },
  { name: 'wrong answer', request: bash('echo 41', { expectedOutput: '42' }), status: 'wrong-answer' },
  { name: 'SIGSEGV', request: bash('kill -SEGV $$'), status: 'signalled' },
  {
    name: 'memory',
    request: python('x = []\nwhile True: x.append(bytearray(1 << 20))', {
      limits: { ...LIMITS, memoryBytes: 64 * MIB },
    }),
    status: 'memory-limit',
  },
  {
    name: 'fork bomb',
    request: bash('f() { f | f & }; f; sleep 3600', { limits: { ...LIMITS, wallMs: 10 * SECOND } }),
    status: 'wall-time-limit',
  },
  {
    name: 'CPU of children',
    request: bash('for i in 1 2 3; do (while :; do :; done) & done; wait', {
      limits: { ...LIMITS, cpuMs: 2 * SECOND },
    }),
    status: 'cpu-time-limit',
  },
  {
    name: 'wall time',
    request: bash('sleep 60', { limits: { ...LIMITS, wallMs: SECOND } }),
    status: 'wall-time-limit',
  },
  { name: 'output', request: bash('yes', { limits: { ...LIMITS, outputBytes: 4096 } }), status: 'output-limit' },
  {
    name: 'files',
    request: bash('head -c 64M /dev/zero >big || echo full', { limits: { ...LIMITS, fileBytes: MIB } }),
    status: 'succeeded',
    stdout: 'full\n',
  },
  {
    name: 'no network',
    request: python(
      'import socket\ntry: socket.create_connection(("10.0.2.2", 22), 5)\nexcept OSError as e: print("none")',
    ),
    status: 'succeeded',
    stdout: 'none\n',
  },
  {
    name: 'no capability, no other user',
    request: bash('grep -c "^Cap\\(Prm\\|Eff\\|Bnd\\|Amb\\):\\s*0*$" /proc/self/status; ls /proc | grep -c "^[0-9]*$"'),
    status: 'succeeded',
    stdout: /^[34]\n\d\n$/,
  },
]

/** A client that waits as long as the machine needs. */
export const clientOf = (url: string): Client => createClient({ url })

/** One job of each kind, then a mixture at once, an interactive one, one that is cancelled, and what it made. */
export async function tryJobs(trial: Trial, client: Client): Promise<void> {
  for (const { name, request, status, stdout } of ROWS) {
    await trial.check(`job: ${name}`, async () => expectJob(await client.run(request), status, stdout))
  }
  await trial.check('job: cancelled while it runs', async () => {
    const { id } = await client.submit(bash('echo begun; sleep 600'))
    for await (const event of client.stream(id)) if (event.type === 'stdout') break
    await client.cancel(id)
    return expectJob(await client.wait(id), 'cancelled')
  })
  await trial.check('job: interactive, by WebSocket', async () => {
    const talk = await client.interactive(python('print(int(input()) * 2)'))
    await talk.write('21\n')
    let said = ''
    for await (const event of talk) if (event.type === 'stdout') said += event.data.data
    return said.trim() === '42' ? 'answered' : Promise.reject(new Error(`it said ${JSON.stringify(said)}`))
  })
  await trial.check('job: artifacts', async () => {
    const job = await client.run(bash('mkdir out; echo made >out/file', { artifacts: ['out/*'] }))
    const text = Buffer.from(await client.artifact(job.id, 'out/file')).toString()
    return text === 'made\n' ? 'read back' : Promise.reject(new Error(JSON.stringify(text)))
  })
  await trial.check('30 mixed jobs at once', async () => {
    const rows = Array.from({ length: 30 }, (_, number) => ROWS[number % 8] as Row)
    const jobs = await Promise.all(rows.map(({ request }) => client.run(request)))
    jobs.forEach((job, number) => expectJob(job, rows[number]?.status ?? null, rows[number]?.stdout))
    return `${jobs.length} as they are to be`
  })
}

export function expectJob(job: Job, status: Job['status'], stdout?: string | RegExp): string {
  const printed = job.stages.at(-1)?.stdout ?? ''
  const fits = stdout === undefined || (typeof stdout === 'string' ? printed === stdout : stdout.test(printed))
  if (job.status === status && fits) return String(status)
  const shown = { status: job.status, message: job.message, stages: job.stages }
  throw new Error(`not ${status}${stdout === undefined ? '' : ` with ${String(stdout)}`}: ${JSON.stringify(shown)}`)
}
