import { setImmediate } from 'node:timers/promises'
import { OUTPUT_LANGUAGE } from '../../shared/judging/judging-spec.ts'
import type { KeptPair } from '../../shared/judging/comparisons.ts'
import type { ProblemJobs } from '../../shared/judging/problem-jobs.ts'
import { type Comparison, MAX_COMPARED, MAX_PAIRS } from '../../shared/judging/similarity.ts'
import type { JobReader } from '../../shared/jobs/job-reader.ts'
import type { Language } from '../../shared/language.ts'
import {
  createWork,
  fingerprintsOf,
  likePairs,
  marksOf,
  MAX_ALL_FINGERPRINTS,
  MAX_FINGERPRINTS,
  type Prints,
} from './like-pairs.ts'

/**
 * Compares the newest submissions of a problem with each other, language by language.
 * @param tell how far it is; called often
 * @param checkGoesOn throws when the work is to end early; called between pieces of work, and what else this process does goes on meanwhile
 */
export type Compare = (
  of: { tenant: string; problem: string },
  tell: (progress: NonNullable<Comparison['progress']>) => void,
  checkGoesOn: () => void,
) => Promise<{ compared: number; pairs: KeptPair[] }>

export interface CompareNeeds {
  problemJobs: ProblemJobs
  records: Pick<JobReader, 'spec'>
  languages: readonly Language[]
}

/** @param languages all that there are, installed here or not */
export function createCompare({ problemJobs, records, languages }: CompareNeeds): Compare {
  return async ({ tenant, problem }, tell, checkGoesOn) => {
    const work = createWork(async () => {
      await setImmediate()
      checkGoesOn()
    })
    const jobs = await problemJobs.newest(problem, MAX_COMPARED)
    const most = Math.min(MAX_FINGERPRINTS, Math.floor(MAX_ALL_FINGERPRINTS / Math.max(1, jobs.length)))
    const marksIn = (language: string) => marksOf(languages.find(({ id }) => id === language) ?? { id: language })
    const byLanguage = new Map<string, Prints[]>()
    let compared = 0
    for (const [index, job] of jobs.entries()) {
      tell({ step: 'reading', done: index, total: jobs.length })
      checkGoesOn()
      const spec = await records.spec(job)
      if (spec?.tenant !== tenant || spec.head.language === null || spec.submission?.language === OUTPUT_LANGUAGE)
        continue
      const own = spec.files.slice(0, spec.submission?.files ?? spec.files.length)
      const files = own.map(({ path, content, encoding }) => ({
        path,
        text: encoding === 'base64' ? Buffer.from(content, 'base64').toString() : content,
      }))
      const { language, endUser } = spec.head
      const prints = await fingerprintsOf({ id: job, author: endUser, files }, marksIn(language), work, most)
      const programs = byLanguage.get(language)
      if (programs) programs.push(prints)
      else byLanguage.set(language, [prints])
      compared++
    }
    const pairs: KeptPair[] = []
    let done = 0
    for (const [language, programs] of byLanguage) {
      const tellPart = (part: number) =>
        tell({ step: 'comparing', done: done + Math.floor(part * programs.length), total: compared })
      tellPart(0)
      for (const pair of await likePairs(programs, work, tellPart)) pairs.push({ language, ...pair })
      done += programs.length
    }
    pairs.sort((a, b) => b.similarity - a.similarity)
    return { compared, pairs: pairs.slice(0, MAX_PAIRS) }
  }
}
