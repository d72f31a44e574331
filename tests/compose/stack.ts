import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describeEnd, startChild, type Child } from '../../src/host/child.ts'
import { runCommand, tryCommand } from '../../src/host/command.ts'
import { COMPOSE_BASE, makeComposeBase } from '../../src/host/images/compose-base.ts'
import { pullImage } from '../../src/host/images/debian-image.ts'
import { listImages } from '../../src/host/images/image-store.ts'
import { probeImage } from '../../src/host/images/references.ts'
import { waitForNoContainers } from '../../src/host/leftovers.ts'
import { logTail } from '../../src/host/log-tail.ts'
import { detectRuntime } from '../../src/host/oci-runtime.ts'
import { podmanCommand, type Podman } from '../../src/host/podman.ts'
import { podmanAnswers } from '../../src/host/podman-service.ts'
import { silentProgress } from '../../src/host/progress.ts'
import { hardLimits, ulimitArguments } from '../../src/host/ulimits.ts'
import { CONTAINER_LABEL } from '../../src/shared/container-label.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { readFileSync } from 'node:fs'
import { ownPort } from '../support/own-port.ts'

/** What compose.yaml makes, as an operator runs it, in a project and a namespace of its own. */
export interface Stack {
  /** Project and namespace. */
  name: string
  /** Of the one address that is published. */
  url: string
  /** Runs compose on this project. @throws CommandError */
  compose(...args: string[]): Promise<string>
  /** Runs podman on this machine. */
  podman: Podman
  /** Names of a service's containers that run. */
  containersOf(service: string): Promise<string[]>
  engine: { start(): Promise<void>; stop(): Promise<void> }
  /** Takes down what is left of it. @returns what is there all the same */
  close(): Promise<string[]>
}

const ROOT = packageRoot()
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'
/** The image's own; see Containerfile. */
const GROUP = '10001'
const START_MS = 20_000
const COMPOSE = [['docker', 'compose'], ['docker-compose']]

/** Makes the images, starts podman's service; `up` is the caller's. @throws Error when one of them fails */
export async function prepareStack(say: (text: string) => void): Promise<Stack> {
  const name = `runyard-test-${randomBytes(3).toString('hex')}`
  const command = await composeCommand()
  const folder = await mkdtemp(join(tmpdir(), 'runyard-compose-'))
  const containersConf = join(folder, 'containers.conf')
  // Podman gives its containers limits of its own making, which a machine like a container itself may not allow.
  const limits = hardLimits(readFileSync('/proc/self/limits', 'utf8')).map(
    ({ name, value }) => `"${name}=${value}:${value}"`,
  )
  await writeFile(containersConf, `[containers]\ndefault_ulimits = [${limits.join(', ')}]\n`)
  const podman = podmanCommand()
  const runtime = await detectRuntime({ podman, image: probeImage(await listImages(podman)), dataDir: folder })
  await runCommand([process.execPath, 'scripts/prepare-compose.mjs'], { cwd: ROOT })
  const images = await baseImages(podman, folder, say)
  const built = process.env['SERVICE_IMAGE']
  const service = built ?? `localhost/runyard-service:${name}`
  if (built === undefined) {
    say(`building ${service}`)
    await buildService(podman.withRuntime(runtime), service, images.BASE_IMAGE)
  }

  const engineFolder = join(folder, 'engine')
  const socket = join(engineFolder, 'podman.sock')
  const port = await ownPort()
  const env = {
    ...process.env,
    ...images,
    SERVICE_IMAGE: service,
    RUNYARD_NAMESPACE: name,
    PODMAN_FOLDER: engineFolder,
    LISTEN: `127.0.0.1:${port}`,
    CONTAINERS_CONF: containersConf,
    DOCKER_HOST: `unix://${socket}`,
    DOCKER_BUILDKIT: '0',
  }
  const compose = (...args: string[]) => runCommand([...command, '--project-name', name, ...args], { env, cwd: ROOT })
  const engine = createEngine(engineFolder, socket, { ...env, RUNYARD_DATA_DIR: folder })
  await engine.start()
  const ofProject = ['--filter', `label=com.docker.compose.project=${name}`]
  const left = async () => {
    const sandboxes = await waitForNoContainers(socket, `${CONTAINER_LABEL.namespace}=${name}`, 8_000)
    const lines = await Promise.all([
      podman.run(['ps', '--all', '--quiet', ...ofProject]),
      podman.run(['network', 'ls', '--quiet', ...ofProject]),
      podman.run(['volume', 'ls', '--quiet', ...ofProject]),
    ])
    const found = lines.flatMap((text) => text.split('\n').filter((line) => line !== ''))
    return sandboxes === 0 ? found : [...found, `${sandboxes} sandboxes`]
  }
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    compose,
    podman,
    containersOf: async (service) => {
      const filter = ['--filter', `label=com.docker.compose.service=${service}`]
      const names = await podman.run(['ps', ...ofProject, ...filter, '--format', '{{.Names}}'])
      return names
        .split('\n')
        .filter((line) => line !== '')
        .sort()
    },
    engine,
    async close() {
      await compose('down', '--volumes', '--timeout', '60')
      const remains = await left()
      await engine.stop()
      if (built === undefined) await podman.run(['rmi', service])
      await rm(folder, { recursive: true })
      return remains
    },
  }
}

async function composeCommand(): Promise<string[]> {
  for (const command of COMPOSE) if ((await tryCommand([...command, 'version'])).exitCode === 0) return command
  throw new Error(
    'neither "docker compose" nor "docker-compose" is there; apt-get install --no-install-recommends docker-compose',
  )
}

/** Those of compose.yaml where an image registry answers, else one made of Debian's packages. */
async function baseImages(podman: Podman, folder: string, say: (text: string) => void) {
  const text = readFileSync(join(ROOT, 'compose.yaml'), 'utf8')
  const named = Object.fromEntries(
    [...text.matchAll(/\$\{(\w+_IMAGE):-([^}]+)\}/g)].map(([, key, value]) => [key, value]),
  )
  const images = {
    BASE_IMAGE: named['BASE_IMAGE'] ?? '',
    REDIS_IMAGE: named['REDIS_IMAGE'] ?? '',
    PROXY_IMAGE: named['PROXY_IMAGE'] ?? '',
  }
  const present = await listImages(podman)
  if (!present.has(COMPOSE_BASE)) {
    const pulled = []
    for (const image of Object.values(images)) pulled.push(await pullImage(podman, image, say))
    if (pulled.every(Boolean)) return images
    say('no image registry answers: making a base of Debian packages')
    await makeComposeBase({ root: ROOT, dataDir: folder, podman, progress: silentProgress })
  }
  return { BASE_IMAGE: COMPOSE_BASE, REDIS_IMAGE: COMPOSE_BASE, PROXY_IMAGE: COMPOSE_BASE }
}

/** As the documentation has it; npm in the build is told what npm here knows of its registry. */
async function buildService(podman: Podman, tag: string, base: string): Promise<void> {
  const npmrc = join(homedir(), '.npmrc')
  const certificates = existsSync(CERTIFICATES) ? ['--volume', `${CERTIFICATES}:${CERTIFICATES}:ro`] : []
  await podman.run([
    'build',
    '--network=host',
    '--layers=false',
    `--build-arg=BASE_IMAGE=${base}`,
    ...(existsSync(npmrc) ? ['--secret', `id=npmrc,src=${npmrc}`] : []),
    ...certificates,
    ...ulimitArguments(),
    `--tag=${tag}`,
    ROOT,
  ])
}

function createEngine(folder: string, socket: string, env: NodeJS.ProcessEnv): Stack['engine'] {
  let child: Child | undefined
  return {
    async start() {
      const command = [process.execPath, join(ROOT, 'dist/cli/main.js'), 'engine', '--folder', folder, '--group', GROUP]
      const logFile = `${folder}.log`
      const started = await startChild({ name: 'runyard engine', command, logFile, env, deathSignal: 'TERM' })
      child = started
      let end: string | undefined
      void started.ended.then((how) => (end = describeEnd(how)))
      for (const deadline = Date.now() + START_MS; !(await podmanAnswers(socket)); await sleep(100)) {
        if (end !== undefined || Date.now() > deadline) {
          throw new Error(`runyard engine ${end ?? 'did not answer'}:\n${(await logTail(logFile)).join('\n')}`)
        }
      }
    },
    stop: async () => void (await child?.stop()),
  }
}
