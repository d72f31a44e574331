import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'

interface Entry {
  version?: string
  integrity?: string
  link?: boolean
  optionalDependencies?: Record<string, string>
}

const { packages } = JSON.parse(readFileSync(join(packageRoot(), 'package-lock.json'), 'utf8')) as {
  packages: Record<string, Entry>
}
const installed = Object.entries(packages).filter(([path, { link }]) => path !== '' && link !== true)

test('the lock file has an integrity hash for every package of every platform; node scripts/complete-lock.mjs adds them', () => {
  const unchecked = installed.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''))
  expect(installed.length).toBeGreaterThan(100)
  expect(unchecked.map(([path]) => path)).toEqual([])
})

test('the lock file has every package that is for one platform only; node scripts/complete-lock.mjs adds them', () => {
  const platforms = /(?:^|[-/])(?:aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)(?:[-/]|$)/
  const missing = installed.flatMap(([parent, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => platforms.test(name))
      .filter((name) => !packages[`node_modules/${name}`] && !packages[`${parent}/node_modules/${name}`]),
  )
  expect(missing).toEqual([])
})
