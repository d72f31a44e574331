import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { baseImage, toolchainImage } from '../../src/host/images/references.ts'
import { loadLanguages, type Language } from '../../src/shared/language.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { kernelImage, runtimeImage } from '../../src/shared/runtime-image.ts'

let root: string
let python: Language

/** Files of both languages below, of all languages, and of the sandbox but for what is compiled: a thousand fewer than all there are. */
const isNeeded = (path: string) =>
  /^(?:languages(?:\/(?:[^/]+\.[^/]+|(?:python|ruby)(?:\/.*)?))?|sandbox(?:\/(?!(?:host\/)?build(?:\/|$)).*)?)$/.test(
    path,
  )

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'runyard-test-'))
  for (const folder of ['languages', 'sandbox']) {
    cpSync(join(packageRoot(), folder), join(root, folder), {
      recursive: true,
      filter: (path) => isNeeded(relative(packageRoot(), path)),
    })
  }
  python = loadLanguages(join(root, 'languages')).find(({ id }) => id === 'python')!
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

test('an image is named by all it is built from', () => {
  const before = runtimeImage(root, python)
  expect(runtimeImage(root, python)).toBe(before)
  writeFileSync(join(root, 'sandbox/extra.c'), '')
  expect(runtimeImage(root, python)).not.toBe(before)
})

test('another init leaves the packages of a language as they are', () => {
  const before = toolchainImage(root, python)
  writeFileSync(join(root, 'sandbox/extra.c'), '')
  expect(toolchainImage(root, python)).toBe(before)
})

test('another recipe of the base image rebuilds everything', () => {
  const before = [baseImage(root), toolchainImage(root, python), runtimeImage(root, python)]
  writeFileSync(join(root, 'sandbox/base.sh'), '#!/bin/sh\n')
  const after = [baseImage(root), toolchainImage(root, python), runtimeImage(root, python)]
  for (const [index, reference] of after.entries()) expect(reference).not.toBe(before[index])
})

test('another Containerfile rebuilds its language alone', () => {
  const ruby = loadLanguages(join(root, 'languages')).find(({ id }) => id === 'ruby')!
  const before = { python: runtimeImage(root, python), ruby: runtimeImage(root, ruby) }
  writeFileSync(join(root, 'languages/python/Containerfile'), 'ARG BASE\nFROM ${BASE}\n')
  expect(runtimeImage(root, python)).not.toBe(before.python)
  expect(runtimeImage(root, ruby)).toBe(before.ruby)
})

test('another list of crates rebuilds what is made of them', () => {
  const list = 'python/kernel/crates.txt'
  const language = { ...python, kernel: { ...python.kernel!, fetch: [{ from: 'crates' as const, list }] } }
  writeFileSync(join(root, 'languages', list), `a 1.0.1 ${'a'.repeat(64)}\n`)
  const before = kernelImage(root, language)
  writeFileSync(join(root, 'languages', list), `a 1.0.0 ${'a'.repeat(64)}\n`)
  expect(kernelImage(root, language)).not.toBe(before)
})
