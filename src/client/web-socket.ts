/** What this client uses of a WebSocket: browsers, Node 22 and the package `ws` all have it. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  /** `arraybuffer` is what this client sets where it expects bytes. */
  binaryType?: string
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(): void
}

export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike

/**
 * The WebSocket of where this runs. Node 20 has none; there it is that of the package `ws`.
 * @throws Error that says what to do, when there is none
 */
export async function findWebSocket(): Promise<WebSocketConstructor> {
  const { WebSocket: own } = globalThis as { WebSocket?: unknown }
  if (own !== undefined) return own as WebSocketConstructor
  // Not a literal, so that what bundles for browsers does not look for it.
  const name = 'ws'
  try {
    return ((await import(name)) as { WebSocket: WebSocketConstructor }).WebSocket
  } catch (cause) {
    const how = 'use Node 22, install the package "ws", or pass WebSocket to createClient'
    throw new Error(`no WebSocket is available: ${how}`, { cause })
  }
}
