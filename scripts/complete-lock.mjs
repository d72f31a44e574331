// Adds to package-lock.json the packages for other platforms that npm left out. npm writes down only what the registry and
// the machine at hand offered (a mirror may carry Linux packages alone), and `npm ci` refuses such a lock file everywhere.
// Run it after `npm install` changed the lock file; it changes nothing when nothing is missing.
import { readFileSync, writeFileSync } from 'node:fs'

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const PROCESSORS = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64']

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8'))
const packages = lock.packages
let added = 0

for (const [parent, entry] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`
    if (packages[path] !== undefined || packages[`${parent}/${path}`] !== undefined) continue
    const words = name.split(/[-/]/)
    const os = SYSTEMS.filter((system) => words.includes(system))
    // Without a system in its name it is no platform's package: npm left it out for another reason.
    if (os.length === 0 || !/^\d+\.\d+\.\d+/.test(version)) continue
    const cpu = PROCESSORS.filter((processor) => words.includes(processor))
    packages[path] = { version, cpu, ...(entry.dev ? { dev: true } : {}), optional: true, os }
    added += 1
  }
}

if (added > 0) {
  const [[rootPath, root], ...rest] = Object.entries(packages)
  rest.sort(([a], [b]) => a.localeCompare(b, 'en'))
  lock.packages = Object.fromEntries([[rootPath, root], ...rest])
  writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`)
}
console.log(`package-lock.json: ${added} packages of other platforms added`)
