import type { Command, Execution } from '../../shared/sessions/session.ts'
import type { Clock } from './clock.ts'

interface Results {
  execution: Execution
  command: Command
}
type Kind = keyof Results

/** What can be waited for. */
export interface Waitable<T> {
  readonly isFinished: boolean
  view(): T
}

/** What has run in a session, as far as it is kept, and those who wait for what runs. */
export interface SessionResults {
  /** What has ended, or undefined. */
  find<K extends Kind>(kind: K, id: string): Results[K] | undefined
  /** Those that have ended, oldest first. */
  list<K extends Kind>(kind: K): Results[K][]
  /** Keeps what has ended, and wakes those who wait for it. */
  add<K extends Kind>(kind: K, value: Results[K]): void
  /** Its view when it has ended, or the time is over. */
  waitFor<T>(id: string, one: Waitable<T>, waitMs: number): Promise<T>
  /** Whether anybody waits. */
  readonly isAwaited: boolean
}

/** Ended executions and commands that are kept, in number and in characters of JSON. */
const KEPT_RESULTS = 200
const KEPT_CHARACTERS = 32 * 1024 * 1024

/** @param keep stores what has ended, and removes others */
export function createSessionResults(
  keep: (result: { id: string; json: string }, remove: readonly string[]) => void,
  clock: Clock,
): SessionResults {
  const ended: { id: string; kind: Kind; json: string }[] = []
  const listeners = new Map<string, Set<() => void>>()
  let endedCharacters = 0
  let waits = 0
  return {
    find<K extends Kind>(kind: K, id: string) {
      const found = ended.find((one) => one.id === id && one.kind === kind)
      return found && parseKept<Results[K]>(found.json)
    },
    list: <K extends Kind>(kind: K) =>
      ended.flatMap((one) => (one.kind === kind ? [parseKept<Results[K]>(one.json)] : [])),
    add(kind, value) {
      const { id } = value
      const json = JSON.stringify({ kind, ...value })
      ended.push({ id, kind, json })
      endedCharacters += json.length
      const remove: string[] = []
      while (ended.length > 1 && (ended.length > KEPT_RESULTS || endedCharacters > KEPT_CHARACTERS)) {
        const first = ended.shift()
        endedCharacters -= first?.json.length ?? 0
        remove.push(first?.id ?? '')
      }
      keep({ id, json }, remove)
      for (const listener of listeners.get(id) ?? []) listener()
    },
    async waitFor(id, one, waitMs) {
      if (one.isFinished || waitMs <= 0) return one.view()
      waits++
      await new Promise<void>((resolve) => {
        const group = listeners.get(id) ?? new Set()
        listeners.set(id, group)
        const wake = () => {
          stop()
          group.delete(wake)
          if (group.size === 0) listeners.delete(id)
          resolve()
        }
        const stop = clock.after(waitMs, wake)
        group.add(wake)
      })
      waits--
      return one.view()
    },
    get isAwaited() {
      return waits > 0
    },
  }
}

/** What was kept, without what tells executions and commands apart. */
function parseKept<T>(json: string): T {
  const { kind: _kind, ...rest } = JSON.parse(json) as T & { kind: string }
  return rest as T
}
