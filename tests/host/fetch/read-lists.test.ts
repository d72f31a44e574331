import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readLists } from '../../../src/host/images/fetch/read-lists.ts'

const languages = mkdtempSync(join(tmpdir(), 'runyard-lists-'))
const list = { from: 'crates', list: 'rust/kernel/crates.txt' } as const
const sha256 = 'a'.repeat(64)

function write(text: string): void {
  mkdirSync(join(languages, 'rust/kernel'), { recursive: true })
  writeFileSync(join(languages, list.list), text)
}

afterAll(() => rmSync(languages, { recursive: true }))

test('the crates of a list are files beside those that stand in place', async () => {
  write(`a 1.0.0 ${sha256}\nb_c 0.2.0-rc.1 ${sha256}\n`)
  const module = { from: 'go', module: 'example.org/x', version: 'v1.0.0', sha256 } as const
  expect(await readLists(languages, [module, list])).toEqual([
    module,
    { from: 'crates', name: 'a', version: '1.0.0', sha256 },
    { from: 'crates', name: 'b_c', version: '0.2.0-rc.1', sha256 },
  ])
})

test.each([`a 1.0.0\n`, `a 1.0.0 ${sha256} b\n`, `a 1.0.0 ${sha256}\n../a 1 ${sha256}\n`])(
  'a list with the lines %j is refused by the line',
  async (text) => {
    write(text)
    await expect(readLists(languages, [list])).rejects.toThrow(/^rust\/kernel\/crates.txt:\d is not the name, /)
  },
)
