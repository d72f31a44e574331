import { useEffect, useRef, useState } from 'preact/hooks'

/** Asked for with the first formula: most pages have none. */
const load = () => import('temml').then((module) => module.default)

/** Marks around a formula, which say that it is one. */
const MARKS = [/^\$\$([^]*)\$\$$/, /^\$([^]*)\$$/, /^\\\[([^]*)\\\]$/, /^\\\(([^]*)\\\)$/]

/** A formula of LaTeX, as MathML. What cannot be read is shown as it is written. */
export function Formula({ tex, isDisplay = false }: { tex: string; isDisplay?: boolean }) {
  const place = useRef<HTMLSpanElement>(null)
  const [isShown, setShown] = useState(false)
  useEffect(() => {
    let gone = false
    void load()
      .then(({ render }) => {
        if (gone || !place.current) return
        render(bare(tex.trim()), place.current, {
          displayMode: isDisplay,
          trust: false,
          maxExpand: 1000,
          maxSize: [20, 20],
        })
        setShown(true)
      })
      // Its text stays.
      .catch(() => place.current?.replaceChildren())
    return () => {
      gone = true
    }
  }, [tex, isDisplay])
  return (
    <span class={isDisplay ? 'formula display' : 'formula'}>
      <span ref={place} />
      {!isShown && <code>{tex}</code>}
    </span>
  )
}

function bare(tex: string): string {
  const inner = MARKS.map((marks) => marks.exec(tex)?.[1]).find((one) => one !== undefined) ?? tex
  return inner.replace(/^\s*\\displaystyle/, '')
}
