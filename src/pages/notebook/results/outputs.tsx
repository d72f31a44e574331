import type { Output } from '../model/cells.ts'
import { type Piece, StreamText } from './stream-text.tsx'
import { Rich } from './rich.tsx'

/** What a cell gave. Pieces of both streams that follow each other are one text. */
export function Outputs({ outputs }: { outputs: readonly Output[] }) {
  const groups: (Output | Piece[])[] = []
  for (const output of outputs) {
    const last = groups.at(-1)
    if (output.output_type !== 'stream') groups.push(output)
    else if (Array.isArray(last)) last.push({ stream: output.name, text: output.text })
    else groups.push([{ stream: output.name, text: output.text }])
  }
  return (
    <div class="outputs">
      {groups.map((group, index) =>
        Array.isArray(group) ? <StreamText key={index} pieces={group} /> : <One key={index} output={group} />,
      )}
    </div>
  )
}

function One({ output }: { output: Output }) {
  switch (output.output_type) {
    case 'error': {
      const traceback = output.traceback.join('\n')
      const text = traceback === '' ? `${output.ename}: ${output.evalue}` : traceback
      return <StreamText label="Error" isError pieces={[{ stream: 'stdout', text }]} />
    }
    case 'display_data':
    case 'execute_result':
      return <Rich bundle={output} />
    case 'unknown':
      return <p class="notice">The notebook has an output here that cannot be shown. It is kept in the file.</p>
    default:
      return null
  }
}
