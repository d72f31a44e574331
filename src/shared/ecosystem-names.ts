/** Kinds of packages: each has an index, names, versions and locks of its own. */
export const ECOSYSTEM_NAMES = ['pypi', 'npm', 'go', 'crates', 'maven', 'rubygems'] as const
