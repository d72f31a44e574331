import { type Response, Router } from 'express'
import Type from 'typebox'
import { findLanguage, type Language } from '../../../shared/language.ts'
import { SECOND } from '../../../shared/limits.ts'
import { Problem } from '../../../shared/problems.ts'
import type { RequestFile } from '../../../shared/requests.ts'
import { invalidRequest } from '../../http/problems.ts'
import { bodyValidator } from '../../http/validate.ts'
import { ceilingsFor, heldLimits, heldStatus } from '../system/held-limits.ts'
import { readBody } from '../system/read-body.ts'
import { makeJob, runToEnd } from '../system/run-job.ts'
import type { CompatSystem, SystemNeeds } from '../system/system.ts'

/** The widget gives up after ten seconds: what runs and what waits have to fit into them. */
const WALL_MS = 6 * SECOND
const QUEUE_WAIT_MS = 2 * SECOND

const ExecRequest = Type.Object({
  sandbox: Type.String({ minLength: 1, maxLength: 64 }),
  version: Type.Optional(Type.String({ maxLength: 64 })),
  command: Type.Optional(Type.String({ maxLength: 64 })),
  files: Type.Record(Type.String(), Type.String()),
})
const execRequest = bodyValidator(ExecRequest)

/** codapi: docs/compatibility/codapi.md. */
export const CODAPI: CompatSystem = {
  name: 'codapi',
  keyHeaders: [],
  tokenInPath: true,
  cors: { methods: 'OPTIONS, HEAD, GET, POST', headers: 'authorization, content-type' },
  routes,
  sendProblem(res: Response, { code, status, message, headers }) {
    const isUnknown = code === 'unknown-language' || code === 'language-not-installed'
    const isBusy =
      code.endsWith('queue-full') ||
      code === 'too-many-open' ||
      code === 'engine-unavailable' ||
      code === 'wait-timeout'
    const answer = isUnknown ? 404 : isBusy ? 429 : status === 422 ? 400 : status
    res.status(answer).set(headers).json({ id: '', ok: false, duration: 0, stdout: '', stderr: message })
  },
}

function routes(needs: SystemNeeds): Router {
  const { config, languages } = needs
  const { mayUse } = needs.jobs
  const router = Router()
  // A snippet's `url` ends in /v1 by default.
  router.get(['/health', '/v1/health'], (_req, res) => void res.json({ status: 'ok' }))
  router.post(['/exec', '/v1/exec'], mayUse, readBody(config.http.maxBodyBytes), async (req, res) => {
    const { sandbox, version, command = 'run', files } = execRequest(req.body)
    const language = findLanguage(languages, sandbox)
    if (!language) throw new Problem('not-found', `unknown sandbox "${sandbox}"`)
    if (command !== 'run')
      throw new Problem('not-found', `unknown command "${command}" of the sandbox "${sandbox}"; there is "run"`)
    const limits = heldLimits(
      { wallMs: WALL_MS, compileWallMs: WALL_MS },
      language,
      config.limits.defaults,
      ceilingsFor(config, res),
    )
    const spec = await makeJob(needs, res, {
      language: language.id,
      ...(version !== undefined && version !== '' && { version }),
      files: filesOf(files, language),
      entrypoint: language.fileName,
      limits: limits.limits,
    })
    const job = await runToEnd(needs, res, spec, QUEUE_WAIT_MS)
    const last = job.stages.at(-1)
    const ok = job.stages.every((stage) => heldStatus(stage, limits.held) === 'succeeded') && job.status === 'succeeded'
    res.json({
      id: job.id,
      ok,
      duration: Math.round(job.stages.reduce((sum, { wallMs }) => sum + wallMs, 0)),
      stdout: last?.stdout ?? '',
      stderr: (last?.stderr ?? '') || (ok ? '' : (job.message ?? `exit status ${last?.exitCode ?? 'unknown'}`)),
    })
  })
  router.use((req) => {
    throw new Problem('not-found', `${req.path} is not a path of this service`)
  })
  return router
}

/** The program under the name `""`, others under their own, as text or as `data:` URLs. */
function filesOf(files: Readonly<Record<string, string>>, language: Language): RequestFile[] {
  if (!Object.hasOwn(files, ''))
    throw invalidRequest([{ pointer: '/files', detail: 'must have the program under the name ""' }])
  return Object.entries(files).map(([name, content]) => {
    const path = name === '' ? language.fileName : name
    const data = /^data:[^,]*;base64,(.*)$/s.exec(content)?.[1]
    return data === undefined ? { path, content } : { path, content: data, encoding: 'base64' }
  })
}
