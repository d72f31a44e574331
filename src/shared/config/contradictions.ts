import ipaddr from 'ipaddr.js'
import { LEAST_OPEN_FILES, LIMIT_NAMES } from '../limits.ts'
import { isLoopback } from '../loopback.ts'
import { ConfigError } from './config-error.ts'
import type { Config } from './config-shape.ts'
import { limitVariable } from './settings/limits.ts'
import { COMPAT_SYSTEMS } from './settings/network.ts'

/** @throws ConfigError for settings that contradict each other, and for what their kinds cannot tell */
export function refuseContradictions(config: Config): void {
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(config.namespace)) {
    throw new ConfigError(
      `RUNYARD_NAMESPACE is "${config.namespace}"; allowed are 1 to 32 of a-z, 0-9 and "-", not beginning with "-"`,
    )
  }
  for (const name of LIMIT_NAMES) {
    const variable = limitVariable(name)
    const { defaults, ceilings } = config.limits
    if (defaults[name] > ceilings[name]) {
      throw new ConfigError(`DEFAULT_${variable} (${defaults[name]}) is above MAX_${variable} (${ceilings[name]})`)
    }
  }
  const { sessions } = config
  const { openFiles } = config.limits.defaults
  if (sessions.memoryBytes > 0 && openFiles < LEAST_OPEN_FILES) {
    throw new ConfigError(
      `DEFAULT_OPEN_FILES (${openFiles}) is below ${LEAST_OPEN_FILES}, which every session needs; SESSIONS_MEMORY_BYTES=0 turns sessions off`,
    )
  }
  if (sessions.idleTimeoutMs > sessions.maxLifetimeMs) {
    throw new ConfigError(
      `SESSION_IDLE_TIMEOUT_MS (${sessions.idleTimeoutMs}) is above SESSION_MAX_LIFETIME_MS (${sessions.maxLifetimeMs})`,
    )
  }
  if (config.http.maxCodeBytes > config.http.maxBodyBytes) {
    throw new ConfigError(
      `MAX_CODE_BYTES (${config.http.maxCodeBytes}) is above MAX_BODY_BYTES (${config.http.maxBodyBytes})`,
    )
  }
  if (config.auth === 'none' && !isLoopback(config.http.host)) {
    throw new ConfigError(
      `HOST is "${config.http.host}", which others can reach, and no authentication is configured; ` +
        'allowed without it are 127.0.0.0/8, ::1 and localhost, with AUTH=required or AUTH=optional every address',
    )
  }
  for (const proxy of config.http.trustProxy) {
    if (proxy === 'loopback' || isNetwork(proxy)) continue
    throw new ConfigError(`TRUST_PROXY has "${proxy}"; allowed are IP addresses, networks as CIDR, and loopback`)
  }
  for (const name of config.compat) {
    if (COMPAT_SYSTEMS.includes(name as (typeof COMPAT_SYSTEMS)[number])) continue
    throw new ConfigError(
      `COMPAT has "${name}"; allowed are ${COMPAT_SYSTEMS.join(', ')}, comma-separated, and nothing`,
    )
  }
  if (config.e2bDomain !== '' && !/^[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::\d{1,5})?$/.test(config.e2bDomain)) {
    throw new ConfigError(
      `E2B_SANDBOX_DOMAIN is "${config.e2bDomain}"; allowed is a domain, with a port if it is not 443, e.g. sandboxes.example.com`,
    )
  }
  for (const origin of config.http.allowedOrigins) {
    if (/^https?:/.test(origin) && URL.canParse(origin) && new URL(origin).origin === origin) continue
    throw new ConfigError(`ALLOWED_ORIGINS has "${origin}"; allowed are origins such as https://app.example.com`)
  }
  for (const [name, networks] of [
    ['WEBHOOK_ALLOW', config.webhooks.allow],
    ['WEBHOOK_DENY', config.webhooks.deny],
    ['PACKAGE_INDEX_REACH', config.packages.reach],
  ] as const) {
    for (const network of networks) {
      if (isNetwork(network)) continue
      throw new ConfigError(`${name} has "${network}"; allowed are IP addresses and networks as CIDR`)
    }
  }
  const { load, files } = config
  if (files.tenantMaxBytes > files.storeMaxBytes) {
    throw new ConfigError(
      `FILES_TENANT_MAX_BYTES (${files.tenantMaxBytes}) is above FILES_MAX_BYTES (${files.storeMaxBytes})`,
    )
  }
  const ofTenants = {
    MAX_QUEUED_JOBS: [load.tenantMaxQueuedJobs, load.maxQueuedJobs],
    MAX_QUEUED_BYTES: [load.tenantMaxQueuedBytes, load.maxQueuedBytes],
    MAX_STORED_BYTES: [config.tenantMaxStoredBytes, config.maxStoredBytes],
  } as const
  for (const [name, [one, all]] of Object.entries(ofTenants)) {
    if (one > all) throw new ConfigError(`TENANT_${name} (${one}) is above ${name} (${all})`)
  }
  const { port } = config.metrics
  if (port !== undefined && port !== 0 && port === config.http.port) {
    throw new ConfigError(`METRICS_PORT (${port}) is PORT too; leave it empty to have metrics there`)
  }
  const { abuse, adminSessions } = config
  if (adminSessions.idleSeconds > adminSessions.maxSeconds) {
    throw new ConfigError(
      `ADMIN_SESSION_IDLE_SECONDS (${adminSessions.idleSeconds}) is above ADMIN_SESSION_MAX_SECONDS (${adminSessions.maxSeconds})`,
    )
  }
  if (abuse.blockSeconds > abuse.maxBlockSeconds) {
    throw new ConfigError(
      `ABUSE_BLOCK_SECONDS (${abuse.blockSeconds}) is above ABUSE_MAX_BLOCK_SECONDS (${abuse.maxBlockSeconds})`,
    )
  }
}

const isNetwork = (text: string): boolean => ipaddr.isValid(text) || ipaddr.isValidCIDR(text)
