import { MOD } from '../playground/run/run-button.tsx'
import type { ShortcutList } from '../playground/shortcuts-dialog.tsx'

export const NOTEBOOK_SHORTCUTS: ShortcutList = [
  [['Shift', 'Enter'], 'Run the cell and go to the next one'],
  [[MOD, 'Enter'], 'Run the cell'],
  [['Alt', 'Enter'], 'Run the cell and insert one below'],
  [['Esc'], 'Leave the text of a cell'],
  [['Enter'], 'Go to the text of the cell'],
  [['↑', '↓'], 'Go to the cell above or below (also K and J)'],
  [['A'], 'Insert a cell above'],
  [['B'], 'Insert a cell below'],
  [['D', 'D'], 'Delete the cell'],
  [['M'], 'Make the cell Markdown'],
  [['Y'], 'Make the cell code'],
  [['I', 'I'], 'Interrupt'],
  [['?'], 'Show this list (outside text fields)'],
]
