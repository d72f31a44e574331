import type { Logger } from 'pino'
import type { ContainerCreateOptions } from 'dockerode'
import { type ArmedProgram, createForecast, fitsArmed, type JobFile, type JobShape } from './armed.ts'
import { encodeGather } from './artifact-frames.ts'
import type { Engine } from './engine.ts'
import {
  createFrameDecoder,
  encodeBegin,
  encodeFrame,
  encodeHold,
  encodeInput,
  encodeKill,
  encodeLetGo,
  encodeNext,
  encodeResize,
  encodeStart,
  encodeWriteFile,
  FRAME,
  type Frame,
  INPUT_WINDOW,
  parseAck,
  parseReport,
  type StageReport,
  type StageStart,
} from './frames.ts'
import { createGathering, type Gathered, type Gathering } from './gathering.ts'
import type { Launch } from './launch.ts'
import { type FaultKind, GATHER_TIMEOUT_MS, type OutputStream, type Sandbox, SandboxBroken } from './sandbox.ts'
import { farewell } from './wire.ts'

/**
 * A sandbox is always in one of these: `starting` (until init says it is ready), `idle`, `job` (between `begin` and
 * `end`), `stage` (a stage runs), `gathering`, `ending`, `gone`. Whatever init says out of turn is a fault, and a fault ends the
 * sandbox: nothing that came out of a stream in disorder is worth keeping.
 */
type State = 'starting' | 'idle' | 'job' | 'stage' | 'gathering' | 'ending' | 'gone'

/** One inode for so many bytes of a job's file system: small files must not cost more memory than they show. */
const BYTES_PER_INODE = 4096
const MIN_INODES = 1024
const READY_TIMEOUT_MS = 20_000
const END_TIMEOUT_MS = 10_000
/** Characters of what init says while it starts that are kept for the error. */
const MOST_SAID = 4096

interface Waiter<T> {
  resolve(value: T): void
  reject(error: Error): void
}

interface RunningStage extends Waiter<StageReport> {
  onOutput(stream: OutputStream, bytes: Buffer): void
  /** Input that was not sent yet. */
  input: Uint8Array[]
  /** Bytes of input that were sent and not acknowledged. */
  underWay: number
  /** Whether all of the input is there. */
  complete: boolean
  /** Whether the end of the input is still to be told. */
  open: boolean
  taken(bytes: number): void
}

/** A container's id as people see it; also the id of its sandbox. */
export const shortId = (container: string): string => container.slice(0, 12)

function whyNotReady(reason: string, said: string): string {
  const words = said.trim()
  return `not ready: ${reason}${words === '' ? '; init said nothing' : `; init said: ${words}`}`
}

/** A job that has begun and of which init was told nothing yet: what it begins with is known with its first stage. */
interface Beginning {
  fileBytes: number
  files: JobFile[]
  /** It goes on with a copy of the folder that init keeps. */
  restore?: boolean
}

/** What is left of the memory for a folder that is kept, beside the cell's own files: a quarter is for programs and init. */
function restorableBytes(memoryBytes: number | undefined, fileBytes: number): number {
  const most = memoryBytes === undefined ? fileBytes : Math.floor(memoryBytes * 0.75) - fileBytes
  return Math.max(1, most)
}

/**
 * Makes a container and waits until the init in it is ready.
 * @param launch of this engine
 * @param program what it can be armed with
 * @param faulted is told when it fails, once
 * @throws SandboxBroken when it does not get ready, Error when the engine refuses; nothing is left then
 */
export async function createPodmanSandbox(
  engine: Engine,
  launch: Launch,
  options: ContainerCreateOptions,
  log: Logger,
  program?: ArmedProgram,
  faulted?: (kind: FaultKind) => void,
): Promise<Sandbox> {
  const wire = await launch(options)
  const { container: id, out: stream } = wire
  const short = shortId(id)
  const decoder = createFrameDecoder()
  let state: State = 'starting'
  let jobs = 0
  let beginning: Beginning | undefined
  let begun: Beginning | undefined
  let kept = false
  const forecast = createForecast()
  let armedFor: JobShape
  let stage: RunningStage | undefined
  let waiter: Waiter<void> | undefined
  let gathering: Gathering | undefined
  let gathered: Gathered | undefined
  let removing: Promise<void> | undefined
  /** Why it is gone. */
  let broken: SandboxBroken | undefined
  /** What init wrote to its log before it was ready. */
  let said = ''
  let markGone = () => {}
  const gone = new Promise<void>((resolve) => (markGone = resolve))

  const fail = (kind: FaultKind, reason: string) => {
    if (state === 'gone') return
    faulted?.(kind)
    const before = state
    state = 'gone'
    wire.destroy()
    broken = new SandboxBroken(`sandbox ${short}: ${before === 'starting' ? whyNotReady(reason, said) : reason}`)
    if (before === 'idle') log.warn({ sandbox: short, reason }, 'idle sandbox ended')
    stage?.reject(broken)
    waiter?.reject(broken)
    stage = undefined
    waiter = undefined
    void destroy()
    markGone()
  }

  const destroy = (): Promise<void> => {
    if (state !== 'gone') {
      const running = stage ?? waiter
      state = 'gone'
      stage = undefined
      waiter = undefined
      broken = new SandboxBroken(`sandbox ${short}: was removed`)
      running?.reject(broken)
      markGone()
    }
    removing ??= farewell(wire)
      .then(() => engine.remove(id))
      .catch((err: unknown) => {
        log.error({ err, sandbox: short }, 'sandbox removal failed')
      })
    return removing
  }

  const sendInput = (running: RunningStage) => {
    const { input } = running
    for (let next = input[0]; next && running.underWay < INPUT_WINDOW; next = input[0]) {
      const piece = next.subarray(0, INPUT_WINDOW - running.underWay)
      for (const frame of encodeInput(piece)) stream.write(frame)
      running.underWay += piece.length
      if (piece.length === next.length) input.shift()
      else input[0] = next.subarray(piece.length)
    }
    if (input.length === 0 && running.complete && running.open) {
      running.open = false
      stream.write(encodeFrame(FRAME.INPUT_END))
    }
  }

  /** Tells init of the job that has begun, if it was not told yet. @param first its first stage, if it has one */
  const sendBeginning = (first?: StageStart) => {
    if (!beginning) return
    const { fileBytes, files, restore } = beginning
    const goesOn = beginning !== begun
    const fits = !goesOn && program !== undefined && first !== undefined && fitsArmed(program, files, first)
    const shape = fits ? first.stdin : undefined
    const inodes = Math.max(MIN_INODES, Math.ceil(fileBytes / BYTES_PER_INODE))
    const cell = { bytes: fileBytes, inodes, held: fits && armedFor === shape }
    const limited = restore && { restore: restorableBytes(options.HostConfig?.Memory, fileBytes) }
    stream.write(encodeBegin({ ...cell, ...limited }))
    for (const { path, mode, content } of files) {
      for (const frame of encodeWriteFile(path, mode, content)) stream.write(frame)
    }
    if (!goesOn) forecast.saw(shape, armedFor)
    armedFor = undefined
    beginning = undefined
  }

  const settle = (expected: State, next: State) => {
    if (state !== expected) throw new SandboxBroken(`init spoke out of turn in state ${state}`)
    state = next
    waiter?.resolve()
    waiter = undefined
  }

  const onFrame = ({ type, payload }: Frame) => {
    if (type === FRAME.FAULT) return fail('init', payload.toString())
    if (type === FRAME.READY) return settle('starting', 'idle')
    if (type === FRAME.CLEAN) return settle('ending', 'idle')
    if (gathering && type === FRAME.PIECE) return gathering.piece(payload)
    if (gathering && type === FRAME.LIST) {
      gathered = gathering.end(payload)
      gathering = undefined
      return settle('gathering', 'job')
    }
    if (!stage) throw new SandboxBroken(`frame 0x${type.toString(16)} without a stage`)
    if (type === FRAME.STDOUT) stage.onOutput('stdout', payload)
    else if (type === FRAME.STDERR) stage.onOutput('stderr', payload)
    else if (type === FRAME.ACK) {
      const taken = parseAck(payload)
      stage.underWay -= taken
      sendInput(stage)
      stage.taken(taken)
    } else if (type === FRAME.DONE) {
      const report = parseReport(payload)
      const done = stage
      stage = undefined
      state = 'job'
      done.resolve(report)
    }
  }

  const wait = (timeoutMs: number, what: string): Promise<void> =>
    new Promise((resolve, reject) => {
      if (broken) return reject(broken)
      const ms = timeoutMs * engine.timeoutFactor
      const timer = setTimeout(() => fail('timeout', `${what} took over ${ms} ms`), ms)
      const settled = <T>(then: (value: T) => void) => {
        return (value: T) => {
          clearTimeout(timer)
          then(value)
        }
      }
      waiter = { resolve: settled(resolve), reject: settled(reject) }
    })

  // Before anything can be heard: a wire may tell of its end while it is listened to.
  const ready = wait(READY_TIMEOUT_MS, 'getting ready')
  wire.listen({
    frames(bytes) {
      if (state === 'gone') return
      try {
        for (const frame of decoder.push(bytes)) onFrame(frame)
      } catch (error) {
        fail('protocol', (error as Error).message)
      }
    },
    text(bytes) {
      if (state === 'gone') return
      if (state === 'starting' && said.length < MOST_SAID) said += bytes.toString()
      log.warn({ sandbox: short, text: bytes.toString() }, 'init wrote to its log')
    },
    lost(kind, why) {
      if (state !== 'starting') fail(kind, why)
      else void wire.lastWords().then(() => fail(kind, why))
    },
  })

  const inState = (allowed: State) => {
    if (state !== allowed) throw new SandboxBroken(`sandbox ${short} is ${state}, not ${allowed}`)
  }

  const sandbox: Sandbox = {
    id: short,
    createdAt: Date.now(),
    get jobs() {
      return jobs
    },
    gone,
    get armed() {
      return state === 'idle' && armedFor !== undefined
    },
    arm() {
      const stdin = forecast.expected()
      if (!program || state !== 'idle' || armedFor !== undefined || stdin === undefined) return
      stream.write(encodeHold(program.file, { ...program.start, stdin }))
      armedFor = stdin
    },
    disarm() {
      if (!sandbox.armed) return
      stream.write(encodeLetGo())
      armedFor = undefined
    },
    begin(fileBytes) {
      inState('idle')
      state = 'job'
      jobs++
      beginning = { fileBytes, files: [] }
      begun = beginning
      kept = false
    },
    writeFile(path, mode, content) {
      inState('job')
      if (beginning) beginning.files.push({ path, mode, content })
      else for (const frame of encodeWriteFile(path, mode, content)) stream.write(frame)
    },
    async renew(from) {
      inState('job')
      state = 'ending'
      const clean = wait(END_TIMEOUT_MS, 'clearing the cell')
      sendBeginning()
      stream.write(encodeNext(from === 'folder' && !kept))
      await clean
      inState('idle')
      state = 'job'
      kept ||= from === 'folder'
      const { fileBytes, files } = begun ?? { fileBytes: 0, files: [] }
      beginning = from === 'folder' ? { fileBytes, files: [], restore: true } : { fileBytes, files: [...files] }
    },
    run(start, stdin, onOutput, live) {
      inState('job')
      state = 'stage'
      return new Promise((resolve, reject) => {
        const taken = (bytes: number) => live?.taken(bytes)
        const input = { input: [stdin], underWay: 0, complete: !live, open: start.stdin }
        stage = { resolve, reject, onOutput, ...input, taken }
        const started = encodeStart(start)
        stream.cork()
        sendBeginning(start)
        stream.write(started)
        sendInput(stage)
        stream.uncork()
      })
    },
    input(bytes) {
      if (!stage || stage.complete) return
      stage.input.push(bytes)
      sendInput(stage)
    },
    endInput() {
      if (!stage) return
      stage.complete = true
      sendInput(stage)
    },
    resize(size) {
      if (state === 'stage') stream.write(encodeResize(size))
    },
    signal(number) {
      if (state === 'stage' && number !== 0) stream.write(encodeKill(number))
    },
    kill() {
      if (state === 'stage') stream.write(encodeKill())
    },
    async gather(wanted) {
      inState('job')
      state = 'gathering'
      gathering = createGathering(wanted)
      const listed = wait(GATHER_TIMEOUT_MS, 'gathering artifacts')
      sendBeginning()
      stream.write(encodeGather(wanted))
      await listed
      const all = gathered
      gathered = undefined
      if (!all) throw new SandboxBroken(`sandbox ${short} told of no end of its artifacts`)
      return all
    },
    async end() {
      inState('job')
      state = 'ending'
      const clean = wait(END_TIMEOUT_MS, 'clearing the job')
      sendBeginning()
      begun = undefined
      stream.write(encodeFrame(FRAME.QUIT))
      await clean
    },
    destroy,
  }

  try {
    await ready
  } catch (error) {
    await destroy()
    throw error
  }
  return sandbox
}
