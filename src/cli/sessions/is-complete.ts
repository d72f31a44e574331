import { isOpenInBash } from './bash-blocks.ts'

const CLOSES: Record<string, string> = { '(': ')', '[': ']', '{': '}' }

/**
 * Whether code that was typed can be run, or more lines belong to it. A guess from its brackets and its indentation, by which a block
 * ends with an empty line; the interpreter has the last word.
 */
export function isComplete(code: string, language: string): boolean {
  if (language === 'bash') return !isOpenInBash(code)
  const lines = code.split('\n')
  const last = lines.at(-1) ?? ''
  if (last.endsWith('\\')) return false
  if (openBrackets(code)) return false
  const isBlock = lines.some((line) => /:\s*(#.*)?$/.test(line)) || (lines.length > 1 && /^\s/.test(last))
  return !isBlock || last.trim() === ''
}

/** Whether a bracket or a text of several lines is open at its end. */
function openBrackets(code: string): boolean {
  const open: string[] = []
  for (let at = 0; at < code.length; at++) {
    const character = code[at] ?? ''
    const triple = /^("""|''')/.exec(code.slice(at, at + 3))?.[0]
    if (triple !== undefined) {
      const end = code.indexOf(triple, at + 3)
      if (end < 0) return true
      at = end + 2
    } else if (character === '"' || character === "'") at = endOfText(code, at)
    else if (character === '#') at = Math.max(at, code.indexOf('\n', at) < 0 ? code.length : code.indexOf('\n', at))
    else if (CLOSES[character] !== undefined) open.push(CLOSES[character])
    else if (character === open.at(-1)) open.pop()
  }
  return open.length > 0
}

/** Where the text that begins there ends; that it does not is for the interpreter to say. */
function endOfText(code: string, from: number): number {
  for (let at = from + 1; at < code.length; at++) {
    if (code[at] === '\\') at++
    else if (code[at] === code[from] || code[at] === '\n') return at
  }
  return code.length
}
