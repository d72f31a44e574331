import { type SentinelConnectionOptions, SentinelConnector } from 'ioredis'
import { DirectConnector, forgetClosed } from './direct-connector.ts'

type Connect = InstanceType<typeof SentinelConnector>['connect']

/** What of ioredis' connector is not in its types. */
interface Inside {
  failoverDetector?: { isDisconnected: boolean } | null
  connectToSentinel: (endpoint: object, options?: object) => unknown
}

/**
 * ioredis' connector to the master that sentinels name, which goes on where that one gives up for good: when sentinels tell of a failover
 * while a connection is being made already, its detector ends that attempt, and ioredis takes this for the end of the connection.
 */
export class PatientSentinelConnector extends SentinelConnector {
  /** The detector whose failover was dealt with. */
  private heard: Inside['failoverDetector']
  private isInterrupted = false

  /** @param options those of the client */
  constructor(options: unknown) {
    super(options as SentinelConnectionOptions)
    const inside = this as unknown as Inside
    const connectToSentinel = inside.connectToSentinel.bind(this)
    inside.connectToSentinel = (endpoint, more) => connectToSentinel(endpoint, { ...more, Connector: DirectConnector })
  }

  override async connect(...args: Parameters<Connect>): ReturnType<Connect> {
    for (;;) {
      this.isInterrupted = false
      try {
        return await super.connect(...args)
      } catch (error) {
        if (!this.isInterrupted) throw error
      }
    }
  }

  override disconnect(): void {
    const { failoverDetector } = this as unknown as Inside
    this.isInterrupted = failoverDetector?.isDisconnected === true && failoverDetector !== this.heard
    this.heard = failoverDetector
    forgetClosed(this)
    super.disconnect()
  }
}
