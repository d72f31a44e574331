import type { Agent } from './agent.ts'

/**
 * Looks in which an agent may leave a question unanswered: a program can stop it. Looks and not time, since the worker may have been stopped itself,
 * with the answer before it.
 */
const SILENT_LOOKS = 30

/**
 * Notices an agent that answers no more.
 * @param lost called with each look after the last that it may leave unanswered
 * @returns to be called once a second, with whether the agent is to be asked unless it is being asked
 */
export function createAgentWatch(agent: Pick<Agent, 'ready' | 'stat'>, lost: () => void): (asks: boolean) => void {
  /** Looks since the agent was asked; undefined while it is not. */
  let silentLooks: number | undefined
  /** Before that no program runs that could stop it. */
  let isThere = false
  agent.ready.then(
    () => (isThere = true),
    () => undefined,
  )
  return (asks) => {
    if (silentLooks !== undefined) {
      silentLooks++
      if (silentLooks > SILENT_LOOKS) lost()
      return
    }
    if (!isThere || !asks) return
    silentLooks = 0
    const answered = () => (silentLooks = undefined)
    // A refusal is an answer too; what it says that it may not is heard of elsewhere.
    void agent.stat('.').then(answered, answered)
  }
}
