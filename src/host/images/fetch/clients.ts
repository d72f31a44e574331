import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fetchedName, type FetchedFile, type FileFrom } from '../../../shared/fetched-file.ts'
import { CommandError, runCommand } from '../../command.ts'

/**
 * How a file comes from each package index: by the index's own client, so that it comes from the mirror, by the proxy and with
 * the certificates and logins which that client is configured with on this machine.
 */
export interface Client {
  /** The command, and the Debian package that has it. */
  command: string
  debianPackage: string
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
  async get(files, folder) {
    const crates = files as FileFrom<'crates'>[]
    const project = join(folder, 'project')
    await mkdir(join(project, 'src'), { recursive: true })
    await writeFile(join(project, 'src/lib.rs'), '')
    // What cargo calls its own index, whatever mirror stands in for it, only a lock file says.
    await writeFile(join(project, 'Cargo.toml'), cargoManifest(crates.slice(0, 1)))
    await run(['cargo', 'generate-lockfile'], project)
    const index = /^source = "(.+)"$/m.exec(await readFile(join(project, 'Cargo.lock'), 'utf8'))?.[1] ?? ''
    await writeFile(join(project, 'Cargo.toml'), cargoManifest(crates))
    await writeFile(join(project, 'Cargo.lock'), cargoLock(crates, index))
    await run(['cargo', 'fetch'], project)
    const cache = join(process.env['CARGO_HOME'] ?? join(homedir(), '.cargo'), 'registry/cache')
    return Promise.all(crates.map((crate) => copyFrom(cache, fetchedName(crate), folder)))
  },
}

/** A package that needs these crates alone: their own dependencies must be among them. Each has a name of its own here, as there can be several versions of one. */
export function cargoManifest(crates: readonly FileFrom<'crates'>[]): string {
  const wanted = crates.map(
    ({ name, version }, at) =>
      `crate-${at} = { package = "${name}", version = "=${version}", default-features = false }\n`,
  )
  return `[package]\nname = "fetch"\nversion = "1.0.0"\nedition = "2021"\n\n[dependencies]\n${wanted.join('')}`
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
  for (const index of await readdir(cache)) {
    const path = join(cache, index, name)
    if (!existsSync(path)) continue
    await copyFile(path, join(folder, name))
    return name
  }
  throw new Error(`cargo fetched ${name}, and it is not in ${cache}`)
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
    const missing = (exitCode === null && output.includes('ENOENT')) || output.includes('No module named pip')
    const reason = missing
      ? `this needs "${client.command}", which is not installed here; Debian's package ${client.debianPackage} has it`
      : error.message
    throw new Error(`${files.map(fetchedName).join(', ')} could not be fetched: ${reason}`, { cause: error })
  }
}
