/** What ends each word that opens a block. */
const ENDS: ReadonlyMap<string, string> = new Map([
  ['for', 'done'],
  ['select', 'done'],
  ['while', 'done'],
  ['until', 'done'],
  ['if', 'fi'],
  ['case', 'esac'],
  ['{', '}'],
])
/** Words behind which a command begins. */
const BEFORE_COMMANDS = new Set(['do', 'then', 'else', 'elif', 'while', 'until', 'if', '{', '!', 'time', '-p'])
/** What a line does not end with. */
const CONTINUED = new Set(['|', '||', '|&', '&&', '\\'])

/** What closes a substitution, behind which no command begins, unlike behind a group of commands. */
const SUBSTITUTION = '$)'
/** The end of a line that goes on in the next, as if there were none. */
const LINE_CONTINUATION = '\\\n'
/** One bracket of arithmetic, in which `<<` is no here-document. */
const ARITHMETIC = '(('

/** In their order: what is skipped as a whole, here-documents by their delimiter, operators, words, and all else a character at a time. */
const TOKENS =
  /\\[^]|(?:\$'(?:\\[^]|[^'\\])*|'[^']*)('?)|\$\{(?:\\[^]|'[^']*'|"[^"]*"|[^}'"\\])*\}|<<<|<<-?[ \t]*((?:\\[^]|'[^']*'|"[^"]*"|[^\s;&|<>()'"\\])+)|\(\(|&&|\|[|&]?|(?<![^\s;&|()])#[^\n]*|function[ \t]+[^\s;&|<>()]+|(?:[\w{}!.:/=*?@%+,#~-]|\$(?!['{]))+|[^]/y
const IN_QUOTES = /\\[^]|\$\(\(?|"|[^"\\$]+|[^]/y
const IN_ARITHMETIC = /[()]|[^()]+/y

interface HereDocument {
  delimiter: string
  /** Whether tabs may stand before it. */
  isIndented: boolean
}

/**
 * Whether a block, a text in quotes, a pipe or a here-document of Bash is open at the end of what was typed. A guess, since only Bash reads
 * Bash: an empty line ends all but a here-document and a text in quotes, which may have some.
 */
export function isOpenInBash(code: string): boolean {
  const isEnded = /\n\s*$/.test(code)
  const open: string[] = []
  let documents: HereDocument[] = []
  let [at, isCommand, isContinued] = [0, true, false]
  while (at < code.length) {
    const inside = open.at(-1)
    const tokens = inside === '"' ? IN_QUOTES : inside === ARITHMETIC ? IN_ARITHMETIC : TOKENS
    tokens.lastIndex = at
    const [token = '', closing, delimiter] = tokens.exec(code) ?? []
    const before = code[at - 1] ?? ''
    at += token.length
    if (inside === ARITHMETIC) {
      if (token === '(') open.push(ARITHMETIC)
      else if (token === ')') open.pop()
    } else if (inside === '"') {
      if (token === '$(') open.push(SUBSTITUTION)
      else if (token === '$((') open.push(ARITHMETIC, ARITHMETIC)
      else if (token === '"') open.pop()
      isCommand = token === '$('
    } else if (token === '\n') {
      const behind = endOf(documents, code, at)
      if (behind === undefined) return true
      at = behind
      documents = []
      isCommand = true
    } else if (/^[^\s#]/.test(token) && token !== LINE_CONTINUATION) {
      if (closing === '') return true
      isContinued = CONTINUED.has(token)
      if (delimiter !== undefined)
        documents.push({ delimiter: unquoted(delimiter), isIndented: token.startsWith('<<-') })
      const end = isCommand ? ENDS.get(token) : undefined
      if (token === '"') open.push('"')
      else if (token === '((') open.push(ARITHMETIC, ARITHMETIC)
      else if (token === '(') open.push(/[$<>]/.test(before) ? SUBSTITUTION : ')')
      else if (end !== undefined) open.push(end)
      else if (token === ')' ? inside === ')' || inside === SUBSTITUTION : isCommand && token === inside) open.pop()
      if (/^[;&|()]$|^&&|^\|/.test(token)) isCommand = token !== ')' || inside !== SUBSTITUTION
      else isCommand &&= BEFORE_COMMANDS.has(token) || /^function\s/.test(token)
    }
  }
  return documents.length > 0 || open.includes('"') || ((open.length > 0 || isContinued) && !isEnded)
}

/** Where here-documents end whose first line begins at a place; undefined when one is open. */
function endOf(documents: readonly HereDocument[], code: string, from: number): number | undefined {
  let at = from
  for (const { delimiter, isIndented } of documents) {
    let line: string | undefined
    while (line !== delimiter) {
      if (at > code.length) return undefined
      const end = code.indexOf('\n', at) < 0 ? code.length : code.indexOf('\n', at)
      line = code.slice(at, end).replace(isIndented ? /^\t+/ : '', '')
      at = end + 1
    }
  }
  return at
}

/** A delimiter as its line has it. */
const unquoted = (delimiter: string): string =>
  delimiter.replaceAll(/\\([^])|'([^']*)'|"([^"]*)"/g, (_whole, ...groups: (string | undefined)[]) =>
    groups.slice(0, 3).join(''),
  )
