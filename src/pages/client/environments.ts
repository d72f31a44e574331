import { createHttp } from '../../client/http.ts'
import type { Environment } from '../../shared/environments/environment.ts'

/** Reads how far the installation of packages is. Each request is made once: who asks asks again. @param key to show */
export function createEnvironmentReader(key: () => string | null): (id: string) => Promise<Environment> {
  const http = createHttp({ url: location.origin, key: () => key() ?? undefined, retries: 0 })
  return (id) => http.json(`/v1/environments/${encodeURIComponent(id)}`)
}
