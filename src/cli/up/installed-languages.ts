/** What `GET /v1/runtimes` says of a language, as far as it is shown here. */
interface Runtime {
  language: string
  version: string | null
  installed: boolean
}

/**
 * The languages as lines for a terminal: those that jobs can use now, and how to get the others.
 * @param url the gateway's
 * @param headers that say who is calling
 * @throws Error when it does not answer
 */
export async function describeLanguages(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<string[]> {
  const answer = await fetch(`${url}/v1/runtimes`, {
    headers,
    signal: AbortSignal.any([signal, AbortSignal.timeout(5_000)]),
  })
  if (!answer.ok) throw new Error(`${url}/v1/runtimes answers ${answer.status} ${await answer.text()}`)
  const { runtimes } = (await answer.json()) as { runtimes: Runtime[] }
  return languageLines(runtimes)
}

export function languageLines(runtimes: readonly Runtime[]): string[] {
  const installed = runtimes.filter((one) => one.installed)
  const others = runtimes.filter((one) => !one.installed)
  const lines = [`Languages           ${installed.map((one) => `${one.language} ${one.version ?? ''}`).join(', ')}`]
  const [first] = others
  if (first !== undefined) {
    lines.push(`More                ${others.map(({ language }) => language).join(', ')}:`)
    lines.push(`                      npx runyard languages install ${first.language}`)
  }
  return lines
}
