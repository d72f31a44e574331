import { invalidRequest } from './problems.ts'

/** Where a page of things with UUIDs ended, as clients give it back. */
export const encodeCursor = (id: string): string => Buffer.from(id).toString('base64url')

/** @throws Problem `invalid-request` */
export function decodeCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString()
  if (/^[0-9a-f-]{36}$/.test(id)) return id
  throw invalidRequest([{ pointer: '/cursor', detail: 'is not the `next` of a page' }])
}
