import { CONTAINER_LABEL } from '../../src/shared/container-label.ts'
import { patientEngine } from '../support/patient-engine.ts'
import type { Installation } from '../support/installation.ts'

/** Notes every container of the namespace there ever is. */
export function watchContainers({ podmanSocket, namespace }: Installation): { seen: Set<string>; stop(): void } {
  const engine = patientEngine(podmanSocket)
  const seen = new Set<string>()
  const timer = setInterval(() => {
    engine.containers(CONTAINER_LABEL.namespace, namespace).then(
      (containers) => containers.forEach(({ id }) => seen.add(id)),
      () => undefined, // podman's service is away.
    )
  }, 300)
  return { seen, stop: () => clearInterval(timer) }
}
