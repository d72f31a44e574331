import type { Request, Response } from 'express'
import { expect, test } from '@jest/globals'
import { readContent } from '../../../src/api/files/file-routes.ts'
import { ObjectMissing } from '../../../src/shared/files/file-store.ts'
import type { FileRecord } from '../../../src/shared/files/stored-file.ts'

const record = { tenant: 'acme', blob: 'blob', file: { name: 'a', bytes: 3, sha256: 'x' } } as FileRecord

/** Reads a file whose content is not in the store. @param answers of the books, one for each time they are asked */
function readMissing(answers: (FileRecord | undefined)[]): Promise<void> {
  const needs = {
    records: { read: () => Promise.resolve(answers.shift()) },
    store: { open: () => Promise.reject(new ObjectMissing('it is not in the store')) },
    open: { admit: () => new AbortController().signal },
  }
  const req = { method: 'GET', get: () => undefined } as unknown as Request
  const res = { locals: { caller: { tenant: 'acme' } } } as unknown as Response
  type Handle = (needs: unknown, request: unknown) => Promise<void>
  return (readContent.handle as unknown as Handle)(needs, { req, res, params: { id: 'ID' } })
}

test('a file that goes while it is opened does not exist', async () => {
  await expect(readMissing([record, undefined])).rejects.toMatchObject({ code: 'not-found' })
})

test('content that is missing of a file that is there is a fault of ours', async () => {
  await expect(readMissing([record, record])).rejects.toBeInstanceOf(ObjectMissing)
})
