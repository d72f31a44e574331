import type { Command } from 'commander'

/** A command, as a shell completes it. */
export interface Node {
  /** The words that lead there, e.g. `keys create`; empty for `runyard` itself. */
  path: string
  commands: { name: string; description: string }[]
  options: OptionWords[]
  /** What its arguments can be, where that is known. */
  values: readonly string[]
  /** Its arguments are files. */
  files: boolean
}

export interface OptionWords {
  long: string
  short: string | undefined
  description: string
  takesValue: boolean
  /** What its value can be, where that is known. */
  choices: readonly string[]
  /** Its value is a file. */
  files: boolean
}

/** Ids of what can be installed. */
export interface Installable {
  languages: readonly string[]
  groups: readonly string[]
}

/** The program and all commands below it. @param shells those of `completion` */
export function nodesOf(program: Command, { languages, groups }: Installable, shells: readonly string[]): Node[] {
  const visible = (command: Command) =>
    command
      .createHelp()
      .visibleCommands(command)
      .filter((one) => one.name() !== 'help')
  const top = visible(program).map((one) => one.name())
  const visit = (command: Command, path: string): Node[] => {
    const commands = visible(command).map((one) => ({ name: one.name(), description: one.description() }))
    if (path === '') commands.push({ name: 'help', description: 'show help for a command' })
    const node: Node = {
      path,
      commands,
      options: [...optionsOf(command, languages), HELP],
      values: path.startsWith('languages ') ? [...languages, ...groups] : path === 'completion' ? shells : [],
      files: command.registeredArguments.some((argument) => /^files?$/.test(argument.name())),
    }
    return [node, ...visible(command).flatMap((one) => visit(one, `${path} ${one.name()}`.trim()))]
  }
  return [...visit(program, ''), { path: 'help', commands: [], options: [HELP], values: top, files: false }]
}

const HELP: OptionWords = {
  long: '--help',
  short: '-h',
  description: 'show help',
  takesValue: false,
  choices: [],
  files: false,
}

function optionsOf(command: Command, languages: readonly string[]): OptionWords[] {
  return command.options.map(({ long, short, flags, description, argChoices, required, optional }) => ({
    long: long ?? '',
    short,
    description,
    takesValue: required || optional,
    choices: argChoices ?? (/^--languages?$/.test(long ?? '') ? languages : []),
    files: /<(file|path)>/.test(flags),
  }))
}

/** The paths by which an option with a value is recognized: `run --language` and `run -l`. */
export function valuedOptions(nodes: readonly Node[]): { names: string[]; option: OptionWords }[] {
  return nodes.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .map((option) => ({
        names: [option.long, option.short].flatMap((name) => (name ? [`${path} ${name}`] : [])),
        option,
      })),
  )
}
