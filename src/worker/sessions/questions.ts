import { randomUUID } from 'node:crypto'
import type { BridgeOrder } from './bridge-lines.ts'
import { ContextBusy, requireBridge, type WaitingBytes } from './waiting-bytes.ts'

/** What a kernel was asked on its shell channel beside executions, and has not answered. */
export interface Questions {
  /** @throws ContextBusy, or through the promise what `endAll` is given */
  ask(kernel: string, type: string, content: object): Promise<Record<string, unknown>>
  /** @param question what the message answers, if it answers anything. @returns whether it is one of these */
  answer(question: string | null, content: Record<string, unknown>): boolean
  endAll(why: Error): void
}

export interface QuestionsOptions {
  send: (order: BridgeOrder) => void
  /** Bytes of orders that the bridge has not taken. */
  unsentBytes: () => number
  waiting: WaitingBytes
}

/** A kernel that is busy answers none of them. */
const MAX_QUESTIONS = 32

interface Open {
  resolve: (content: Record<string, unknown>) => void
  reject: (error: Error) => void
  release: () => void
}

export function createQuestions({ send, unsentBytes, waiting }: QuestionsOptions): Questions {
  const open = new Map<string, Open>()
  return {
    async ask(kernel, type, content) {
      if (open.size >= MAX_QUESTIONS)
        throw new ContextBusy(`${MAX_QUESTIONS} questions to the kernel are not answered yet`)
      requireBridge(unsentBytes())
      const release = waiting.reserve(Buffer.byteLength(JSON.stringify(content)))
      const id = randomUUID()
      return new Promise((resolve, reject) => {
        open.set(id, { resolve, reject, release })
        send({ do: 'send', context: kernel, channel: 'shell', type, id, content })
      })
    },
    answer(question, content) {
      const found = question === null ? undefined : open.get(question)
      if (question === null || !found) return false
      open.delete(question)
      found.release()
      found.resolve(content)
      return true
    },
    endAll(why) {
      for (const { reject, release } of open.values()) {
        release()
        reject(why)
      }
      open.clear()
    },
  }
}
