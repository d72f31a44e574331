import type { Response } from 'express'
import Type from 'typebox'
import type { FileRecords } from '../../shared/files/file-records.ts'
import { ObjectMissing } from '../../shared/files/file-store.ts'
import { type FileRecord, StoredFile } from '../../shared/files/stored-file.ts'
import { Problem } from '../../shared/problems.ts'
import { decodeCursor, encodeCursor } from '../http/cursor.ts'
import { PATH } from '../http/parameters.ts'
import { defineRoute } from '../http/route.ts'
import { storedFile } from './examples.ts'
import { CONTENT_ANSWERS, type ContentNeeds, sendContent } from './send-content.ts'

export interface FileNeeds {
  records: FileRecords
  /** Lets content go that is not needed any more. */
  sweep: () => void
}

const DEFAULT_LIMIT = 20

const ListFilesQuery = Type.Object(
  {
    limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]?|100)$', description: '1 to 100; 20 when absent' })),
    cursor: Type.Optional(Type.String({ maxLength: 64, description: '`next` of the previous page' })),
  },
  { additionalProperties: false },
)
const FilePage = Type.Object({
  files: Type.Array(StoredFile),
  next: Type.Union([Type.String(), Type.Null()], { description: 'the `cursor` of the next page; `null` on the last' }),
})

const common = { tag: 'Files', scopes: ['files'] } as const

/** What can be done with files that are there. */
export const fileRoutes = [
  defineRoute({
    ...common,
    method: 'get',
    path: '/v1/files',
    id: 'listStoredFiles',
    summary: 'List your files',
    description: 'Newest first, those that jobs made too. New files do not shift the pages.',
    query: ListFilesQuery,
    answers: {
      200: {
        description: 'One page.',
        schema: FilePage,
        examples: { page: { summary: 'The last page', value: { files: [storedFile], next: null } } },
      },
    },
    cache: 'private, no-cache',
    schemas: { FilePage },
    async handle({ records }: FileNeeds, { caller, query, send }) {
      const { limit, cursor } = query
      const before = cursor === undefined ? undefined : decodeCursor(cursor)
      const page = await records.list(caller.tenant, limit === undefined ? DEFAULT_LIMIT : Number(limit), before)
      const files = page.records.map(({ file }) => file)
      send(200, { files, next: page.next === undefined ? null : encodeCursor(page.next) })
    },
  }),
  defineRoute({
    ...common,
    method: 'get',
    path: '/v1/files/:id',
    id: 'readStoredFile',
    summary: 'Read what is known of a file',
    params: { id: PATH.storedFile },
    answers: {
      200: {
        description: 'The file, without its content.',
        schema: StoredFile,
        examples: { stored: { summary: 'A stored file', value: storedFile } },
      },
    },
    cache: 'private, no-cache',
    async handle({ records }: FileNeeds, { res, params, send }) {
      send(200, (await ownFile(records, res, params.id)).file)
    },
  }),
  defineRoute({
    ...common,
    method: 'delete',
    path: '/v1/files/:id',
    id: 'deleteStoredFile',
    summary: 'Delete a file',
    description: 'Jobs that were submitted with it before still get it.',
    params: { id: PATH.storedFile },
    answers: { 204: { description: 'The file is gone.' } },
    async handle({ records, sweep }: FileNeeds, { params, caller, send }) {
      if (!(await records.remove(caller.tenant, params.id.toLowerCase()))) throw noFile()
      sweep()
      send(204)
    },
  }),
]

export const readContent = defineRoute({
  ...common,
  method: 'get',
  path: '/v1/files/:id/content',
  id: 'downloadStoredFile',
  summary: 'Download a file',
  description:
    'Returns the bytes, or with `Range` a part of them. `HEAD` answers the same headers. Browsers save the file and never display it.',
  params: { id: PATH.storedFile },
  headers: ['Range', 'If-Range', 'If-None-Match'],
  answers: CONTENT_ANSWERS,
  problems: ['range-not-satisfiable', 'too-many-open'],
  async handle(needs: FileNeeds & ContentNeeds, { req, res, params }) {
    const { file, blob } = await ownFile(needs.records, res, params.id)
    const { name, bytes, sha256 } = file
    await sendContent(needs, { blob, bytes, name, tag: `"${sha256}"` }, req, res).catch(async (error: unknown) => {
      // It may have gone between the two; content that is missing while it has not is an internal error.
      if (error instanceof ObjectMissing) await ownFile(needs.records, res, params.id)
      throw error
    })
  },
})

/** For an id of no file. */
export const noFile = () => new Problem('not-found', 'the file does not exist, or it has expired')

/** The caller's file. One that is somebody else's is told like one that does not exist. @throws Problem `not-found` */
async function ownFile(records: Pick<FileRecords, 'read'>, res: Response, id: string): Promise<FileRecord> {
  const found = await records.read(id.toLowerCase())
  if (found?.tenant !== res.locals.caller.tenant) throw noFile()
  return found
}
