import { jestExpect } from '@jest/expect'
import type * as Jest from '@jest/globals'

/** jest's functions for the test file that is being run, which `scripts/test-runner.mjs` hands over. */
const current = (): typeof Jest => {
  const { runyardTestGlobals } = globalThis as { runyardTestGlobals?: typeof Jest }
  if (runyardTestGlobals === undefined) throw new Error('no test file is being run')
  return runyardTestGlobals
}

type Callable = (...args: unknown[]) => unknown

/**
 * Stands for a function of jest. A module that several test files share is loaded once in a process, while jest has new
 * functions for each file: whoever calls this calls the one of the file that runs.
 */
function forward<Name extends keyof typeof Jest>(name: Name): (typeof Jest)[Name] {
  const actual = () => current()[name] as unknown as Callable & Record<PropertyKey, unknown>
  return new Proxy((() => undefined) as Callable, {
    apply: (_, self, args: unknown[]) => Reflect.apply(actual(), self, args),
    get: (_, key) => actual()[key],
  }) as unknown as (typeof Jest)[Name]
}

export const afterAll = forward('afterAll')
export const afterEach = forward('afterEach')
export const beforeAll = forward('beforeAll')
export const beforeEach = forward('beforeEach')
export const describe = forward('describe')
export const jest = forward('jest')
export const test = forward('test')
/** Of the same realm as what it compares: another's takes two dates for objects without members. */
export const expect = jestExpect
