// Sorts the test files into those that need services (Redis, podman, a browser, commands that are started) and those that do
// not, by what they import: a file that needs a service names one of the marks below, itself or in a module of tests/.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** What a file says that needs a service. */
const MARKS =
  /RUNYARD_TEST_(?:REDIS|PODMAN)|startBackends|playwright-core|node:child_process|host\/(?:child|podman|service-command)\.ts/
const IMPORT = /from '(\.[^']+\.ts)'/g

/**
 * @param {string} root the project's folder
 * @returns {{ unit: string[], integration: string[] }} paths of test files, absolute, sorted
 */
export function testKinds(root) {
  const folder = join(root, 'tests')
  const needs = new Map()
  const needsServices = (path) => {
    if (!needs.has(path)) {
      needs.set(path, false)
      const text = readFileSync(path, 'utf8')
      const imported = [...text.matchAll(IMPORT)].map(([, to]) => resolve(dirname(path), to))
      const inTests = imported.filter((to) => to.startsWith(folder))
      needs.set(path, MARKS.test(text) || inTests.some(needsServices))
    }
    return needs.get(path)
  }
  const files = readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
    .sort()
  return {
    unit: files.filter((file) => !needsServices(file)),
    integration: files.filter(needsServices),
  }
}
