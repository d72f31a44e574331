import type { Language } from '../../shared/language.ts'
import type { LanguageGroup } from '../../shared/language-groups.ts'
import { createInstallations } from '../../shared/redis/installations.ts'
import type { Overview, Runtimes } from '../../shared/redis/worker-registry.ts'
import type { Core } from '../core.ts'
import type { EventFeed } from '../events/event-feed.ts'
import type { OpenResponses } from '../http/open-responses.ts'
import { type BoundRoute, bindRoutes } from '../http/route.ts'
import type { Audit } from '../security/audit.ts'
import { adminRuntimeRoutes } from './admin-runtimes.ts'
import { runtimeRoutes } from './runtimes.ts'

export interface RuntimesNeeds {
  languages: readonly Language[]
  groups: readonly LanguageGroup[]
  /** Bytes on the disk by id of a language. */
  sizes: ReadonlyMap<string, number>
  /** The workers and what they can run, as of at most a moment ago. */
  overview: () => Promise<Overview>
  /** Whether packages can be installed for jobs in a language. */
  canInstall: (language: Language, runtimes: Runtimes) => boolean
  /** Whether a set of packages is installed. @param set e.g. `python/data` */
  hasSet: (language: Language, runtimes: Runtimes, set: string) => Promise<boolean>
  feed: EventFeed
  open: OpenResponses
  audit: Audit
}

export const RUNTIME_ROUTES = [...runtimeRoutes, ...adminRuntimeRoutes]

/** The languages, and having them installed. */
export function createRuntimesFeature({ config, redis, keys }: Core, needs: RuntimesNeeds): { routes: BoundRoute[] } {
  return { routes: bindRoutes({ ...needs, config, installations: createInstallations(redis, keys) }, RUNTIME_ROUTES) }
}
