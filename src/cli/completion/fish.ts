import type { Node } from './nodes.ts'

/** Fish knows two escapes inside single quotes. */
const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

/** The commands before the cursor are the longest of the known paths; a word of a program's own is none of them. */
export function fishCompletion(nodes: readonly Node[]): string {
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => quoted(path)).join(' ') // prettier-ignore
  const lines = nodes.flatMap(({ path, commands, options, values, files }) => {
    const here = `complete -c runyard -n ${quoted(`__runyard_at ${quoted(path)}`)}`
    return [
      `${here} ${files ? '-F' : '-f'}`,
      ...(values.length > 0 ? [`${here} -f -a ${quoted(values.join(' '))}`] : []),
      ...commands.map(({ name, description }) => `${here} -f -a ${name} -d ${quoted(description)}`),
      ...options.map(({ long, short, description, takesValue, choices, files: takesFile }) =>
        [
          `${here} -l ${long.slice(2)}`,
          short ? ` -s ${short.slice(1)}` : '',
          !takesValue ? '' : takesFile ? ' -r -F' : choices.length > 0 ? ` -x -a ${quoted(choices.join(' '))}` : ' -x',
          ` -d ${quoted(description)}`,
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
