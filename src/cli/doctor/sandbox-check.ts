import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tryCommand } from '../../host/command.ts'
import { listImages } from '../../host/images/image-store.ts'
import { ociRuntimes } from '../../host/oci-runtime.ts'
import { podmanCommand } from '../../host/podman.ts'
import { podmanModeHere } from '../../host/podman-mode.ts'
import { conmonIn, podmanAnswers, startPodmanService } from '../../host/podman-service.ts'
import type { Config } from '../../shared/config/config.ts'
import { loadLanguages } from '../../shared/language.ts'
import { imageNames } from '../../shared/runtime-image.ts'
import { type Check, fail, ok, skip } from './check.ts'

const NAME = 'sandbox'

/**
 * Makes a sandbox as the worker does and waits for its init, with each of the OCI runtimes that `npm start` would choose from,
 * so that an operator sees which work and what the others say. What that takes is made in the temporary folder, and removed.
 */
export async function checkSandbox(root: string, config: Config): Promise<Check> {
  const { podmanSocket, podmanMode, ociRuntime } = config.sandbox
  if (podmanSocket !== undefined && !(await podmanAnswers(podmanSocket))) {
    return fail(NAME, `no podman service answers at ${podmanSocket}`, 'start it, or unset PODMAN_SOCKET')
  }
  const mode = await podmanModeHere(podmanMode)
  const present = await listImages(podmanCommand({ socketPath: podmanSocket, mode }))
  const image = loadLanguages(join(root, 'languages'))
    .map(imageNames(root).runtime)
    .find((one) => present.has(one))
  if (image === undefined) return skip(NAME, 'the images')
  const folder = await mkdtemp(join(tmpdir(), 'runyard-doctor-'))
  try {
    if (podmanSocket !== undefined) return ok(NAME, await tried(root, podmanSocket, folder, image))
    const working: string[] = []
    const faults: string[] = []
    let found = ''
    for (const runtime of ociRuntime === undefined ? ociRuntimes() : [ociRuntime]) {
      try {
        const logFile = join(folder, 'podman.log')
        const { timeoutFactor } = config
        const service = await startPodmanService({
          mode,
          socketFolder: folder,
          logFile,
          runtime,
          conmon: conmonIn(root),
          timeoutFactor,
        })
        found = await tried(root, service.socketPath, folder, image).finally(() => service.close())
        working.push(runtime)
      } catch (error) {
        faults.push(`${runtime}: ${(error as Error).message}`)
      }
    }
    if (working.length > 0) {
      const unused = faults.map((fault) => `not needed, and does not work here: ${fault}`)
      return ok(NAME, [`${found}, with ${working.join(' and ')}`, ...unused].join('\n'))
    }
    return fail(NAME, faults.join('\n'), 'apt-get install crun runc; in a container, it must be privileged')
  } catch (error) {
    return fail(NAME, (error as Error).message, 'see the message, and the log of the podman service')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The worker's own program for it, with the worker's settings. @throws Error with what it said */
async function tried(root: string, podmanSocket: string, folder: string, image: string): Promise<string> {
  const env = { ...process.env, PODMAN_SOCKET: podmanSocket, RUNYARD_DATA_DIR: folder }
  const program = join(root, 'dist/worker/try-sandbox.js')
  const { exitCode, stdout, stderr } = await tryCommand([process.execPath, program, image], { env })
  if (exitCode !== 0) throw new Error(stderr.trim())
  return `its init is ready, ${stdout}`
}
