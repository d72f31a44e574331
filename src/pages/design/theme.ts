export type Theme = 'light' | 'dark'

const STORED = 'runyard.theme'
const CHANGED = 'runyard:theme'
const system = () => matchMedia('(prefers-color-scheme: dark)')

/** The theme that was chosen here, else that of the system. */
export function currentTheme(): Theme {
  const chosen = localStorage.getItem(STORED)
  if (chosen === 'light' || chosen === 'dark') return chosen
  return system().matches ? 'dark' : 'light'
}

/** Puts the theme on the page, and keeps it right when the system or another tab changes it. */
export function followTheme(): void {
  const apply = () => document.documentElement.setAttribute('data-theme', currentTheme())
  const changed = () => {
    apply()
    dispatchEvent(new Event(CHANGED))
  }
  apply()
  system().addEventListener('change', changed)
  addEventListener('storage', (event) => event.key === STORED && changed())
}

/** Chooses a theme; the system's own is no choice, so that the page follows it again. */
export function chooseTheme(theme: Theme): void {
  if ((theme === 'dark') === system().matches) localStorage.removeItem(STORED)
  else localStorage.setItem(STORED, theme)
  document.documentElement.setAttribute('data-theme', theme)
  dispatchEvent(new Event(CHANGED))
}

/** Calls back when the theme has changed. @returns ends that */
export function onTheme(changed: () => void): () => void {
  addEventListener(CHANGED, changed)
  return () => removeEventListener(CHANGED, changed)
}
