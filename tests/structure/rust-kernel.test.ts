import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../src/shared/package-root.ts'

const folder = join(packageRoot(), 'languages/rust/kernel')

// Its build takes minutes before it finds that one is missing.
test.each(['src', 'evcxr'])("the build of Rust's kernel is given all of %s/", (name) => {
  const containerfile = readFileSync(join(folder, 'Containerfile'), 'utf8')
  const given = [...containerfile.matchAll(/rust\/kernel\/(\w+)\/(\w+\.rs)/g)]
  const names = given.filter(([, of]) => of === name).map(([, , file]) => file)
  expect(new Set(names)).toEqual(new Set(readdirSync(join(folder, name))))
})

test('what is added to evcxr is what stands beside the script that adds it', () => {
  const script = readFileSync(join(folder, 'adapt_evcxr.py'), 'utf8')
  const added = /^ADDED = \((.+)\)$/m.exec(script)?.[1] ?? ''
  const names = [...added.matchAll(/'([^']+)'/g)].map(([, file]) => file)
  expect(names).toEqual(readdirSync(join(folder, 'evcxr')).toSorted())
})
