/** What ends each word that opens a block. */
const ENDS: Readonly<Record<string, string>> = {
  for: 'done',
  select: 'done',
  while: 'done',
  until: 'done',
  if: 'fi',
  case: 'esac',
  '{': '}',
}
/** Words behind which a command begins. */
const BEFORE_COMMANDS = new Set(['do', 'then', 'else', 'elif', 'while', 'until', 'if', '{', '!'])

/** In their order: what is skipped as a whole, words, and what separates them. A quote that is not closed is a character alone. */
const TOKENS =
  /\\[^]|'[^']*'|"(?:\\[^]|[^"\\])*"|\$\{[^}]*\}|<<<|<<-?\s*(['"]?)(\w+)\1[^\n]*(?:\n[^]*?^\t*\2$)?|(?<=^|\s)#[^\n]*|[\w{}!$.:/=*?@%+,#~-]+|[^]/gm

/**
 * Whether a block, a text in quotes or a here-document of Bash is open at the end of what was typed. A guess, since only Bash reads
 * Bash: an empty line ends a block that is none.
 */
export function isOpenInBash(code: string): boolean {
  if (/(?<!\\)(?:\\\\)*\\$/.test(code)) return true
  const open: string[] = []
  let isCommand = true
  for (const [token, , word] of code.matchAll(TOKENS)) {
    if (token === "'" || token === '"') return true
    if (word !== undefined) {
      if (!new RegExp(`\\n\\t*${word}$`).test(token)) return true
    } else if (/^[\n;&|()]$/.test(token)) {
      if (token === '(') open.push(')')
      else if (token === open.at(-1)) open.pop()
      isCommand = true
    } else if (/\S/.test(token) && !token.startsWith('#')) {
      const end = isCommand ? ENDS[token] : undefined
      if (end !== undefined) open.push(end)
      else if (isCommand && token === open.at(-1)) open.pop()
      isCommand = isCommand && BEFORE_COMMANDS.has(token)
    }
  }
  return open.length > 0 && !/\n\s*$/.test(code)
}
