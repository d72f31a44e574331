import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fetchedName, namesOf, type FetchedFile, type FileFrom } from '../../../shared/fetched-file.ts'
import { CommandError, runCommand } from '../../command.ts'

/**
 * How a file comes from each package index: by the index's own client, so that it comes from the mirror, by the proxy and with
 * the certificates and logins which that client is configured with on this machine.
 */
export interface Client {
  /** The command, and the Debian package that has it. */
  command: string
  debianPackage: string
  /** What its output has when its release is too old, and the release that this needs. */
  tooOld?: { says: RegExp; needs: string }
  /**
   * Gets files.
   * @param folder an empty one, to work in
   * @returns where in the folder each file is then
   * @throws CommandError
   */
  get(files: readonly FetchedFile[], folder: string): Promise<string[]>
}

const HOUR_MS = 3_600_000

async function run(command: readonly string[], folder: string, env: NodeJS.ProcessEnv = {}): Promise<void> {
  await runCommand(command, { cwd: folder, env: { ...process.env, ...env }, timeoutMs: HOUR_MS })
}

const npm: Client = {
  command: 'npm',
  debianPackage: 'npm',
  async get(files, folder) {
    const names = (files as FileFrom<'npm'>[]).map(({ name, version }) => `${name}@${version}`)
    await run(['npm', 'pack', '--ignore-scripts', `--pack-destination=${folder}`, ...names], folder)
    return files.map(fetchedName)
  },
}

const pip: Client = {
  command: 'python3 -m pip',
  debianPackage: 'python3-pip',
  async get(files, folder) {
    for (const { file } of files as FileFrom<'pypi'>[]) {
      await run(['python3', '-m', 'pip', ...pipArguments(file, folder)], folder)
    }
    return files.map(fetchedName)
  },
}

/** Pip takes no name of a file; the tags in that name, asked for, leave one. */
export function pipArguments(wheel: string, folder: string): string[] {
  const parts = wheel.slice(0, -'.whl'.length).split('-')
  const [project, version] = parts
  const [pythons = '', abis = '', platforms = ''] = parts.slice(-3)
  const [, implementation = 'py', digits = ''] = /^([a-z]+)(\d*)/.exec(pythons) ?? []
  return [
    'download',
    '--disable-pip-version-check',
    '--no-deps',
    '--only-binary=:all:',
    `--dest=${folder}`,
    `--implementation=${implementation}`,
    // For any Python 3 it is the one here: 3 alone would be 3.0, which packages refuse.
    ...(digits.length > 1 ? [`--python-version=${digits}`] : []),
    ...abis.split('.').map((abi) => `--abi=${abi}`),
    ...platforms.split('.').map((platform) => `--platform=${platform}`),
    `${project}==${version}`,
  ]
}

const maven: Client = {
  command: 'mvn',
  debianPackage: 'maven',
  async get(files, folder) {
    await writeFile(join(folder, 'pom.xml'), mavenProject(files as FileFrom<'maven'>[]))
    await run(['mvn', '--batch-mode', '--quiet', 'dependency:copy-dependencies', '-DoutputDirectory=files'], folder)
    return files.map((file) => join('files', fetchedName(file)))
  },
}

/** A project that needs these files alone. The plugin's version is pinned, as Maven would take the newest. */
export function mavenProject(files: readonly FileFrom<'maven'>[]): string {
  const tag = (name: string, text: string | undefined) => (text === undefined ? '' : `<${name}>${text}</${name}>`)
  const dependencies = files.map(
    ({ group, artifact, version, classifier, extension }) => `<dependency>
    ${tag('groupId', group)}${tag('artifactId', artifact)}${tag('version', version)}
    ${tag('classifier', classifier)}${tag('type', extension)}
    <exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>
  </dependency>`,
  )
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>runyard</groupId><artifactId>fetch</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>${dependencies.join('')}</dependencies>
  <build><plugins><plugin>
    <groupId>org.apache.maven.plugins</groupId><artifactId>maven-dependency-plugin</artifactId><version>3.6.1</version>
  </plugin></plugins></build>
</project>
`
}

const go: Client = {
  command: 'go',
  debianPackage: 'golang-go',
  async get(files, folder) {
    const modules = files as FileFrom<'go'>[]
    // Files are pinned here. The database of checksums would be one more service to reach, and a mirror may not have all of it.
    const env = { GOMODCACHE: join(folder, 'cache'), GOFLAGS: '-modcacherw', GOTOOLCHAIN: 'local', GOSUMDB: 'off' }
    const work = join(folder, 'work')
    await mkdir(work)
    await run(['go', 'mod', 'download', ...modules.map(({ module, version }) => `${module}@${version}`)], work, env)
    return modules.map(({ module, version }) => {
      const escaped = module.replaceAll(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`)
      return join('cache/cache/download', escaped, '@v', `${version}.zip`)
    })
  },
}

const cargo: Client = {
  command: 'cargo',
  debianPackage: 'cargo',
  // It reads the manifests of crates, also of those of the edition of 2024.
  tooOld: { says: /edition2024|`?2024`? is unknown/, needs: '1.85' },
  async get(files, folder) {
    const crates = files as FileFrom<'crates'>[]
    const project = join(folder, 'project')
    await mkdir(join(project, 'src'), { recursive: true })
    await writeFile(join(project, 'src/lib.rs'), '')
    const index = await cargoIndex(crates, project)
    await writeFile(join(project, 'Cargo.toml'), cargoManifest(crates))
    await writeFile(join(project, 'Cargo.lock'), cargoLock(crates, index))
    await run(['cargo', 'fetch'], project)
    const cache = join(process.env['CARGO_HOME'] ?? join(homedir(), '.cargo'), 'registry/cache')
    return Promise.all(crates.map((crate) => copyFrom(cache, fetchedName(crate), folder)))
  },
}

const MOST_TRIED = 4

/**
 * What cargo calls its own index, whatever mirror stands in for it: only a lock says it. Any version of a crate will do, as the pinned one may be yanked;
 * when all versions of one are, another is asked for.
 */
async function cargoIndex(crates: readonly FileFrom<'crates'>[], project: string): Promise<string> {
  const names = [...new Set(crates.map(({ name }) => name))].slice(0, MOST_TRIED)
  for (const [at, name] of names.entries()) {
    await writeFile(join(project, 'Cargo.toml'), cargoManifest([{ name, version: '*' }]))
    try {
      await run(['cargo', 'generate-lockfile'], project)
    } catch (error) {
      if (at === names.length - 1) throw error
      continue
    }
    const index = /^source = "(.+)"$/m.exec(await readFile(join(project, 'Cargo.lock'), 'utf8'))?.[1]
    if (index !== undefined) return index
  }
  throw new Error(`cargo writes no index into a lock for ${names.join(', ')}`)
}

/** A package that needs these crates alone: their own dependencies must be among them. Each has a name of its own here, as there can be several versions of one. */
export function cargoManifest(crates: readonly Pick<FileFrom<'crates'>, 'name' | 'version'>[]): string {
  const wanted = crates.map(
    ({ name, version }, at) =>
      `crate-${at} = { package = "${name}", version = "${version === '*' ? '*' : `=${version}`}", default-features = false }\n`,
  )
  // A workspace of its own, as a folder above may have one.
  return `[package]\nname = "fetch"\nversion = "1.0.0"\nedition = "2021"\n\n[workspace]\n\n[dependencies]\n${wanted.join('')}`
}

/** Its lock, as far as it is known here: a version that was yanked is taken where a lock names it, and only there. */
export function cargoLock(crates: readonly FileFrom<'crates'>[], index: string): string {
  const packages = crates.map(
    ({ name, version, sha256 }) =>
      `[[package]]\nname = "${name}"\nversion = "${version}"\nsource = "${index}"\nchecksum = "${sha256}"\n`,
  )
  return `version = 3\n\n${packages.join('\n')}`
}

/** Copies what cargo keeps of an index, in a folder whose name is cargo's own. @returns where it is in the folder */
async function copyFrom(cache: string, name: string, folder: string): Promise<string> {
  for (const index of await readdir(cache).catch(() => [])) {
    const path = join(cache, index, name)
    if (!existsSync(path)) continue
    await copyFile(path, join(folder, name))
    return name
  }
  throw new Error(
    `cargo keeps no ${name} in ${cache}: a folder stands in for its index in cargo's configuration, where a mirror is needed`,
  )
}

const CLIENTS: Record<FetchedFile['from'], Client> = { npm, pypi: pip, maven, go, crates: cargo }

/**
 * Gets files of one index by its client.
 * @param folder an empty one, to work in
 * @returns where in the folder each file is then
 * @throws Error saying which client is missing or what it said
 */
export async function getByClient(
  from: FetchedFile['from'],
  files: readonly FetchedFile[],
  folder: string,
): Promise<string[]> {
  const client = CLIENTS[from]
  try {
    return await client.get(files, folder)
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    const { exitCode, output } = error.result
    const { tooOld } = client
    const missing = (exitCode === null && output.includes('ENOENT')) || output.includes('No module named pip')
    const reason = missing
      ? `this needs "${client.command}", which is not installed here; Debian's package ${client.debianPackage} has it`
      : tooOld?.says.test(output)
        ? `this needs ${client.command} ${tooOld.needs} or newer: ${error.message}`
        : error.message
    throw new Error(`${namesOf(files)} could not be fetched: ${reason}`, { cause: error })
  }
}
