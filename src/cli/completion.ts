import { type Command, InvalidArgumentError } from 'commander'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

/** Adds `runyard completion`. @param languages ids, for `--language` */
export function addCompletionCommand(program: Command, languages: () => string[], print: (text: string) => void): void {
  program
    .command('completion')
    .description('print what makes a shell complete the words of this command')
    .argument('<shell>', SHELLS.join(', '), (text: string): Shell => {
      const known = SHELLS.find((shell) => shell === text)
      if (known === undefined) throw new InvalidArgumentError(`It must be one of ${SHELLS.join(', ')}.`)
      return known
    })
    .action((shell: Shell) => print(completionFor(shell, program, languages())))
}

interface Node {
  /** The commands that lead there, e.g. `keys create`; empty for `runyard` itself. */
  path: string
  /** The commands below it, and its options. */
  words: string[]
  /** What its arguments can be, where that is known. */
  values: readonly string[]
  options: {
    long: string
    short: string | undefined
    description: string
    choices: readonly string[]
    takesValue: boolean
  }[]
  commands: { name: string; description: string }[]
}

export function completionFor(shell: Shell, program: Command, languages: readonly string[]): string {
  const nodes = nodesOf(program, '', languages)
  if (shell === 'fish') return fish(nodes)
  return shell === 'bash' ? bash(nodes) : `autoload -U +X bashcompinit && bashcompinit\n${bash(nodes)}`
}

function nodesOf(command: Command, path: string, languages: readonly string[]): Node[] {
  const commands = command.commands.map((one) => ({ name: one.name(), description: one.description() }))
  const options = command.options.map(({ long, short, description, argChoices, required, optional }) => ({
    long: long ?? '',
    short,
    description,
    choices: argChoices ?? (long === '--language' ? languages : []),
    takesValue: required || optional,
  }))
  const named = path.startsWith('languages ') ? languages : path === 'completion' ? SHELLS : []
  const words = [...commands.map(({ name }) => name), ...named, ...options.map(({ long }) => long), '--help']
  const below = command.commands.flatMap((one) => nodesOf(one, `${path} ${one.name()}`.trim(), languages))
  return [{ path, words, values: named, options, commands }, ...below]
}

/** A word of a script, whatever is in it. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

/** The commands before the cursor are the longest of the known paths; what is no word of theirs is a file. */
function bash(nodes: readonly Node[]): string {
  const words = nodes.map(({ path, words: all }) => `    ${quoted(path)}) words=${quoted(all.join(' '))} ;;`)
  const values = nodes.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .flatMap(({ long, short, choices }) =>
        [long, short].flatMap((name) =>
          name ? [`    ${quoted(`${path} ${name}`)}) words=${quoted(choices.join(' '))} ;;`] : [],
        ),
      ),
  )
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => quoted(path)).join(' | ') // prettier-ignore
  return `_runyard() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${path:+$path }\${COMP_WORDS[i]}" in
    ${paths}) path="\${path:+$path }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path $previous" in
${values.join('\n')}
    *)
      case "$path" in
${words.join('\n')}
      esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _runyard runyard`
}

function fish(nodes: readonly Node[]): string {
  const all = [...new Set(nodes.flatMap(({ commands }) => commands.map(({ name }) => name)))]
  const lines = nodes.flatMap(({ path, values, commands, options }) => {
    const parts = path === '' ? [] : path.split(' ')
    const seen = parts.map((part) => `__fish_seen_subcommand_from ${part}`)
    const condition = (more: string[]) => (more.length === 0 ? '' : ` -n ${quoted(more.join('; and '))}`)
    const none = path === '' ? [`not __fish_seen_subcommand_from ${all.join(' ')}`] : commands.map(({ name }) => `not __fish_seen_subcommand_from ${name}`) // prettier-ignore
    return [
      ...(values.length > 0 ? [`complete -c runyard -f${condition(seen)} -a ${quoted(values.join(' '))}`] : []),
      ...commands.map(
        ({ name, description }) =>
          `complete -c runyard -f${condition([...seen, ...none])} -a ${name} -d ${quoted(description)}`,
      ),
      ...options.map(({ long, short, description, choices, takesValue }) =>
        [
          `complete -c runyard${condition(seen)} -l ${long.slice(2)}`,
          short ? ` -s ${short.slice(1)}` : '',
          takesValue ? (choices.length > 0 ? ` -x -a ${quoted(choices.join(' '))}` : ' -r') : '',
          ` -d ${quoted(description)}`,
        ].join(''),
      ),
    ]
  })
  return lines.join('\n')
}
