import { Dialog } from '../design/dialog.tsx'

const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent)
export const MOD = isMac ? '⌘' : 'Ctrl'

const SHORTCUTS: [keys: string[], what: string][] = [
  [[MOD, 'Enter'], 'Run the program'],
  [['Esc'], 'Stop it while it runs'],
  [['Esc', 'Tab'], 'Leave the editor, where Tab alone indents'],
  [['Alt', 'L'], 'Go to the language'],
  [['Alt', 'E'], 'Go to the editor'],
  [['Alt', 'O'], 'Go to the output, or to the input of a program that is talked to'],
  [[MOD, 'F'], 'Search in the editor'],
  [['Enter'], 'Send a line to the program, where it is talked to'],
  [['Ctrl', 'C'], 'Interrupt it there (SIGINT), when nothing is selected'],
  [['Ctrl', 'D'], 'End its input there'],
  [['?'], 'Show this, outside of text'],
]

export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl class="shortcuts">
        {SHORTCUTS.map(([keys, what]) => (
          <div key={what}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
