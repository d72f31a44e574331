import { ACCESS_SETTINGS } from './settings/access.ts'
import { FILES_SETTINGS } from './settings/files.ts'
import { CEILING_SETTINGS, LIMIT_SETTINGS } from './settings/limits.ts'
import { LOAD_SETTINGS, REQUESTS_SETTINGS } from './settings/load.ts'
import { NETWORK_SETTINGS } from './settings/network.ts'
import { PACKAGES_SETTINGS } from './settings/packages.ts'
import { SANDBOX_SETTINGS } from './settings/sandbox.ts'
import type { Setting } from './settings/setting.ts'
import { STORAGE_SETTINGS } from './settings/storage.ts'
import { LOGS_SETTINGS, METRICS_SETTINGS, TRACES_SETTINGS } from './settings/telemetry.ts'
import { WEBHOOKS_SETTINGS } from './settings/webhooks.ts'
import { ALL_PARTS_SETTINGS, SESSIONS_SETTINGS, WORKER_SETTINGS } from './settings/workers.ts'

/** Settings that had another name before. The former name works for one version more. */
export const FORMER_SETTINGS: readonly FormerName[] = [{ former: 'ARMED', name: 'PREWARM' }]

export interface FormerName {
  readonly former: string
  readonly name: string
}

/** Every variable Runyard reads. The table in docs/configuration.md is held to this one by a test. */
export const SETTINGS: readonly Setting[] = [
  ...ALL_PARTS_SETTINGS,
  ...NETWORK_SETTINGS,
  ...ACCESS_SETTINGS,
  ...LOAD_SETTINGS,
  ...STORAGE_SETTINGS,
  ...FILES_SETTINGS,
  ...PACKAGES_SETTINGS,
  ...WORKER_SETTINGS,
  ...SESSIONS_SETTINGS,
  ...SANDBOX_SETTINGS,
  ...WEBHOOKS_SETTINGS,
  ...LIMIT_SETTINGS,
  ...CEILING_SETTINGS,
  ...REQUESTS_SETTINGS,
  ...LOGS_SETTINGS,
  ...METRICS_SETTINGS,
  ...TRACES_SETTINGS,
]
