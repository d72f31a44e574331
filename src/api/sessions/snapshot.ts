import { SECOND } from '../../shared/limits.ts'
import { StoredFile } from '../../shared/files/stored-file.ts'
import { SnapshotRequest } from '../../shared/sessions/requests.ts'
import { storedFile } from '../files/examples.ts'
import { whileKeyHolds } from '../http/open-responses.ts'
import { PATH } from '../http/parameters.ts'
import { defineRoute } from '../http/route.ts'
import { CALL_PROBLEMS } from './executions.ts'
import { type SessionNeeds, sessionOf } from './needs.ts'

/** What a snapshot may take. */
const SNAPSHOT_MS = 300 * SECOND

export const snapshotSession = defineRoute({
  method: 'post',
  path: '/v1/sessions/:id/snapshot',
  id: 'snapshotSession',
  tag: 'Sessions',
  summary: 'Keep the working folder of a session as a file',
  description:
    'A tar archive with modes, links and times, among your files. `POST /v1/sessions` with its `id` as `from` starts a session with what is in ' +
    'it. Variables, processes and what lies elsewhere are not kept. Answers when it is stored, which takes as long as reading the folder does.',
  scopes: ['sessions'],
  params: { id: PATH.session },
  body: {
    schema: SnapshotRequest,
    examples: { named: { summary: 'With a name', value: { name: 'analysis.tar' }, refused: 404 } },
  },
  answers: {
    201: {
      description: 'The stored file.',
      schema: StoredFile,
      headers: ['Location'],
      examples: { stored: { summary: 'A stored file', value: storedFile } },
    },
  },
  problems: [...CALL_PROBLEMS, 'file-conflict', 'storage-full', 'storage-quota', 'too-many-open'],
  schemas: { SnapshotRequest },
  async handle({ calls, open }: SessionNeeds, { res, params, body, send }) {
    const signal = open.admit(res)
    const { name = 'session.tar', ttlSeconds } = body
    const asked = { name, ...(ttlSeconds !== undefined && { ttlSeconds }) }
    const options = { waitMs: SNAPSHOT_MS, signal }
    const { value } = await whileKeyHolds(signal, calls.call(sessionOf(res, params.id), 'snapshot', asked, options))
    res.location(`/v1/files/${value.id}`)
    send(201, value)
  },
})
