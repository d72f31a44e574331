import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'

const folder = join(packageRoot(), 'sandbox')
const files = readdirSync(folder).filter((name) => /\.[ch]$/.test(name))
const read = (name: string) => readFileSync(join(folder, name), 'utf8')
/** Headers that declare values and types alone, and call nothing. */
const DECLARATIONS = ['protocol', 'agent-protocol', 'leader-exit', 'stage-plan', 'clock']

/** The layers that init.c draws, from the top; those of one line know nothing of each other. */
function layers(): string[][] {
  const drawn = /LAYERS, [^]*?\n \*\n((?: \* {3}[a-z -]+\n)+)/.exec(read('init.c'))?.[1] ?? ''
  return drawn
    .trim()
    .split('\n')
    .map((line) => line.replace(/^ ?\*/, '').trim().split(/ +/))
}

const moduleOf = (file: string) => file.replace(/\.[ch]$/, '')
const included = (file: string) => [...read(file).matchAll(/^#include "([^"]+)"$/gm)].map(([, name]) => name ?? '')

test('every source file of init has its place in the layers', () => {
  const sources = files.filter((name) => name.endsWith('.c')).map(moduleOf)
  expect(layers().flat().sort()).toEqual(sources.sort())
})

test('no file of init calls upwards or sideways', () => {
  const depth = new Map(layers().flatMap((names, index) => names.map((name) => [name, index] as const)))
  const wrong = files.flatMap((file) => {
    const own = moduleOf(file)
    const from = depth.get(own) ?? Infinity
    return included(file)
      .map(moduleOf)
      .filter((to) => to !== own && !DECLARATIONS.includes(to))
      .filter((to) => !((depth.get(to) ?? -1) > from))
      .map((to) => `${file} includes ${to}.h`)
  })
  expect(wrong).toEqual([])
})

test('headers of values know nothing of any layer', () => {
  for (const name of DECLARATIONS) expect(included(`${name}.h`)).toEqual([])
})

test('what a file of init calls it includes by the name of the file that has it', () => {
  // Otherwise the includes would not be the whole of the graph.
  for (const file of files.filter((name) => name.endsWith('.c'))) expect(read(file)).not.toMatch(/^extern /m)
})
