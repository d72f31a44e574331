import { MAX_TIMER_MS, MIB } from '../../limits.ts'
import { inGroup, integer, type Setting, string } from './setting.ts'

export const PACKAGES_SETTINGS: readonly Setting[] = inGroup('Packages', [
  {
    name: 'PACKAGES',
    kind: { type: 'choice', of: ['off', 'allow-list', 'open'] },
    default: 'open',
    description:
      'Who may have packages installed. `off`: nobody. `allow-list`: only names in `PACKAGES_ALLOWED`, with what they need. `open`: any name that screening does not refuse.',
  },
  {
    name: 'PACKAGES_ALLOWED',
    kind: { type: 'list' },
    default: '',
    description: 'Names that `PACKAGES=allow-list` allows, comma-separated.',
  },
  {
    name: 'PACKAGE_INDEX_PYPI',
    kind: string,
    default: '',
    description:
      "Address of the index of Python packages: its simple API, in JSON. Empty: what pip is configured with on the worker's machine, else the installer's default. A login may stand in it.",
  },
  {
    name: 'PACKAGE_INDEX_NPM',
    kind: string,
    default: '',
    description:
      "Address of the registry of packages for Node.js. Empty: what npm is configured with on the worker's machine, else npm's default. A login may stand in it.",
  },
  {
    name: 'PACKAGE_INDEX_GO',
    kind: string,
    default: '',
    description:
      "Address of the proxy of modules for Go. Empty: what Go is configured with on the worker's machine, else its default. A login may stand in it.",
  },
  {
    name: 'PACKAGE_INDEX_CRATES',
    kind: string,
    default: '',
    description:
      "Address of the index of crates for Rust: a sparse one. Empty: what Cargo is configured with on the worker's machine, else its default. A login may stand in it.",
  },
  {
    name: 'PACKAGE_INDEX_MAVEN',
    kind: string,
    default: '',
    description:
      "Address of the Maven repository of jars for Java. Empty: the mirror in `~/.m2/settings.xml` on the worker's machine, else Maven's default. A login may stand in it.",
  },
  {
    name: 'PACKAGE_INDEX_RUBYGEMS',
    kind: string,
    default: '',
    description:
      "Address of the index of gems for Ruby: a compact one. Empty: the first source of `gem` on the worker's machine, else RubyGems' default. A login may stand in it.",
  },
  {
    name: 'PACKAGE_BUILDS',
    kind: { type: 'choice', of: ['off', 'on'] },
    default: 'off',
    description:
      'Whether build scripts and procedural macros of crates may run when an environment is built: in a sandbox like that of a job, without a network. `off`: a crate that has them is refused.',
  },
  {
    name: 'PACKAGE_PRELOAD',
    kind: { type: 'list' },
    default: '',
    description:
      'Modules that Python and Node.js import while they wait for a job with packages: `TENANT/python/MODULE` or `TENANT/javascript/MODULE`, comma-separated, e.g. `lab/python/numpy`. `*` is every tenant. Empty: none. See [packages](guides/packages.md).',
  },
  {
    name: 'PACKAGE_INDEX_REACH',
    kind: { type: 'list' },
    default: '',
    description:
      'Internal addresses and networks (CIDR) where a package index may be, comma-separated. Empty: none; internal addresses are refused.',
  },
  {
    name: 'PACKAGE_MIN_AGE_DAYS',
    kind: integer(0, 3650),
    default: '7',
    description: 'Files of packages that were uploaded later are not installed. 0: all are.',
  },
  {
    name: 'ENVIRONMENT_MAX_BYTES',
    kind: integer(MIB),
    default: String(1024 * MIB),
    description:
      'Bytes of one environment. They lie in memory while it is built: a worker needs as much, and 768 MiB more, for a build.',
  },
  {
    name: 'ENVIRONMENT_MAX_FILES',
    kind: integer(1, 10_000_000),
    default: '60000',
    description: 'Files of one environment.',
  },
  {
    name: 'ENVIRONMENTS_MAX_BYTES',
    kind: integer(MIB),
    default: String(20 * 1024 * MIB),
    description:
      'Bytes of all environments on one host, in `RUNYARD_DATA_DIR`. The least recently used go first, none that is in use. Workers in different containers each need a folder of their own.',
  },
  {
    name: 'ENVIRONMENT_BUILD_TIMEOUT_MS',
    kind: integer(1000, MAX_TIMER_MS),
    default: '600000',
    description: 'The longest that each step of a build may take: resolving, installing, packing.',
  },
])
