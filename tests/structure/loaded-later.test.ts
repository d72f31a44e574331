import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { expect, test } from '@jest/globals'

const IMPORT = /^(?:import|export)\s(?!type\s)(?:[^'";]*?\sfrom\s)?'([^']+)'/gm

/** Packages that are loaded with a file, before it does anything. */
function packagesOf(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return []
  seen.add(file)
  const named = [...readFileSync(file, 'utf8').matchAll(IMPORT)].map(([, name = '']) => name)
  return named.flatMap((name) => (name.startsWith('.') ? packagesOf(resolve(dirname(file), name), seen) : [name]))
}

test.each([
  ['api', 'express', /^@(bull-board|modelcontextprotocol|opentelemetry)\//],
  ['worker', 'dockerode', /^@opentelemetry\//],
])('a process of %s loads what few of them use when it is first used', (service, always, later) => {
  const packages = new Set(packagesOf(resolve(`src/${service}/main.ts`)))
  expect(packages).toContain(always)
  expect([...packages].filter((name) => later.test(name))).toEqual([])
})
