import { join } from 'node:path'
import type { JobSpec } from '../../src/shared/job.ts'
import type { JudgeProgram } from '../../src/shared/judging/judging-spec.ts'
import { type Language, loadLanguages } from '../../src/shared/language.ts'
import { DEFAULT_LIMITS } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'

/** @throws Error when there is no language of this id */
export function languageOf(id: string): Language {
  const language = loadLanguages(join(packageRoot(), 'languages')).find((one) => one.id === id)
  if (!language) throw new Error(`there is no language ${id}`)
  return language
}

/** A judge's program of one file. */
export function judgeProgram(
  protocol: JudgeProgram['protocol'],
  { id, fileName }: Pick<Language, 'id' | 'fileName'>,
  content: string,
): JudgeProgram {
  return {
    protocol,
    language: id,
    files: [{ path: fileName, content, encoding: 'utf-8' }],
    entrypoint: fileName,
    args: [],
    compilerArgs: [],
    limits: DEFAULT_LIMITS,
  }
}

/** As much of a job as judges read. */
export const judgedSpec = (more: object = {}): JobSpec =>
  ({
    tenant: 'alice',
    head: { id: 'x', limits: DEFAULT_LIMITS },
    env: {},
    files: [],
    tests: [],
    ...more,
  }) as unknown as JobSpec
