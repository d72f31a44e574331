import type { SourceFile } from '../../../shared/job.ts'
import type { Language } from '../../../shared/language.ts'
import { type FieldError, Problem } from '../../../shared/problems.ts'
import type { Runtimes } from '../../../shared/redis/worker-registry.ts'
import type { CodeRequest } from '../../../shared/requests.ts'
import type { EnvironmentRequests } from '../../environments/environment-requests.ts'
import {
  type Manifest,
  onOneLine,
  readRequirements,
  requirementFault,
  scriptDependencies,
} from '../../environments/manifest.ts'
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

const MANIFEST = 'requirements.txt'

/** `dependencies` count first, then the file `requirements.txt` in the job's folder, then the metadata of the program (PEP 723). */
export function packagesAsked(request: CodeRequest, files: readonly SourceFile[], language: Language): PackagesAsked {
  const { dependencies, environment, entrypoint } = request
  const present = language.packages ?? []
  if (dependencies !== undefined || environment !== undefined || !language.environments) {
    const missing = (dependencies ?? []).filter((name) => !present.includes(name))
    const errors = (dependencies ?? []).flatMap((name, index): FieldError[] => {
      const pointer = `/dependencies/${index}`
      if (present.includes(name)) return []
      if (!language.environments) return [{ pointer, detail: `is "${name}"; ${withoutPackages(language)}` }]
      const fault = requirementFault(name)
      return fault === undefined ? [] : [{ pointer, detail: fault }]
    })
    if (dependencies !== undefined && environment !== undefined)
      errors.push({ pointer: '/environment', detail: 'cannot be used with /dependencies' })
    const manifest = { requirements: missing, text: missing.map((name) => `${onOneLine(name)}\n`).join('') }
    const named = dependencies ?? []
    return { manifest: missing.length > 0 ? manifest : undefined, isExplicit: true, named, errors }
  }
  const text = (file: SourceFile | undefined) => (file?.encoding === 'utf-8' ? file.content : undefined)
  const listed = text(files.find(({ path }) => path === MANIFEST))
  const program = files.find(({ path }) => path === (entrypoint ?? language.fileName)) ?? files[0]
  const own = listed === undefined ? scriptDependencies(text(program) ?? '') : undefined
  const content = listed ?? own?.join('\n')
  if (content === undefined) return { manifest: undefined, isExplicit: false, named: [], errors: [] }
  const index = request.files?.findIndex(({ path }) => path === (listed === undefined ? program?.path : MANIFEST)) ?? -1
  const { manifest, errors } = readRequirements(content, index < 0 ? '/code' : `/files/${index}/content`)
  const asked = manifest.requirements.length > 0 ? manifest : undefined
  return { manifest: asked, isExplicit: false, named: manifest.requirements, errors }
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
    const { view } = await environments.own(caller.tenant, environment).catch((error: unknown) => {
      if (!(error instanceof Problem)) throw error
      throw invalidRequest([{ pointer, detail: 'names no environment that you asked for' }])
    })
    if (view.language !== language.id) throw invalidRequest([{ pointer, detail: `is one of ${view.language}` }])
    if (view.error) throw new Problem(view.error.code, view.error.detail)
    return view.id
  }
  if (!manifest || (!isExplicit && !environments.canInstall(language, runtimes))) return undefined
  return (await environments.request(language, runtimes, manifest, caller)).view.id
}
