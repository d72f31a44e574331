import type { ArtifactRequest } from '../../shared/artifact.ts'
import type { TerminalSize } from '../../shared/terminal-size.ts'
import { encodeGather } from './artifact-frames.ts'
import {
  createFrameDecoder,
  encodeBegin,
  encodeDiscard,
  encodeFrame,
  encodeInput,
  encodeKill,
  encodeNext,
  encodePrewarm,
  encodeResize,
  encodeStart,
  encodeWriteFile,
  type Frame,
  parseAck,
  ProtocolFault,
  type StageStart,
} from './frames.ts'
import { createGathering, type Gathered, type Gathering } from './gathering.ts'
import { createForecast, fitsPrewarmed, type JobFile, type JobShape, type PrewarmProgram } from './prewarmed.ts'
import { FRAME, type FrameType, INPUT_WINDOW } from './protocol.ts'
import { type OutputStream, SandboxBroken } from './sandbox.ts'
import { parseReport, type StageReport } from './stage-report.ts'

/**
 * A sandbox is always in one of these: `starting` (until init says that it is ready), `idle`, `job` (between `begin` and
 * `end`), `stage` (a stage runs), `gathering`, `renewing` (the job goes on in another cell), `ending`, `gone`.
 */
export type SandboxState = keyof typeof EXPECTED

/** What init may say in each state, besides that it is broken, which it may at any time. */
const EXPECTED = {
  starting: [FRAME.READY],
  idle: [],
  job: [],
  stage: [FRAME.STDOUT, FRAME.STDERR, FRAME.ACK, FRAME.DONE],
  gathering: [FRAME.PIECE, FRAME.LIST],
  renewing: [FRAME.CLEAN],
  ending: [FRAME.CLEAN],
  gone: [],
} as const satisfies Record<string, readonly FrameType[]>

/** What comes of what init says, in its order. */
export type SandboxEvent =
  | { type: 'ready' }
  | { type: 'output'; stream: OutputStream; bytes: Buffer }
  /** The program took so many bytes of its input. */
  | { type: 'taken'; bytes: number }
  /** Frames to be sent. */
  | { type: 'send'; frames: Buffer[] }
  | { type: 'report'; report: StageReport }
  | { type: 'gathered'; gathered: Gathered }
  /** What the job left is gone. */
  | { type: 'clean' }
  /** It is gone, and nothing follows: init said so, or what it said is none of what it may. */
  | { type: 'broken'; kind: 'init' | 'protocol'; reason: string; during: SandboxState }

/**
 * The worker's side of the protocol with the init of one sandbox, without I/O: what is asked of the sandbox becomes frames to be
 * sent, what init says becomes events. Whatever init says out of turn is a fault, and a fault is the end of the sandbox: nothing
 * that comes out of a stream in disorder is worth keeping.
 *
 * A job that has begun is told to init with its first stage: whether it goes on with the prewarmed program is known then.
 */
export interface SandboxProtocol {
  readonly state: SandboxState
  /** Whether an interpreter waits for the next job. */
  readonly prewarmed: boolean
  /** What init sends, cut anywhere. */
  receive(bytes: Buffer): SandboxEvent[]
  /** Nothing more is sent, and what comes is ignored. */
  leave(): void

  /** What these answer is to be sent at once. They throw SandboxBroken in a state that does not allow them. */
  begin(fileBytes: number): void
  writeFile(path: string, mode: number, content: Uint8Array): Buffer[]
  renew(from: 'files' | 'folder'): Buffer[]
  /** @param open whether more input is to come */
  run(stage: StageStart, stdin: Uint8Array, open: boolean): Buffer[]
  gather(wanted: ArtifactRequest): Buffer[]
  end(): Buffer[]

  /** These do nothing, and answer nothing to be sent, where they mean nothing. */
  prewarm(): Buffer[]
  discardPrewarmed(): Buffer[]
  input(bytes: Uint8Array): Buffer[]
  endInput(): Buffer[]
  resize(size: TerminalSize): Buffer[]
  signal(number: number): Buffer[]
  kill(): Buffer[]
}

export interface SandboxProtocolOptions {
  /** For errors. */
  name: string
  /** Of the container, in bytes. */
  memoryBytes?: number | undefined
  /** What can be prewarmed. */
  program?: PrewarmProgram | undefined
}

/** One inode for so many bytes of a job's file system: small files must not cost more memory than they show. */
const BYTES_PER_INODE = 4096
const MIN_INODES = 1024

/** A job that has begun and of which init was told nothing yet. */
interface Beginning {
  fileBytes: number
  files: JobFile[]
  /** It goes on with a copy of the folder that init keeps. */
  restore?: boolean
}

interface RunningStage {
  /** Input that was not sent yet. */
  input: Uint8Array[]
  /** Bytes of input that were sent and not acknowledged. */
  underWay: number
  /** Whether all of the input is there. */
  complete: boolean
  /** Whether the end of the input is still to be told. */
  open: boolean
  /** Bytes that it may still write. */
  outputLeft: number
}

/** What is left of the memory for a folder that is kept, beside the cell's own files: a quarter is for programs and init. */
function restorableBytes(memoryBytes: number | undefined, fileBytes: number): number {
  const most = memoryBytes === undefined ? fileBytes : Math.floor(memoryBytes * 0.75) - fileBytes
  return Math.max(1, most)
}

export function createSandboxProtocol({ name, memoryBytes, program }: SandboxProtocolOptions): SandboxProtocol {
  const decoder = createFrameDecoder()
  const forecast = createForecast()
  let state: SandboxState = 'starting'
  let prewarmedFor: JobShape
  let beginning: Beginning | undefined
  /** How the job began: what it begins with again. */
  let begun: Beginning | undefined
  /** Whether init keeps its folder. */
  let kept = false
  let stage: RunningStage | undefined
  let gathering: Gathering | undefined
  let renewed: Beginning | undefined

  const inState = (allowed: SandboxState) => {
    if (state !== allowed) throw new SandboxBroken(`sandbox ${name} is ${state}, not ${allowed}`)
  }

  /** The frames that tell init of the job, unless it was told. @param first its first stage, if it has one */
  const sendBeginning = (first?: StageStart): Buffer[] => {
    if (!beginning) return []
    const { fileBytes, files, restore } = beginning
    const goesOn = beginning !== begun
    const fits = !goesOn && program !== undefined && first !== undefined && fitsPrewarmed(program, files, first)
    const shape = fits ? first.stdin : undefined
    const inodes = Math.max(MIN_INODES, Math.ceil(fileBytes / BYTES_PER_INODE))
    const cell = { bytes: fileBytes, inodes, prewarmed: fits && prewarmedFor === shape }
    const limited = restore && { restore: restorableBytes(memoryBytes, fileBytes) }
    const frames = [encodeBegin({ ...cell, ...limited })]
    for (const { path, mode, content } of files) frames.push(...encodeWriteFile(path, mode, content))
    if (!goesOn) forecast.saw(shape, prewarmedFor)
    prewarmedFor = undefined
    beginning = undefined
    return frames
  }

  /** As much of the input as the window has room for, and its end. */
  const sendInput = (running: RunningStage): Buffer[] => {
    const { input } = running
    const frames: Buffer[] = []
    for (let next = input[0]; next && running.underWay < INPUT_WINDOW; next = input[0]) {
      const piece = next.subarray(0, INPUT_WINDOW - running.underWay)
      frames.push(...encodeInput(piece))
      running.underWay += piece.length
      if (piece.length === next.length) input.shift()
      else input[0] = next.subarray(piece.length)
    }
    if (input.length === 0 && running.complete && running.open) {
      running.open = false
      frames.push(encodeFrame(FRAME.INPUT_END))
    }
    return frames
  }

  const output = (running: RunningStage, stream: OutputStream, bytes: Buffer): SandboxEvent[] => {
    running.outputLeft -= bytes.length
    if (running.outputLeft < 0) throw new ProtocolFault('a stage wrote more than it may')
    return [{ type: 'output', stream, bytes }]
  }

  const acknowledge = (running: RunningStage, bytes: number): SandboxEvent[] => {
    running.underWay -= bytes
    if (running.underWay < 0) throw new ProtocolFault('more input was taken than was sent')
    const frames = sendInput(running)
    return [...(frames.length > 0 ? [{ type: 'send', frames } as const] : []), { type: 'taken', bytes }]
  }

  const clean = (): SandboxEvent[] => {
    beginning = renewed
    state = renewed ? 'job' : 'idle'
    renewed = undefined
    return [{ type: 'clean' }]
  }

  /** @throws ProtocolFault */
  const onFrame = ({ type, payload }: Frame): SandboxEvent[] => {
    if (!(EXPECTED[state] as readonly FrameType[]).includes(type))
      throw new ProtocolFault(`init spoke out of turn: ${String.fromCharCode(type)} in state ${state}`)
    switch (type) {
      case FRAME.READY:
        state = 'idle'
        return [{ type: 'ready' }]
      case FRAME.CLEAN:
        return clean()
      case FRAME.STDOUT:
        return stage ? output(stage, 'stdout', payload) : []
      case FRAME.STDERR:
        return stage ? output(stage, 'stderr', payload) : []
      case FRAME.ACK:
        return stage ? acknowledge(stage, parseAck(payload)) : []
      case FRAME.DONE: {
        const report = parseReport(payload)
        stage = undefined
        state = 'job'
        return [{ type: 'report', report }]
      }
      case FRAME.PIECE:
        gathering?.piece(payload)
        return []
      case FRAME.LIST: {
        const gathered = gathering?.end(payload)
        gathering = undefined
        state = 'job'
        return gathered ? [{ type: 'gathered', gathered }] : []
      }
      default:
        return []
    }
  }

  const broken = (kind: 'init' | 'protocol', reason: string): SandboxEvent => {
    const during = state
    state = 'gone'
    return { type: 'broken', kind, reason, during }
  }

  return {
    get state() {
      return state
    },
    get prewarmed() {
      return state === 'idle' && prewarmedFor !== undefined
    },
    receive(bytes) {
      const events: SandboxEvent[] = []
      if (state === 'gone') return events
      try {
        for (const frame of decoder.push(bytes)) {
          if (frame.type === FRAME.FAULT) return [...events, broken('init', frame.payload.toString())]
          events.push(...onFrame(frame))
        }
      } catch (error) {
        events.push(broken('protocol', (error as Error).message))
      }
      return events
    },
    leave() {
      state = 'gone'
    },

    begin(fileBytes) {
      inState('idle')
      state = 'job'
      beginning = { fileBytes, files: [] }
      begun = beginning
      kept = false
    },
    writeFile(path, mode, content) {
      inState('job')
      if (!beginning) return encodeWriteFile(path, mode, content)
      beginning.files.push({ path, mode, content })
      return []
    },
    renew(from) {
      inState('job')
      const frames = [...sendBeginning(), encodeNext(from === 'folder' && !kept)]
      kept ||= from === 'folder'
      const { fileBytes, files } = begun ?? { fileBytes: 0, files: [] }
      renewed = from === 'folder' ? { fileBytes, files: [], restore: true } : { fileBytes, files: [...files] }
      state = 'renewing'
      return frames
    },
    run(start, stdin, open) {
      inState('job')
      const started = encodeStart(start)
      // What fits no frame leaves everything as it was.
      const frames = [...sendBeginning(start), started]
      const input = { input: [stdin], underWay: 0, complete: !open, open: start.stdin }
      stage = { ...input, outputLeft: start.outputBytes }
      state = 'stage'
      return [...frames, ...sendInput(stage)]
    },
    gather(wanted) {
      inState('job')
      const asked = encodeGather(wanted)
      const frames = [...sendBeginning(), asked]
      gathering = createGathering(wanted)
      state = 'gathering'
      return frames
    },
    end() {
      inState('job')
      const frames = [...sendBeginning(), encodeFrame(FRAME.QUIT)]
      begun = undefined
      state = 'ending'
      return frames
    },

    prewarm() {
      const stdin = forecast.expected()
      if (!program || state !== 'idle' || prewarmedFor !== undefined || stdin === undefined) return []
      prewarmedFor = stdin
      return [encodePrewarm(program.file, { ...program.start, stdin })]
    },
    discardPrewarmed() {
      if (state !== 'idle' || prewarmedFor === undefined) return []
      prewarmedFor = undefined
      return [encodeDiscard()]
    },
    input(bytes) {
      if (!stage || stage.complete) return []
      stage.input.push(bytes)
      return sendInput(stage)
    },
    endInput() {
      if (!stage) return []
      stage.complete = true
      return sendInput(stage)
    },
    resize: (size) => (state === 'stage' ? [encodeResize(size)] : []),
    signal: (number) => (state === 'stage' && number !== 0 ? [encodeKill(number)] : []),
    kill: () => (state === 'stage' ? [encodeKill()] : []),
  }
}
