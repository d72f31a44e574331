import { Dialog } from '../design/dialog.tsx'
import { MOD } from './run/run-button.tsx'

/** Keys, and what they do. */
export type ShortcutList = readonly (readonly [keys: readonly string[], what: string])[]

const SHORTCUTS: ShortcutList = [
  [[MOD, 'Enter'], 'Run the program'],
  [['Esc'], 'Stop the running program'],
  [['Esc', 'Tab'], 'Leave the editor (Tab indents)'],
  [['Alt', 'L'], 'Go to the language'],
  [['Alt', 'E'], 'Go to the editor'],
  [['Alt', 'O'], 'Go to the output, or to the input of an interactive program'],
  [[MOD, 'F'], 'Search in the editor'],
  [['Enter'], 'Send a line to an interactive program'],
  [['Ctrl', 'C'], 'Interrupt it (SIGINT), when no text is selected'],
  [['Ctrl', 'D'], 'End its input'],
  [['?'], 'Show this list (outside text fields)'],
]

export function ShortcutsDialog({ shortcuts = SHORTCUTS, onClose }: { shortcuts?: ShortcutList; onClose: () => void }) {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl class="shortcuts">
        {shortcuts.map(([keys, what]) => (
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
