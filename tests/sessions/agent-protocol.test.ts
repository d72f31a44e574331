import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'
import { FILE_PIECE_BYTES } from '../../src/shared/sessions/operations.ts'
import * as protocol from '../../src/worker/sessions/agent-protocol.ts'

const read = (path: string) => readFileSync(join(packageRoot(), path), 'utf8')
const FRAME =
  /^AGENT_(?!WRITE_|CHANGE_|TO_|EXITED|SIGNALLED|KIND_|ARGUMENT|ENVIRONMENT|FOLDER_FIELD|STDIN|COLUMNS|ROWS|VERSION|PIECE|OUTPUT_WINDOW|INPUT_WINDOW|PROCESSES)/

/** The names of the header, with their values; a frame's type is its byte. */
function ofHeader(): Record<string, string | number> {
  const text = read('sandbox/agent-protocol.h').replaceAll(/\/\*[^]*?\*\//g, '')
  const constants = [...text.matchAll(/\b(AGENT_[A-Z_]+) = ('(.)'|\d+)/g)].map(([, name = '', value = '', letter]) => {
    if (letter === undefined) return [name, Number(value)] as const
    return [name, FRAME.test(name) ? letter.charCodeAt(0) : letter] as const
  })
  return { ...Object.fromEntries(constants), OPTION_AGENT: /OPTION_AGENT "(.*)"/.exec(text)?.[1] ?? '' }
}

/** The same of the worker's tables. */
function ofWorker(): Record<string, string | number> {
  const { AGENT, AGENT_FIELD, AGENT_WRITE, AGENT_TO, AGENT_ENDED, AGENT_KIND, AGENT_CHANGE, ...rest } = protocol
  const named = (table: object, prefix: string) =>
    Object.entries(table).map(([name, value]) => [`${prefix}${name}`, value as string | number] as const)
  return Object.fromEntries([
    ...named(AGENT, 'AGENT_'),
    ...named(AGENT_FIELD, 'AGENT_'),
    ...named(AGENT_WRITE, 'AGENT_WRITE_'),
    ...named(AGENT_TO, 'AGENT_TO_'),
    ...named(AGENT_ENDED, 'AGENT_'),
    ...named(AGENT_KIND, 'AGENT_KIND_'),
    ...named(AGENT_CHANGE, 'AGENT_CHANGE_'),
    ...named(rest, ''),
  ])
}

test('the agent and the worker have the same names for the same values', () => {
  expect(Object.keys(ofHeader()).length).toBeGreaterThan(40)
  expect(ofHeader()).toEqual(ofWorker())
  expect(FILE_PIECE_BYTES).toBe(protocol.AGENT_PIECE)
})

test('the document has a row for every frame, and no other', () => {
  const document = read('docs/sessions.md')
  const rows = [...document.matchAll(/^\| `([A-Za-z])`(?:, `([A-Za-z])`)? +\|/gm)].flatMap(([, one, other]) => [
    one,
    other,
  ])
  const letters = Object.values(protocol.AGENT).map((type) => String.fromCharCode(type))
  expect(rows.filter((letter) => letter !== undefined).sort()).toEqual(letters.sort())
})
