import { useEffect, useState } from 'preact/hooks'
import { currentTheme, onTheme, type Theme } from './theme.ts'

/** The theme, for a component that is to change with it. */
export function useTheme(): Theme {
  const [theme, setTheme] = useState(currentTheme)
  useEffect(() => onTheme(() => setTheme(currentTheme())), [])
  return theme
}
