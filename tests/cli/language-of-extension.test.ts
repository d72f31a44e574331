import { extname, join } from 'node:path'
import { expect, test } from '@jest/globals'
import type { Runtime } from '../../src/client/client.ts'
import { runtimeOf } from '../../src/cli/jobs/request.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { packageRoot } from '../../src/shared/package-root.ts'

const languages = loadLanguages(join(packageRoot(), 'languages'))
const runtimes = languages.map(({ id, ...language }) => ({ ...language, language: id }) as unknown as Runtime)

test.each([
  ['.bash', 'bash'],
  ['.c', 'c'],
  ['.cc', 'cpp'],
  ['.cjs', 'javascript'],
  ['.cpp', 'cpp'],
  ['.cxx', 'cpp'],
  ['.d', 'd'],
  ['.js', 'javascript'],
  ['.lisp', 'common-lisp'],
  ['.lua', 'lua'],
  ['.m', 'octave'],
  ['.mjs', 'javascript'],
  ['.pl', 'perl'],
  ['.py', 'python'],
  ['.scm', 'guile'],
  ['.sql', 'sql'],
  ['.ts', 'typescript'],
  ['.v', 'verilog'],
])('of several languages with the extension %s, %s is the one', (extension, language) => {
  expect(runtimeOf(extension, runtimes)).toBe(language)
})

test('an extension that only one language has is its own', () => {
  for (const { id, fileName } of languages) {
    const extension = extname(fileName)
    const others = languages.filter((other) => extname(other.fileName) === extension && other.id !== id)
    if (others.length === 0) expect({ extension, is: runtimeOf(extension, runtimes) }).toEqual({ extension, is: id })
  }
})

test('another extension of a language that the service alone knows is its own', () => {
  const zig = { language: 'zig', aliases: [], fileName: 'main.zig', otherExtensions: ['.zon'] } as unknown as Runtime
  expect(runtimeOf('.zon', [...runtimes.filter(({ language }) => language !== 'zig'), zig])).toBe('zig')
})

test('a header is no program', () => {
  expect(['.h', '.hpp', '.mts'].map((extension) => runtimeOf(extension, runtimes))).toEqual(Array(3).fill(undefined))
})

test('an extension of no language has none', () => {
  expect(runtimeOf('.html', runtimes)).toBeUndefined()
  expect(runtimeOf('', runtimes)).toBeUndefined()
})
