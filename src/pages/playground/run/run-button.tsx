import { PlayIcon, StopIcon } from '../../design/icons.tsx'

const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent)
/** The key that shortcuts are held with, as it is written on the keyboard. */
export const MOD = isMac ? '⌘' : 'Ctrl'

export interface RunButtonProps {
  isRunning: boolean
  isStopping: boolean
  canRun: boolean
  onRun: () => void
  onStop: () => void
}

export function RunButton({ isRunning, isStopping, canRun, onRun, onStop }: RunButtonProps) {
  return isRunning ? (
    <button type="button" class="button danger go" disabled={isStopping} onClick={onStop}>
      <StopIcon />
      Stop
      <kbd aria-hidden="true">Esc</kbd>
    </button>
  ) : (
    <button type="button" class="button primary go" disabled={!canRun} onClick={onRun}>
      <PlayIcon />
      Run
      <kbd aria-hidden="true">{MOD} Enter</kbd>
    </button>
  )
}

/** On a narrow screen, at the lower edge where the thumb finds it: a row of the page, which lies over nothing. */
export function RunBar(props: RunButtonProps) {
  return (
    <div class="run-bar">
      <RunButton {...props} />
    </div>
  )
}
