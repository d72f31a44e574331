import Type from 'typebox'
import { Problem } from '../../shared/problems.ts'
import { CodeRequest, ContainerRequest } from '../../shared/requests.ts'
import { PATH } from '../http/parameters.ts'
import { defineRoute } from '../http/route.ts'
import { ownJob } from './own-job.ts'
import { enterUntilSent, type OutputNeeds } from './with-output.ts'

const NOT_KEPT =
  'the request of this job was not kept; submit with "keepRequest": true, unless the operator set KEEP_REQUESTS=off'

export const readJobRequest = defineRoute({
  method: 'get',
  path: '/v1/jobs/:id/request',
  id: 'readJobRequest',
  tag: 'Jobs',
  summary: 'Read the request of a job',
  description:
    'Returns a body that runs the same program again, if the job was submitted with `"keepRequest": true`: the request ' +
    'without `webhook`, `delayMs`, `priority` and `metadata`. 404 when it was not kept.',
  scopes: ['jobs', 'containers'],
  params: { id: PATH.job },
  answers: {
    200: {
      description: 'The request.',
      schema: Type.Union([CodeRequest, ContainerRequest]),
      examples: {
        program: {
          summary: 'A program with its input',
          value: { language: 'python', code: 'print(input())', stdin: 'hello', keepRequest: true },
        },
      },
    },
  },
  /** The text is sent as it was kept: it is long, and nobody here looks into it. */
  async handle({ records, sending }: OutputNeeds, { res, params }) {
    const job = await ownJob(records, res, params.id)
    const kept = await records.request(job.id)
    if (kept) await enterUntilSent(sending, res, kept.bytes)
    const request = await kept?.read()
    if (!request) throw new Problem('not-found', NOT_KEPT)
    res.set('Cache-Control', 'private, no-cache').type('json').send(request)
  },
})
