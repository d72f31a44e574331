import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getByClient, mavenProject, pipArguments } from '../../../src/host/images/fetch/clients.ts'
import { fetchedName, FetchedFile, filesFor, namesOf } from '../../../src/shared/fetched-file.ts'
import { Compile } from 'typebox/compile'

const validator = Compile(FetchedFile)
const sha256 = 'a'.repeat(64)
const integrity = `sha512-${'A'.repeat(86)}==`

test('pip is asked for the wheel by the tags in its name', () => {
  const wheel = 'ziglang-0.15.1-py3-none-manylinux_2_12_x86_64.manylinux2010_x86_64.whl'
  expect(pipArguments(wheel, '/to')).toEqual([
    'download',
    '--disable-pip-version-check',
    '--no-deps',
    '--only-binary=:all:',
    '--dest=/to',
    '--implementation=py',
    '--abi=none',
    '--platform=manylinux_2_12_x86_64',
    '--platform=manylinux2010_x86_64',
    'ziglang==0.15.1',
  ])
})

test('pip is told the Python that a wheel is for', () => {
  expect(pipArguments('x-1-cp313-cp313-musllinux_1_2_x86_64.whl', '/to')).toEqual(
    expect.arrayContaining(['--implementation=cp', '--python-version=313', '--abi=cp313']),
  )
})

test('Maven is asked for one artifact, without what it depends on', () => {
  const file = { from: 'maven', group: 'org.example', artifact: 'tool', version: '2.0', sha256 } as const
  const project = mavenProject([{ ...file, classifier: 'all' }])
  expect(project).toContain('<groupId>org.example</groupId><artifactId>tool</artifactId><version>2.0</version>')
  expect(project).toContain('<classifier>all</classifier>')
  expect(project).not.toContain('<type>')
  expect(project).toContain('<exclusion><groupId>*</groupId>')
})

test('each file has one name', () => {
  expect(fetchedName({ from: 'npm', name: '@a/b', version: '1.0.0', integrity })).toBe('a-b-1.0.0.tgz')
  const artifact = { from: 'maven', group: 'g', artifact: 'a', version: '1', sha256 } as const
  expect(fetchedName(artifact)).toBe('a-1.jar')
  expect(fetchedName({ ...artifact, classifier: 'c', extension: 'zip' })).toBe('a-1-c.zip')
  const module = { from: 'go', module: 'example.org/x', version: 'v1.0.0', sha256 } as const
  expect(fetchedName(module)).toBe('example.org-x-v1.0.0.zip')
  expect(fetchedName({ from: 'crates', name: 'a_b', version: '1.0.0-rc.1', sha256 })).toBe('a_b-1.0.0-rc.1.crate')
})

test('many files are named by the first of them', () => {
  const crates = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ from: 'crates', name, version: '1.0.0', sha256 }) as const)
  expect(namesOf(crates.slice(0, 2))).toBe('a-1.0.0.crate, b-1.0.0.crate')
  expect(namesOf(crates)).toBe('a-1.0.0.crate and 4 others')
})

test('files for another processor are left out', () => {
  const file = { from: 'npm', name: 'a', version: '1.0.0', integrity } as const
  const files = [file, { ...file, arch: 'amd64' as const }, { ...file, arch: 'arm64' as const }]
  expect(filesFor(files, 'x64')).toEqual([files[0], files[1]])
  expect(filesFor(files, 'arm64')).toEqual([files[0], files[2]])
  expect(filesFor(undefined, 'x64')).toEqual([])
})

test.each([
  { from: 'npm', name: 'a', version: '1.0.0' },
  { from: 'npm', name: 'a', version: '1.0.0', integrity: 'sha1-AAAA' },
  { from: 'npm', name: '../a', version: '1.0.0', integrity },
  { from: 'npm', name: 'a', version: '--registry=x', integrity },
  { from: 'pypi', file: '../a-1-py3-none-any.whl', sha256 },
  { from: 'pypi', file: 'a-1.tar.gz', sha256 },
  { from: 'maven', group: 'g', artifact: 'a<b>', version: '1', sha256 },
  { from: 'go', module: 'example.org/../x', version: 'v1.0.0', sha256 },
  { from: 'crates', name: 'a"', version: '1.0.0', sha256 },
  { from: 'crates', name: 'a', version: '>=1', sha256 },
])('%j is no file that can be pinned', (file) => {
  expect(validator.Check(file)).toBe(false)
})

describe('a client', () => {
  const folder = mkdtempSync(join(tmpdir(), 'runyard-client-'))
  const path = process.env['PATH']
  const cargoHome = process.env['CARGO_HOME']
  const crate = { from: 'crates', name: 'a', version: '1.0.0', sha256 } as const

  /** A cargo that is this script, with a home of its own. */
  function putCargo(script: string): string {
    const home = mkdtempSync(join(folder, 'cargo-'))
    writeFileSync(join(home, 'cargo'), `#!/bin/sh\n${script}\n`)
    chmodSync(join(home, 'cargo'), 0o755)
    process.env['PATH'] = `${home}:${path}`
    process.env['CARGO_HOME'] = home
    return home
  }

  const artifact = { from: 'maven', group: 'g', artifact: 'a', version: '1', sha256 } as const
  afterEach(() => {
    process.env['PATH'] = path
    if (cargoHome === undefined) delete process.env['CARGO_HOME']
    else process.env['CARGO_HOME'] = cargoHome
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test('of Go asks no database of checksums, as files are pinned here', async () => {
    writeFileSync(join(folder, 'go'), '#!/bin/sh\necho "$GOSUMDB $*" >../asked\n')
    chmodSync(join(folder, 'go'), 0o755)
    process.env['PATH'] = `${folder}:${path}`
    const module = { from: 'go', module: 'example.org/Case', version: 'v1.0.0', sha256 } as const
    const [got] = await getByClient('go', [module], folder)
    expect(got).toBe('cache/cache/download/example.org/!case/@v/v1.0.0.zip')
    expect(readFileSync(join(folder, 'asked'), 'utf8')).toBe('off mod download example.org/Case@v1.0.0\n')
  })

  test('of crates is given a lock that names them all, so that one which was yanked since is fetched too', async () => {
    const home = putCargo(`
echo "$*" >>"$CARGO_HOME/cargo-asked"
[ "$1" = fetch ] || { printf '[[package]]\\nsource = "registry+sparse://index"\\n' >Cargo.lock; exit; }
cp Cargo.toml Cargo.lock "$CARGO_HOME"
mkdir -p "$CARGO_HOME/registry/cache/index-1"
echo a >"$CARGO_HOME/registry/cache/index-1/a-1.0.0.crate"
echo b >"$CARGO_HOME/registry/cache/index-1/a-2.1.0-rc.1.crate"`)
    const got = await getByClient('crates', [crate, { ...crate, version: '2.1.0-rc.1' }], folder)
    expect(got.map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual(['a\n', 'b\n'])
    expect(readFileSync(join(home, 'cargo-asked'), 'utf8')).toBe('generate-lockfile\nfetch\n')
    const manifest = readFileSync(join(home, 'Cargo.toml'), 'utf8')
    expect(manifest).toContain('{ package = "a", version = "=2.1.0-rc.1", ')
    expect(manifest).toContain('\n[workspace]\n')
    const lock = readFileSync(join(home, 'Cargo.lock'), 'utf8')
    expect(lock).toContain(`version = "1.0.0"\nsource = "registry+sparse://index"\nchecksum = "${sha256}"\n`)
  })

  test('of crates learns the name of its index from any version, and from another crate when all of one are yanked', async () => {
    const home = putCargo(`
[ "$1" = fetch ] && { cp Cargo.lock "$CARGO_HOME"; exit 1; }
grep '^crate-' Cargo.toml >>"$CARGO_HOME/wanted"
grep -q '"a"' Cargo.toml && exit 101
printf '[[package]]\\nsource = "registry+sparse://index"\\n' >Cargo.lock`)
    await expect(getByClient('crates', [crate, { ...crate, name: 'b' }], folder)).rejects.toThrow(
      'could not be fetched',
    )
    expect(readFileSync(join(home, 'wanted'), 'utf8').match(/package = "\w", version = "[^"]+"/g)).toEqual([
      'package = "a", version = "*"',
      'package = "b", version = "*"',
    ])
    expect(readFileSync(join(home, 'Cargo.lock'), 'utf8')).toContain(
      'name = "a"\nversion = "1.0.0"\nsource = "registry+sparse://index"',
    )
  })

  test('of crates that is too old is told from one that fails', async () => {
    putCargo("echo 'supported edition values are `2018` or `2021`, but `2024` is unknown' >&2; exit 101")
    await expect(getByClient('crates', [crate], folder)).rejects.toThrow(
      'a-1.0.0.crate could not be fetched: this needs cargo 1.85 or newer: cargo generate-lockfile',
    )
  })

  test('of crates that keeps no files says what its configuration lacks', async () => {
    putCargo(`[ "$1" = fetch ] || printf 'source = "registry+sparse://index"\\n' >Cargo.lock`)
    await expect(getByClient('crates', [crate], folder)).rejects.toThrow(/a folder stands in for its index/)
  })

  test('that is absent is named with its package', async () => {
    process.env['PATH'] = join(folder, 'empty')
    await expect(getByClient('maven', [artifact], folder)).rejects.toThrow(
      'a-1.jar could not be fetched: this needs "mvn", which is not installed here; Debian\'s package maven has it',
    )
  })

  test('that fails is quoted', async () => {
    writeFileSync(join(folder, 'mvn'), '#!/bin/sh\necho no route to the mirror >&2; exit 1\n')
    chmodSync(join(folder, 'mvn'), 0o755)
    process.env['PATH'] = `${folder}:${path}`
    await expect(getByClient('maven', [artifact], folder)).rejects.toThrow(
      /a-1.jar could not be fetched: .*\n.*no route to the mirror/,
    )
  })
})
