import { formatSpace } from '../../shared/format-space.ts'
import { type LanguageGroup, spaceNeeded } from '../../shared/language-groups.ts'
import type { Catalogue } from '../catalogue.ts'

/** What `GET /v1/runtimes` says of a language, as far as it is shown here. */
interface Runtime {
  language: string
  version: string | null
  installed: boolean
  /** Whether sessions in it take executions. */
  kernel: boolean
}

/**
 * The languages as lines for a terminal: those that jobs can use now, and how to get the others.
 * @param url the gateway's
 * @param catalogue with the groups that can be installed
 * @param headers that say who is calling
 * @param timeoutMs how long it may take to answer
 * @throws Error when it does not
 */
export async function describeLanguages(
  url: string,
  headers: Record<string, string>,
  catalogue: Pick<Catalogue, 'groups' | 'sizes'>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string[]> {
  const answer = await fetch(`${url}/v1/runtimes`, {
    headers,
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  })
  if (!answer.ok) throw new Error(`${url}/v1/runtimes answers ${answer.status} ${await answer.text()}`)
  const { runtimes } = (await answer.json()) as { runtimes: Runtime[] }
  return languageLines(runtimes, catalogue)
}

export function languageLines(
  runtimes: readonly Runtime[],
  { groups, sizes }: Pick<Catalogue, 'groups' | 'sizes'>,
): string[] {
  const installed = runtimes.filter((one) => one.installed)
  const others = runtimes.filter((one) => !one.installed)
  const lines = [`Languages           ${installed.map((one) => `${one.language} ${one.version ?? ''}`).join(', ')}`]
  const kernels = installed.filter(({ kernel }) => kernel)
  if (kernels.length > 0)
    lines.push(`Kernels             ${kernels.map(({ language }) => language).join(', ')} (for sessions)`)
  const [first] = others
  if (first !== undefined) {
    lines.push(`More                ${others.map(({ language }) => language).join(', ')}:`)
    lines.push(`                      npx runyard languages install ${first.language}`)
    const missing = new Set(others.map(({ language }) => language))
    const shown = groups.filter((group) => group.languages.some((id) => missing.has(id)))
    if (shown.length > 0)
      lines.push(
        ...shown.map((group, index) => (index === 0 ? 'Groups' : '').padEnd(20) + groupLine(group, missing, sizes)),
      )
  }
  return lines
}

function groupLine({ id, name, languages }: LanguageGroup, missing: ReadonlySet<string>, sizes: Catalogue['sizes']) {
  const wanted = languages.filter((one) => missing.has(one))
  const { bytes, unknown } = spaceNeeded(sizes, wanted, true)
  const size = unknown.length === wanted.length ? 'size unknown' : `about ${formatSpace(bytes)}`
  return `npx runyard languages install ${id.padEnd(10)}  ${name}: ${wanted.length} more, ${size}`
}
