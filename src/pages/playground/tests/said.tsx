import type { TestJudging } from '../../../shared/judging/judging-result.ts'
import { shown } from '../output/odd-characters.ts'

/** What a checker says of a test: to the author of the program, and to judges. */
export function Said({ judging }: { judging: TestJudging | undefined }) {
  const { feedback, judgeMessage } = judging ?? {}
  return (
    <>
      {feedback !== undefined && (
        <>
          {' '}
          <span class="said">{shown(feedback)}</span>
        </>
      )}
      {judgeMessage !== undefined && (
        <>
          {' '}
          <span class="said faint">
            <b>To judges:</b> {shown(judgeMessage)}
          </span>
        </>
      )}
    </>
  )
}
