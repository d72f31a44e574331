import { MIB } from '../../shared/limits.ts'
import type { JobReader } from '../../shared/jobs/job-reader.ts'
import type { SimilarPair } from '../../shared/judging/similarity.ts'

/** A place in a program, with the lines that are there. */
export interface CodePart {
  path: string
  from: number
  to: number
  code?: string
}

/** Characters of code in one answer; those of the most similar pairs come first. */
const MAX_CODE = 2 * MIB

/**
 * Puts the code of similar parts to them, and who sent it. Programs are read one after another, until there is code enough: one is held at a time.
 * @param pairs most similar first; they are changed
 */
export async function addCode(
  records: Pick<JobReader, 'spec'>,
  pairs: readonly SimilarPair[],
  endUserOf: (job: string) => string | undefined,
): Promise<void> {
  const parts = new Map<string, CodePart[]>()
  for (const { first, second, parts: alike } of pairs) {
    for (const [id, side] of [
      [first, 'first'],
      [second, 'second'],
    ] as const)
      parts.set(id, [...(parts.get(id) ?? []), ...alike.map((part) => part[side])])
  }
  let left = MAX_CODE
  for (const [id, wanted] of parts) {
    if (left <= 0) break
    const spec = await records.spec(id)
    if (!spec) continue
    const lines = new Map<string, string[]>()
    for (const part of wanted) {
      const file = spec.files.find(({ path }) => path === part.path)
      if (!file || left <= 0) continue
      const { content, encoding } = file
      const text = () => (encoding === 'base64' ? Buffer.from(content, 'base64').toString() : content)
      const ofFile = lines.get(part.path) ?? text().split('\n')
      lines.set(part.path, ofFile)
      part.code = ofFile
        .slice(part.from - 1, part.to)
        .join('\n')
        .slice(0, left)
      left -= part.code.length
    }
  }
  for (const pair of pairs) {
    const [first, second] = [endUserOf(pair.first), endUserOf(pair.second)]
    pair.endUsers = { ...(first !== undefined && { first }), ...(second !== undefined && { second }) }
  }
}
