import { type NetConnectOpts, connect as connectTcp, type Socket } from 'node:net'
import { type ConnectionOptions as TlsOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { AbstractConnector } from 'ioredis'
import { closedMeanwhile } from './redis-away.ts'

const DISCONNECT_MS = 2000

/**
 * A connector that has no more to do with a connection that is closed. ioredis' own gives it 2 s to close all the same, when it is asked to
 * close it once more, and the process stays for so long.
 */
export abstract class PromptConnector extends AbstractConnector {
  constructor() {
    super(DISCONNECT_MS)
  }

  override disconnect(): void {
    forgetClosed(this)
    super.disconnect()
  }
}

/** Has a connector end no stream that has ended. */
export function forgetClosed(connector: object): void {
  const { stream } = connector as { stream?: Socket }
  if (stream?.destroyed) Reflect.deleteProperty(connector, 'stream')
}

interface Target {
  path?: string | null
  host: string
  port: number
  family?: number
  tls?: TlsOptions
}

/** ioredis' way to one server. */
export class DirectConnector extends PromptConnector {
  private readonly target: Target

  /** @param options those of the client */
  constructor(options: unknown) {
    super()
    this.target = options as Target
  }

  override async connect(): Promise<Socket | TLSSocket> {
    this.connecting = true
    await new Promise<void>((resolve) => process.nextTick(resolve))
    if (!this.connecting) throw closedMeanwhile()
    const { path, host, port, family, tls } = this.target
    const target: NetConnectOpts = path ? { path } : { host, port, ...(family !== undefined && { family }) }
    this.stream = tls ? connectTls({ ...target, ...tls }) : connectTcp(target)
    this.stream.once('error', (error: Error) => (this.firstError = error))
    return this.stream
  }
}
