import type { FileChange, Watch } from '../../shared/sessions/session.ts'
import type { SessionEvent } from '../../shared/sessions/session-event.ts'
import { type Agent, AgentRefusal } from './agent.ts'
import { AGENT_WATCH_ENTRIES, AGENT_WATCHES } from './agent-protocol.ts'
import type { Clock } from './clock.ts'
import type { Handlers } from './handlers.ts'
import { createOutputPace, TERMINAL_RATE } from './output-pace.ts'
import { Refused } from './refusals.ts'

export interface WatchOptions {
  agent: Agent
  tell: (event: SessionEvent) => void
  whenRoom: (resume: () => void) => void
  clock: Clock
}

/** E2BIG on Linux. */
const TOO_MUCH = 7

interface Live {
  watch: Watch
  stop: () => Promise<void>
}

/** Folders of a session whose changes become events. Where readers and events are slow, so is the agent that looks. */
export function createWatchOperations(
  options: WatchOptions,
): Handlers<'watchFolder' | 'listWatches' | 'unwatchFolder'> {
  const { agent, tell, whenRoom, clock } = options
  const pace = createOutputPace(clock, TERMINAL_RATE)
  const watches = new Map<string, Live>()
  /** Those that are being started count too. */
  let count = 0

  return {
    async watchFolder({ id, path, recursive }) {
      if (count >= AGENT_WATCHES)
        throw new Refused(
          'session-busy',
          `the session watches ${AGENT_WATCHES} folders, the most it may; end a watch first`,
        )
      count++
      const watch: Watch = { id, path, recursive, state: 'watching', createdAt: new Date().toISOString() }
      let told: Watch['state'] | undefined
      const tellState = () => {
        if (told === watch.state) return
        told = watch.state
        tell({ type: 'watch', data: { ...watch } })
      }
      try {
        const stop = await agent.watch(path, recursive, ({ isBehind, changes }, taken) => {
          tellState()
          if (watch.state !== 'ended') watch.state = isBehind ? 'overflowed' : 'watching'
          tellState()
          const data = { watch: id, changes: changes.map((change) => below(path, change)) }
          if (changes.length > 0) tell({ type: 'files', data })
          whenRoom(() => pace(JSON.stringify(data).length, taken))
        })
        tellState()
        watches.set(id, { watch, stop })
        return [{ ...watch }]
      } catch (error) {
        count--
        throw error instanceof AgentRefusal && error.errno === TOO_MUCH ? tooMuch(path) : error
      }
    },
    listWatches: () => [[...watches.values()].map(({ watch }) => ({ ...watch }))],
    async unwatchFolder({ id }) {
      const live = watches.get(id)
      if (!live) throw new Refused('not-found', 'the session has no such watch, or it has ended')
      // Until its end is told it is there: who asks for its events meanwhile gets that.
      await live.stop()
      if (watches.delete(id)) {
        count--
        live.watch.state = 'ended'
        tell({ type: 'watch', data: { ...live.watch } })
      }
      return [{ ...live.watch }]
    },
  }
}

const tooMuch = (path: string) =>
  new Refused(
    'file-conflict',
    `${path === '.' ? 'the working folder' : path} holds more than ${AGENT_WATCH_ENTRIES} entries, or paths too long to watch them all`,
  )

/** With paths as other operations take them. */
function below(folder: string, change: FileChange): FileChange {
  const prefix = folder === '.' || folder === '' ? '' : folder.endsWith('/') ? folder : `${folder}/`
  const from = change.from === undefined ? {} : { from: prefix + change.from }
  return { ...change, path: prefix + change.path, ...from }
}
