import type { Request, RequestHandler, Response } from 'express'
import { v7 as uuid } from 'uuid'
import { Problem } from '../../../shared/problems.ts'
import type { JobSpec, JobSummary } from '../../../shared/job.ts'
import { enterUntilSent, withOutput } from '../../jobs/with-output.ts'
import { ceilingsFor } from '../system/held-limits.ts'
import { howToInstall } from '../../runtimes/installed.ts'
import { membersOf } from '../system/read-body.ts'
import { makeJob, runJob, submitJob } from '../system/run-job.ts'
import type { SystemNeeds } from '../system/system.ts'
import { MAX_BATCH } from './config-info.ts'
import { type FieldMessages, NUMBER_FIELDS, numberBounds, readSubmission } from './fields.ts'
import { jobOfSubmission, type KeptSubmission } from './job-of-submission.ts'
import { judge0Error } from './judge0-problem.ts'
import { judge0Languages, languageOf } from './languages.ts'
import {
  DEFAULT_FIELDS,
  FIELD_NAMES,
  idOfToken,
  needsOutput,
  needsRequest,
  NotUtf8,
  submissionFields,
  tokenOf,
} from './submission-fields.ts'

const NO_UTF8 = 'cannot be converted to UTF-8, use base64_encoded=true query parameter'
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i
const PER_PAGE = 20
const MAX_PER_PAGE = 100
/** Jobs that are looked at for one page of submissions. */
const MAX_LISTED = 2000
const CHUNK = 100

/** One value of a query parameter. */
export const queried = (req: Request, name: string): string | undefined => {
  const value = [req.query[name]].flat()[0]
  return typeof value === 'string' ? value : undefined
}

const isEncoded = (req: Request): boolean => queried(req, 'base64_encoded') === 'true'

/** What a refusal of Judge0's own says, as `{"error": "..."}`. */
class Refused extends Error {}

const refusing =
  (handle: (req: Request, res: Response) => Promise<unknown>): RequestHandler =>
  async (req, res) => {
    try {
      await handle(req, res)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      res.status(400).json({ error: error.message })
    }
  }

function fieldsOf(req: Request): readonly string[] {
  const text = queried(req, 'fields')
  if (text === undefined || text.trim() === '') return DEFAULT_FIELDS
  const names = text.split(',').map((name) => name.trim())
  if (names.includes('*')) return FIELD_NAMES
  const unknown = names.filter((name) => !FIELD_NAMES.includes(name))
  if (unknown.length > 0) throw new Refused(`invalid fields: [${unknown.join(', ')}]`)
  return names
}

/** @returns a job that can be submitted, or what is wrong with the submission */
async function jobOf(
  needs: SystemNeeds,
  req: Request,
  res: Response,
  body: unknown,
): Promise<{ spec: JobSpec } | { messages: FieldMessages }> {
  const { config, languages, overview } = needs
  const ceilings = ceilingsFor(config, res)
  const { submission, messages } = readSubmission(
    membersOf(body),
    isEncoded(req),
    numberBounds(config.limits.defaults, ceilings),
  )
  if (submission.callback_url !== null) (messages['callback_url'] ??= []).push('callbacks are not enabled')
  const { language_id: id } = submission
  const language = languageOf(languages, id)
  const isThere = language && (await overview()).runtimes?.languages[language.id] !== undefined
  if (!isThere && messages['language_id'] === undefined) {
    messages['language_id'] = [`language with id ${id} doesn't exist`, ...(language ? [howToInstall(language)] : [])]
  }
  if (!language) {
    if (submission.source_code === null) (messages['source_code'] ??= []).push("can't be blank")
    return { messages }
  }
  const request = jobOfSubmission(submission, language, { defaults: config.limits.defaults, ceilings }, messages)
  return Object.keys(messages).length > 0 ? { messages } : { spec: await makeJob(needs, res, request) }
}

/** Submissions as Judge0 has them: made, made and waited for, made many at once, read, listed. */
export function submissionHandlers(needs: SystemNeeds) {
  const { jobs, config, languages, overview } = needs
  const { records, sending } = jobs.output

  const show = async (
    res: Response,
    job: JobSummary,
    fields: readonly string[],
    encoded: boolean,
  ): Promise<Record<string, unknown>> => {
    const kept = keptWith(job)
    if (!kept) throw notFound()
    const whole = needsOutput(fields) ? await withOutput(jobs.output, res, job) : job
    const spec = needsRequest(fields) && job.status !== null ? await records.spec(job.id) : undefined
    if (spec)
      await enterUntilSent(
        sending,
        res,
        spec.files.reduce((sum, { content }) => sum + content.length, 0),
      )
    const known = judge0Languages(languages, (await overview()).runtimes)
    const languageName = known.find(({ id }) => id === kept.language_id)?.name ?? ''
    return submissionFields({ job: whole, kept, spec, languageName }, fields, encoded)
  }

  const own = async (res: Response, token: string): Promise<JobSummary> => {
    const found = UUID.test(token) ? await records.read(idOfToken(token)) : undefined
    if (!found || found.tenant !== res.locals.caller.tenant || !keptWith(found.job)) throw notFound()
    return found.job
  }

  const create = refusing(async (req, res) => {
    const fields = fieldsOf(req)
    const made = await jobOf(needs, req, res, req.body)
    if ('messages' in made) return res.status(422).json(made.messages)
    const token = tokenOf(made.spec.head.id)
    if (queried(req, 'wait') !== 'true') {
      await submitJob(needs, res, made.spec)
      return res.status(201).json({ token })
    }
    const job = (await runJob(needs, res, made.spec)) ?? (await own(res, token))
    try {
      res.status(201).json(await show(res, job, fields, isEncoded(req)))
    } catch (error) {
      if (!(error instanceof NotUtf8)) throw error
      res.status(201).json({ error: `some attributes for this submission ${NO_UTF8}`, token })
    }
  })

  const read = refusing(async (req, res) => {
    const fields = fieldsOf(req)
    const job = await own(res, String(req.params['token']))
    res.locals.jobId = job.id
    try {
      res.json(await show(res, job, fields, isEncoded(req)))
    } catch (error) {
      if (!(error instanceof NotUtf8)) throw error
      throw new Refused(`some attributes for this submission ${NO_UTF8}`)
    }
  })

  const several = async (req: Request, res: Response, found: readonly (JobSummary | undefined)[]) => {
    const fields = fieldsOf(req)
    try {
      const submissions: unknown[] = []
      for (const job of found) submissions.push(job ? await show(res, job, fields, isEncoded(req)) : null)
      return submissions
    } catch (error) {
      if (!(error instanceof NotUtf8)) throw error
      throw new Refused(`some attributes for one or more submissions ${NO_UTF8}`)
    }
  }

  const createBatch = refusing(async (req, res) => {
    const given = membersOf(req.body)['submissions']
    const bodies: unknown[] = Array.isArray(given) ? given : []
    checkBatch(bodies.length)
    if (bodies.length > 1) await needs.spend(res, bodies.length - 1)
    const answers: ({ token: string } | FieldMessages | { error: string })[] = []
    const specs: JobSpec[] = []
    for (const body of bodies) {
      const made = await jobOf(needs, req, res, body).catch((error: unknown) => {
        // What is wrong with one of them is told in its place.
        if (error instanceof Problem && error.status < 500) return { messages: judge0Error(error).body }
        throw error
      })
      if ('spec' in made) specs.push(made.spec)
      answers.push('spec' in made ? { token: tokenOf(made.spec.head.id) } : made.messages)
    }
    if (specs.length === 0) return res.status(422).json(answers)
    const batch = { id: uuid(), tenant: res.locals.caller.tenant, createdAt: new Date().toISOString() }
    await jobs.submission.submitBatch(specs, { ...batch, jobIds: specs.map(({ head }) => head.id) }, undefined)
    res.status(201).json(answers)
  })

  const readBatch = refusing(async (req, res) => {
    const tokens = (req.get('tokens') ?? queried(req, 'tokens') ?? '')
      .trim()
      .split(',')
      .filter((token) => token !== '')
    checkBatch(tokens.length)
    const found = await Promise.all(tokens.map((token) => own(res, token.trim()).catch(ifNotFound)))
    res.json({ submissions: await several(req, res, found) })
  })

  const list = refusing(async (req, res) => {
    const page = Number.parseInt(queried(req, 'page') ?? '1', 10)
    const perPage = Number.parseInt(queried(req, 'per_page') ?? String(PER_PAGE), 10)
    if (!(page > 0)) throw new Refused(`invalid page: ${Number.isNaN(page) ? 0 : page}`)
    if (!(perPage > 0 && perPage <= MAX_PER_PAGE))
      throw new Refused(`invalid per_page: ${Number.isNaN(perPage) ? 0 : perPage}`)
    const all: JobSummary[] = []
    let before: string | undefined
    for (let seen = 0; seen < MAX_LISTED; seen += CHUNK) {
      const found = await jobs.jobList.page(res.locals.caller.tenant, { limit: CHUNK, before, filter: {} })
      all.push(...found.jobs.filter((job) => keptWith(job)))
      before = found.next
      if (before === undefined) break
    }
    const pages = Math.ceil(all.length / perPage)
    const shown = all.slice((page - 1) * perPage, page * perPage)
    res.json({
      submissions: await several(req, res, shown),
      meta: {
        current_page: page,
        next_page: page < pages ? page + 1 : null,
        prev_page: page > 1 ? page - 1 : null,
        total_pages: pages,
        total_count: all.length,
      },
    })
  })

  return {
    create,
    read,
    createBatch,
    readBatch,
    list,
    bounds: (res: Response) => numberBounds(config.limits.defaults, ceilingsFor(config, res)),
  }
}

function checkBatch(size: number): void {
  if (size === 0) throw new Refused('there should be at least one submission in a batch')
  if (size > MAX_BATCH)
    throw new Refused(`number of submissions in a batch should be less than or equal to ${MAX_BATCH}`)
}

/** What a job was submitted with here; undefined when it came another way. Its owner can write anything there. */
function keptWith({ metadata }: JobSummary): KeptSubmission | undefined {
  const kept = membersOf(metadata['judge0'])
  const { held } = kept
  const numbers = ['language_id', ...NUMBER_FIELDS].every((name) => typeof kept[name] === 'number')
  return numbers && typeof held === 'object' && held !== null ? (kept as unknown as KeptSubmission) : undefined
}

const notFound = () => new Problem('not-found', 'submission not found')

function ifNotFound(error: unknown): undefined {
  if (!(error instanceof Problem) || error.code !== 'not-found') throw error
}
