// Completes package-lock.json. It adds the packages for other platforms that npm left out: npm writes down only what the
// registry and the machine at hand offered (a mirror may carry Linux packages alone), and `npm ci` refuses such a lock file
// everywhere. It adds the integrity hashes that are missing, from npm's registry, so that no package of any platform is
// installed unchecked. Run it after `npm install` changed the lock file; it changes nothing when nothing is missing.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const PROCESSORS = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64']

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8'))
const packages = lock.packages
let added = 0
let hashed = 0

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

for (const [path, entry] of Object.entries(packages)) {
  if (path === '' || entry.link || entry.integrity) continue
  const name = entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
  const { version, ...rest } = entry
  packages[path] = { version, integrity: integrityOf(name, version), ...rest }
  hashed += 1
}

if (added + hashed > 0) {
  const [[rootPath, root], ...rest] = Object.entries(packages)
  rest.sort(([a], [b]) => a.localeCompare(b, 'en'))
  lock.packages = Object.fromEntries([[rootPath, root], ...rest])
  writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`)
}
console.log(`package-lock.json: ${added} packages of other platforms and ${hashed} integrity hashes added`)

/** @throws Error when the registry has no such package, or no SHA-512 of it */
function integrityOf(name, version) {
  const json = execFileSync('npm', ['view', `${name}@${version}`, 'dist.integrity', '--json'], { encoding: 'utf8' })
  const integrity = json.trim() === '' ? undefined : JSON.parse(json)
  if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? '')) throw new Error(`${name}@${version} has no SHA-512`)
  return integrity
}
