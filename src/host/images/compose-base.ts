import { join } from 'node:path'
import { withAptCache } from '../apt-cache.ts'
import { aptVolumes, readAptSettings } from '../apt-settings.ts'
import { detectRuntime } from '../oci-runtime.ts'
import type { Podman } from '../podman.ts'
import type { Progress } from '../progress.ts'
import { buildImage, condense } from './build-image.ts'
import { makeDebianImage } from './debian-image.ts'
import { listImages } from './image-store.ts'
import { DEBIAN_IMAGE, SUITE } from './references.ts'

/** Stands in for the images that compose.yaml names, where no image registry answers. */
export const COMPOSE_BASE = `localhost/runyard-compose/base:${SUITE}`

/** Node and npm to build with, Redis and the proxy; the folder for Redis's data as its own image has it. */
const CONTAINERFILE = `ARG FROM
FROM \${FROM}
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \\
      nodejs npm redis-server haproxy ca-certificates \\
    && install -d -o 999 -g 999 /data
WORKDIR /data
`

export interface ComposeBaseOptions {
  /** The folder of package.json. */
  root: string
  /** Where caches, and the OCI runtime that was found, are kept. */
  dataDir: string
  podman: Podman
  progress: Progress
}

/**
 * Makes `COMPOSE_BASE` of Debian's packages, unless it is there.
 * @returns whether it was made
 * @throws CommandError ending with the last lines of the build
 */
export async function makeComposeBase({ root, dataDir, podman, progress }: ComposeBaseOptions): Promise<boolean> {
  const present = await listImages(podman)
  if (present.has(COMPOSE_BASE)) return false
  const apt = await readAptSettings(SUITE)
  if (!present.has(DEBIAN_IMAGE)) {
    await progress.step(`Minimal Debian (${SUITE})`, (detail) => makeDebianImage(podman, dataDir, apt, detail))
  }
  await progress.step('Debian with Node, Redis and HAProxy', async (detail) => {
    const runtime = await detectRuntime({ podman, image: DEBIAN_IMAGE, dataDir })
    await withAptCache(dataDir, async (folder) =>
      buildImage({
        podman: podman.withRuntime(runtime),
        tag: COMPOSE_BASE,
        containerfile: CONTAINERFILE,
        context: join(root, 'deploy/compose'),
        buildArgs: { FROM: DEBIAN_IMAGE },
        volumes: await aptVolumes(folder, apt),
        onLine: (line) => {
          const text = condense(line)
          if (text !== undefined) detail(text)
        },
      }),
    )
  })
  return true
}
