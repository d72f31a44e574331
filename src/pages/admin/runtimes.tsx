import { useEffect, useRef, useState } from 'preact/hooks'
import { RunyardError } from '../../client/client.ts'
import { Badge, type Tone } from '../design/badge.tsx'
import { formatBytes } from '../design/format.ts'
import { ProblemNotice } from '../design/problem-notice.tsx'
import { type EndFollower, followEnd } from '../playground/output/follow-end.ts'
import { shown } from '../playground/output/odd-characters.ts'
import { JumpToEnd } from '../playground/output/output-log.tsx'
import { useAction } from './act.ts'
import type { Api } from './api.ts'
import type { Installation, RuntimeGroup, RuntimeRow } from './api-types.ts'
import { Confirm, type Question } from './confirm.tsx'
import { Live } from './live.tsx'
import { type Column, Table } from './table.tsx'
import { At } from './times.tsx'
import { usePolled } from './use-polled.ts'

const EVERY_MS = 3000

const STATES: Record<Installation['hosts'][string]['state'], { tone: Tone; words: string }> = {
  waiting: { tone: 'neutral', words: 'Waiting for a worker' },
  installing: { tone: 'busy', words: 'Installing' },
  installed: { tone: 'good', words: 'Installed' },
  removing: { tone: 'busy', words: 'Removing' },
  removed: { tone: 'neutral', words: 'Removed' },
  failed: { tone: 'bad', words: 'Failed' },
  lost: { tone: 'warn', words: 'Worker lost' },
}

const isMoving = (state: Installation['hosts'][string]['state']) => state === 'installing' || state === 'removing'

export function RuntimesPage({ api }: { api: Api }) {
  const polled = usePolled(api.runtimes, EVERY_MS, [api])
  const { value, refresh } = polled
  const [followed, setFollowed] = useState<Followed>()
  const [question, setQuestion] = useState<Question>()
  const follow = ({ name }: RuntimeRow, { id, action }: Installation) => {
    setFollowed({ id, name, action })
    refresh()
  }
  const columns: Column<RuntimeRow>[] = [
    ...COLUMNS,
    { title: 'Last installation', cell: (runtime) => <LastInstallation runtime={runtime} onFollow={follow} /> },
  ]
  return (
    <div class="page">
      <header class="head">
        <h1>Runtimes</h1>
      </header>
      {followed && <Progress key={followed.id} api={api} {...followed} onEnd={refresh} />}
      <Live of={[polled]}>
        {value && value.groups.length > 0 && (
          <section class="card listed" aria-label="Groups of languages">
            <Table
              rows={value.groups}
              keyOf={({ group }) => group}
              columns={groupColumns(value.runtimes)}
              actions={(group) => (
                <InstallGroupButton api={api} group={group} runtimes={value.runtimes} onFollow={follow} />
              )}
            />
          </section>
        )}
        {value && (
          <section class="card listed" aria-label="Runtimes">
            <Table
              rows={value.runtimes}
              keyOf={({ language }) => language}
              columns={columns}
              actions={(runtime) => (
                <>
                  <InstallButton api={api} runtime={runtime} onFollow={follow} />{' '}
                  <RemoveButton api={api} runtime={runtime} onFollow={follow} onAsk={setQuestion} />
                </>
              )}
            />
          </section>
        )}
      </Live>
      {question && <Confirm question={question} onClose={() => setQuestion(undefined)} />}
    </div>
  )
}

interface Followed {
  id: string
  name: string
  action: Installation['action']
}

type Follow = (runtime: RuntimeRow, installation: Installation) => void

const isInstalled = ({ hosts }: RuntimeRow): boolean =>
  hosts.length > 0 && hosts.every(({ version }) => version !== null)

/** The languages of a group that a host lacks. */
const missingOf = ({ languages }: RuntimeGroup, runtimes: readonly RuntimeRow[]): RuntimeRow[] =>
  runtimes.filter((runtime) => languages.includes(runtime.language) && !isInstalled(runtime))

const groupColumns = (runtimes: readonly RuntimeRow[]): Column<RuntimeGroup>[] => [
  {
    title: 'Group',
    cell: ({ group, name }) => (
      <>
        {name} <span class="faint mono">{group}</span>
      </>
    ),
  },
  {
    title: 'Installed',
    cell: (group) => `${group.languages.length - missingOf(group, runtimes).length} of ${group.languages.length}`,
  },
  {
    title: 'To install',
    cell(group) {
      const missing = missingOf(group, runtimes)
      const bytes = missing.reduce((sum, { imageBytes }) => sum + (imageBytes ?? 0), 0)
      return missing.length === 0 ? <span class="faint">–</span> : `about ${formatBytes(bytes)}`
    },
  },
]

const COLUMNS: Column<RuntimeRow>[] = [
  {
    title: 'Language',
    cell: ({ language, name }) => (
      <>
        {name} <span class="faint mono">{language}</span>
      </>
    ),
  },
  {
    title: 'Hosts',
    cell: ({ hosts }) => (
      <>
        {hosts.length === 0 && <span class="faint">no live worker</span>}
        <ul class="hosts">
          {hosts.map(({ host, version }) => (
            <li key={host}>
              <Badge tone={version === null ? 'neutral' : 'good'} words={version ?? 'not installed'} />{' '}
              <span class="faint">{host}</span>
            </li>
          ))}
        </ul>
      </>
    ),
  },
  {
    title: 'Size',
    class: 'numeric',
    cell: ({ imageBytes }) => (imageBytes === null ? <span class="faint">–</span> : formatBytes(imageBytes)),
  },
]

function LastInstallation({ runtime, onFollow }: { runtime: RuntimeRow; onFollow: Follow }) {
  const { name, installation } = runtime
  if (installation === null) return <span class="faint">–</span>
  return (
    <>
      {Object.entries(installation.hosts).map(([host, { state }]) => (
        <Badge key={host} {...STATES[state]} moving={isMoving(state)} />
      ))}{' '}
      <At at={installation.requestedAt} />{' '}
      <button type="button" class="button quiet" onClick={() => onFollow(runtime, installation)}>
        Show<span class="unseen"> the installation of {name}</span>
      </button>
    </>
  )
}

function InstallButton({ api, runtime, onFollow }: { api: Api; runtime: RuntimeRow; onFollow: Follow }) {
  const { language, name, hosts, installation } = runtime
  const { busy, run } = useAction()
  const install = async () => {
    onFollow(runtime, await api.install(language))
    return undefined
  }
  if (!hosts.some(({ installsOnRequest }) => installsOnRequest)) return null
  const isEverywhere = isInstalled(runtime)
  return (
    <button
      type="button"
      class={`button${isEverywhere ? ' quiet' : ''}`}
      disabled={busy || installation?.over === false}
      onClick={() => void run(install)}
    >
      {isEverywhere ? 'Install again' : 'Install'}
      <span class="unseen"> {name}</span>
    </button>
  )
}

function RemoveButton({
  api,
  runtime,
  onFollow,
  onAsk,
}: {
  api: Api
  runtime: RuntimeRow
  onFollow: Follow
  onAsk: (question: Question) => void
}) {
  const { language, name, hosts, installation } = runtime
  if (!hosts.some(({ version, installsOnRequest }) => version !== null && installsOnRequest)) return null
  const ask = () =>
    onAsk({
      title: `Remove ${name}?`,
      text: `Jobs in ${name} will be refused until it is installed again.`,
      verb: 'Remove',
      async work() {
        onFollow(runtime, await api.uninstall(language))
        return undefined
      },
    })
  return (
    <button type="button" class="button quiet" disabled={installation?.over === false} onClick={ask}>
      Remove<span class="unseen"> {name}</span>
    </button>
  )
}

/** Asks for all that is missing; the workers install one after another. */
function InstallGroupButton({
  api,
  group,
  runtimes,
  onFollow,
}: {
  api: Api
  group: RuntimeGroup
  runtimes: readonly RuntimeRow[]
  onFollow: Follow
}) {
  const { busy, run } = useAction()
  const missing = missingOf(group, runtimes)
  if (!missing.some(({ hosts }) => hosts.some(({ installsOnRequest }) => installsOnRequest))) return null
  const install = async () => {
    const { installations } = await api.installGroup(group.group)
    const [first] = installations
    const runtime = runtimes.find(({ language }) => language === first?.language)
    if (first && runtime) onFollow(runtime, first)
    return `${installations.length} languages are being installed`
  }
  return (
    <button type="button" class="button" disabled={busy} onClick={() => void run(install)}>
      Install<span class="unseen"> the group {group.name}</span>
    </button>
  )
}

/** What the workers say while they install or remove. */
function Progress({ api, id, name, action, onEnd }: Followed & { api: Api; onEnd: () => void }) {
  const log = useRef<HTMLPreElement>(null)
  const end = useRef<EndFollower>(null)
  const [follows, setFollows] = useState(true)
  const [isOver, setOver] = useState(false)
  const [hosts, setHosts] = useState<Installation['hosts']>({})
  const [problem, setProblem] = useState<RunyardError>()
  useEffect(() => {
    const pre = log.current
    if (!pre) return
    const controller = new AbortController()
    const follower = followEnd(pre, undefined, setFollows)
    end.current = follower
    const add = (text: string) => {
      pre.append(`${shown(text)}\n`)
      follower.stay()
    }
    const follow = async () => {
      for await (const event of api.installationEvents(id, { signal: controller.signal })) {
        if (event.type === 'line') add(event.data.text)
        if (event.type === 'host') {
          const { host, ...how } = event.data
          setHosts((now) => ({ ...now, [host]: how }))
          if (how.detail !== null) add(how.detail)
        }
        if (event.type === 'result') {
          setHosts(event.data.hosts)
          setOver(true)
          onEnd()
        }
      }
    }
    follow().catch((error: unknown) => {
      if (controller.signal.aborted) return
      if (!(error instanceof RunyardError)) throw error
      setProblem(error)
    })
    return () => {
      controller.abort()
      follower.close()
    }
  }, [api, id])
  return (
    <section class="card progress" aria-labelledby="progress">
      <header>
        <h2 id="progress">
          {action === 'remove' ? 'Removing' : 'Installing'} {name}
        </h2>
        <span role="status">
          {Object.entries(hosts).map(([host, { state }]) => (
            <Badge
              key={host}
              tone={STATES[state].tone}
              words={`${STATES[state].words} on ${host}`}
              moving={isMoving(state)}
            />
          ))}
        </span>
      </header>
      {problem && <ProblemNotice problem={problem} />}
      <div class="output-frame">
        <pre ref={log} role="log" aria-label={`Progress of ${name}`} tabIndex={0} />
        {!follows && <JumpToEnd isLive={!isOver} onJump={() => end.current?.resume()} />}
      </div>
    </section>
  )
}
