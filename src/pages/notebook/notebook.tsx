import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { createClient, type Runtime, RunyardError } from '../../client/client.ts'
import { keyStore } from '../client/key-store.ts'
import { KeyIcon } from '../design/icons.tsx'
import { messageOf } from '../design/plain-detail.ts'
import { offer, toast, Toasts } from '../design/toasts.tsx'
import { PagesNav, Topbar } from '../design/topbar.tsx'
import { KeyDialog } from '../playground/key-dialog.tsx'
import { useObservable } from '../playground/run/observable.ts'
import { ShortcutsDialog } from '../playground/shortcuts-dialog.tsx'
import { useShortcuts } from '../playground/use-shortcuts.ts'
import { Cell } from './cell.tsx'
import { FilesPanel } from './files-panel.tsx'
import { clearOutputs, type Document, emptyDocument, inPlaceOf, newCellId } from './model/cells.ts'
import { inLanguage, languageOf, NotebookFault, readNotebook, writeNotebook } from './model/ipynb.ts'
import { createNotebookStore } from './model/notebook-store.ts'
import { packagesIn, withPackages } from './model/packages.ts'
import { FIRST_ID, readKept } from './session/kept-notebook.ts'
import { stored } from './session/stored.ts'
import { NotebookToolbar } from './notebook-toolbar.tsx'
import { PackagesPanel } from './packages-panel.tsx'
import { saveAs } from './save-as.ts'
import { SessionBadge, SessionNotices } from './session-notices.tsx'
import { extensionOf } from './session/extension.ts'
import { createNotebookSession } from './session/notebook-session.ts'
import { sinkOf } from './session/sink.ts'
import { NOTEBOOK_SHORTCUTS } from './shortcuts.ts'
import { type ShellPlace, TerminalPanel } from './terminal/terminal-panel.tsx'
import { useCells } from './use-cells.ts'
import { useKept } from './use-kept.ts'

const FIRST_CHOICE = 'python'

export function Notebook() {
  const [runtimes, setRuntimes] = useState<Runtime[] | null>(null)
  const [language, setLanguage] = useState('')
  const [fault, setFault] = useState<RunyardError | null>(null)
  const [dialog, setDialog] = useState<'key' | 'shortcuts' | null>(null)
  const [arePackagesShown, setPackagesShown] = useState(false)
  const [areFilesShown, setFilesShown] = useState(false)
  const [isTerminalShown, setTerminalShown] = useState(false)
  const shell = useRef<ShellPlace | null>(null)
  /** Rises with what may have changed files. */
  const [filesVersion, setFilesVersion] = useState(0)
  const latestLanguage = useRef(language)
  latestLanguage.current = language

  const [first] = useState(() => readKept(localStorage) ?? { id: FIRST_ID, document: emptyDocument() })
  /** Of the notebook that is shown. */
  const notebookId = useRef(first.id)
  const { client, store, session } = useMemo(() => {
    const client = createClient({
      url: location.origin,
      key: () => keyStore.read() ?? undefined,
      shouldRetry: ({ code }) => code === 'rate-limited',
    })
    const store = createNotebookStore(first.document)
    const session = createNotebookSession(
      client,
      () => latestLanguage.current,
      sinkOf(store),
      (id) => stored.keepSession(id),
      (ran) => stored.keepRan(ran),
      () => packagesIn(store.get()),
    )
    return { client, store, session }
  }, [])
  const { document: shown } = useObservable(store.state)
  const state = useObservable(session.state)
  const cells = useCells(store, session)
  useKept(shown, store, notebookId)

  const kernels = runtimes?.filter(({ kernel, installed }) => kernel && installed) ?? []
  const runtime = kernels.find((one) => one.language === language)
  const packages = packagesIn(shown)
  const canRun = runtime !== undefined && state.phase !== 'ended'
  const isBusy = state.queue.length > 0 && state.phase === 'running'
  useEffect(() => setFilesVersion((before) => before + 1), [state.queue.length === 0])

  /** The language of a notebook, by the name or an alias of one that is here. */
  const languageIn = ({ metadata }: Document, known: readonly Runtime[]): string | undefined => {
    const named = languageOf(metadata)
    return known.find((one) => named !== undefined && (one.language === named || one.aliases.includes(named)))?.language
  }
  const load = async (): Promise<RunyardError | null> => {
    try {
      const known = await client.runtimes()
      const usable = known.filter(({ kernel, installed }) => kernel && installed)
      setRuntimes(known)
      setFault(null)
      session.clearProblem()
      setDialog(null)
      const wanted = [languageIn(store.get(), usable), stored.language(), FIRST_CHOICE]
      const chosen = wanted.find((id) => usable.some((one) => one.language === id)) ?? usable[0]?.language ?? ''
      setLanguage(chosen)
      latestLanguage.current = chosen
      const before = stored.session()
      if (before !== null && session.state.get().phase === 'none' && !(await session.resume(before, stored.ran()))) {
        stored.keepSession(null)
        stored.keepRan(null)
      }
      return null
    } catch (error) {
      if (!(error instanceof RunyardError)) throw error
      setFault(error)
      if (error.status === 401) setDialog('key')
      return error
    }
  }
  useEffect(() => void load(), [])
  const problem = fault ?? state.problem
  const isRefusedKey = problem?.status === 401
  useEffect(() => {
    if (isRefusedKey) setDialog('key')
  }, [isRefusedKey])

  const show = (id: string, document: Document) => {
    notebookId.current = id
    store.change((shown) => inPlaceOf(shown, document))
    cells.reset()
  }
  /** @param id of the notebook that is shown then: another one, unless it is the same in another state */
  const replace = (document: Document, words: string, id = newCellId()) => {
    const before = store.get()
    const idBefore = notebookId.current
    show(id, document)
    if (before.cells.some(({ source }) => source.trim() !== '')) offer(words, 'Undo', () => show(idBefore, before))
  }
  const choose = (wanted: string) => {
    setLanguage(wanted)
    latestLanguage.current = wanted
    stored.keepLanguage(wanted)
    const kernel = kernels.find((one) => one.language === wanted)
    if (kernel) store.change((document) => inLanguage(document, kernel))
    if (state.phase === 'running' || state.phase === 'starting') {
      void session.end().then(() => session.forget())
      toast('The session in the other language was ended')
    }
  }
  const open = async (file: File) => {
    try {
      const document = readNotebook(await file.text())
      replace(document, 'The notebook was replaced.')
      const wanted = languageIn(document, kernels)
      if (wanted !== undefined && wanted !== language) choose(wanted)
      else if (wanted === undefined && languageOf(document.metadata) !== undefined) {
        toast(`The notebook is in ${languageOf(document.metadata)}, which cannot be run here`, 'bad')
      }
    } catch (error) {
      if (!(error instanceof NotebookFault)) throw error
      toast(error.message, 'bad')
    }
  }
  const save = () => {
    const kernel = runtime && { language: runtime.language, name: runtime.name }
    saveAs('notebook.ipynb', new Blob([writeNotebook(store.get(), kernel)], { type: 'application/x-ipynb+json' }))
  }
  const restart = async () => {
    if (await session.restart()) toast('The interpreter was restarted; its variables are gone', 'good')
  }
  const startAnew = async () => {
    await session.end()
    session.forget()
    await session.open().catch(() => undefined)
  }
  const runAll = () =>
    session.run(
      store
        .get()
        .cells.filter(({ type }) => type === 'code')
        .map(({ id }) => id),
    )
  const keep = async () => {
    try {
      const handle = await session.open()
      await handle.extend(extensionOf(await handle.read(), state.ending?.reason ?? 'idle'))
    } catch (error) {
      if (!(error instanceof RunyardError)) throw error
      toast(messageOf(error), 'bad')
    }
  }
  const tryKey = async (key: string): Promise<RunyardError | null> => {
    const before = keyStore.read()
    keyStore.write(key)
    const refusal = await load()
    if (refusal === null) return null
    if (before === null) keyStore.forget()
    else keyStore.write(before)
    return refusal
  }
  useShortcuts({ '?': () => setDialog('shortcuts') })

  return (
    <>
      <a class="button primary skip" href="#cells">
        Skip to the cells
      </a>
      <Topbar>
        <PagesNav current="/notebook" />
        <span class="spacer" />
        {(keyStore.read() !== null || isRefusedKey) && (
          <button type="button" class="button quiet" onClick={() => setDialog('key')}>
            <KeyIcon />
            Key
          </button>
        )}
      </Topbar>
      <main class={`notebook ${areFilesShown ? 'with-files' : ''}`}>
        <h1 class="unseen">Notebook</h1>
        <NotebookToolbar
          runtimes={kernels}
          language={language}
          isLoaded={runtimes !== null}
          isBusy={isBusy}
          isRunning={state.phase === 'running'}
          canRun={canRun}
          hasPackages={runtime?.installsPackages === true || packages.length > 0}
          arePackagesShown={arePackagesShown}
          areFilesShown={areFilesShown}
          isTerminalShown={isTerminalShown}
          onLanguage={choose}
          onRun={() => cells.actions.run(cells.active, 'next')}
          onRunAll={runAll}
          onInterrupt={() => void session.interrupt()}
          onRestart={() => void restart()}
          onInsert={(type) => cells.insert(1, type)}
          onPackages={() => setPackagesShown(!arePackagesShown)}
          onFiles={() => setFilesShown(!areFilesShown)}
          onTerminal={() => setTerminalShown(!isTerminalShown)}
          onImport={(file) => void open(file)}
          onExport={save}
          onNew={() => replace(emptyDocument(), 'A new notebook was started.')}
          onClear={() => replace(clearOutputs(store.get()), 'The outputs were cleared.', notebookId.current)}
          onShortcuts={() => setDialog('shortcuts')}
        />
        <div class="session-line">
          <SessionBadge state={state} packages={packages.length} />
          {arePackagesShown && (
            <PackagesPanel
              language={language}
              packages={packages}
              isRunning={state.phase === 'running'}
              onChange={(named) => store.change((document) => withPackages(document, named))}
              onRestart={() => void startAnew()}
            />
          )}
        </div>
        <SessionNotices
          state={state}
          problem={isRefusedKey ? null : fault}
          hasKernels={runtimes === null || kernels.length > 0}
          onStart={() => void startAnew()}
          onKeep={() => void keep()}
        />
        <div class="cells" id="cells" tabIndex={-1}>
          {shown.cells.map((cell, index) => (
            <Cell
              key={cell.id}
              cell={cell}
              place={index + 1}
              count={shown.cells.length}
              language={language}
              isActive={cells.active === cell.id}
              isEdited={cells.edited.has(cell.id)}
              standing={state.queue[0] === cell.id ? 'running' : state.queue.includes(cell.id) ? 'waiting' : 'idle'}
              input={state.queue[0] === cell.id ? state.input : null}
              note={state.notes[cell.id]}
              canRun={canRun}
              actions={cells.actions}
            />
          ))}
        </div>
        {isTerminalShown && (
          <TerminalPanel shell={shell} open={() => session.open()} onClose={() => setTerminalShown(false)} />
        )}
        {areFilesShown && (
          <FilesPanel
            isRunning={state.phase === 'running'}
            version={filesVersion}
            open={() => session.open()}
            onClose={() => setFilesShown(false)}
          />
        )}
      </main>
      {dialog === 'shortcuts' && <ShortcutsDialog shortcuts={NOTEBOOK_SHORTCUTS} onClose={() => setDialog(null)} />}
      {dialog === 'key' && (
        <KeyDialog
          problem={isRefusedKey ? problem : null}
          hasKey={keyStore.read() !== null}
          onKey={tryKey}
          onForget={() => {
            keyStore.forget()
            location.reload()
          }}
          onClose={() => setDialog(null)}
        />
      )}
      <Toasts />
    </>
  )
}
