import type { Registry } from 'prom-client'

/** The metrics of a process as Prometheus reads them. */
export interface Exposition {
  /** Never rejects because Redis is away: that is when somebody looks. */
  text: () => Promise<string>
  readonly register: Registry
}
