import { findLanguage, type Language } from '../../../shared/language.ts'
import { Problem } from '../../../shared/problems.ts'
import type { Runtimes } from '../../../shared/redis/worker-registry.ts'

/** A kind of kernel, as Jupyter's clients know it. */
export interface KernelSpec {
  name: string
  spec: {
    argv: string[]
    display_name: string
    language: string
    interrupt_mode: 'signal'
    env: object
    metadata: object
  }
  resources: object
}

/** What notebooks and clients name the kernel for Python. */
const PYTHON_KERNEL = 'python3'

export const kernelNameOf = (language: string): string => (language === 'python' ? PYTHON_KERNEL : language)

/** The languages whose kernels are installed. */
export function kernelSpecs(
  languages: readonly Language[],
  { kernels = [] }: Pick<Runtimes, 'kernels'>,
): { default: string; kernelspecs: Record<string, KernelSpec> } {
  const specs = languages.filter(({ id }) => kernels.includes(id)).map(specOf)
  const first = specs.find(({ name }) => name === PYTHON_KERNEL) ?? specs[0]
  return {
    default: first?.name ?? PYTHON_KERNEL,
    kernelspecs: Object.fromEntries(specs.map((spec) => [spec.name, spec])),
  }
}

/** Its command is the worker's business; clients want the list to be there. */
const specOf = ({ id, name }: Language): KernelSpec => ({
  name: kernelNameOf(id),
  spec: { argv: [], display_name: name, language: id, interrupt_mode: 'signal', env: {}, metadata: {} },
  resources: {},
})

/**
 * The id of the language that a client means by the name of a kernel: that of its spec, or the language's own id or alias.
 * @param name empty: the default
 * @throws Problem `not-found`
 */
export function languageOfKernel(
  name: string,
  languages: readonly Language[],
  runtimes: Pick<Runtimes, 'kernels'>,
): string {
  const { default: usual, kernelspecs } = kernelSpecs(languages, runtimes)
  const asked = name === '' ? usual : name
  const byName = (of: string) => (Object.hasOwn(kernelspecs, of) ? kernelspecs[of] : undefined)
  const known = byName(asked) ?? byName(kernelNameOf(findLanguage(languages, asked)?.id ?? ''))
  if (known) return known.spec.language
  const names = Object.keys(kernelspecs)
  const there = names.length > 0 ? `there are ${names.join(', ')}` : 'the kernel of no language is installed here'
  throw new Problem('not-found', `no kernel is named "${asked}"; ${there}`)
}
