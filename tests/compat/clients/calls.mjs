// Tells the run which calls of a client were held; it makes docs/compatibility/clients.md of that. Each is told behind the assertions
// that show it, so that one that fails is never told.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** @param folder where the packages are installed */
export function callsOf(folder) {
  const versionOf = (client) =>
    JSON.parse(readFileSync(join(folder, 'node_modules', client, 'package.json'), 'utf8')).version
  const tell = (client, how, calls, note) => {
    for (const call of calls)
      console.log(`@call ${JSON.stringify({ client, version: versionOf(client), call, how, note })}`)
  }
  return {
    works: (client, ...calls) => tell(client, 'works', calls, ''),
    /** The call works, with another outcome than at the system that the client is made for. */
    differs: (client, call, note) => tell(client, 'differs', [call], note),
    /** The call is refused, with the error that the client has for it. */
    cannot: (client, call, note) => tell(client, 'cannot', [call], note),
  }
}
