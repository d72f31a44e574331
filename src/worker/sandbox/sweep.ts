import type { Logger } from 'pino'
import type { WorkerRegistry } from '../../shared/redis/worker-registry.ts'
import { CONTAINER_LABEL } from '../../shared/container-label.ts'
import type { Engine } from './engine.ts'

/**
 * Removes sandboxes whose worker is gone. They end by themselves when their worker does; this is for those that could not,
 * e.g. because podman's monitor was killed too. Each worker looks at its own engine, since no other can. Of its own it
 * removes those it does not know: the engine went away while it made or removed them.
 * What is missing at two sweeps in a row counts: right after Redis was away, workers that live have not yet told so, and a
 * sandbox of this worker may be in the making.
 * @param own whether this worker has a sandbox of this id
 * @param suspects ids found without a worker the last time; is brought up to date
 * @returns how many were removed
 * @throws when the engine or Redis does not answer
 */
export async function sweepOrphans(
  engine: Engine,
  registry: WorkerRegistry,
  namespace: string,
  self: string,
  own: (id: string) => boolean,
  suspects: Set<string>,
  log: Logger,
): Promise<number> {
  const containers = await engine.containers(CONTAINER_LABEL.namespace, namespace)
  const alive = new Set((await registry.alive()).map((worker) => worker.id))
  const orphans = containers.filter(({ id, labels }) => {
    const worker = labels[CONTAINER_LABEL.worker] ?? ''
    return worker === self ? !own(id) : !alive.has(worker)
  })
  const certain = orphans.filter(({ id }) => suspects.has(id))
  suspects.clear()
  for (const { id } of orphans) suspects.add(id)
  for (const orphan of certain) {
    log.warn({ sandbox: orphan.id.slice(0, 12), worker: orphan.labels[CONTAINER_LABEL.worker] }, 'orphan removed')
    await engine.remove(orphan.id)
  }
  return certain.length
}

/** Removes every sandbox of a worker that closes, whether it knows of it or not. @throws when the engine does not answer */
export async function sweepOwn(engine: Engine, self: string): Promise<void> {
  const containers = await engine.containers(CONTAINER_LABEL.worker, self)
  await Promise.all(containers.map(({ id }) => engine.remove(id)))
}
