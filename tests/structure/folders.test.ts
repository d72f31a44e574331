import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'
import { folderCircles, importsUnder, nestedCircles } from './import-graph.ts'

// oxlint finds circles of files (import/no-cycle); these are of folders, whose files may stand in none.
test('no folder of src imports another that imports it, by whatever way', () => {
  const imports = importsUnder(join(packageRoot(), 'src'))
  expect(imports.length).toBeGreaterThan(1000)
  const told = folderCircles(imports).map(({ folders, imports: making }) => ({
    folders,
    imports: making.map(({ from, to }) => `${from} -> ${to}`),
  }))
  expect(told).toEqual([])
})

test('a circle is found over three folders, by files that stand in none', () => {
  const circle = [
    { from: 'api/jobs/a.ts', to: 'api/http/b.ts' },
    { from: 'api/http/c.ts', to: 'api/access/keys/d.ts' },
    { from: 'api/access/e.ts', to: 'api/jobs/request/f.ts' },
  ]
  const straight = [
    { from: 'api/batches/g.ts', to: 'api/jobs/a.ts' },
    { from: 'api/jobs/a.ts', to: 'api/jobs/request/f.ts' },
    { from: 'api/jobs/request/f.ts', to: 'api/jobs/h.ts' },
    { from: 'api/start.ts', to: 'api/jobs/a.ts' },
    { from: 'api/jobs/a.ts', to: 'api/core.ts' },
  ]
  expect(folderCircles([...circle, ...straight])).toEqual([
    { folders: ['api/access', 'api/http', 'api/jobs'], imports: [circle[2], circle[1], circle[0]] },
  ])
  expect(folderCircles(straight)).toEqual([])
})

test('no folder imports a folder in it that imports it', () => {
  expect(nestedCircles(importsUnder(join(packageRoot(), 'src')))).toEqual([])
})

test('a circle with a folder within is found, and none where imports run one way or at the top', () => {
  const down = { from: 'api/jobs/a.ts', to: 'api/jobs/request/b.ts' }
  const up = { from: 'api/jobs/request/c.ts', to: 'api/jobs/d.ts' }
  const top = [
    { from: 'api/start.ts', to: 'api/jobs/a.ts' },
    { from: 'api/jobs/a.ts', to: 'api/core.ts' },
  ]
  expect(nestedCircles([down, up, ...top])).toEqual(['api/jobs <-> api/jobs/request'])
  expect(nestedCircles([down, ...top])).toEqual([])
})
