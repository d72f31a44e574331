import { useEffect, useState } from 'preact/hooks'
import { isFields } from '../model/ipynb.ts'

/** What an image element shows runs no script and loads nothing, SVG too. */
export function Picture({
  type,
  content,
  alternative,
  size,
}: {
  type: string
  /** SVG as text, all else as base64. */
  content: string
  alternative: string
  /** What the notebook says of its size. */
  size?: unknown
}) {
  const [url, setUrl] = useState<string | null>(null)
  const [isBroken, setBroken] = useState(false)
  useEffect(() => {
    setBroken(false)
    const blob = blobOf(type, content)
    if (!blob) return setBroken(true)
    const made = URL.createObjectURL(blob)
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [type, content])
  if (isBroken) return <p class="notice bad">The image cannot be shown: its data is damaged.</p>
  const { width, height } = isFields(size) ? size : {}
  return url === null ? null : (
    <img
      class="picture"
      src={url}
      alt={alternative === '' || /^<.*>$/s.test(alternative) ? 'Image result' : alternative}
      {...(typeof width === 'number' && { width })}
      {...(typeof height === 'number' && { height })}
      onError={() => setBroken(true)}
    />
  )
}

function blobOf(type: string, content: string): Blob | undefined {
  if (type === 'image/svg+xml') return new Blob([content], { type })
  try {
    return new Blob([Uint8Array.from(atob(content.replaceAll(/\s/g, '')), (one) => one.charCodeAt(0))], { type })
  } catch {
    return undefined
  }
}
