import { posix } from 'node:path'
import type { Response } from 'express'
import Type from 'typebox'
import { Problem } from '../../../shared/problems.ts'
import type { FileEntry } from '../../../shared/sessions/session.ts'
import { invalidRequest } from '../../http/problems.ts'
import { bodyValidator } from '../../http/validate.ts'
import { sessionOf } from '../../sessions/needs.ts'
import type { E2bNeeds } from './e2b-needs.ts'
import { sandboxOf } from './interpreter.ts'
import { RpcFault, type UnaryMethod } from './rpc.ts'
import { pathIn } from './sandbox-paths.ts'

const path = Type.Optional(Type.String({ maxLength: 4096 }))
const onePath = bodyValidator(Type.Object({ path }))
const moveRequest = bodyValidator(Type.Object({ source: path, destination: path }))
const listRequest = bodyValidator(
  Type.Object({ path, depth: Type.Optional(Type.Integer({ minimum: 0, maximum: 64 })) }),
)

/** Entries in one answer. */
const MOST_ENTRIES = 10_000
/** Folders that one call looks into, each a call of the worker or more. */
const MOST_FOLDERS = 200
const TYPES: Readonly<Record<FileEntry['kind'], string>> = {
  file: 'FILE_TYPE_FILE',
  folder: 'FILE_TYPE_DIRECTORY',
  link: 'FILE_TYPE_SYMLINK',
  other: 'FILE_TYPE_UNSPECIFIED',
}
const LETTERS: Readonly<Record<FileEntry['kind'], string>> = { file: '-', folder: 'd', link: 'L', other: '?' }

/** An entry of a folder, as the service of files tells of it. @param at its absolute path */
export function entryOf(at: string, { kind, bytes, mode, modifiedAt }: FileEntry) {
  const bits = parseInt(mode, 8)
  const permissions = [6, 3, 0].map((shift) =>
    'rwx'.replaceAll(/./g, (letter, index: number) => ((bits >> (shift + 2 - index)) & 1 ? letter : '-')),
  )
  return {
    name: posix.basename(at),
    type: TYPES[kind],
    path: at,
    // 64 bits go as text.
    size: String(bytes),
    mode: bits,
    permissions: LETTERS[kind] + permissions.join(''),
    owner: 'runner',
    group: 'runner',
    modifiedTime: modifiedAt,
  }
}

/** The service of a sandbox's files, by the names of its methods. */
export function filesystemMethods({ sessions }: E2bNeeds): Readonly<Record<string, UnaryMethod>> {
  const { calls } = sessions
  const at = (res: Response) => sessionOf(res, sandboxOf(res).id)
  const stat = async (res: Response, whole: string) => (await calls.call(at(res), 'statFile', { path: whole })).value
  const statIfThere = (res: Response, whole: string) =>
    stat(res, whole).catch((error: unknown) => {
      if (error instanceof Problem && error.code === 'not-found') return undefined
      throw error
    })
  const pathOf = (text: string | undefined, pointer: string) => {
    if (text === undefined || text === '') throw invalidRequest([{ pointer, detail: 'is missing' }])
    return pathIn(text, pointer)
  }
  const list = async (res: Response, folder: string) => {
    const entries: FileEntry[] = []
    for (let total = 1; entries.length < Math.min(total, MOST_ENTRIES) && !res.destroyed;) {
      const { value } = await calls.call(at(res), 'listFolder', { path: folder, skip: entries.length })
      if (value.entries.length === 0) break
      entries.push(...value.entries)
      total = value.total
    }
    return entries
  }

  return {
    async Stat(body, { res }) {
      const whole = pathOf(onePath(body).path, '/path')
      return { entry: entryOf(whole, await stat(res, whole)) }
    },
    async MakeDir(body, { res }) {
      const whole = pathOf(onePath(body).path, '/path')
      const found = await statIfThere(res, whole)
      if (found)
        throw new RpcFault(found.kind === 'folder' ? 'already_exists' : 'invalid_argument', `${whole} exists already`)
      await calls.call(at(res), 'makeFolder', { path: whole })
      return { entry: entryOf(whole, await stat(res, whole)) }
    },
    async Move(body, { res }) {
      const { source, destination } = moveRequest(body)
      const from = pathOf(source, '/source')
      const to = pathOf(destination, '/destination')
      await calls.call(at(res), 'moveFile', { from, to })
      return { entry: entryOf(to, await stat(res, to)) }
    },
    async Remove(body, { res }) {
      const whole = pathOf(onePath(body).path, '/path')
      await calls.call(at(res), 'removeFile', { path: whole, recursive: true }).catch((error: unknown) => {
        if (!(error instanceof Problem) || error.code !== 'not-found') throw error
      })
      return {}
    },
    async ListDir(body, { res }) {
      const { path: asked, depth = 1 } = listRequest(body)
      const top = pathOf(asked, '/path')
      const found = await stat(res, top)
      if (found.kind !== 'folder' && found.kind !== 'link')
        throw new RpcFault('invalid_argument', `${top} is no folder`)
      const entries: ReturnType<typeof entryOf>[] = []
      let level = [top]
      let folders = 0
      for (let left = Math.max(depth, 1); left > 0 && level.length > 0; left--) {
        const next: string[] = []
        for (const folder of level) {
          if (res.destroyed || folders++ === MOST_FOLDERS) return { entries }
          for (const entry of await list(res, folder)) {
            const whole = posix.join(folder, entry.name)
            if (entries.length === MOST_ENTRIES) return { entries }
            entries.push(entryOf(whole, entry))
            if (entry.kind === 'folder') next.push(whole)
          }
        }
        level = next
      }
      return { entries: entries.toSorted((a, b) => (a.path < b.path ? -1 : 1)) }
    },
  }
}
