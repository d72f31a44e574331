import { readFileSync } from 'node:fs'
import { CONTAINER_LABEL } from '../../../src/shared/container-label.ts'
import { createWorkerRegistry } from '../../../src/shared/redis/worker-registry.ts'
import { patientEngine } from '../../support/patient-engine.ts'
import { OPTION_AGENT } from '../../../src/worker/sessions/agent-protocol.ts'
import { eventually } from '../../support/eventually.ts'
import type { Installation, Part } from '../../support/installation.ts'
import { allPids, commandLine, containerOf } from '../../support/processes.ts'

const hasToken = (pid: number, token: string): boolean => {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(token)
  } catch {
    return false
  }
}
const agentOf = (token: string): number | undefined =>
  allPids().find((pid) => commandLine(pid).includes(OPTION_AGENT) && hasToken(pid, token))

const IS = {
  bridge: (argv: string[]) => argv.some((argument) => argument.includes('kernel_bridge')),
  kernel: (argv: string[]) => argv.some((argument) => argument.includes('ipykernel')),
  tar: (argv: string[]) => argv[0]?.endsWith('tar') === true,
} as const
export type SessionProcess = keyof typeof IS | 'agent'

/** A process of the session whose agent has this token in its environment, as soon as it is there. */
export const processOf = (token: string, which: SessionProcess): Promise<number> =>
  eventually(`the ${which} of the session`, () => {
    const agent = agentOf(token)
    if (agent === undefined || which === 'agent') return agent
    const container = containerOf(agent)
    return allPids().find((pid) => containerOf(pid) === container && IS[which](commandLine(pid)))
  })

/** The worker that keeps the session. */
export async function workerOf(installation: Installation, token: string): Promise<Part> {
  const { connection, keys, namespace, podmanSocket, workers } = installation
  const container = containerOf(await processOf(token, 'agent'))
  const containers = await patientEngine(podmanSocket).containers(CONTAINER_LABEL.namespace, namespace)
  const id = containers.find((one) => one.id === container)?.labels[CONTAINER_LABEL.worker]
  const pid = (await createWorkerRegistry(connection, keys).alive()).find((worker) => worker.id === id)?.pid
  const worker = workers.find((part) => part.pid === pid)
  if (!worker) throw new Error(`no worker keeps the session in ${container}`)
  return worker
}

/** Lets a process go on that was stopped. */
export function resume(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT')
  } catch {
    // It was killed meanwhile.
  }
}
