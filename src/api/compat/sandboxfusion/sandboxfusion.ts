import { type Response, Router } from 'express'
import type { Config } from '../../../shared/config/config.ts'
import { findLanguage } from '../../../shared/language.ts'
import { SECOND } from '../../../shared/limits.ts'
import { Problem, type ProblemCode } from '../../../shared/problems.ts'
import type { Job, JobSpec } from '../../../shared/job.ts'
import { bodyValidator } from '../../http/validate.ts'
import { enterUntilSent } from '../../jobs/with-output.ts'
import { ceilingsFor } from '../system/held-limits.ts'
import { readBody } from '../system/read-body.ts'
import { makeJob, runToEnd } from '../system/run-job.ts'
import type { CompatSystem, SystemNeeds } from '../system/system.ts'
import { RunJupyterRequest, runJupyter } from './run-jupyter.ts'
import { jobOfRunCode, languageName, RunCodeRequest, runCodeResult } from './run-code.ts'

/** Trainers wait for the limits of a program and ten seconds more, and try again after a 504 alone. */
const QUEUE_WAIT_MS = 8 * SECOND
/** What ends by itself. */
const BUSY: readonly ProblemCode[] = [
  'queue-full',
  'tenant-queue-full',
  'rate-limited',
  'too-many-open',
  'engine-unavailable',
  'unavailable',
  'wait-timeout',
  'sessions-full',
  'too-many-sessions',
]

/** SandboxFusion's running of code: docs/compatibility/sandboxfusion.md. */
export const SANDBOXFUSION: CompatSystem = {
  name: 'sandboxfusion',
  keyHeaders: [],
  routes,
  sendProblem(res, { code, status, message, errors, headers }) {
    res.set(headers)
    if (BUSY.includes(code)) return void res.status(504).json({ detail: message })
    if (status === 422 || code === 'invalid-json') {
      const fields = errors ?? [{ pointer: '', detail: message }]
      const detail = fields.map(({ pointer, detail: msg }) => ({
        type: 'value_error',
        loc: ['body', ...pointer.split('/').slice(1)],
        msg,
      }))
      return void res.status(422).json({ detail })
    }
    res.status(status).json({ detail: message })
  },
}

const runCodeRequest = bodyValidator(RunCodeRequest)
const runJupyterRequest = bodyValidator(RunJupyterRequest)

function routes(needs: SystemNeeds): Router {
  const { config, languages } = needs
  const { mayUse } = needs.jobs
  const router = Router()
  router.get('/v1/ping', (_req, res) => void res.json('pong'))
  router.post('/run_code', mayUse, readBody(config.http.maxBodyBytes), async (req, res) => {
    const body = runCodeRequest(req.body)
    const language = findLanguage(languages, languageName(body.language))
    if (!language) {
      const detail = `is "${body.language}"; known languages: ${languages.map(({ id }) => id).join(', ')}`
      throw new Problem('unknown-language', detail, { errors: [{ pointer: '/language', detail }] })
    }
    const limits = { defaults: config.limits.defaults, ceilings: ceilingsFor(config, res) }
    const { request, held } = jobOfRunCode(body, language, limits)
    const job = await runToEnd(needs, res, keptInline(await makeJob(needs, res, request), config), QUEUE_WAIT_MS)
    res.json(runCodeResult(job, held, await filesOf(needs, res, job)))
  })
  router.post('/run_jupyter', needs.sessions.mayUse, readBody(config.http.maxBodyBytes), async (req, res) => {
    res.json(await runJupyter(needs, res, runJupyterRequest(req.body)))
  })
  router.use((req) => {
    throw new Problem('not-found', `${req.path} is not a path of this service`)
  })
  return router
}

/** The answer has the files in its JSON: those that would lie in the file store are too large for it. */
function keptInline(spec: JobSpec, { artifacts: { inlineBytes } }: Pick<Config, 'artifacts'>): JobSpec {
  const { artifacts } = spec
  return artifacts
    ? { ...spec, artifacts: { ...artifacts, maxBytes: Math.max(1, Math.min(artifacts.maxBytes, inlineBytes)) } }
    : spec
}

async function filesOf({ jobs }: SystemNeeds, res: Response, job: Job): Promise<Record<string, string>> {
  const files: Record<string, string> = {}
  for (const { path, bytes } of job.artifacts ?? []) {
    await enterUntilSent(jobs.output.sending, res, bytes)
    const content = await jobs.artifacts.get(job.id, path)
    if (content) files[path] = content.toString('base64')
  }
  return files
}
