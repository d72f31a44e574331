import { useEffect, useState } from 'preact/hooks'

/** As the style sheet has it. */
const query = () => matchMedia('(width <= 52rem)')

/** Whether the page is laid out for a narrow screen. */
export function useNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(() => query().matches)
  useEffect(() => {
    const list = query()
    const changed = () => setNarrow(list.matches)
    list.addEventListener('change', changed)
    return () => list.removeEventListener('change', changed)
  }, [])
  return isNarrow
}
