/** Whether an `If-None-Match` names this tag (RFC 9110, weak comparison). */
export function knows(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === tag)
}
