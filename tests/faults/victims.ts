import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CONTAINER_LABEL } from '../../src/shared/container-label.ts'
import { patientEngine } from '../support/patient-engine.ts'
import type { Installation, Part } from '../support/installation.ts'
import { allPids, commandLine } from '../support/processes.ts'
import { holderOf, type MarkedJob } from './marked-job.ts'

export const VICTIMS = ['worker', 'gateway', 'Redis', 'podman service', 'conmon', 'init'] as const
export type Victim = (typeof VICTIMS)[number]

/** What a supervisor starts again; nothing for conmon and init. */
export type Restart = Part | undefined

const PATIENCE_MS = 10_000

/** `kill -9` of the one of its sort that has to do with the marked job. */
export async function killVictim(victim: Victim, installation: Installation, marked: MarkedJob): Promise<Restart> {
  switch (victim) {
    case 'worker':
      return kill(installation.workers[holderOf(marked.job, installation)])
    case 'gateway':
      return kill(installation.gateways[marked.gateway])
    case 'Redis':
      return kill(installation.redis)
    case 'podman service':
      return kill(installation.podman)
    case 'conmon':
    case 'init': {
      const monitor = await monitorOf(installation, marked)
      process.kill(victim === 'conmon' ? monitor.pid : await initOf(monitor), 'SIGKILL')
      return undefined
    }
  }
}

async function kill(part: Part | undefined): Promise<Part> {
  if (!part) throw new Error('there is nothing to kill')
  await part.kill()
  return part
}

interface Monitor {
  pid: number
  container: string
  /** Folder of the container's configuration. */
  bundle: string
  /** File that gets the pid of the container's PID 1. */
  pidFile: string
}

/**
 * The conmon of the marked job's container: the one it runs in, that is being made for it, or that stands ready for it. A container
 * whose conmon was hit before serves on: then that of any other.
 */
async function monitorOf(installation: Installation, { container, memoryBytes }: MarkedJob): Promise<Monitor> {
  const ids = await idsOf(installation)
  const wanted = container ?? (memoryBytes === undefined ? ids[0] : undefined)
  return soon('the container to hit', () => {
    const all = monitors()
    const exact = all.find((one) => (wanted ? one.container === wanted : memoryOf(one.bundle) === memoryBytes))
    return exact ?? (wanted ? all.find((one) => ids.includes(one.container)) : undefined)
  })
}

const monitors = (): Monitor[] =>
  allPids().flatMap((pid) => {
    const [program, ...args] = commandLine(pid)
    if (!program?.endsWith('conmon')) return []
    const option = (name: string) => args[args.indexOf(name) + 1] ?? ''
    return [{ pid, container: option('-c'), bundle: option('-b'), pidFile: option('-p') }]
  })

function memoryOf(bundle: string): number | undefined {
  try {
    const config = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as {
      linux?: { resources?: { memory?: { limit?: number } } }
    }
    return config.linux?.resources?.memory?.limit
  } catch {
    return undefined
  }
}

/** As soon as there is one. */
const initOf = ({ pidFile }: Monitor): Promise<number> =>
  soon('the init to hit', () => {
    try {
      return Number(readFileSync(pidFile, 'utf8')) || undefined
    } catch {
      return undefined
    }
  })

async function soon<T>(what: string, find: () => T | undefined): Promise<T> {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(1)) {
    const found = find()
    if (found !== undefined) return found
  }
  throw new Error(`${what} was not found`)
}

/** Of all its containers, the newest first. */
async function idsOf({ podmanSocket, namespace }: Installation): Promise<string[]> {
  const containers = await patientEngine(podmanSocket).containers(CONTAINER_LABEL.namespace, namespace)
  return containers.toSorted((a, b) => b.createdAt - a.createdAt).map(({ id }) => id)
}
