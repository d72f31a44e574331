import { useEffect, useRef, useState } from 'preact/hooks'
import type { FileEntry } from '../../client/api-types.ts'
import { RunyardError, type SessionHandle } from '../../client/client.ts'
import { CloseIcon } from '../design/icons.tsx'
import { formatBytes } from '../design/format.ts'
import { messageOf } from '../design/plain-detail.ts'
import { toast } from '../design/toasts.tsx'
import { shown } from '../playground/output/odd-characters.ts'
import { saveAs } from './save-as.ts'

export interface FilesPanelProps {
  /** Whether there is a session, whose files these are. */
  isRunning: boolean
  /** Rises when a program may have changed files. */
  version: number
  /** The session, started where there is none. */
  open: () => Promise<SessionHandle>
  onClose: () => void
}

/** The entries of a folder, null: not known. */
interface Listing {
  path: string
  entries: FileEntry[] | null
}
const NO_LISTING: Listing = { path: '', entries: null }

/** The files of the session: listed, uploaded, downloaded, deleted. */
export function FilesPanel({ isRunning, version, open, onClose }: FilesPanelProps) {
  const [{ path, entries }, setListing] = useState<Listing>(NO_LISTING)
  /** What was asked for last; answers to what was asked before come too late. */
  const asked = useRef(path)
  const turn = useRef(0)
  const [busy, setBusy] = useState('')
  const within = (name: string) => (path === '' ? name : `${path}/${name}`)

  const attempt = async (words: string, work: (session: SessionHandle) => Promise<void>) => {
    setBusy(words)
    try {
      await work(await open())
    } catch (error) {
      if (!(error instanceof RunyardError)) throw error
      toast(messageOf(error), 'bad')
    } finally {
      setBusy('')
    }
  }
  const list = async (session: SessionHandle) => {
    const folder = asked.current
    const own = ++turn.current
    try {
      const found = await session.files.list(folder === '' ? undefined : folder)
      if (own === turn.current) setListing({ path: folder, entries: found })
    } catch (error) {
      if (own === turn.current) asked.current = path
      throw error
    }
  }
  const go = (folder: string) => {
    asked.current = folder
    void attempt('', list)
  }
  useEffect(() => {
    if (isRunning) return void attempt('', list)
    asked.current = ''
    turn.current++
    setListing(NO_LISTING)
  }, [isRunning, version])

  const upload = (chosen: readonly File[]) =>
    attempt('Uploading …', async (session) => {
      for (const file of chosen) await session.files.write(within(file.name), file)
      await list(session)
    })
  const download = ({ name }: FileEntry) =>
    attempt(`Downloading ${name} …`, async (session) => {
      saveAs(name, new Blob([(await session.files.read(within(name))) as BlobPart]))
    })
  const remove = ({ name, kind }: FileEntry) =>
    attempt(`Deleting ${name} …`, async (session) => {
      await session.files.remove(within(name), { recursive: kind === 'folder' })
      await list(session)
    })
  return (
    <section class="pane files-panel" aria-label="Files">
      <header class="pane-bar">
        <h2>Files</h2>
        <span class="spacer" />
        <label class="button quiet attach">
          Upload …
          <input
            class="unseen"
            type="file"
            multiple
            disabled={busy !== ''}
            onChange={(event) => {
              const chosen = [...(event.currentTarget.files ?? [])]
              event.currentTarget.value = ''
              void upload(chosen)
            }}
          />
        </label>
        <button type="button" class="button quiet square" aria-label="Close the files" onClick={onClose}>
          <CloseIcon />
        </button>
      </header>
      <p class="faint where" role="status">
        {busy ||
          (path === ''
            ? isRunning
              ? 'The working folder of the session'
              : 'A session starts with the first upload or run.'
            : shown(path))}
      </p>
      {path !== '' && (
        <button type="button" class="button quiet up-folder" onClick={() => go(path.split('/').slice(0, -1).join('/'))}>
          Parent folder
        </button>
      )}
      <ul class="entries">
        {entries?.map((entry) => (
          <li key={entry.name}>
            {entry.kind === 'folder' ? (
              <button type="button" class="link mono" onClick={() => go(within(entry.name))}>
                {shown(entry.name)}/
              </button>
            ) : (
              <button
                type="button"
                class="link mono"
                aria-label={`Download ${shown(entry.name)}`}
                title="Download"
                disabled={entry.kind !== 'file'}
                onClick={() => void download(entry)}
              >
                {shown(entry.name)}
              </button>
            )}
            <span class="faint numeric">{entry.kind === 'file' ? formatBytes(entry.bytes) : ''}</span>
            <button
              type="button"
              class="button quiet square"
              aria-label={`Delete ${shown(entry.name)}`}
              onClick={() => void remove(entry)}
            >
              <CloseIcon />
            </button>
          </li>
        ))}
        {entries?.length === 0 && <li class="faint">No files.</li>}
      </ul>
    </section>
  )
}
