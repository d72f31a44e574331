import Type from 'typebox'
import type { FileRecords } from '../../shared/files/file-records.ts'
import { AdminFilePage, TenantFile } from '../../shared/files/stored-file.ts'
import type { Config } from '../../shared/config/config.ts'
import { decodeCursor, encodeCursor } from '../http/cursor.ts'
import { PATH } from '../http/parameters.ts'
import { defineRoute } from '../http/route.ts'
import type { Audit } from '../security/audit.ts'
import { storedFile } from './examples.ts'
import { noFile } from './file-routes.ts'

export interface AdminFileNeeds {
  records: FileRecords
  config: Pick<Config, 'files'>
  audit: Audit
  /** Lets content go that is not needed any more. */
  sweep: () => void
}

const DEFAULT_LIMIT = 50

const AdminFilesQuery = Type.Object(
  {
    limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]?|100)$', description: '1 to 100; 50 when absent' })),
    cursor: Type.Optional(Type.String({ maxLength: 64, description: '`next` of the previous page' })),
    tenant: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  },
  { additionalProperties: false },
)
const common = { tag: 'Administration', scopes: ['admin'] } as const

/** The files of all tenants. Their content is for their tenants. */
export const adminFileRoutes = [
  defineRoute({
    ...common,
    method: 'get',
    path: '/v1/admin/files',
    id: 'listAllFiles',
    summary: 'List the files of all tenants',
    description: 'Newest first, and how full the file store is.',
    query: AdminFilesQuery,
    answers: {
      200: {
        description: 'One page.',
        schema: AdminFilePage,
        examples: {
          page: {
            summary: 'The last page',
            value: {
              files: [{ ...storedFile, tenant: 'acme' }],
              next: null,
              storedBytes: 12,
              maxBytes: 53_687_091_200,
            },
          },
        },
      },
    },
    cache: 'no-store',
    schemas: { TenantFile, AdminFilePage },
    async handle({ records, config }: AdminFileNeeds, { query, send }) {
      const { limit, cursor, tenant } = query
      const before = cursor === undefined ? undefined : decodeCursor(cursor)
      const [page, stored] = await Promise.all([
        records.listAll(limit === undefined ? DEFAULT_LIMIT : Number(limit), before, tenant),
        records.stored(tenant),
      ])
      const { tenantMaxBytes, storeMaxBytes } = config.files
      send(200, {
        files: page.records.map(({ file, tenant: owner }) => ({ ...file, tenant: owner })),
        next: page.next === undefined ? null : encodeCursor(page.next),
        storedBytes: tenant === undefined ? stored.all : stored.own,
        maxBytes: tenant === undefined ? storeMaxBytes : tenantMaxBytes,
      })
    },
  }),
  defineRoute({
    ...common,
    method: 'delete',
    path: '/v1/admin/files/:id',
    id: 'deleteAnyFile',
    summary: 'Delete a file of any tenant',
    description: 'Jobs that were submitted with it before still get it.',
    params: { id: PATH.storedFile },
    answers: { 204: { description: 'The file is gone.' } },
    async handle({ records, audit, sweep }: AdminFileNeeds, request) {
      const id = request.params.id.toLowerCase()
      const found = await records.read(id)
      if (!found || !(await records.remove(found.tenant, id))) throw noFile()
      sweep()
      audit(request, 'file-deleted', `the file ${id} of the tenant ${found.tenant} was deleted`)
      request.send(204)
    },
  }),
]
