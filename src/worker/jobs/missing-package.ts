import type { StageSummary } from '../../shared/job.ts'
import type { Language } from '../../shared/language.ts'
import { KIB } from '../../shared/limits.ts'
import { type CapturedOutput, partOutput } from '../../shared/redis/stored-output.ts'

/** Where a runtime says what it did not find. */
const LAST_WORDS_BYTES = 4 * KIB

/**
 * What is missing, and where packages can be installed what to add to `dependencies` when a program failed because it imports what is not installed; null when that is not why. Nothing is installed by
 * guess: the name of a module need not be that of a package.
 * @param canInstall whether they can, on this server
 * @param stages of the job, with what each wrote
 */
export function missingPackage(
  { missingPackage: known }: Pick<Language, 'missingPackage'>,
  canInstall: boolean,
  stages: readonly Pick<StageSummary, 'status' | 'name'>[],
  outputs: readonly CapturedOutput[],
): string | null {
  const at = stages.findIndex(({ status }) => status === 'failed' || status === 'compile-failed')
  const output = outputs[at]
  if (!known || !output) return null
  const { stdout, stderr } = partOutput(output)
  // Compilers tell it on either stream.
  const said = [stderr, stages[at]?.status === 'compile-failed' ? stdout : Buffer.alloc(0)]
    .map((bytes) => bytes.subarray(-LAST_WORDS_BYTES).toString())
    .join('\n')
  for (const { pattern, package: form } of known.messages) {
    const module = new RegExp(pattern).exec(said)?.[1]
    if (module === undefined) continue
    const own = packageOf(known.names, module)
    const name = own ?? form?.replace('{name}', () => module)
    const areTypes = form !== undefined && form !== '{name}'
    const what = areTypes ? `the types of "${module}" are not installed` : `"${module}" is not installed`
    if (!canInstall) return `${what}, and this server installs no packages for this language`
    if (name === undefined) return `${what}; to have it installed, add the package that has it to "dependencies"`
    return `${what}; ${own === undefined && form === '{name}' ? 'if it is a package' : 'to have it installed'}, add "${name}" to "dependencies"`
  }
  return null
}

/** That of a module, or of the nearest one that it is a part of. */
function packageOf(names: Readonly<Record<string, string>>, module: string): string | undefined {
  for (let part = module; part !== ''; part = part.slice(0, Math.max(0, part.lastIndexOf('.'), part.lastIndexOf('/'))))
    if (Object.hasOwn(names, part)) return names[part]
  return undefined
}
