import { useState } from 'preact/hooks'
import { RunyardError } from '../../client/client.ts'
import { ProblemNotice } from '../design/problem-notice.tsx'
import type { Api } from './api.ts'

/** Starts a comparison of a problem's submissions, and leads to its report, which shows how far it is. */
export function SimilarityReport({ api, problem, tenant }: { api: Api; problem: string; tenant: string }) {
  const [state, setState] = useState<'idle' | 'starting' | 'started'>('idle')
  const [fault, setFault] = useState<RunyardError>()
  const start = async () => {
    setState('starting')
    setFault(undefined)
    try {
      await api.compareSubmissions(problem, tenant)
      setState('started')
    } catch (error) {
      if (!(error instanceof RunyardError)) throw error
      setFault(error)
      setState('idle')
    }
  }
  return (
    <>
      {fault && <ProblemNotice problem={fault} />}
      <span role="status">
        {state === 'started' ? (
          <a href={api.similarityReport(problem, tenant)} target="_blank" rel="noreferrer">
            Report on similar submissions
          </a>
        ) : (
          <button type="button" class="button quiet" disabled={state === 'starting'} onClick={() => void start()}>
            Compare all submissions
          </button>
        )}
      </span>
    </>
  )
}
