import { followTheme } from './theme.ts'

// Before the first paint, so that a dark page does not flash white.
followTheme()
