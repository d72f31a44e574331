import type { Config } from '../../shared/config/config.ts'
import type { JobSandboxes } from './job-context.ts'

/**
 * Which modules are imported ahead of a job. None are of one with tests: only the first of them would find its imports done, and they are held
 * to the same limits.
 * @param rules in the order in which they are imported
 */
export function preloadedModules(rules: Config['packages']['preload']): JobSandboxes['preloaded'] {
  return ({ head, tenant, tests }) => {
    if (tests.length > 0) return []
    const own = rules.filter(
      (rule) => rule.language === head.language && (rule.tenant === '*' || rule.tenant === tenant),
    )
    return [...new Set(own.map(({ module }) => module))]
  }
}
