import { type Node, quoted, valuedOptions } from './nodes.ts'

/** The commands before the cursor are the longest of the known paths. */
export function bashCompletion(nodes: readonly Node[]): string {
  const wordsOf = ({ commands, values, options }: Node) => [
    ...commands.map(({ name }) => name),
    ...values,
    ...options.map(({ long }) => long),
  ]
  const arm = (patterns: string[], words: readonly string[], files: boolean) =>
    `    ${patterns.map(quoted).join(' | ')}) words=${quoted(words.join(' '))}${files ? ' files=yes' : ''} ;;`
  const values = valuedOptions(nodes).map(({ names, option }) => arm(names, option.choices, option.files))
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => quoted(path)).join(' | ') // prettier-ignore
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
