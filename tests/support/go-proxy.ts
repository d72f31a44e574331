import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { zip } from './archives.ts'

export interface TestModule {
  path: string
  version: string
  /** Of its files, by their names. */
  files?: Record<string, string | Buffer>
  /** Of files, where they are none. */
  modes?: Record<string, number>
  /** Lines of its go.mod beside the first. */
  mod?: string
  /** Age in days; old enough when absent. */
  days?: number
}

export interface TestProxy {
  url: string
  /** Paths that were asked for. */
  asked: string[]
  add: (...modules: TestModule[]) => void
  close(): Promise<void>
}

const DAY_MS = 86_400_000

/** A proxy of modules on loopback that speaks the protocol of GOPROXY, without a database of checksums. */
export async function startGoProxy(): Promise<TestProxy> {
  const modules: TestModule[] = []
  const asked: string[] = []
  const modOf = ({ path, mod = '' }: TestModule) => `module ${path}\n${mod}`
  const contents: Record<string, (module: TestModule) => string | Buffer> = {
    info: ({ version, days = 30 }) =>
      JSON.stringify({ Version: version, Time: new Date(Date.now() - days * DAY_MS).toISOString() }),
    mod: modOf,
    zip: (module) => {
      const files = Object.entries({ 'go.mod': modOf(module), ...module.files })
      const folder = `${module.path}@${module.version}`
      const modes = Object.entries(module.modes ?? {}).map(([name, mode]) => [`${folder}/${name}`, mode])
      return zip(
        files.map(([name, content]) => [`${folder}/${name}`, content]),
        { modes: Object.fromEntries(modes) as Record<string, number> },
      )
    },
  }
  const server = createServer((req, res) => {
    const url = req.url ?? ''
    asked.push(url)
    const [, path = '', file = ''] =
      /^\/(.+)\/@v\/(.+)$/.exec(url.replaceAll(/!([a-z])/g, (_all, letter: string) => letter.toUpperCase())) ?? []
    const own = modules.filter((module) => module.path === path)
    if (own.length > 0 && file === 'list') return void res.end(own.map(({ version }) => `${version}\n`).join(''))
    const [, version = '', kind = ''] = /^(.+)\.(info|mod|zip)$/.exec(file) ?? []
    const module = own.find((one) => one.version === version)
    if (module) return void res.end(contents[kind]?.(module))
    res.writeHead(404).end('not found')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    add: (...more) => void modules.push(...more),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
