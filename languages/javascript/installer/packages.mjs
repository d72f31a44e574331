// Resolves, installs and packs packages with npm, in a cell that reaches nothing but a package index:
//   packages.mjs resolve INDEX               package.json -> package-lock.json, which is printed
//   packages.mjs install INDEX FOLDER        package-lock.json -> FOLDER/node_modules
//   packages.mjs pack FOLDER MAX_FILES MAX_BYTES
//
// Nothing of a package is run. Only plain files are packed: a link, a device or a FIFO is an error, and so is a package that has to be compiled.
// The stream of `pack` is "RYPACK1\n" and entries of: mode as 1 byte (1: executable), length of the path as 2 bytes, of the content as 8, both
// big endian, path, content; then an entry without path and content. Order and content depend on the packages alone.
import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join, relative } from 'node:path'

const [verb, ...rest] = process.argv.slice(2)
const ROOT = ['dependencies', 'optionalDependencies']

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(3)
}

function npm(folder, index, ...args) {
  const { status, signal } = spawnSync('npm', [...args, `--registry=${index}`], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
  })
  if (status === 0) return
  if (signal !== null) process.stderr.write(`npm was ended by ${signal}\n`)
  process.exit(status ?? 1)
}

function resolve(index) {
  npm('.', index, 'install', '--package-lock-only', '--omit-lockfile-registry-resolved')
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  for (const [path, entry] of Object.entries(lock.packages)) leaveOutMissing(lock, path, entry)
  const text = JSON.stringify(lock)
  writeFileSync('package-lock.json', text)
  writeWhole(Buffer.from(text))
}

/** What is optional and cannot be had npm leaves out of the lock, where `npm ci` misses it then. */
function leaveOutMissing({ packages }, path, { optionalDependencies = {} }) {
  for (const name of Object.keys(optionalDependencies)) {
    let place = path
    let isThere = `node_modules/${name}` in packages
    while (!isThere && place !== '') {
      isThere = `${place}/node_modules/${name}` in packages
      place = place.slice(0, Math.max(0, place.lastIndexOf('/node_modules/')))
    }
    if (!isThere) delete optionalDependencies[name]
  }
}

/** What is wanted stands in the lock: `npm ci` compares it with a package.json. */
function install(index, folder) {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  const root = lock.packages[''] ?? {}
  mkdirSync(folder, { recursive: true })
  const wanted = Object.fromEntries(ROOT.flatMap((field) => (root[field] ? [[field, root[field]]] : [])))
  writeFileSync(join(folder, 'package.json'), JSON.stringify(wanted))
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock))
  npm(folder, index, 'ci', '--omit=dev', '--no-bin-links')
}

function writeWhole(bytes) {
  for (let at = 0; at < bytes.length;) at += writeSync(1, bytes, at)
}

function pack(folder, maxFiles, maxBytes) {
  let files = 0
  let bytes = 0
  const entry = (path, content, isExecutable) => {
    files += 1
    bytes += content.length
    if (files > maxFiles) fail(`too large: more than ${maxFiles} files`)
    if (bytes > maxBytes) fail(`too large: more than ${maxBytes} bytes`)
    const name = Buffer.from(path)
    const head = Buffer.alloc(11)
    head[0] = isExecutable ? 1 : 0
    head.writeUInt16BE(name.length, 1)
    head.writeBigUInt64BE(BigInt(content.length), 3)
    writeWhole(Buffer.concat([head, name]))
    writeWhole(content)
  }
  writeWhole(Buffer.from('RYPACK1\n'))
  const walk = (place) => {
    const names = readdirSync(place).sort()
    const isPackage = names.includes('package.json')
    if (isPackage && names.includes('binding.gyp') && !names.includes('prebuilds') && !names.includes('build'))
      fail(`needs-build: ${relative(join(folder, 'node_modules'), place)} has to be compiled when it is installed`)
    for (const name of names) {
      const path = join(place, name)
      const shown = relative(folder, path)
      const status = lstatSync(path)
      if (status.isDirectory()) walk(path)
      else if (!status.isFile()) fail(`${shown} is no plain file; packages may hold plain files only`)
      else if (status.size > maxBytes) fail(`too large: more than ${maxBytes} bytes`)
      else entry(shown, readFileSync(path), (status.mode & 0o100) !== 0)
    }
  }
  const modules = join(folder, 'node_modules')
  if (existsSync(modules)) {
    for (const name of readdirSync(modules).sort()) {
      // What npm keeps for itself.
      if (name === '.package-lock.json' || name === '.bin') continue
      const place = join(modules, name)
      if (!lstatSync(place).isDirectory()) fail(`node_modules/${name} is no folder of a package`)
      walk(place)
    }
  }
  writeWhole(Buffer.alloc(11))
}

if (verb === 'resolve') resolve(...rest)
else if (verb === 'install') install(...rest)
else pack(rest[0], Number(rest[1]), Number(rest[2]))
