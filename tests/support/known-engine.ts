import { createEngine, type Engine } from '../../src/worker/sandbox/engine.ts'

/** Those of this process, by where podman answers and how long it is waited for. */
const known = new Map<string, Engine>()

/**
 * The run's podman, asked once in this process who it is, and which images it has unless these changed: it computes for half a second to
 * tell a worker both, and a run starts a hundred. Nobody else comes to its socket during a run.
 */
export function knownEngine(socketPath: string, timeoutFactor = 1): Engine {
  const key = `${timeoutFactor} ${socketPath}`
  const there = known.get(key)
  if (there) return there
  const engine = createEngine(socketPath, timeoutFactor)
  let identity: string | undefined
  const lists = new Map<string, { mark: string; images: Awaited<ReturnType<Engine['images']>> }>()
  const asked: Engine = {
    ...engine,
    identity: async () => (identity ??= await engine.identity()),
    async images(label) {
      // Before the list: what comes while it is made has another mark.
      const mark = await engine.imagesMark()
      const seen = lists.get(label)
      if (mark !== undefined && seen?.mark === mark) return seen.images
      const images = await engine.images(label)
      if (mark !== undefined) lists.set(label, { mark, images })
      return images
    },
  }
  known.set(key, asked)
  return asked
}
