/**
 * Reads variables from a file of the environment (`NAME=value`, as judge0.conf is one) or from the part `environment` of a compose file
 * (`- NAME=value`, `NAME: value`). Lines that are neither are left out; the last of a name counts.
 */
export function readVariables(text: string): Map<string, string> {
  const variables = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const found = /^\s*(?:-\s*)?(?:export\s+)?(["']?)([A-Z][A-Z0-9_]*)(?:\s*=\s*|\s*:(?:\s+|$))(.*)$/.exec(line)
    if (!found) continue
    const [, quote = '', name = '', rest = ''] = found
    variables.set(name, valueOf(quote === '' ? rest : rest.replace(new RegExp(`${quote}\\s*$`), '')))
  }
  return variables
}

/** Without quotes around it, and without a comment behind it. */
function valueOf(text: string): string {
  const trimmed = text.trim()
  const quoted = /^(["'])(.*?)\1(?:\s+#.*)?$/.exec(trimmed)
  return quoted?.[2] ?? trimmed.replace(/(?:^|\s+)#.*$/, '')
}
