import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { type CodeRequest, createClient, type Runtime, RunyardError } from '../../client/client.ts'
import { keyStore } from '../client/key-store.ts'
import { KeyIcon } from '../design/icons.tsx'
import { ProblemNotice } from '../design/problem-notice.tsx'
import { offer, toast, Toasts } from '../design/toasts.tsx'
import { PagesNav, Topbar } from '../design/topbar.tsx'
import { AttachedFiles } from './attached-files.tsx'
import { drafts } from './drafts.ts'
import type { Editor } from './editor/create-editor.ts'
import { EditorPane } from './editor/editor-pane.tsx'
import { KeyDialog } from './key-dialog.tsx'
import { optionsTabOf, type OptionsTab, standingErrors } from './limit-fault.ts'
import { OptionsPane } from './options-pane.tsx'
import { OutputPane } from './output-pane.tsx'
import type { OutputView } from './output/output-view.ts'
import { type Program, programOf, requestOf } from './program.ts'
import { createJobRun } from './run/job-run.ts'
import { lacksInput } from './run/missing-input.ts'
import { MissingInputNotice, MissingPackageNotice, Warnings } from './run/notices.tsx'
import { packageToAdd, refusalOfPackages, samePackages } from './run/packages.ts'
import { useObservable } from './run/observable.ts'
import { RunBar } from './run/run-button.tsx'
import { readProgramFragment } from './share/program-link.ts'
import { ShareDialog } from './share/share-dialog.tsx'
import { ShortcutsDialog } from './shortcuts-dialog.tsx'
import { FIRST_CHECKER } from './tests/own-tests.ts'
import { Verdicts } from './tests/verdicts.tsx'
import { Toolbar } from './toolbar.tsx'
import { useNarrow } from './use-narrow.ts'
import { useShortcuts } from './use-shortcuts.ts'

const EMPTY: Program = {
  language: '',
  code: '',
  otherFiles: [],
  stdin: '',
  args: '',
  limits: {},
  interactive: false,
  packages: '',
  environment: '',
  tests: [],
  checker: 'lines',
  own: FIRST_CHECKER,
}
const FIRST_CHOICE = 'python'

/** The packages that programs have which name none: a set of the language's, where it is installed. */
const usualSet = (language: string, known: readonly Runtime[]): string =>
  known.find((one) => one.language === language)?.packageSets.find(({ installed }) => installed)?.name ?? ''

/** What is shown, as it can be brought back. */
interface Snapshot {
  program: Program
  isVisiting: boolean
}

export function Playground() {
  const [runtimes, setRuntimes] = useState<Runtime[]>([])
  const [program, setProgram] = useState(EMPTY)
  /** Rises when the editor is to show another text than was typed. */
  const [version, setVersion] = useState(0)
  const [dialog, setDialog] = useState<'share' | 'shortcuts' | 'key' | null>(null)
  const [fault, setFault] = useState<RunyardError | null>(null)
  const editor = useRef<Editor>(null)
  const view = useRef<OutputView>(null)
  /** What is shown came by a link: the person's own draft stays as it is until they run something. */
  const isVisiting = useRef(false)
  const [tab, setTab] = useState<OptionsTab>('input')
  /** Selector of what gets the focus once it is shown. */
  const [focusOn, setFocusOn] = useState<string | null>(null)
  const latest = useRef(program)
  latest.current = program
  const isNarrow = useNarrow()

  const { client, run } = useMemo(() => {
    const client = createClient({
      url: location.origin,
      key: () => keyStore.read() ?? undefined,
      // Whatever else fails is told at once, and tried again by whoever looks on.
      shouldRetry: ({ code }) => code === 'rate-limited',
      onRetry: (error, pauseMs) => run.retrying(error, pauseMs),
    })
    const output = () => {
      if (!view.current) throw new Error('the output is not loaded yet')
      return view.current
    }
    const run = createJobRun({ client, output })
    return { client, run }
  }, [])
  const state = useObservable(run.state)
  const isRunning = state.phase === 'submitting' || state.phase === 'following'
  const runtime = runtimes.find(({ language }) => language === program.language)

  const show = (shown: Program) => {
    setProgram(shown)
    setVersion((before) => before + 1)
  }
  const change = (changes: Partial<Program>) => setProgram((before) => ({ ...before, ...changes }))
  const ownProgram = (language: string, known: Runtime[]): Program => {
    const hello = known.find((one) => one.language === language)?.hello ?? ''
    return { ...EMPTY, language, code: drafts.code(language) ?? hello, environment: usualSet(language, known) }
  }

  /** Shows what the address names: a job, a program in the link, or what was typed here last. */
  const arrive = async (known: Runtime[]) => {
    const jobId = new URLSearchParams(location.search).get('job')
    const linked = await readProgramFragment(location.hash)
    const installed = known.filter((one) => one.installed)
    const wanted = [drafts.language(), FIRST_CHOICE].find((id) => installed.some(({ language }) => language === id))
    const language = wanted ?? installed[0]?.language ?? known[0]?.language ?? ''
    isVisiting.current = jobId !== null || linked !== undefined
    if (linked) show({ ...EMPTY, ...linked })
    else if (jobId === null) show(ownProgram(language, known))
    else {
      const job = await run.open(jobId)
      const request = job?.requestKept ? await client.getRequest(jobId) : undefined
      const fileName = known.find((one) => one.language === job?.language)?.fileName ?? ''
      if (request && 'language' in request)
        show(programOf({ ...request, language: job?.language ?? request.language }, fileName))
      else if (job) {
        show({ ...EMPTY, language: job.language ?? language })
        toast('The program of this job was not kept; its output is shown')
      } else show(ownProgram(language, known))
    }
    if (location.hash.startsWith('#program=') && !linked) toast('The program in the link cannot be read', 'bad')
  }
  const load = async (): Promise<RunyardError | null> => {
    try {
      const known = await client.runtimes()
      setRuntimes(known)
      setFault(null)
      setDialog(null)
      await arrive(known)
      return null
    } catch (error) {
      if (!(error instanceof RunyardError)) throw error
      setFault(error)
      if (error.status === 401) setDialog('key')
      return error
    }
  }
  useEffect(() => void load(), [])

  const snapshot = (): Snapshot => ({ program: latest.current, isVisiting: isVisiting.current })
  const bringBack = (before: Snapshot) => {
    const now = snapshot()
    isVisiting.current = before.isVisiting
    show(before.program)
    if (!before.isVisiting) drafts.keep(before.program.language, before.program.code)
    if (!isHello(now.program)) offer('The program was replaced.', 'Undo', () => bringBack(now))
  }
  const isHello = ({ language, code, ...rest }: Program) =>
    code === runtimes.find((one) => one.language === language)?.hello &&
    JSON.stringify({ ...EMPTY, ...rest }) === JSON.stringify({ ...EMPTY, environment: usualSet(language, runtimes) })

  const start = (shown = program) => {
    if (!runtime) return
    const { language, code } = shown
    const request: CodeRequest = requestOf(shown, runtime.fileName)
    const own = drafts.code(language)
    if (isVisiting.current && own !== null && own !== code) {
      const before = { program: { ...EMPTY, language, code: own }, isVisiting: false }
      offer(`This program replaced your ${runtime.name} draft.`, 'Restore draft', () => bringBack(before))
    }
    isVisiting.current = false
    drafts.keep(language, code)
    drafts.keepLanguage(language)
    history.replaceState(null, '', '/')
    void run.start(request)
    // On a phone it lies below what is in sight.
    document.querySelector('.output-pane')?.scrollIntoView({ block: 'nearest' })
  }
  const runInteractively = () => {
    const shown = { ...program, interactive: true }
    setProgram(shown)
    start(shown)
  }
  const addInput = () => {
    setTab('input')
    setFocusOn('#stdin')
  }
  const addPackage = (name: string) => {
    change({ packages: [program.packages.trimEnd(), name].filter(Boolean).join('\n') })
    setTab('packages')
    setFocusOn('#packages')
  }
  const choose = (language: string) => {
    const before = snapshot()
    // A draft is kept by its language; what came by a link is kept nowhere.
    const isLost = before.isVisiting || program.otherFiles.length > 0
    isVisiting.current = false
    drafts.keepLanguage(language)
    const { code, environment } = ownProgram(language, runtimes)
    show({ ...program, language, code, otherFiles: [], packages: '', environment })
    history.replaceState(null, '', '/')
    if (isLost) offer('The program was replaced.', 'Undo', () => bringBack(before))
  }
  const reset = () => {
    if (!runtime) return
    const before = snapshot()
    if (!isVisiting.current) drafts.forget(runtime.language)
    const environment = usualSet(runtime.language, runtimes)
    show({ ...EMPTY, language: runtime.language, code: runtime.hello, environment })
    if (!isHello(before.program)) offer('The program was reset.', 'Undo', () => bringBack(before))
  }
  const typed = (code: string) => {
    change({ code })
    if (!isVisiting.current) drafts.keep(program.language, code)
  }
  const tryKey = async (key: string): Promise<RunyardError | null> => {
    const before = keyStore.read()
    keyStore.write(key)
    const problem = await load()
    if (problem === null) return null
    if (before === null) keyStore.forget()
    else keyStore.write(before)
    return problem
  }
  const forgetKey = () => {
    keyStore.forget()
    location.reload()
  }
  useShortcuts({
    Escape: () => isRunning && void run.stop(),
    'Mod+Enter': () => start(),
    'Alt+l': () => document.getElementById('language')?.focus(),
    'Alt+e': () => editor.current?.focus(),
    'Alt+o': () => (document.getElementById('input-line') ?? document.getElementById('output'))?.focus(),
    '?': () => setDialog('shortcuts'),
  })

  const problem = state.problem ?? fault
  const isRefusedKey = problem?.status === 401
  useEffect(() => {
    if (isRefusedKey) setDialog('key')
  }, [isRefusedKey])
  const packagesRefused = refusalOfPackages(state)
  useLayoutEffect(() => {
    const wanted = packagesRefused
      ? 'packages'
      : problem?.errors.map(({ pointer }) => optionsTabOf(pointer)).find((one) => one !== undefined)
    if (wanted === undefined) return
    setTab(wanted)
    setFocusOn('.options [aria-invalid=true]')
  }, [problem, packagesRefused])
  // With the tab, not a frame later: whoever types on would type into what had the focus before.
  useLayoutEffect(() => {
    if (focusOn === null) return
    document.querySelector<HTMLElement>(focusOn)?.focus()
    setFocusOn(null)
  }, [focusOn])
  const { request } = state
  const isSamePackages =
    request !== null && runtime !== undefined && samePackages(request, requestOf(program, runtime.fileName))
  const errors =
    problem && request && runtime ? standingErrors(problem.errors, request, requestOf(program, runtime.fileName)) : []
  const toAdd =
    runtime?.installsPackages && state.phase === 'ended' ? packageToAdd(state.job, program.packages) : undefined
  const go = {
    isRunning,
    isStopping: state.stopping,
    canRun: runtimes.length > 0,
    onRun: () => start(),
    onStop: () => void run.stop(),
  }

  return (
    <>
      <a class="button primary skip" href="#output">
        Skip to the output
      </a>
      <Topbar>
        <PagesNav current="/" />
        <span class="spacer" />
        {(keyStore.read() !== null || isRefusedKey) && (
          <button type="button" class="button quiet" onClick={() => setDialog('key')}>
            <KeyIcon />
            Key
          </button>
        )}
      </Topbar>
      <main class="playground">
        <h1 class="unseen">Playground</h1>
        <Toolbar
          runtimes={runtimes}
          language={program.language}
          go={isNarrow ? null : go}
          onLanguage={choose}
          onReset={reset}
          onShare={() => setDialog('share')}
          onShortcuts={() => setDialog('shortcuts')}
        />
        <div class="left">
          <section class="pane editor-pane" aria-label="Program">
            <header class="pane-bar">
              <span class="file mono">{runtime?.fileName ?? ' '}</span>
              <AttachedFiles
                client={client}
                files={program.otherFiles}
                onChange={(otherFiles) => change({ otherFiles })}
              />
            </header>
            {runtime && !runtime.installed && (
              <p class="notice warn">
                {runtime.name} is not installed here. The operator installs it with{' '}
                <code>npx runyard languages install {runtime.language}</code>.
              </p>
            )}
            <EditorPane
              label="Program"
              language={program.language}
              text={program.code}
              version={version}
              onChange={typed}
              onRun={() => start()}
              onReady={(made) => (editor.current = made)}
            />
          </section>
          <OptionsPane
            program={program}
            runtime={runtime}
            runtimes={runtimes}
            errors={errors}
            packagesFault={isSamePackages ? packagesRefused : undefined}
            tab={tab}
            onTab={setTab}
            onChange={change}
          />
        </div>
        <div class="right">
          <OutputPane run={run} onView={(made) => (view.current = made)}>
            {problem && !(isRefusedKey && dialog === 'key') && (
              <ProblemNotice
                problem={problem}
                atField={(pointer) => optionsTabOf(pointer) !== undefined}
                onLine={(line) => editor.current?.goTo(line)}
              />
            )}
            {state.phase === 'ended' && state.job && <Verdicts client={client} job={state.job} request={request} />}
            {toAdd !== undefined && <MissingPackageNotice name={toAdd} onAdd={() => addPackage(toAdd)} />}
            {lacksInput(request, state.job, state.errors) && (
              <MissingInputNotice onInteractive={runInteractively} onInput={addInput} />
            )}
            {state.notes.map((text) => (
              <p class="notice" key={text}>
                {text}
              </p>
            ))}
            <Warnings findings={state.warnings} onGoTo={(line) => editor.current?.goTo(line)} />
          </OutputPane>
        </div>
      </main>
      {isNarrow && <RunBar {...go} />}
      {dialog === 'share' && (
        <ShareDialog jobId={state.job?.id ?? null} program={program} onClose={() => setDialog(null)} />
      )}
      {dialog === 'shortcuts' && <ShortcutsDialog onClose={() => setDialog(null)} />}
      {dialog === 'key' && (
        <KeyDialog
          problem={isRefusedKey ? problem : null}
          hasKey={keyStore.read() !== null}
          onKey={tryKey}
          onForget={forgetKey}
          onClose={() => setDialog(null)}
        />
      )}
      <Toasts />
    </>
  )
}
