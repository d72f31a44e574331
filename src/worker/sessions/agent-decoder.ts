import { MAX_PAYLOAD } from '../sandbox/protocol.ts'
import { AGENT } from './agent-protocol.ts'

/** One frame of the agent: what it is, the process or request it is about, the rest. */
export interface AgentFrame {
  type: number
  id: number
  payload: Buffer
}

/** The agent broke the protocol, or whoever speaks in its place: nothing after it can be trusted, and the session ends. */
export class AgentFault extends Error {
  override readonly name = 'AgentFault'
}

const HEADER = 9
const FROM_AGENT: ReadonlySet<number> = new Set([
  AGENT.READY,
  AGENT.STARTED,
  AGENT.STDOUT,
  AGENT.STDERR,
  AGENT.TAKEN,
  AGENT.EXIT,
  AGENT.DONE,
  AGENT.FAILED,
  AGENT.CHANGES,
  AGENT.FAULT,
])

/**
 * Puts the frames of the agent's output together again, whatever its chunks.
 * @returns a function of the next chunk
 * @throws AgentFault, from that function, on an unknown type or a length that is none, as soon as the header is there
 */
export function createAgentDecoder(): (chunk: Buffer) => AgentFrame[] {
  let rest: Buffer[] = []
  let have = 0
  let need = HEADER
  return (chunk) => {
    const frames: AgentFrame[] = []
    rest.push(chunk)
    have += chunk.length
    while (have >= need) {
      const bytes = rest.length === 1 ? (rest[0] ?? chunk) : Buffer.concat(rest)
      const type = bytes[0] ?? 0
      // A fault has text alone.
      const length = bytes.readUInt32BE(1)
      if (!FROM_AGENT.has(type)) throw new AgentFault(`unknown frame type 0x${type.toString(16)}`)
      if (length < 4 || length > MAX_PAYLOAD) throw new AgentFault(`a frame of ${length} bytes`)
      const whole = 5 + length
      rest = [bytes]
      if (bytes.length < whole) {
        need = whole
        break
      }
      if (type === AGENT.FAULT) throw new AgentFault(`the agent: ${bytes.toString('utf8', 5, whole)}`)
      frames.push({ type, id: bytes.readUInt32BE(5), payload: bytes.subarray(HEADER, whole) })
      have = bytes.length - whole
      rest = have > 0 ? [bytes.subarray(whole)] : []
      need = HEADER
    }
    return frames
  }
}
