import { constants, runInThisContext } from 'node:vm'

import type * as services from './services.ts'

export type Services = typeof services

/** Where `bundle-services.ts` has put them, as a URL. */
export const BUNDLE = 'TEST_SERVICES_URL'

/**
 * Gateway, worker and what belongs to them, outside of the modules of the test file. Jest loads each module anew for each
 * file, half a thousand of them for these two, and each file's check of answers compiles its schemas anew; what is loaded here
 * stays for all files that run in the same process. Its `Error` is not that of the tests: compare its errors by what they say.
 */
export function loadServices(): Promise<Services> {
  const bundle = process.env[BUNDLE]
  if (bundle === undefined) return import('./services.ts')
  outside ??= runInThisContext('(url) => import(url)', {
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }) as (url: string) => Promise<unknown>
  return outside(bundle) as Promise<Services>
}

let outside: ((url: string) => Promise<unknown>) | undefined
