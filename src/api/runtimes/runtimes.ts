import Type from 'typebox'
import type { Config } from '../../shared/config/config.ts'
import type { Language } from '../../shared/language.ts'
import { DEFAULT_CEILINGS, DEFAULT_LIMITS, effectiveLimits, lowerOf } from '../../shared/limits.ts'
import type { Overview, Runtimes } from '../../shared/redis/worker-registry.ts'
import { Runtime } from '../../shared/runtime.ts'
import type { Caller } from '../http/caller.ts'
import { defineRoute } from '../http/route.ts'

export interface RuntimesNeeds {
  config: Pick<Config, 'limits'>
  languages: readonly Language[]
  overview: () => Promise<Overview>
  /** Whether packages can be installed for jobs in a language. */
  canInstall: (language: Language, runtimes: Runtimes) => boolean
  /** Whether a set of packages is installed. @param set e.g. `python/data` */
  hasSet: (language: Language, runtimes: Runtimes, set: string) => Promise<boolean>
}

const python: Runtime = {
  language: 'python',
  name: 'Python',
  version: '3.13.5',
  aliases: ['py', 'python3'],
  fileName: 'main.py',
  compiled: false,
  installed: true,
  limits: DEFAULT_LIMITS,
  ceilings: DEFAULT_CEILINGS,
  packages: [],
  installsPackages: true,
  packageSets: [{ name: 'python/data', packages: ['numpy', 'pandas', 'matplotlib'], installed: true }],
  kernel: true,
  hello: "print('Hello, world!')\n",
}

const common = { method: 'get', tag: 'Runtimes', scopes: [] } as const
const description =
  'All languages, installed or not. `limits` are the defaults of a job, ' +
  '`ceilings` the maximum that you may ask for.'

/** The languages, in the shape of `GET /v1/runtimes` and in that of `GET /api/repl/languages`. */
export const runtimeRoutes = [
  defineRoute({
    ...common,
    path: '/v1/runtimes',
    id: 'listRuntimes',
    summary: 'List the languages',
    answers: {
      200: {
        description,
        schema: Type.Object({ runtimes: Type.Array(Runtime) }),
        examples: { python: { summary: 'One language', value: { runtimes: [python] } } },
      },
    },
    async handle(needs: RuntimesNeeds, { caller, send }) {
      send(200, { runtimes: await runtimesFor(needs, caller) })
    },
  }),
  defineRoute({
    ...common,
    path: '/api/repl/languages',
    id: 'listLanguages',
    summary: 'List the languages, by another name',
    description: 'The list of `GET /v1/runtimes`.',
    answers: {
      200: {
        description,
        schema: Type.Object({ languages: Type.Array(Runtime) }),
        examples: { python: { summary: 'One language', value: { languages: [python] } } },
      },
    },
    async handle(needs: RuntimesNeeds, { caller, send }) {
      send(200, { languages: await runtimesFor(needs, caller) })
    },
  }),
]

async function runtimesFor(
  { config, languages, overview, canInstall, hasSet }: RuntimesNeeds,
  caller: Caller,
): Promise<Runtime[]> {
  const ceilings = lowerOf(config.limits.ceilings, caller.ceilings)
  const { runtimes } = await overview()
  const versions = runtimes?.languages ?? {}
  const setsOf = (language: Language) =>
    Promise.all(
      Object.entries(language.packageSets ?? {}).map(async ([set, packages]) => {
        const name = `${language.id}/${set}`
        return { name, packages, installed: runtimes !== undefined && (await hasSet(language, runtimes, name)) }
      }),
    )
  const sets = await Promise.all(languages.map(setsOf))
  return languages.map((language, index) => ({
    language: language.id,
    name: language.name,
    ...(language.versionOf !== undefined && { versionOf: language.versionOf }),
    version: versions[language.id] ?? null,
    aliases: language.aliases,
    fileName: language.fileName,
    ...(language.otherExtensions && { otherExtensions: language.otherExtensions }),
    compiled: language.compile !== undefined,
    installed: versions[language.id] !== undefined,
    limits: effectiveLimits({}, language.limits, config.limits.defaults, ceilings),
    ceilings,
    packages: language.packages ?? [],
    installsPackages: runtimes !== undefined && canInstall(language, runtimes),
    packageSets: sets[index] ?? [],
    kernel: runtimes?.kernels?.includes(language.id) ?? false,
    hello: language.hello.code,
  }))
}
