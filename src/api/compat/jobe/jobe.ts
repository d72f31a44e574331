import { isUtf8 } from 'node:buffer'
import { type Response, Router } from 'express'
import { SECOND } from '../../../shared/limits.ts'
import { Problem, type ProblemCode } from '../../../shared/problems.ts'
import { MAX_FILES } from '../../../shared/requests.ts'
import { plainBase64 } from '../../jobs/request/base64.ts'
import { ceilingsFor } from '../system/held-limits.ts'
import { membersOf, readBody } from '../system/read-body.ts'
import { makeJob, runToEnd } from '../system/run-job.ts'
import type { CompatSystem, SystemNeeds } from '../system/system.ts'
import { FILE_ID, JobeFault, jobeLanguages, jobeResult, OUTCOME, readRun, type RunResult } from './run-spec.ts'

/** How long a run waits for a free slot. */
const QUEUE_WAIT_MS = 10 * SECOND
const OVERLOAD: readonly ProblemCode[] = [
  'queue-full',
  'tenant-queue-full',
  'too-many-open',
  'engine-unavailable',
  'unavailable',
  'wait-timeout',
]
const BASE = '/index.php/restapi'

const without = (outcome: number, stderr = ''): RunResult => ({
  run_id: null,
  outcome,
  cmpinfo: '',
  stdout: '',
  stderr,
})

/** Jobe, which runs the programs of Moodle's CodeRunner: docs/compatibility/jobe.md. */
export const JOBE: CompatSystem = {
  name: 'jobe',
  keyHeaders: [],
  cors: { methods: 'OPTIONS, HEAD, GET, POST, PUT', headers: 'x-api-key, content-type, x-coderunner-job-id' },
  routes,
  sendProblem(res, problem) {
    const { code, status, message, headers } = problem
    res.set(headers)
    const isRun = /\/runs\/?$/.test(res.req.path)
    if (isRun && OVERLOAD.includes(code)) return void res.status(200).json(without(OUTCOME.overload))
    if (isRun && code === 'submission-blocked') return void res.status(200).json(without(OUTCOME.illegal, message))
    // CodeRunner takes 401 for a limit of submissions.
    if (status === 401 || status === 403) return void res.status(403).type('text').send(message)
    if (status === 429) return void res.status(429).type('text').send(message)
    const isFault = status === 422 || code === 'invalid-json'
    res.status(isFault ? 400 : status).json(message)
  },
}

function routes(needs: SystemNeeds): Router {
  const { config, languages, overview, sentFiles } = needs
  const { mayUse } = needs.jobs
  const router = Router()
  const read = readBody(config.http.maxBodyBytes)
  const tenantOf = (res: Response) => res.locals.caller.tenant
  const runtimes = async () => (await overview()).runtimes

  router.get(`${BASE}/languages`, async (_req, res) => void res.json(jobeLanguages(languages, await runtimes())))
  router.post(`${BASE}/runs`, mayUse, read, async (req, res) => {
    const limits = { defaults: config.limits.defaults, ceilings: ceilingsFor(config, res) }
    try {
      const { request, files, held } = readRun(req.body, languages, await runtimes(), limits)
      if (files.length >= MAX_FILES) throw new JobeFault(`file_list has more than ${MAX_FILES - 1} files`)
      const contents = await sentFiles.get(
        tenantOf(res),
        files.map(({ id }) => id),
      )
      if (!contents) return res.status(404).json('One or more of the specified files is missing/unavailable')
      const others = files.map(({ name }, index) => fileOf(name, contents[index] ?? Buffer.alloc(0)))
      const spec = await makeJob(needs, res, { ...request, files: [...(request.files ?? []), ...others] })
      res.json(jobeResult(await runToEnd(needs, res, spec, QUEUE_WAIT_MS), held))
    } catch (error) {
      if (!(error instanceof JobeFault)) throw error
      res.status(400).json(error.message)
    }
  })
  router.put(`${BASE}/files/:id`, mayUse, read, async (req, res) => {
    const id = String(req.params['id'])
    const contents = membersOf(req.body)['file_contents']
    if (!FILE_ID.test(id)) return res.status(400).json('The file id must be 1 to 64 letters and digits')
    const plain = typeof contents === 'string' ? plainBase64(contents) : undefined
    if (plain === undefined) return res.status(400).json('put: contents of file not in base64')
    await sentFiles.put(tenantOf(res), id, Buffer.from(plain, 'base64'))
    res.status(204).end()
  })
  router.head(`${BASE}/files/:id`, mayUse, async (req, res) => {
    res.status((await sentFiles.has(tenantOf(res), String(req.params['id']))) ? 204 : 404).end()
  })
  router.use((req) => {
    throw new Problem('not-found', `${req.path} is not a path of this service`)
  })
  return router
}

const fileOf = (path: string, content: Buffer) =>
  isUtf8(content)
    ? { path, content: content.toString() }
    : { path, content: content.toString('base64'), encoding: 'base64' as const }
