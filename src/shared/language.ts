import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { ECOSYSTEM_NAMES } from './ecosystem-names.ts'
import { FetchEntry } from './fetched-file.ts'
import { LimitOverrides } from './limits.ts'
import { Syntax } from './syntax.ts'

const Command = Type.Object(
  {
    /**
     * An argument vector, never a shell line. `{entrypoint}` stands for the file that is run or compiled, `{sources}` for
     * every submitted file with the language's file extension, `{compilerArgs}` for the job's own compiler options; the
     * last two become as many arguments as there are. The job's `args` follow the run command. `{stackKib}` may stand inside of
     * an argument: how much of the job's stack an interpreter may fill, in KiB.
     */
    argv: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
  },
  { additionalProperties: false },
)

const Extensions = Type.Optional(Type.Array(Type.String({ pattern: '^\\.[A-Za-z0-9]+$' }), { minItems: 1 }))

/** A language at the one version its image has: the contents of `languages/<id>/language.json`. */
export const Language = Type.Object(
  {
    id: Type.String({ pattern: '^[a-z][a-z0-9+-]{0,31}$' }),
    name: Type.String({ minLength: 1 }),
    /** Given where this is another version of a language, whose id it is: a job in that language with a range of versions may run here. */
    versionOf: Type.Optional(Type.String()),
    aliases: Type.Array(Type.String({ pattern: '^[a-z0-9][a-z0-9.+#-]{0,31}$' })),
    /** Prints a line with the version in it, run once in the image when it is built. */
    versionCommand: Type.Array(Type.String(), { minItems: 1 }),
    /** Name given to `code`; its extension is what `{sources}` collects. */
    fileName: Type.String({ pattern: '^[A-Za-z0-9_.-]+$' }),
    /** What its sources are called as well, and `{sources}` collects. */
    otherExtensions: Extensions,
    /** Of files that its sources include or import, and `{sources}` does not collect: headers, say. Screening reads them as this language. */
    includedExtensions: Extensions,
    /** Files of package indexes that the image is built with: the Containerfile finds them in `/fetched`. */
    fetch: Type.Optional(Type.Array(FetchEntry, { minItems: 1 })),
    compile: Type.Optional(Command),
    run: Command,
    /**
     * Given where what runs first, the compiler or else the interpreter, can be started ahead of its program: it opens the program's
     * file once, waits there, and has looked at nothing else of the job by then. A program that holds one of the texts would notice,
     * and is not run so. `argv` is a launcher that is started in its place: it loads and warms what it needs, opens the file, and
     * does as the command would. The CPU time before the job is not the job's then. `preload` is a launcher that also imports modules of the
     * job's packages, where the operator has some imported ahead; `{modules}` becomes as many arguments as there are.
     */
    prewarm: Type.Optional(
      Type.Object(
        {
          unless: Type.Array(Type.String({ minLength: 1 })),
          argv: Type.Optional(Command.properties.argv),
          preload: Type.Optional(Command.properties.argv),
        },
        { additionalProperties: false },
      ),
    ),
    env: Type.Record(Type.String(), Type.String()),
    /** Those of `env` that are lists of options: a job's own value is put behind, not in their place. */
    joinedEnv: Type.Optional(Type.Array(Type.String())),
    /** Where this language needs other than the defaults. */
    limits: LimitOverrides,
    /** The least its compiler and runtime can live with: below, they hang or crash without a word. */
    floors: Type.Optional(LimitOverrides),
    /** Its interpreter takes the ends of lines of Windows, or a byte-order mark, for part of the program. */
    unixText: Type.Optional(Type.Boolean()),
    /**
     * Its kernel, for sessions. `{connectionFile}` stands inside of an argument of a Jupyter kernel; `languages/<id>/kernel/Containerfile` adds
     * the kernel and `kernel-bridge.py` to the language's image.
     */
    kernel: Type.Optional(
      Type.Object(
        {
          argv: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
          /** How it is spoken to: `jupyter` (ZeroMQ) when absent, or `lines` of JSON, see docs/sessions.md. */
          protocol: Type.Optional(Type.Enum(['jupyter', 'lines'])),
          /** Where a Jupyter kernel listens: sockets in files (`ipc`) when absent. Kernels on the Java virtual machine know ports of loopback alone. */
          transport: Type.Optional(Type.Enum(['ipc', 'tcp'])),
          /** Files of package indexes that the kernel's image is built with. */
          fetch: Type.Optional(Type.Array(FetchEntry, { minItems: 1 })),
          /** How it is interrupted: SIGINT, or a message on its control channel. */
          interrupt: Type.Enum(['signal', 'message']),
          /** Code that a Jupyter kernel runs, silently, before it is ready: what its first execution would have to load and compile. */
          warmUp: Type.Optional(Type.String({ minLength: 1 })),
          env: Type.Record(Type.String(), Type.String()),
        },
        { additionalProperties: false },
      ),
    ),
    /**
     * How packages are installed beside its image, for environments. `languages/<id>/installer/Containerfile` adds the installer to the
     * language's image. Each command runs in a cell, in a folder that has `manifest`. Inside of an argument, `{index}` stands for the URL of the
     * package index, `{environment}` for where the packages are mounted, `{maxFiles}` and `{maxBytes}` for the most that they may be,
     * `{builds}` for `on` or `off`: whether code of packages may run while they are compiled, `{timeoutMs}` for how long a command may take.
     */
    environments: Type.Optional(
      Type.Object(
        {
          /** Whose protocol its index speaks. */
          ecosystem: Type.Enum(ECOSYSTEM_NAMES),
          /** Name of the file that says what is wanted. */
          manifest: Type.String({ pattern: '^[A-Za-z0-9_.-]+$' }),
          /** Name of the file that has the lock, whether `resolve` wrote it or it was submitted. */
          lock: Type.String({ pattern: '^[A-Za-z0-9_.-]+$' }),
          /** Files of package indexes that the installer's image is built with. */
          fetch: Type.Optional(Type.Array(FetchEntry, { minItems: 1 })),
          /** Prints the URL of the index that the installer uses unless it is told of another. */
          defaultIndex: Command.properties.argv,
          /** Prints the lock: names, versions and hashes. Has the index. */
          resolve: Command.properties.argv,
          /** Installs what the lock says. Has the index. */
          install: Command.properties.argv,
          /** Prints what is installed as one stream: see `unpack.ts`. Has no network. */
          pack: Command.properties.argv,
          installerEnv: Type.Record(Type.String(), Type.String()),
          /** What a job has in its environment beside that of the language, to find the packages. */
          env: Type.Record(Type.String(), Type.String()),
        },
        { additionalProperties: false },
      ),
    ),
    /** Id of the language whose installer installs its packages, where it has none of its own. */
    packagesOf: Type.Optional(Type.String()),
    /** What a job has in its environment then, as in `env` of `environments`. */
    packageEnv: Type.Optional(Type.Record(Type.String(), Type.String())),
    /** How its runtime or compiler says that a program imports what is not installed, so that its owner is told what to add. Absent: as that of `packagesOf` says it. */
    missingPackage: Type.Optional(
      Type.Object(
        {
          messages: Type.Array(
            Type.Object(
              {
                /** A regular expression in linear time; its first group is the module's name. */
                pattern: Type.String({ minLength: 1 }),
                /** The package to add; `{name}` stands for the module's name. Absent: only one that `names` has is known. */
                package: Type.Optional(Type.String({ minLength: 1 })),
              },
              { additionalProperties: false },
            ),
            { minItems: 1 },
          ),
          /** Packages that are called otherwise than what programs import; of `a.b.c` or `a/b/c`, that of `a.b` or `a` counts too. */
          names: Type.Record(Type.String(), Type.String()),
        },
        { additionalProperties: false },
      ),
    ),
    /** Packages that are usual together, by the name under which a job asks for them: `python/data` for `data` of Python. */
    packageSets: Type.Optional(
      Type.Record(Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' }), Type.Array(Type.String(), { minItems: 1 })),
    ),
    /** Comments and strings, for screening; languages with rules of their own need none. */
    syntax: Type.Optional(Syntax),
    hello: Type.Object({ code: Type.String(), stdout: Type.String() }, { additionalProperties: false }),
    /** Names by which `dependencies` of a job may ask for what the image has beside the standard library. */
    packages: Type.Optional(Type.Array(Type.String())),
    /** Installed by the set-up, without being asked for. */
    default: Type.Boolean(),
    judge0Ids: Type.Array(Type.Integer()),
    pistonNames: Type.Array(Type.String()),
  },
  { additionalProperties: false },
)
export type Language = Static<typeof Language>

const validator = Compile(Language)

/** A field of a definition that is written by its former name. */
export interface FormerField {
  /** Path of the `language.json`. */
  file: string
  former: string
  name: string
}

/** Fields that had another name before. The former name works for one version more. */
const FORMER_FIELDS = { armed: 'prewarm' }

/**
 * Reads every `<folder>/<id>/language.json`, sorted by id.
 * @param onFormer is called for each field with a former name, which is read as if it had its name of today
 * @throws Error naming the file and the field when one is malformed, or when two languages claim one name.
 */
export function loadLanguages(folder: string, onFormer?: (field: FormerField) => void): Language[] {
  const languages = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => readLanguage(folder, entry.name, onFormer))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  const owners = new Map<string, string>()
  for (const language of languages) {
    for (const name of [language.id, ...language.aliases]) {
      const owner = owners.get(name)
      if (owner !== undefined) throw new Error(`languages: "${name}" names both ${owner} and ${language.id}`)
      owners.set(name, language.id)
    }
  }
  checkVersions(languages)
  return languages.map((language) => {
    const { id, packagesOf, missingPackage } = language
    if (packagesOf === undefined) return language
    const other = languages.find((one) => one.id === packagesOf && one.environments)
    if (!other)
      throw new Error(`languages: /packagesOf of ${id} is "${packagesOf}", which is no language with "environments"`)
    return missingPackage || !other.missingPackage ? language : { ...language, missingPackage: other.missingPackage }
  })
}

/** @throws Error when a version names no language, or is not named after it */
function checkVersions(languages: readonly Language[]): void {
  for (const { id, versionOf } of languages) {
    const of = languages.find((language) => language.id === versionOf)
    if (versionOf === undefined) continue
    if (!of || of.versionOf !== undefined)
      throw new Error(`languages: /versionOf of ${id} is "${versionOf}", which is no language, or a version itself`)
    if (!/^-\d+$/.test(id.slice(versionOf.length)) || !id.startsWith(versionOf))
      throw new Error(`languages: the id of ${id}, a version of ${versionOf}, must be ${versionOf}-NUMBER`)
  }
}

/** A language and its other versions; of one that is itself a version of another, that alone. */
export function versionsOf(languages: readonly Language[], language: Language): Language[] {
  return [language, ...languages.filter(({ versionOf }) => versionOf === language.id)]
}

/** The language whose installer installs the packages of a language: itself, unless another does. */
export function installingLanguage(languages: readonly Language[], language: Language): Language {
  return languages.find(({ id }) => id === language.packagesOf) ?? language
}

/** The language with this id or alias, letter case ignored; undefined when there is none. */
export function findLanguage(languages: readonly Language[], name: string): Language | undefined {
  const wanted = name.toLowerCase()
  return languages.find((language) => language.id === wanted || language.aliases.includes(wanted))
}

function readLanguage(folder: string, id: string, onFormer: ((field: FormerField) => void) | undefined): Language {
  const file = join(folder, id, 'language.json')
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error })
  }
  rename(value, file, onFormer)
  if (!validator.Check(value)) {
    const [first] = validator.Errors(value)
    throw new Error(`${file}: ${first?.instancePath || '/'} ${first?.message ?? 'is malformed'}`)
  }
  if (value.id !== id) throw new Error(`${file}: /id must be "${id}", the name of its folder`)
  return value
}

/** Gives fields with a former name their name of today. @throws Error when a definition has both */
function rename(value: unknown, file: string, onFormer: ((field: FormerField) => void) | undefined): void {
  if (typeof value !== 'object' || value === null) return
  const fields = value as Record<string, unknown>
  for (const [former, name] of Object.entries(FORMER_FIELDS)) {
    if (!Object.hasOwn(fields, former)) continue
    if (Object.hasOwn(fields, name)) throw new Error(`${file}: "${former}" is the former name of "${name}"; remove it`)
    fields[name] = fields[former]
    delete fields[former]
    onFormer?.({ file, former, name })
  }
}
