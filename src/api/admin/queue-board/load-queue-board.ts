import type { QueueBoard, QueueBoardOptions } from './queue-board.ts'

/** bull-board, loaded when it is first looked at: few gateways ever are, and its packages take memory in each. */
export function loadQueueBoard(options: QueueBoardOptions): () => Promise<QueueBoard> {
  let board: Promise<QueueBoard> | undefined
  const load = async () => {
    const { createQueueBoard } = await import('./queue-board.ts')
    return createQueueBoard(options)
  }
  return () =>
    (board ??= load().catch((error: unknown) => {
      // The next one who looks tries anew.
      board = undefined
      throw error
    }))
}
