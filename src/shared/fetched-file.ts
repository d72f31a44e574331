import Type, { type Static } from 'typebox'

const Word = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._+-]*$' })
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })
/** Given where the file is for one kind of processor only, by Debian's name of it. */
const arch = Type.Optional(Type.Union([Type.Literal('amd64'), Type.Literal('arm64')]))
const closed = { additionalProperties: false }

/** The tarball of a package. */
const NpmFile = Type.Object(
  {
    from: Type.Literal('npm'),
    name: Type.String({ pattern: '^(@[a-z0-9][a-z0-9._-]*/)?[a-z0-9][a-z0-9._-]*$' }),
    version: Word,
    /** As the registry and lock files have it. */
    integrity: Type.String({ pattern: '^sha512-[A-Za-z0-9+/]{86}==$' }),
    arch,
  },
  closed,
)

/** A wheel. */
const PypiFile = Type.Object(
  {
    from: Type.Literal('pypi'),
    /** Name of the wheel: project, version and tags. */
    file: Type.String({
      pattern: '^[A-Za-z0-9_.]+-[A-Za-z0-9_.!+]+(-[0-9][A-Za-z0-9_.]*)?(-[A-Za-z0-9_.]+){3}\\.whl$',
    }),
    sha256: Sha256,
    arch,
  },
  closed,
)

/** An artifact, without what it depends on. */
const MavenFile = Type.Object(
  {
    from: Type.Literal('maven'),
    group: Word,
    artifact: Word,
    version: Word,
    classifier: Type.Optional(Word),
    /** `jar` unless it says otherwise. */
    extension: Type.Optional(Word),
    sha256: Sha256,
    arch,
  },
  closed,
)

/** The zip file of a module. */
const GoFile = Type.Object(
  {
    from: Type.Literal('go'),
    module: Type.String({ pattern: '^[a-z0-9][a-z0-9.-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$' }),
    version: Type.String({ pattern: '^v[0-9][A-Za-z0-9.+-]*$' }),
    sha256: Sha256,
    arch,
  },
  closed,
)

/** The archive of a crate. */
export const CrateFile = Type.Object(
  {
    from: Type.Literal('crates'),
    name: Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_-]*$' }),
    version: Type.String({ pattern: '^[0-9][A-Za-z0-9.+-]*$' }),
    sha256: Sha256,
    arch,
  },
  closed,
)

export type CrateFile = Static<typeof CrateFile>

/** A file of a package index that an image is built with, pinned by its version and hash. */
export const FetchedFile = Type.Union([NpmFile, PypiFile, MavenFile, GoFile, CrateFile])
export type FetchedFile = Static<typeof FetchedFile>
export type FileFrom<From extends FetchedFile['from']> = Extract<FetchedFile, { from: From }>

/** Where many crates are needed: a file whose lines are a name, a version and a hash each. Its path begins at `languages/`. */
const CrateList = Type.Object(
  { from: Type.Literal('crates'), list: Type.String({ pattern: '^[a-z0-9-]+(/[a-z0-9-]+)+\\.txt$' }) },
  closed,
)

/** What stands in a `fetch` of `language.json`. */
export const FetchEntry = Type.Union([FetchedFile, CrateList])
export type FetchEntry = Static<typeof FetchEntry>

/** Those of the files that are for this kind of processor. @param processor as Node names it, e.g. `x64` */
export function filesFor<Entry extends FetchEntry>(
  files: readonly Entry[] = [],
  processor: string = process.arch,
): Entry[] {
  const name = processor === 'x64' ? 'amd64' : processor
  return files.filter((file) => !('arch' in file) || file.arch === undefined || file.arch === name)
}

/** The name by which a build finds a file in `/fetched`, e.g. `oven-bun-linux-x64-1.4.4.tgz`. */
export function fetchedName(file: FetchedFile): string {
  switch (file.from) {
    case 'npm':
      return `${file.name.replace('@', '').replace('/', '-')}-${file.version}.tgz`
    case 'pypi':
      return file.file
    case 'maven': {
      const { artifact, version, classifier, extension = 'jar' } = file
      return `${artifact}-${version}${classifier === undefined ? '' : `-${classifier}`}.${extension}`
    }
    case 'go':
      return `${file.module.replaceAll('/', '-')}-${file.version}.zip`
    case 'crates':
      return `${file.name}-${file.version}.crate`
  }
}

const MOST_NAMED = 4

/** Files as a message names them: all of a few, the first of many. */
export function namesOf(files: readonly FetchedFile[]): string {
  const names = files.map(fetchedName)
  return names.length <= MOST_NAMED ? names.join(', ') : `${names[0]} and ${names.length - 1} others`
}
