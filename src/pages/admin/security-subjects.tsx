import type { ComponentChildren } from 'preact'
import { shown } from '../playground/output/odd-characters.ts'
import type { Allowed, Block } from './api-types.ts'
import { At } from './times.tsx'

export function Blocks({ blocks, onLift }: { blocks: readonly Block[]; onLift: (block: Block) => void }) {
  const end = ({ until }: Block) =>
    until === null ? (
      'until it is lifted'
    ) : (
      <>
        until <At at={until} />
      </>
    )
  return (
    <Subjects id="blocks" title="Blocked" empty="Nobody is blocked." subjects={blocks} when={end} onEnd={onLift}>
      {({ subject }) => (
        <>
          Lift<span class="unseen"> the block of {subject}</span>
        </>
      )}
    </Subjects>
  )
}

export function Exempt({ allowed, onEnd }: { allowed: readonly Allowed[]; onEnd: (one: Allowed) => void }) {
  const since = (one: Allowed) => (
    <>
      since <At at={one.since} />
    </>
  )
  return (
    <Subjects
      id="allowed"
      title="Never blocked"
      empty="Nobody is exempt."
      subjects={allowed}
      when={since}
      onEnd={onEnd}
    >
      {({ subject }) => (
        <>
          End<span class="unseen"> the exemption of {subject}</span>
        </>
      )}
    </Subjects>
  )
}

/** Callers about whom something was decided, and a button that ends it. */
function Subjects<Decision extends Pick<Block, 'subject' | 'reason' | 'by'>>({
  id,
  title,
  empty,
  subjects,
  when,
  onEnd,
  children: words,
}: {
  id: string
  title: string
  empty: string
  subjects: readonly Decision[]
  when: (one: Decision) => ComponentChildren
  onEnd: (one: Decision) => void
  children: (one: Decision) => ComponentChildren
}) {
  return (
    <section class="card listed" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {subjects.length === 0 ? (
        <p class="empty">{empty}</p>
      ) : (
        <ul class="subjects">
          {subjects.map((one) => (
            <li key={one.subject}>
              <div>
                <strong class="mono">{one.subject}</strong>
                <p class="faint">
                  {when(one)}
                  {one.reason !== '' && `, ${shown(one.reason)}`} <span>by {one.by}</span>
                </p>
              </div>
              <button type="button" class="button" onClick={() => onEnd(one)}>
                {words(one)}
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
