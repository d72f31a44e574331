import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ContainerCreateOptions } from 'dockerode'
import { pino } from 'pino'
import { CONTAINER_LABEL } from '../../src/shared/container-label.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { DEFAULT_CEILINGS, KIB, MIB } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { IMAGE_LABEL, INIT_PATH, runtimeImage } from '../../src/shared/runtime-image.ts'
import { containerOptions } from '../../src/worker/sandbox/container-options.ts'
import type { AttachedContainer, Engine } from '../../src/worker/sandbox/engine.ts'
import { patientEngine } from '../support/patient-engine.ts'
import { createLaunch, type Launch } from '../../src/worker/sandbox/launch.ts'
import { withOwnDevices } from '../../src/worker/sandbox/own-devices.ts'
import {
  createFrameDecoder,
  encodeBegin,
  encodeFrame,
  type Frame,
  type StageStart,
} from '../../src/worker/sandbox/frames.ts'
import { FRAME } from '../../src/worker/sandbox/protocol.ts'
import { parseReport, type StageReport } from '../../src/worker/sandbox/stage-report.ts'
import { createDockerDemux } from '../../src/worker/sandbox/docker-demux.ts'
import type { PrewarmProgram } from '../../src/worker/sandbox/prewarmed.ts'
import { createPodmanSandbox } from '../../src/worker/sandbox/podman-sandbox.ts'
import type { Sandbox } from '../../src/worker/sandbox/sandbox.ts'
import { withSocketMemory } from '../../src/worker/sandbox/socket-memory.ts'

/** A file of the job; its mode is 0644 unless it says otherwise. */
export type Files = Record<string, string | Buffer>

export interface Ran extends StageReport {
  stdout: string
  stderr: string
  output: Buffer
}

/** Sandboxes of one test file, which all carry its namespace as a label. */
export interface Bench {
  engine: Engine
  /** The sandbox most tests share, made anew when it is gone. */
  shared(): Promise<Sandbox>
  make(changes?: BenchOptions): Promise<Sandbox>
  /** A sandbox whose frames the test sends and reads itself. */
  attach(changes?: BenchOptions): Promise<RawSandbox>
  /** A container like a sandbox in which something else than init begins. */
  launch(entrypoint: string[], binds: string[]): Promise<AttachedContainer>
  /** One job of one stage in the shared sandbox. */
  run: (program: string | string[], changes?: Partial<StageStart>, more?: RunOptions) => Promise<Ran>
  /** Removes all of them. @throws when one was there that no test had a hold of */
  close(): Promise<void>
}

export interface BenchOptions {
  /** Whose image it is; Python's otherwise. */
  language?: string
  memoryBytes?: number
  processes?: number
  /** What can be prewarmed in the sandbox. */
  program?: PrewarmProgram
  /** Through the engine unless given. */
  launch?: Launch
  /** What begins in place of init, and the files of the host it needs. */
  instead?: { entrypoint: string[]; binds: string[] }
}

export interface RunOptions {
  files?: Files
  stdin?: Uint8Array
  /** The program's input stays open after that, until `endInput` of the sandbox. */
  isHeldOpen?: boolean
  fileBytes?: number
  sandbox?: Sandbox
  /** Called with all output so far, whenever some came. */
  onOutput?: (sandbox: Sandbox, soFar: string) => void
}

export const STAGE: StageStart = {
  args: ['true'],
  env: { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8' },
  wallMs: 20_000,
  cpuMs: 20_000,
  graceMs: 200,
  outputBytes: MIB,
  processes: 64,
  fileBytes: 16 * MIB,
  openFiles: 64,
  stackBytes: 8 * MIB,
  stdin: false,
}

const FILE_BYTES = 8 * MIB
const GOING_MS = 120_000
/** Another build of init to test, or the one with sanitizers, which `npm test` has made for the files that ask for it. */
const initBinary = (isSanitized = false) =>
  process.env['RUNYARD_TEST_INIT'] ??
  (isSanitized ? process.env['RUNYARD_TEST_SANITIZED_INIT'] : undefined) ??
  join(packageRoot(), 'sandbox/build/init')

/** What was found of each language: podman takes longer to list its images than to start a container. */
const found = new Map<string, Promise<string>>()

async function languageImage(engine: Engine, id: string, init: string): Promise<string> {
  if (!existsSync(init)) throw new Error(`no ${init}: run \`npm run setup\``)
  const known = found.get(id)
  if (known) return known
  const image = findImage(engine, id)
  found.set(id, image)
  // What has failed is asked anew.
  image.catch(() => found.delete(id))
  return image
}

/** Any image of the language will do: init is put into it as it stands in the working tree. */
async function findImage(engine: Engine, id: string): Promise<string> {
  const root = packageRoot()
  const language = loadLanguages(join(root, 'languages')).find((one) => one.id === id)
  if (!language) throw new Error(`no language ${id}`)
  const present = (await engine.images(IMAGE_LABEL.language)).filter(
    ({ labels }) => labels[IMAGE_LABEL.language] === id,
  )
  const references = present.flatMap((image) => image.references)
  const exact = runtimeImage(root, language)
  const image = references.includes(exact) ? exact : references[0]
  if (image === undefined) throw new Error(`no image of ${id}: run \`npm run setup\``)
  return image
}

/**
 * @param isSanitized whether memory faults of init are to be found, which costs time
 * @param build of init, in place of the one that is installed
 */
export function createBench(
  namespace: string,
  { isSanitized = false, build }: { isSanitized?: boolean; build?: string } = {},
): Bench {
  const init = build ?? initBinary(isSanitized)
  const socket = process.env['RUNYARD_TEST_PODMAN']
  if (socket === undefined) throw new Error('RUNYARD_TEST_PODMAN is not set: run `npm run test:jest`')
  // A test waits as long as it takes: how long a container may take is no matter of these tests.
  const engine = patientEngine(socket)
  const log = pino({ level: 'silent' })
  const attached = withSocketMemory(withOwnDevices(createLaunch(engine, undefined, log), log), log)
  const made = new Set<Sandbox>()
  const raw = new Set<RawSandbox>()
  const others = new Set<string>()
  let shared: Sandbox | undefined
  let sharedGone = true

  const options = async (changes: BenchOptions): Promise<ContainerCreateOptions> => {
    const spec = containerOptions({
      image: await languageImage(engine, changes.language ?? 'python', init),
      namespace,
      worker: namespace,
      memoryBytes: changes.memoryBytes ?? 192 * MIB,
      cpuWeight: 1024,
      ceilings: { ...DEFAULT_CEILINGS, processes: changes.processes ?? 128 },
      fileBytes: FILE_BYTES,
    })
    const binds = [`${init}:${INIT_PATH}:ro`]
    const env = ['ASAN_OPTIONS=detect_leaks=0:abort_on_error=0', 'UBSAN_OPTIONS=print_stacktrace=1']
    if (changes.instead) {
      const { entrypoint, binds: more } = changes.instead
      return { ...spec, Entrypoint: entrypoint, Cmd: [], HostConfig: { ...spec.HostConfig, Binds: more } }
    }
    return { ...spec, Env: env, HostConfig: { ...spec.HostConfig, Binds: binds } }
  }

  const bench: Bench = {
    engine,
    async make(changes = {}) {
      const sandbox = await createPodmanSandbox(
        engine,
        changes.launch ?? attached,
        await options(changes),
        log,
        changes.program,
      )
      made.add(sandbox)
      return sandbox
    },
    async attach(changes = {}) {
      const sandbox = new RawSandbox(await engine.launch(await options(changes)))
      raw.add(sandbox)
      return sandbox
    },
    async launch(entrypoint, binds) {
      const spec = await options({ memoryBytes: 512 * MIB })
      const all = [...(spec.HostConfig?.Binds ?? []), ...binds]
      const changed = { ...spec, Entrypoint: entrypoint, Cmd: [], HostConfig: { ...spec.HostConfig, Binds: all } }
      const launched = await engine.launch(changed)
      others.add(launched.id)
      return launched
    },
    async shared() {
      if (!shared || sharedGone) {
        shared = await bench.make()
        sharedGone = false
        void shared.gone.then(() => (sharedGone = true))
      }
      return shared
    },
    async run(program, changes = {}, more = {}) {
      const sandbox = more.sandbox ?? (await bench.shared())
      sandbox.begin(more.fileBytes ?? FILE_BYTES)
      for (const [path, content] of Object.entries(more.files ?? {}))
        sandbox.writeFile(path, 0o644, typeof content === 'string' ? Buffer.from(content) : content)
      const ran = await stage(sandbox, program, changes, more)
      await sandbox.end()
      return ran
    },
    async close() {
      for (const sandbox of made) await sandbox.destroy()
      for (const sandbox of raw) {
        sandbox.stream.destroy()
        await engine.remove(sandbox.id)
      }
      for (const id of others) await engine.remove(id)
      // One that ended by itself goes a few seconds later.
      let left = await engine.containers(CONTAINER_LABEL.namespace, namespace)
      for (const deadline = Date.now() + GOING_MS; left.length > 0 && Date.now() < deadline; await sleep(200)) {
        left = await engine.containers(CONTAINER_LABEL.namespace, namespace)
      }
      for (const { id } of left) await engine.remove(id)
      if (left.length > 0) throw new Error(`containers were left: ${left.map(({ id }) => id).join(', ')}`)
    },
  }
  return bench
}

/** One stage of a job that has begun. A program that is one string is a shell script. */
export async function stage(
  sandbox: Sandbox,
  program: string | string[],
  changes: Partial<StageStart> = {},
  { stdin, isHeldOpen = false, onOutput }: RunOptions = {},
): Promise<Ran> {
  const pieces: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] }
  const args = typeof program === 'string' ? ['sh', '-c', program] : program
  const report = await sandbox.run(
    { ...STAGE, stdin: stdin !== undefined || isHeldOpen, ...changes, args },
    stdin ?? new Uint8Array(),
    (stream, bytes) => {
      pieces[stream].push(Buffer.from(bytes))
      onOutput?.(sandbox, Buffer.concat(pieces.stdout).toString())
    },
    isHeldOpen ? { taken: () => undefined } : undefined,
  )
  const output = Buffer.concat(pieces.stdout)
  return { ...report, stdout: output.toString(), stderr: Buffer.concat(pieces.stderr).toString(), output }
}

export const python = (code: string): string[] => ['python3', '-c', code]

/** Runs Python with `call(number, ...)`, a raw system call that answers its result, or minus its errno. */
export const syscalls = (code: string): string[] =>
  python(`
import ctypes, errno, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def call(number, *args):
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in args])
    return -ctypes.get_errno() if result < 0 else result
def name(result):
    return errno.errorcode[-result] if result < 0 else 'ok'
${code}`)

/** The two ends of the protocol, with nothing between them and the test. */
export class RawSandbox {
  readonly id: string
  readonly stream: AttachedContainer['stream']
  /** Frames that came and were not taken yet. */
  private readonly frames: Frame[] = []
  private wake = () => {}
  private ended = false

  constructor({ id, stream }: AttachedContainer) {
    this.id = id
    this.stream = stream
    const demux = createDockerDemux()
    const decoder = createFrameDecoder()
    stream.on('data', (chunk: Buffer) => {
      for (const bytes of demux.push(chunk).stdout) this.frames.push(...decoder.push(bytes))
      this.wake()
    })
    const end = () => {
      this.ended = true
      this.wake()
    }
    stream.on('end', end).on('close', end).on('error', end)
  }

  send(...frames: Uint8Array[]): void {
    this.stream.write(Buffer.concat(frames))
  }

  /** The next frame; undefined at the end of the stream. */
  async next(): Promise<Frame | undefined> {
    while (this.frames.length === 0 && !this.ended) await new Promise<void>((resolve) => (this.wake = resolve))
    return this.frames.shift()
  }

  /** The next frame of one of these types, past all others; undefined at the end of the stream. */
  async skipTo(...types: number[]): Promise<Frame | undefined> {
    for (;;) {
      const frame = await this.next()
      if (!frame || types.includes(frame.type)) return frame
    }
  }

  async report(): Promise<StageReport> {
    const done = await this.skipTo(FRAME.DONE, FRAME.FAULT)
    if (done?.type !== FRAME.DONE) throw new Error(`no report: ${done ? done.payload.toString() : 'the stream ended'}`)
    return parseReport(done.payload)
  }

  /** Waits until it is ready and begins a job. */
  async begin(): Promise<void> {
    await this.skipTo(FRAME.READY)
    this.send(encodeBegin({ bytes: FILE_BYTES, inodes: 4 * KIB }))
  }

  /** Ends the job and waits for the next cell. */
  async quit(): Promise<void> {
    this.send(encodeFrame(FRAME.QUIT))
    if (!(await this.skipTo(FRAME.CLEAN))) throw new Error('the sandbox ended')
  }

  /** Every frame up to the end of the stream, as text. */
  async rest(): Promise<string[]> {
    const texts: string[] = []
    for (let frame = await this.next(); frame; frame = await this.next())
      texts.push(`${String.fromCharCode(frame.type)} ${frame.payload.toString()}`)
    return texts
  }
}
