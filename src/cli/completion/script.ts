import type { Command } from 'commander'
import { loadCatalogue } from '../catalogue.ts'
import { type Node, nodesOf, valuedOptions } from './nodes.ts'
import { shellWord } from '../../shared/shell-word.ts'
import { type Shell, SHELLS } from './shells.ts'

/** What a shell sources to complete the words of `runyard`. @param root folder of package.json, with the languages */
export function completionScript(shell: Shell, program: Command, root: string): string {
  const { languages, groups } = loadCatalogue(root)
  const ids = { languages: languages.map(({ id }) => id), groups: groups.map(({ id }) => id) }
  return { bash, zsh, fish }[shell](nodesOf(program, ids, SHELLS))
}

/** The commands before the cursor are the longest of the known paths. */
function bash(nodes: readonly Node[]): string {
  const wordsOf = ({ commands, values, options }: Node) => [
    ...commands.map(({ name }) => name),
    ...values,
    ...options.map(({ long }) => long),
  ]
  const arm = (patterns: string[], words: readonly string[], files: boolean) =>
    `    ${patterns.map(shellWord).join(' | ')}) words=${shellWord(words.join(' '))}${files ? ' files=yes' : ''} ;;`
  const values = valuedOptions(nodes).map(({ names, option }) => arm(names, option.choices, option.files))
  const paths = nodes
    .filter(({ path }) => path !== '')
    .map(({ path }) => shellWord(path))
    .join(' | ')
  return `_runyard() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" at='' words='' files='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${at:+$at }\${COMP_WORDS[i]}" in
    ${paths}) at="\${at:+$at }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at $previous" in
${values.join('\n')}
    *)
      case "$at" in
${nodes.map((node) => arm([node.path], wordsOf(node), node.files)).join('\n')}
      esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ -n $files ]]; then compopt -o default 2> /dev/null; fi
}
complete -F _runyard runyard`
}

/** The same as for bash, with what each word means. Options are offered where one is begun. */
function zsh(nodes: readonly Node[]): string {
  const described = (word: string, description: string) => shellWord(`${word}:${description}`)
  const list = (words: readonly string[]) => `(${words.join(' ')})`
  const arms = nodes.map(({ path, commands, options, values, files }) =>
    [
      `    ${shellWord(path)})`,
      `      commands=${list(commands.map(({ name, description }) => described(name, description)))}`,
      `      options=${list(options.map(({ long, description }) => described(long, description)))}`,
      `      values=${list(values.map(shellWord))} files=${files ? 'yes' : "''"} ;;`,
    ].join('\n'),
  )
  const valued = valuedOptions(nodes).map(({ names, option: { choices, files } }) => {
    const action = files ? '_files' : `compadd -- ${choices.map(shellWord).join(' ')}`
    return `    ${names.map(shellWord).join(' | ')}) ${action}; return ;;`
  })
  const paths = nodes
    .filter(({ path }) => path !== '')
    .map(({ path }) => shellWord(path))
    .join(' | ')
  return `_runyard() {
  local at='' files='' i
  local -a commands options values
  for ((i = 2; i < CURRENT; i++)); do
    case "\${at:+$at }\${words[i]}" in
    ${paths}) at="\${at:+$at }\${words[i]}" ;;
    esac
  done
  case "$at \${words[CURRENT-1]}" in
${valued.join('\n')}
  esac
  case "$at" in
${arms.join('\n')}
  esac
  if [[ "$PREFIX" == -* ]]; then _describe option options; return; fi
  (( \${#commands} )) && _describe command commands
  (( \${#values} )) && compadd -- "\${values[@]}"
  [[ -n "$files" ]] && _files
}
compdef _runyard runyard`
}

/** Fish knows two escapes inside single quotes. */
const fishQuoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

/** The commands before the cursor are the longest of the known paths; a word of a program's own is none of them. */
function fish(nodes: readonly Node[]): string {
  const paths = nodes
    .filter(({ path }) => path !== '')
    .map(({ path }) => fishQuoted(path))
    .join(' ')
  const lines = nodes.flatMap(({ path, commands, options, values, files }) => {
    const here = `complete -c runyard -n ${fishQuoted(`__runyard_at ${fishQuoted(path)}`)}`
    return [
      `${here} ${files ? '-F' : '-f'}`,
      ...(values.length > 0 ? [`${here} -f -a ${fishQuoted(values.join(' '))}`] : []),
      ...commands.map(({ name, description }) => `${here} -f -a ${name} -d ${fishQuoted(description)}`),
      ...options.map(({ long, short, description, takesValue, choices, files: takesFile }) =>
        [
          `${here} -l ${long.slice(2)}`,
          short ? ` -s ${short.slice(1)}` : '',
          !takesValue
            ? ''
            : takesFile
              ? ' -r -F'
              : choices.length > 0
                ? ` -x -a ${fishQuoted(choices.join(' '))}`
                : ' -x',
          ` -d ${fishQuoted(description)}`,
        ].join(''),
      ),
    ]
  })
  return `function __runyard_at
  set -l at
  for word in (commandline -opc)[2..-1]
    if contains -- "$at$word" ${paths}
      set at "$at$word "
    end
  end
  test (string trim -- "$at ") = "$argv[1]"
end
${lines.join('\n')}`
}
