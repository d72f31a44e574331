import { encodeMessage } from '../../../src/api/compat/jupyter/framing.ts'
import { frameOf } from '../../../src/api/compat/e2b/connect-protocol.ts'

/** A request that a client of a system sends, before it is changed. */
export interface Sample {
  system: 'judge0' | 'piston' | 'jobe' | 'sandboxfusion' | 'codapi' | 'e2b' | 'jupyter'
  method: string
  /** Below the path of the system. */
  path: string
  headers?: Record<string, string>
  json?: unknown
  bytes?: Buffer
  /** Whether it is answered to anybody. */
  isOpen?: boolean
  /** Whether the sandbox's token is shown instead of the key. */
  isOfSandbox?: boolean
}

/** What the requests name. */
export interface Named {
  sandbox: { id: string; token: string }
  kernel: string
  submission: string
}

const python = {
  source_code: 'print(input())',
  language_id: 71,
  stdin: 'in',
  expected_output: 'in\n',
  cpu_time_limit: 2,
  wall_time_limit: 4,
  memory_limit: 128_000,
  number_of_runs: 1,
}
const execution = {
  language: 'python',
  version: '3.x',
  files: [{ name: 'main.py', content: 'print(input())', encoding: 'utf8' }],
  stdin: 'in',
  args: ['a'],
  run_timeout: 3000,
  compile_timeout: 3000,
  run_memory_limit: -1,
}
const run = {
  run_spec: {
    language_id: 'python3',
    sourcecode: 'print(input())',
    sourcefilename: 'a.py',
    input: 'in',
    file_list: [['ab', 'b.txt']],
    parameters: { cputime: 2, memorylimit: 200 },
  },
}
const fused = {
  code: 'print(1)',
  language: 'python',
  run_timeout: 2,
  compile_timeout: 2,
  stdin: 'x',
  files: { a: 'aGk=' },
  fetch_files: ['a'],
}
const snippet = { sandbox: 'python', version: '', command: 'run', files: { '': 'print(1)', 'a.txt': 'text' } }

/** What each system is sent, with bodies that are right. */
export function samplesOf({ sandbox, kernel, submission }: Named): Sample[] {
  const at = (port: number) => ({ 'e2b-sandbox-id': sandbox.id, 'e2b-sandbox-port': String(port) })
  const rpc = (method: string, json: unknown): Sample => ({
    system: 'e2b',
    method: 'POST',
    path: `/${method}`,
    headers: at(49983),
    json,
    isOfSandbox: true,
  })
  const stream = (method: string, json: unknown): Sample => ({
    system: 'e2b',
    method: 'POST',
    path: `/${method}`,
    headers: { ...at(49983), 'content-type': 'application/connect+json', 'connect-timeout-ms': '1500' },
    bytes: frameOf(json),
    isOfSandbox: true,
  })
  return [
    { system: 'judge0', method: 'POST', path: '/submissions?wait=true&base64_encoded=false&fields=*', json: python },
    { system: 'judge0', method: 'POST', path: '/submissions/batch', json: { submissions: [python, python] } },
    {
      system: 'judge0',
      method: 'GET',
      path: `/submissions/batch?tokens=${submission},${submission}&fields=token,stdout`,
    },
    { system: 'judge0', method: 'GET', path: `/submissions/${submission}?base64_encoded=true&fields=stdout,status` },
    { system: 'judge0', method: 'GET', path: '/submissions?page=1&per_page=5' },
    { system: 'judge0', method: 'DELETE', path: `/submissions/${submission}` },
    { system: 'judge0', method: 'GET', path: '/languages/71' },
    { system: 'judge0', method: 'GET', path: '/config_info' },
    { system: 'piston', method: 'POST', path: '/api/v2/execute', json: execution },
    { system: 'piston', method: 'POST', path: '/api/v2/packages', json: { language: 'python', version: '3.x' } },
    { system: 'piston', method: 'DELETE', path: '/api/v2/packages', json: { language: 'python', version: '3.x' } },
    { system: 'piston', method: 'GET', path: '/api/v2/runtimes' },
    { system: 'jobe', method: 'POST', path: '/index.php/restapi/runs', json: run },
    { system: 'jobe', method: 'PUT', path: '/index.php/restapi/files/ab', json: { file_contents: 'aGk=' } },
    { system: 'jobe', method: 'HEAD', path: '/index.php/restapi/files/ab' },
    { system: 'jobe', method: 'GET', path: '/index.php/restapi/languages' },
    { system: 'sandboxfusion', method: 'POST', path: '/run_code', json: fused },
    {
      system: 'sandboxfusion',
      method: 'POST',
      path: '/run_jupyter',
      json: {
        cells: [],
        total_timeout: 2,
        cell_timeout: 0,
        kernel: 'python2',
        files: { a: 'aGk=' },
        fetch_files: ['a'],
      },
    },
    { system: 'sandboxfusion', method: 'GET', path: '/v1/ping' },
    { system: 'codapi', method: 'POST', path: '/v1/exec', json: snippet },
    { system: 'codapi', method: 'GET', path: '/v1/health' },
    {
      system: 'e2b',
      method: 'POST',
      path: '/sandboxes',
      json: { templateID: 'nonesuch', timeout: 60, metadata: { a: 'b' }, envVars: { A: 'b' } },
    },
    { system: 'e2b', method: 'GET', path: '/v2/sandboxes?limit=2&metadata=a%3Db&state=running&nextToken=' },
    { system: 'e2b', method: 'GET', path: `/sandboxes/${sandbox.id}` },
    { system: 'e2b', method: 'GET', path: `/sandboxes/${sandbox.id}/metrics` },
    { system: 'e2b', method: 'POST', path: `/sandboxes/${sandbox.id}/timeout`, json: { timeout: 3000 } },
    { system: 'e2b', method: 'POST', path: `/sandboxes/${sandbox.id}/connect`, json: { timeout: 3000 } },
    { system: 'e2b', method: 'POST', path: `/sandboxes/${sandbox.id}/refreshes`, json: { duration: 3000 } },
    { system: 'e2b', method: 'POST', path: `/sandboxes/${sandbox.id}/pause`, json: {} },
    { system: 'e2b', method: 'GET', path: '/snapshots?limit=2&sandboxID=x&name=y&nextToken=' },
    { system: 'e2b', method: 'DELETE', path: `/templates/snapshot-${sandbox.id}` },
    { system: 'e2b', method: 'GET', path: '/health', isOpen: true },
    {
      system: 'e2b',
      method: 'POST',
      path: '/execute',
      headers: at(49999),
      json: { code: 'print(1)', language: 'python', env_vars: { A: 'b' } },
      isOfSandbox: true,
    },
    {
      system: 'e2b',
      method: 'POST',
      path: '/contexts',
      headers: at(49999),
      json: { language: 'nonesuch', cwd: '/home/user' },
      isOfSandbox: true,
    },
    { system: 'e2b', method: 'GET', path: '/contexts', headers: at(49999), isOfSandbox: true },
    { system: 'e2b', method: 'DELETE', path: '/contexts/none', headers: at(49999), isOfSandbox: true },
    { system: 'e2b', method: 'GET', path: '/files?path=a.txt&username=user', headers: at(49983), isOfSandbox: true },
    {
      system: 'e2b',
      method: 'POST',
      path: '/files?path=a.txt',
      headers: { ...at(49983), 'content-type': 'application/octet-stream' },
      bytes: Buffer.from('content'),
      isOfSandbox: true,
    },
    {
      system: 'e2b',
      method: 'POST',
      path: '/files',
      headers: { ...at(49983), 'content-type': 'multipart/form-data; boundary=b' },
      bytes: Buffer.from(
        '--b\r\nContent-Disposition: form-data; name="file"; filename="d/a.txt"\r\n\r\ncontent\r\n--b--\r\n',
      ),
      isOfSandbox: true,
    },
    rpc('filesystem.Filesystem/ListDir', { path: '/home/user', depth: 2 }),
    rpc('filesystem.Filesystem/Stat', { path: 'a.txt' }),
    rpc('filesystem.Filesystem/MakeDir', { path: 'd/e' }),
    rpc('filesystem.Filesystem/Move', { source: 'a.txt', destination: 'd/b.txt' }),
    rpc('filesystem.Filesystem/Remove', { path: 'd' }),
    rpc('filesystem.Filesystem/CreateWatcher', { path: 'd', recursive: true, includeEntry: false }),
    rpc('filesystem.Filesystem/GetWatcherEvents', { watcherId: submission }),
    rpc('filesystem.Filesystem/RemoveWatcher', { watcherId: submission }),
    rpc('process.Process/List', {}),
    rpc('process.Process/SendInput', { process: { pid: 7 }, input: { stdin: 'aGk=' } }),
    rpc('process.Process/SendSignal', { process: { tag: 't' }, signal: 'SIGNAL_SIGKILL' }),
    rpc('process.Process/Update', { process: { pid: 7 }, pty: { size: { cols: 80, rows: 24 } } }),
    rpc('process.Process/CloseStdin', { process: { pid: 7 } }),
    stream('process.Process/Start', {
      process: { cmd: '/bin/echo', args: ['hi'], envs: { A: 'b' }, cwd: '/home/user' },
      stdin: false,
    }),
    stream('process.Process/Connect', { process: { pid: 7 } }),
    stream('process.Process/StreamInput', { start: { process: { pid: 7 } } }),
    stream('filesystem.Filesystem/WatchDir', { path: '.' }),
    { system: 'jupyter', method: 'GET', path: '/api', isOpen: true },
    { system: 'jupyter', method: 'GET', path: '/api/status' },
    { system: 'jupyter', method: 'GET', path: '/api/kernelspecs/python3' },
    { system: 'jupyter', method: 'POST', path: '/api/kernels', json: { name: 'nonesuch', path: 'a', env: { A: 'b' } } },
    { system: 'jupyter', method: 'GET', path: `/api/kernels/${kernel}` },
    { system: 'jupyter', method: 'POST', path: `/api/kernels/${kernel}/interrupt` },
    {
      system: 'jupyter',
      method: 'POST',
      path: '/api/sessions',
      json: { path: 'a.ipynb', type: 'notebook', name: 'a', kernel: { id: kernel } },
    },
    { system: 'jupyter', method: 'GET', path: '/api/sessions' },
    {
      system: 'jupyter',
      method: 'PATCH',
      path: '/api/sessions/none',
      json: { path: 'b.ipynb', kernel: { name: 'python3' } },
    },
    {
      system: 'jupyter',
      method: 'PUT',
      path: `/api/contents/${kernel}/a.txt`,
      json: { type: 'file', format: 'text', content: 'text' },
    },
    { system: 'jupyter', method: 'PATCH', path: `/api/contents/${kernel}/a.txt`, json: { path: `${kernel}/b.txt` } },
    { system: 'jupyter', method: 'GET', path: `/api/contents/${kernel}/a.txt?content=1&type=file&format=base64` },
    { system: 'jupyter', method: 'GET', path: `/api/contents/${kernel}` },
    { system: 'jupyter', method: 'DELETE', path: `/api/contents/${kernel}/b.txt` },
    { system: 'jupyter', method: 'GET', path: `/api/kernels/${kernel}/channels` },
  ]
}

const header = (msg_type: string) => ({ msg_id: 'm', msg_type, session: 's', username: 'u', version: '5.3', date: '' })

/** What a client of Jupyter sends over a socket, in the default framing as JSON. */
export const jupyterMessages = [
  { channel: 'shell', header: header('kernel_info_request'), parent_header: {}, metadata: {}, content: {} },
  {
    channel: 'shell',
    header: header('execute_request'),
    parent_header: {},
    metadata: {},
    content: {
      code: 'print(1)',
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
    },
  },
  {
    channel: 'shell',
    header: header('complete_request'),
    parent_header: {},
    metadata: {},
    content: { code: 'pri', cursor_pos: 3 },
  },
  {
    channel: 'shell',
    header: header('inspect_request'),
    parent_header: {},
    metadata: {},
    content: { code: 'print', cursor_pos: 5, detail_level: 0 },
  },
  {
    channel: 'shell',
    header: header('comm_open'),
    parent_header: {},
    metadata: {},
    content: { comm_id: 'c', target_name: 't', data: {} },
  },
  { channel: 'shell', header: header('history_request'), parent_header: {}, metadata: {}, content: { n: 10 } },
  {
    channel: 'stdin',
    header: header('input_reply'),
    parent_header: {},
    metadata: {},
    content: { value: 'x', status: 'ok' },
  },
  { channel: 'control', header: header('interrupt_request'), parent_header: {}, metadata: {}, content: {} },
]

export const asV1 = (message: (typeof jupyterMessages)[number]): Buffer =>
  encodeMessage({ ...message, buffers: [Buffer.from('buffer')] }, true) as Buffer

export const asDefaultBinary = (message: (typeof jupyterMessages)[number]): Buffer =>
  encodeMessage({ ...message, buffers: [Buffer.from('buffer')] }, false) as Buffer

/** What a client of Piston sends over a socket. */
export const pistonMessages = [
  { type: 'init', ...execution },
  { type: 'data', stream: 'stdin', data: 'in\n' },
  { type: 'signal', signal: 'SIGTERM' },
]
