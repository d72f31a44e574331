/** The arguments before a command that needs root: none for root itself, sudo without a question for anybody else. */
export function rootPrefix(uid = process.getuid?.()): string[] {
  return uid === 0 ? [] : ['sudo', '--non-interactive']
}
