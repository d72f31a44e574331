import type { PackageBan } from '../../../shared/environments/environment.ts'
import type { SourceFile } from '../../../shared/job.ts'
import type { Language } from '../../../shared/language.ts'
import { type FieldError, Problem } from '../../../shared/problems.ts'
import type { Runtimes } from '../../../shared/redis/worker-registry.ts'
import type { CodeRequest } from '../../../shared/requests.ts'
import { type EnvironmentRequests, ownEnvironment } from '../../environments/environment-requests.ts'
import { type Manifest, MANIFESTS } from '../../environments/manifest.ts'
import { packageSet } from '../../environments/package-set.ts'
import type { Caller } from '../../http/caller.ts'
import { invalidRequest } from '../../http/problems.ts'

/** The packages that a job asks for, by `dependencies` or by files that say so. */
export interface PackagesAsked {
  /** To be installed; undefined: none. */
  manifest: Manifest | undefined
  /** Whether it says so itself: a file alone asks for nothing where no packages can be installed. */
  isExplicit: boolean
  /** All that are named, for screening. */
  named: string[]
  errors: FieldError[]
}

/**
 * `dependencies` count first, then the manifest among the job's files, e.g. `requirements.txt` or `package.json`.
 * @param installing the language whose installer installs the packages of the job's
 */
export function packagesAsked(
  request: CodeRequest,
  files: readonly SourceFile[],
  language: Language,
  installing: Language = language,
): PackagesAsked {
  const { dependencies, environment, entrypoint } = request
  const ecosystem = installing.environments?.ecosystem
  if (dependencies !== undefined || environment !== undefined || !ecosystem)
    return explicitly(dependencies, environment, language, ecosystem)
  const text = (path: string) => {
    const file = files.find((one) => one.path === path)
    return file?.encoding === 'utf-8' ? file.content : undefined
  }
  const pointerOf = (path: string) => {
    const index = request.files?.findIndex((one) => one.path === path) ?? -1
    return index < 0 ? '/code' : `/files/${index}/content`
  }
  const program = files.find(({ path }) => path === (entrypoint ?? language.fileName)) ?? files[0]
  const found = MANIFESTS[ecosystem].inFiles(text, program?.path ?? '', pointerOf)
  if (!found) return { manifest: undefined, isExplicit: false, named: [], errors: [] }
  const { manifest, errors } = found
  return {
    manifest: manifest.requirements.length > 0 ? manifest : undefined,
    isExplicit: false,
    named: manifest.names,
    errors,
  }
}

/** By `dependencies` or `environment` alone: those that the language's image has need not be installed. */
export function explicitly(
  dependencies: readonly string[] | undefined,
  environment: string | undefined,
  language: Language,
  ecosystem: PackageBan['ecosystem'] | undefined,
): PackagesAsked {
  const present = language.packages ?? []
  const asked = dependencies ?? []
  const errors = asked.flatMap((name, index): FieldError[] => {
    const pointer = `/dependencies/${index}`
    if (present.includes(name)) return []
    if (!ecosystem) return [{ pointer, detail: `is "${name}"; ${withoutPackages(language)}` }]
    const fault = MANIFESTS[ecosystem].requirementFault(name)
    return fault === undefined ? [] : [{ pointer, detail: fault }]
  })
  if (dependencies !== undefined && environment !== undefined)
    errors.push({ pointer: '/environment', detail: 'cannot be used with /dependencies' })
  const missing = asked.filter((name) => !present.includes(name))
  const manifest =
    ecosystem && missing.length > 0 && errors.length === 0 ? MANIFESTS[ecosystem].fromRequirements(missing) : undefined
  return { manifest, isExplicit: true, named: [...asked], errors }
}

function withoutPackages({ name, packages = [] }: Language): string {
  return `the image of ${name} ${packages.length > 0 ? `has ${packages.join(', ')}` : 'has no packages beside the standard library'}`
}

/** What is wrong with what a job asks for: in a file that alone asks for nothing here, nothing is. */
export const packageErrors = (
  { isExplicit, errors }: PackagesAsked,
  environments: Pick<EnvironmentRequests, 'canInstall'>,
  language: Language,
  runtimes: Runtimes,
): FieldError[] => (isExplicit || environments.canInstall(language, runtimes) ? errors : [])

/** @returns the id of the environment that the job runs in; undefined: in none. @throws Problem */
export async function environmentOf(
  environments: EnvironmentRequests,
  { environment }: CodeRequest,
  { manifest, isExplicit }: PackagesAsked,
  language: Language,
  runtimes: Runtimes,
  caller: Caller,
): Promise<string | undefined> {
  if (environment !== undefined) {
    const pointer = '/environment'
    if (environment.includes('/')) {
      const set = packageSet(language, environment, pointer)
      return environments.request(language, runtimes, set.manifest, caller, set.name)
    }
    const found = await ownEnvironment(environments, environment, caller.tenant)
    if (found.language !== language.id) throw invalidRequest([{ pointer, detail: `is one of ${found.language}` }])
    if (found.error) throw new Problem(found.error.code, found.error.detail)
    return found.id
  }
  if (!manifest || (!isExplicit && !environments.canInstall(language, runtimes))) return undefined
  return environments.request(language, runtimes, manifest, caller)
}
