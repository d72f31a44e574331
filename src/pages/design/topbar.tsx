import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { MoonIcon, SunIcon } from './icons.tsx'
import { chooseTheme, currentTheme, onTheme } from './theme.ts'

/** Tracks of a yard that meet, and go. */
function Mark() {
  return (
    <svg
      viewBox="0 0 32 32"
      fill="none"
      stroke="currentColor"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d="M3 7h5.5c4 0 5 9 9 9M3 16h14.5M3 25h5.5c4 0 5-9 9-9" stroke-width="2.8" />
      <path d="M20 9.2v13.6l9-6.8z" fill="currentColor" stroke-width="2.2" />
    </svg>
  )
}

export function Wordmark() {
  return (
    <a class="wordmark" href="/">
      <Mark />
      <span>Runyard</span>
    </a>
  )
}

export function ThemeToggle() {
  const [theme, setTheme] = useState(currentTheme)
  useEffect(() => onTheme(() => setTheme(currentTheme())), [])
  const other = theme === 'dark' ? 'light' : 'dark'
  const label = `Use the ${other} theme`
  return (
    <button
      type="button"
      class="button quiet square"
      title={label}
      aria-label={label}
      onClick={() => chooseTheme(other)}
    >
      {other === 'light' ? <SunIcon /> : <MoonIcon />}
    </button>
  )
}

/** The bar on top: wordmark, what the page puts there, the theme. */
export function Topbar({ children }: { children?: ComponentChildren }) {
  return (
    <header class="topbar">
      <Wordmark />
      {children}
      <ThemeToggle />
    </header>
  )
}

const PAGES = { '/': 'Playground', '/notebook': 'Notebook', '/docs': 'API', '/admin': 'Admin' } as const

/** The pages there are. @param current the address of this one */
export function PagesNav({ current }: { current: keyof typeof PAGES }) {
  return (
    <nav aria-label="Pages">
      {Object.entries(PAGES).map(([address, name]) => (
        <a key={address} href={address} {...(address === current && { 'aria-current': 'page' as const })}>
          {name}
        </a>
      ))}
    </nav>
  )
}
