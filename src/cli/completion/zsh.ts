import { type Node, quoted, valuedOptions } from './nodes.ts'

/** The same as for bash, with what each word means. Options are offered where one is begun. */
export function zshCompletion(nodes: readonly Node[]): string {
  const described = (word: string, description: string) => quoted(`${word}:${description}`)
  const list = (words: readonly string[]) => `(${words.join(' ')})`
  const arms = nodes.map(({ path, commands, options, values, files }) =>
    [
      `    ${quoted(path)})`,
      `      commands=${list(commands.map(({ name, description }) => described(name, description)))}`,
      `      options=${list(options.map(({ long, description }) => described(long, description)))}`,
      `      values=${list(values.map(quoted))} files=${files ? 'yes' : "''"} ;;`,
    ].join('\n'),
  )
  const valued = valuedOptions(nodes).map(({ names, option: { choices, files } }) => {
    const action = files ? '_files' : `compadd -- ${choices.map(quoted).join(' ')}`
    return `    ${names.map(quoted).join(' | ')}) ${action}; return ;;`
  })
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => quoted(path)).join(' | ') // prettier-ignore
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
