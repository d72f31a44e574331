import type { IncomingHttpHeaders } from 'node:http'

/** The ports that clients reach a sandbox by: its envd (files and processes), and its code interpreter. */
export const ENVD_PORT = 49983
export const INTERPRETER_PORT = 49999

/** A sandbox and a port of it. */
export interface Target {
  /** As the client names it. */
  sandboxId: string
  port: number
}

/**
 * What a host name stands for.
 * @param host as in the header, with or without a port
 * @param domain of the sandboxes; a port that it has must be that of the host
 * @returns a sandbox, or `service` for the domain itself and for `api.` and `sandbox.` before it; undefined for any other host
 */
export function targetOfHost(host: string, domain: string): Target | 'service' | undefined {
  const name = host.toLowerCase()
  if ([domain, `api.${domain}`, `sandbox.${domain}`].includes(name)) return 'service'
  if (!name.endsWith(`.${domain}`)) return undefined
  const [, port, sandboxId] = /^(\d{1,5})-([a-z0-9]{1,64})$/.exec(name.slice(0, -domain.length - 1)) ?? []
  return port === undefined || sandboxId === undefined ? undefined : { sandboxId, port: Number(port) }
}

/** The sandbox that a request names by its headers. Some clients send each twice, joined by a comma. */
export function targetOfHeaders(headers: IncomingHttpHeaders): Partial<Target> {
  const first = (name: string) =>
    String(headers[name] ?? '')
      .split(',', 1)[0]
      ?.trim() ?? ''
  const sandboxId = first('e2b-sandbox-id').toLowerCase()
  const port = first('e2b-sandbox-port')
  return { ...(sandboxId !== '' && { sandboxId }), ...(/^\d{1,5}$/.test(port) && { port: Number(port) }) }
}

/** Paths of a sandbox, each under one of its ports. All others are of the service. Routes take either letter case, and a slash at the end. */
const PATHS: readonly (readonly [pattern: RegExp, port: number | undefined])[] = [
  [/^\/(?:execute|contexts)(?:\/|$)/i, INTERPRETER_PORT],
  [/^\/(?:files|metrics|envs)\/?$/i, ENVD_PORT],
  [/^\/(?:process\.Process|filesystem\.Filesystem)(?:\/|$)/i, ENVD_PORT],
  [/^\/health\/?$/i, undefined],
]

/** Whether a path asks whether something lives: the service, or a sandbox. */
export const isHealthPath = (path: string): boolean => /^\/health\/?$/i.test(path)

/** Whether a path is one of a sandbox. */
export const isSandboxPath = (path: string): boolean => PATHS.some(([pattern]) => pattern.test(path))

/** Whether a sandbox serves a path at a port. */
export const isServedAt = (path: string, port: number): boolean =>
  (port === ENVD_PORT || port === INTERPRETER_PORT) &&
  PATHS.every(([pattern, own]) => own === undefined || own === port || !pattern.test(path))
