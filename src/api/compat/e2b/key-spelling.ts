import { formatKey } from '../../../shared/access/key-text.ts'

/**
 * E2B's clients of before 2026 demand keys of the form `e2b_` and hexadecimal digits. A key of ours has such a spelling: without `ry_`
 * and the second `_`.
 * @returns the key as it is spelled here; any other text as it is
 */
export function keyOfSpelling(text: string): string {
  const [, id, secret] = /^e2b_([0-9a-f]{12})([0-9a-f]{64})$/.exec(text.trim()) ?? []
  return id === undefined || secret === undefined ? text : formatKey({ id, secret })
}
