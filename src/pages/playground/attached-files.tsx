import { useState } from 'preact/hooks'
import { type Client, RunyardError } from '../../client/client.ts'
import { messageOf } from '../design/plain-detail.ts'
import { toast } from '../design/toasts.tsx'
import type { Program } from './program.ts'

type Attached = Program['otherFiles'][number]

/** Larger files are uploaded first: a request has its own bounds. */
const INLINE_BYTES = 64 * 1024

export interface AttachedFilesProps {
  client: Pick<Client, 'files'>
  files: readonly Attached[]
  onChange: (files: Attached[]) => void
}

/** The files that run with the program: attached, and taken away again. */
export function AttachedFiles({ client, files, onChange }: AttachedFilesProps) {
  const [busy, setBusy] = useState(false)
  const attach = async (chosen: readonly File[]) => {
    setBusy(true)
    let all = [...files]
    try {
      for (const file of chosen) {
        const attached = await attachedFile(client, file)
        all = [...all.filter(({ path }) => path !== file.name), attached]
        onChange(all)
      }
    } catch (error) {
      if (!(error instanceof RunyardError)) throw error
      toast(messageOf(error), 'bad')
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      {files.map(({ path }) => (
        <span class="file other mono" key={path} title="Runs with the program">
          {path}
          <button
            type="button"
            class="button quiet"
            aria-label={`Remove ${path}`}
            onClick={() => onChange(files.filter((one) => one.path !== path))}
          >
            ×
          </button>
        </span>
      ))}
      <label class="button quiet attach" aria-busy={busy}>
        {busy ? 'Attaching …' : 'Attach files …'}
        <input
          class="unseen"
          type="file"
          multiple
          disabled={busy}
          onChange={(event) => {
            const chosen = [...(event.currentTarget.files ?? [])]
            event.currentTarget.value = ''
            void attach(chosen)
          }}
        />
      </label>
    </>
  )
}

/** @throws RunyardError when a large file cannot be uploaded */
async function attachedFile({ files }: Pick<Client, 'files'>, file: File): Promise<Attached> {
  const path = file.name
  if (file.size > INLINE_BYTES) return { path, id: (await files.put(file)).id }
  const bytes = new Uint8Array(await file.arrayBuffer())
  try {
    return { path, content: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) }
  } catch {
    return { path, content: btoa(String.fromCharCode(...bytes)), encoding: 'base64' }
  }
}
