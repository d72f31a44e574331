const MAX_COMPONENT_BYTES = 255

/**
 * Why a path cannot name a file of a job.
 * @returns a sentence without a subject, or undefined when it can
 */
export function pathProblem(path: string): string | undefined {
  if (path.startsWith('/')) return 'must be relative'
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(path)) return 'must not contain control characters'
  for (const component of path.split('/')) {
    if (component === '') return 'must not contain empty components'
    if (component === '.' || component === '..') return `must not contain "${component}"`
    if (Buffer.byteLength(component) > MAX_COMPONENT_BYTES) {
      return `must not contain a name of over ${MAX_COMPONENT_BYTES} bytes`
    }
  }
  return undefined
}

/**
 * The same of a path that a client sends. A backslash there is a separator of Windows; on Linux it would be part of a name.
 * @returns a sentence without a subject, or undefined when it can
 */
export function sentPathProblem(path: string): string | undefined {
  if (path.includes('\\')) return 'must not contain "\\"; write "/" between folders'
  return pathProblem(path)
}
