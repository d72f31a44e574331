import { useState } from 'preact/hooks'
import type { Api } from './api.ts'
import type { Allowed, Block } from './api-types.ts'
import { Confirm, type Question } from './confirm.tsx'
import { Live } from './live.tsx'
import { usePolled } from './use-polled.ts'
import { Events } from './security-events.tsx'
import { type Asked, SubjectDialog } from './security-dialog.tsx'
import { Blocks, Exempt } from './security-subjects.tsx'

const EVERY_MS = 4000

export function SecurityPage({ api }: { api: Api }) {
  const blocks = usePolled(api.blocks, EVERY_MS, [api])
  const allowed = usePolled(api.allowed, EVERY_MS, [api])
  const [asked, setAsked] = useState<Asked>()
  const [question, setQuestion] = useState<Question>()
  const refresh = () => {
    blocks.refresh()
    allowed.refresh()
  }
  const lift = ({ subject }: Block) =>
    setQuestion({
      title: 'Lift this block?',
      text: `${subject} may call again at once. Its score and earlier blocks are reset.`,
      verb: 'Lift it',
      work: async () => {
        await api.unblock(subject)
        refresh()
        return `${subject} is no longer blocked.`
      },
    })
  const disallow = ({ subject }: Allowed) =>
    setQuestion({
      title: 'Remove this exemption?',
      text: `${subject} can be blocked again.`,
      verb: 'Remove it',
      work: async () => {
        await api.disallow(subject)
        refresh()
        return `${subject} can be blocked again.`
      },
    })
  return (
    <div class="page">
      <header class="head">
        <h1>Security</h1>
        <div class="actions">
          <button type="button" class="button" onClick={() => setAsked({ what: 'allow', subject: '' })}>
            Never block …
          </button>
          <button type="button" class="button primary" onClick={() => setAsked({ what: 'block', subject: '' })}>
            Block …
          </button>
        </div>
      </header>
      <Live of={[blocks, allowed]}>
        <div class="columns two">
          {blocks.value && <Blocks blocks={blocks.value} onLift={lift} />}
          {allowed.value && <Exempt allowed={allowed.value} onEnd={disallow} />}
        </div>
      </Live>
      <Events api={api} onBlock={(subject) => setAsked({ what: 'block', subject })} />
      {asked && <SubjectDialog api={api} asked={asked} onDone={refresh} onClose={() => setAsked(undefined)} />}
      {question && <Confirm question={question} onClose={() => setQuestion(undefined)} />}
    </div>
  )
}
