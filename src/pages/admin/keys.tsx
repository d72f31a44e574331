import { useState } from 'preact/hooks'
import { Badge } from '../design/badge.tsx'
import { shown } from '../playground/output/odd-characters.ts'
import type { Api } from './api.ts'
import type { Key } from './api-types.ts'
import { Confirm, type Question } from './confirm.tsx'
import { Live } from './live.tsx'
import { NewKeyDialog } from './new-key.tsx'
import { type Column, Table } from './table.tsx'
import { At } from './times.tsx'
import { usePolled } from './use-polled.ts'

const EVERY_MS = 10_000

type Standing = 'valid' | 'revoked' | 'expired'

function standingOf({ revokedAt, expiresAt }: Key): Standing {
  if (revokedAt !== null) return 'revoked'
  return expiresAt !== null && Date.parse(expiresAt) <= Date.now() ? 'expired' : 'valid'
}

export function KeysPage({ api }: { api: Api }) {
  const polled = usePolled(api.keys, EVERY_MS, [api])
  const { value: keys, refresh } = polled
  const [isNew, setNew] = useState(false)
  const [showsEnded, setShowsEnded] = useState(false)
  const [question, setQuestion] = useState<Question>()
  const revoke = ({ id, name, tenant }: Key) =>
    setQuestion({
      title: 'Revoke this key?',
      text: `“${shown(name)}” of the tenant ${tenant} stops working on every gateway at once. This cannot be undone. If you logged in with this key, you are logged out.`,
      verb: 'Revoke it',
      work: async () => {
        await api.revokeKey(id)
        refresh()
        return `The key ${id} is revoked.`
      },
    })
  const actions = (key: Key) =>
    standingOf(key) === 'valid' && (
      <button type="button" class="button quiet" onClick={() => revoke(key)}>
        Revoke<span class="unseen"> {shown(key.name)}</span>
      </button>
    )
  const list = keys?.toReversed().filter((key) => showsEnded || standingOf(key) === 'valid')
  const ended = keys?.filter((key) => standingOf(key) !== 'valid').length ?? 0
  return (
    <div class="page">
      <header class="head">
        <h1>Keys</h1>
        <div class="actions">
          {ended > 0 && (
            <label class="switch">
              <input
                type="checkbox"
                checked={showsEnded}
                onChange={(event) => setShowsEnded(event.currentTarget.checked)}
              />
              Show {ended} that ended
            </label>
          )}
          <button type="button" class="button primary" onClick={() => setNew(true)}>
            New key …
          </button>
        </div>
      </header>
      <Live of={[polled]}>
        {list && (
          <section class="card listed" aria-label="Keys">
            {list.length === 0 ? (
              <p class="empty">No key is valid.</p>
            ) : (
              <Table rows={list} keyOf={({ id }) => id} columns={COLUMNS} actions={actions} />
            )}
          </section>
        )}
      </Live>
      {isNew && <NewKeyDialog api={api} onMade={refresh} onClose={() => setNew(false)} />}
      {question && <Confirm question={question} onClose={() => setQuestion(undefined)} />}
    </div>
  )
}

const COLUMNS: Column<Key>[] = [
  {
    title: 'Name',
    cell: ({ id, name }) => (
      <>
        {shown(name)} <span class="faint mono">{id}</span>
      </>
    ),
  },
  { title: 'Tenant', cell: ({ tenant }) => tenant },
  { title: 'Scopes', cell: ({ scopes }) => scopes.join(', ') },
  { title: 'Limits', class: 'detail', cell: (key) => limitsOf(key) || <span class="faint">server defaults</span> },
  { title: 'State', cell: (key) => <KeyState of={key} /> },
  { title: 'Created', cell: ({ createdAt }) => <At at={createdAt} /> },
]

function KeyState({ of: key }: { of: Key }) {
  const standing = standingOf(key)
  return (
    <>
      <Badge tone={standing === 'valid' ? 'good' : 'neutral'} words={standing} />{' '}
      {standing === 'valid' && key.expiresAt !== null && (
        <span class="faint">
          until <At at={key.expiresAt} />
        </span>
      )}
    </>
  )
}

function limitsOf({ rate, maxRunningJobs, maxSessions, limits, screening }: Key): string {
  return [
    ...(rate ? [`${rate.perMinute}/min, ${rate.burst} at once`] : []),
    ...(maxRunningJobs === null ? [] : [`${maxRunningJobs} running`]),
    ...(maxSessions === null ? [] : [`${maxSessions} sessions`]),
    ...Object.entries(limits).map(([name, value]) => `${name} ${value}`),
    ...(screening ? [`screening ${screening}`] : []),
  ].join('; ')
}
