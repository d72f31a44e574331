import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'
import * as protocol from '../../src/worker/sandbox/protocol.ts'

const read = (path: string) => readFileSync(join(packageRoot(), path), 'utf8')
/** Names that init alone has a use for: its own descriptors, and the version that it tells. */
const INIT_ONLY = /^(FRAMES_IN|FRAMES_OUT|LOG_OUT|PROTOCOL_VERSION)$/

/** The names of the header, with their values; a frame's type is its byte. */
function ofHeader(): Record<string, string | number> {
  const text = read('sandbox/protocol.h').replaceAll(/\/\*[^]*?\*\//g, '')
  const constants = [...text.matchAll(/\b([A-Z_]+) = ('(.)'|\d+)/g)].map(([, name = '', value = '', letter]) => {
    if (letter === undefined) return [name, Number(value)] as const
    return [name, name.startsWith('FRAME_') ? letter.charCodeAt(0) : letter] as const
  })
  const texts = [...text.matchAll(/^#define ([A-Z_]+) "(.*)"$/gm)].map(
    ([, name = '', value = '']) => [name, value] as const,
  )
  return Object.fromEntries([...constants, ...texts].filter(([name]) => !INIT_ONLY.test(name)))
}

/** The same of the worker's tables. */
function ofWorker(): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(protocol).flatMap(([table, value]): [string, string | number][] =>
      typeof value === 'object'
        ? Object.entries(value).map(([name, one]: [string, string | number]) => [`${table}_${name}`, one])
        : [[table, value]],
    ),
  )
}

test('init and the worker have the same names for the same values', () => {
  expect(Object.keys(ofHeader()).length).toBeGreaterThan(50)
  expect(ofHeader()).toEqual(ofWorker())
})

test('the document has a row for every frame, and no other', () => {
  const document = read('docs/sandbox-protocol.md')
  const rows = [...document.matchAll(/^\| `([A-Z])`(?:, `([A-Z])`)? +\|/gm)].flatMap(([, one, other]) => [one, other])
  const letters = Object.values(protocol.FRAME).map((type) => String.fromCharCode(type))
  expect(rows.filter((letter) => letter !== undefined).sort()).toEqual(letters.sort())
})
