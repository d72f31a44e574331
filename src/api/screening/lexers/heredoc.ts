import { emit, punctuation, type Reader } from './reader.ts'
import { isWordCharacter } from './c-family.ts'
import type { StringKind } from './lexer.ts'

/** More of them begin on one line in no honest script. */
export const MAX_HEREDOCS = 16
const MAX_TERMINATOR = 64

/** Notes that the heredoc whose terminator's name stands at `start` begins at the next line end. */
export function queueHeredoc(
  reader: Reader,
  start: number,
  heredoc: { indented: boolean; quoted: boolean; kind: StringKind },
): void {
  const { text, units, at } = reader
  let end = start
  while (end - start <= MAX_TERMINATOR && isWordCharacter(units[end]!)) end++
  reader.tokens.steps += end - start
  if (end - start > MAX_TERMINATOR || reader.heredocs.length >= MAX_HEREDOCS) return punctuation(reader, 60)
  const { indented, kind } = heredoc
  reader.heredocs.push({ terminator: text.slice(start, end), indented, kind })
  emit(reader, 60, at)
  const closed = heredoc.quoted && (units[end] === 34 || units[end] === 39 || units[end] === 96)
  reader.at = closed ? end + 1 : end
}
