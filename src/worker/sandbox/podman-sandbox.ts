import type { ContainerCreateOptions } from 'dockerode'
import type { Logger } from 'pino'
import type { Engine } from './engine.ts'
import { WRITE_BYTES } from './frames.ts'
import type { Launch } from './launch.ts'
import type { PrewarmProgram } from './prewarmed.ts'
import { linkSandbox, type SandboxLink } from './sandbox-link.ts'
import { createSandboxProtocol, type SandboxProtocol } from './sandbox-protocol.ts'
import { type FaultKind, GATHER_TIMEOUT_MS, type Sandbox, SandboxBroken } from './sandbox.ts'

const END_TIMEOUT_MS = 10_000

/** A container's id as people see it; also the id of its sandbox. */
export const shortId = (container: string): string => container.slice(0, 12)

/**
 * Makes a container and waits until the init in it is ready. What is said to it and by it is the matter of `createSandboxProtocol`, its
 * stream, its times and its end that of `linkSandbox`.
 * @param launch of this engine
 * @param program what can be prewarmed in it
 * @param faulted is told when it fails, once
 * @throws SandboxBroken when it does not get ready, Error when the engine refuses; nothing is left then
 */
export async function createPodmanSandbox(
  engine: Engine,
  launch: Launch,
  options: ContainerCreateOptions,
  log: Logger,
  program?: PrewarmProgram,
  faulted?: (kind: FaultKind) => void,
): Promise<Sandbox> {
  const transport = await launch(options)
  const id = shortId(transport.container)
  const protocol = createSandboxProtocol({ name: id, memoryBytes: options.HostConfig?.Memory, program })
  const link = linkSandbox({ engine, transport, protocol, id, log, faulted })
  try {
    await link.ready
  } catch (error) {
    await link.destroy()
    throw error
  }
  return sandboxOf(id, protocol, link)
}

/** What may be asked of a sandbox, in the words of its protocol. */
function sandboxOf(id: string, protocol: SandboxProtocol, link: SandboxLink): Sandbox {
  const { send, ask } = link
  let jobs = 0
  return {
    id,
    createdAt: Date.now(),
    get jobs() {
      return jobs
    },
    gone: link.gone,
    get prewarmed() {
      return protocol.prewarmed
    },
    prewarm: () => send(protocol.prewarm()),
    discardPrewarmed: () => send(protocol.discardPrewarmed()),
    begin(fileBytes) {
      protocol.begin(fileBytes)
      jobs++
    },
    writeFile: (path, mode, content) => send(protocol.writeFile(path, mode, content)),
    async streamFile(path, mode, bytes, content, signal) {
      send(protocol.enter())
      let at = 0
      const put = async (piece: Uint8Array) => {
        if (at + piece.length > bytes) throw new Error(`the content of a file has more than its ${bytes} bytes`)
        const place = { first: at === 0, last: at + piece.length === bytes }
        at += piece.length
        await link.sendPatiently([protocol.writePiece(path, mode, piece.length, place), piece])
      }
      if (bytes === 0) await put(new Uint8Array())
      for await (const piece of content) {
        for (let from = 0; from < piece.length; from += WRITE_BYTES) {
          if (signal.aborted) return
          await put(piece.subarray(from, from + WRITE_BYTES))
        }
      }
      if (at < bytes && !signal.aborted) throw new Error(`the content of a file ended after ${at} of ${bytes} bytes`)
    },
    async renew(from) {
      await ask(protocol.renew(from), END_TIMEOUT_MS, 'clearing the cell')
    },
    async run(start, stdin, onOutput, live) {
      const frames = protocol.run(start, stdin, live !== undefined)
      return link.run(frames, { onOutput, taken: live && ((bytes) => live.taken(bytes)) })
    },
    input: (bytes) => send(protocol.input(bytes)),
    endInput: () => send(protocol.endInput()),
    resize: (size) => send(protocol.resize(size)),
    signal: (number) => send(protocol.signal(number)),
    kill: () => send(protocol.kill()),
    async gather(wanted, spilling) {
      const spill = spilling && { ...spilling, begin: () => spilling.begin(link.flow) }
      const gathered = await ask(protocol.gather(wanted, spill), GATHER_TIMEOUT_MS, 'gathering artifacts')
      if (!gathered) throw new SandboxBroken(`sandbox ${id} did not report the end of its artifacts`)
      return gathered
    },
    async end() {
      await ask(protocol.end(), END_TIMEOUT_MS, 'clearing the job')
    },
    destroy: link.destroy,
  }
}
