import type { Command } from 'commander'
import type { Paint } from './paint.ts'

/** What stands at the end of each command's help, by the words that lead to it. */
export const EXAMPLES: Record<string, [command: string, what: string][]> = {
  '': [
    ['runyard up', 'start a service here'],
    ['runyard run hello.py', 'run a program on it'],
    ['runyard help run', 'options and more examples'],
  ],
  up: [['runyard up', 'start everything; Ctrl-C ends it']],
  worker: [['REDIS_URL=redis://redis.example runyard worker', 'with podman on this machine; Ctrl-C ends both']],
  gateway: [['REDIS_URL=redis://redis.example PORT=8080 runyard gateway', 'needs neither podman nor root']],
  setup: [['runyard setup --languages python,c', 'make the images of two languages']],
  doctor: [
    ['runyard doctor', 'shows missing parts and how to fix them'],
    ['runyard doctor --json', 'the same, for a program'],
  ],
  engine: [
    ['runyard engine', 'its socket is /run/runyard/podman.sock'],
    ['runyard engine --group 10001', 'for workers of that group, as in compose.yaml'],
  ],
  import: [
    ['runyard import judge0 judge0.conf > runyard.env', 'what has no counterpart is in its comments'],
    ['runyard import piston docker-compose.yaml --json', 'for a program'],
  ],
  dashboard: [['runyard dashboard', 'prints the link; it opens once']],
  run: [
    ['runyard run hello.py', 'the extension selects the language'],
    ['runyard run sum.js -- 1 2 3', 'with arguments'],
    ['cat numbers.txt | runyard run sort.rb', 'with standard input'],
    ['runyard run -i guess.py', 'at this terminal'],
    ['runyard run main.c --limit wallMs=2s --compiler-arg -O2', 'with another time limit'],
    ['runyard run script --language bash --json', 'the whole result as JSON'],
  ],
  submit: [
    ['runyard submit train.py --limit wallMs=120000', 'prints the id at once'],
    ['runyard submit sort.rb --stdin numbers.txt', 'with standard input from a file'],
  ],
  get: [
    ['runyard get <id>', 'its state, times and files'],
    ['runyard get <id> --wait --output stdout', 'its output, once it has ended'],
    ['runyard get <id> --output artifacts --to out', 'its files, into the folder out'],
    ['runyard get <id> --output json --to job.json', 'all of it, into a file'],
  ],
  logs: [
    ['runyard logs <id>', 'its output so far'],
    ['runyard logs <id> -f', 'until it ends'],
  ],
  cancel: [['runyard cancel <id>', 'end it, queued or running']],
  judge: [
    ['runyard judge sum solution.py', 'with sum/1.in, sum/1.ans and so on'],
    ['runyard judge sum solution.py --test secret/2', 'one test, with its input, answer and output'],
    ['runyard judge sum solution.c --json', 'the whole result as JSON'],
  ],
  'problem check': [['runyard problem check sum', 'whether sum/submissions end as they claim']],
  'problem store': [
    ['runyard problem store sum', 'the folder sum, or a package of Kattis or Polygon'],
    ['runyard problem store sum.zip --validate', 'only say what it is'],
    ['runyard problem store sum --id 01a2072e-7983-76e0-a216-a5590488afdc', 'a new version'],
  ],
  'problem list': [['runyard problem list', 'ids, versions and points']],
  'problem export': [['runyard problem export 01a2072e-7983-76e0-a216-a5590488afdc -o sum.tar.gz', 'with its tests']],
  'problem delete': [
    ['runyard problem delete 01a2072e-7983-76e0-a216-a5590488afdc', 'jobs that wait are still judged'],
  ],
  'problem rejudge': [['runyard problem rejudge 01a2072e-7983-76e0-a216-a5590488afdc', 'which verdicts changed']],
  'problem similarity': [
    [
      'runyard problem similarity 01a2072e-7983-76e0-a216-a5590488afdc --least 70',
      'pairs that are at least 70 % alike',
    ],
    [
      'runyard problem similarity 01a2072e-7983-76e0-a216-a5590488afdc --html report.html',
      'a page of the lines that are alike',
    ],
  ],
  list: [
    ['runyard list', 'the last 20'],
    ['runyard list --state running', 'those that run now'],
    ['runyard list --status failed --language python --json', 'those that failed, for a program'],
  ],
  'session repl': [
    ['runyard session', 'type Python that keeps its state; repl can be left out'],
    ['runyard session repl <id>', 'in a session that runs'],
    ['runyard session repl --language bash --keep', 'leave it running'],
  ],
  'session run': [
    ['runyard session run plot.py', 'plots are shown, or saved as plot-1.png'],
    ['runyard session run step.py --session <id>', 'with the state of a session that runs'],
  ],
  'session list': [
    ['runyard session list', 'the last 20'],
    ['runyard session list --state running --json', 'those that run, for a program'],
  ],
  'session snapshot': [
    ['runyard session snapshot <id>', 'keep its working folder'],
    ['runyard session snapshot <id> --name trained.tar --ttl 86400', 'under a name of its own, for a day'],
  ],
  'session end': [['runyard session end <id>', 'end it, with all that is in it']],
  'batch run': [
    ['runyard batch run *.py', 'run all, and show how each ended; run can be left out'],
    ['runyard batch run jobs.jsonl --json', 'a request in each line'],
    ['runyard batch run a.py b.py --limit wallMs=5s', 'with another time limit for each'],
  ],
  'batch submit': [
    ['runyard batch submit jobs.json', 'prints the id of the batch'],
    ['runyard batch submit a.py b.py --wait', 'and how each ended'],
  ],
  'batch get': [['runyard batch get <id> --wait', 'once all have ended']],
  'batch cancel': [['runyard batch cancel <id>', 'end those that have not']],
  login: [
    ['runyard login', 'asks for URL and key'],
    ['runyard login --url https://runyard.example.com < key.txt', 'without questions, the key from a file'],
  ],
  whoami: [['runyard whoami', 'which service, which key']],
  logout: [['runyard logout', 'forget both']],
  artifact: [['runyard artifact <id> out/plot.png -o plot.png', 'fetch a file that it made']],
  'files put': [
    ['runyard files put data.csv', 'prints its id, for jobs to name'],
    ['runyard files put data.csv --type text/csv --ttl 86400', 'kept for a day'],
  ],
  'files get': [
    ['runyard files get <id> -o data.csv', 'its content, into a file'],
    ['runyard files get <id> --json', 'its name, size and times'],
  ],
  'files list': [['runyard files list -n 50', 'the newest 50']],
  'files remove': [['runyard files remove <id>', 'frees its bytes; several ids are allowed']],
  'environments install': [['runyard environments install python/data', 'jobs name it as their environment']],
  'environments list': [['runyard environments list --json', 'with their locks']],
  'environments remove': [['runyard environments remove <id>', 'several ids are allowed']],
  bench: [
    ['runyard bench', 'hello world in Python, 1 to 8 at one time'],
    ['runyard bench --language c --in-flight 4 --seconds 30', 'with a compiler in it'],
    ['runyard bench report.py --key-file bench.key --json > results.json', 'a program of your own'],
  ],
  completion: [
    ['source <(runyard completion bash)', 'in ~/.bashrc'],
    ['source <(runyard completion zsh)', 'in ~/.zshrc'],
    ['runyard completion fish | source', 'in ~/.config/fish/config.fish'],
  ],
  'languages list': [['runyard languages list', 'shows which are installed']],
  'languages install': [
    ['runyard languages install go rust', 'add two'],
    ['runyard languages install web', 'add those of a group'],
  ],
  'languages remove': [['runyard languages remove rust', 'and its image']],
  mcp: [
    ['runyard mcp', 'for the service that you are logged in to; a desktop client starts it'],
    ['RUNYARD_KEY=ry_... runyard mcp --url https://runyard.example.com', 'for another one'],
  ],
  'keys create': [
    ['runyard keys create --name "a laptop" --tenant me', 'shows the key, once'],
    ['runyard keys create --name ci --tenant me --rate 600/min --expires 30d', 'with a rate and an expiry'],
  ],
  'keys list': [['runyard keys list', 'never shows the keys themselves']],
  'keys revoke': [['runyard keys revoke 4f2a91b3c7d8', 'the id, as runyard keys list has it']],
  'webhooks listen': [
    ['runyard webhooks listen', 'prints what arrives at http://127.0.0.1:8080/'],
    ['runyard webhooks listen --forward http://127.0.0.1:8000/hooks', 'and passes it on to a program of yours'],
  ],
  'webhooks cancel': [['runyard webhooks cancel <id>', 'no more attempts']],
  'webhooks deliveries': [['runyard webhooks deliveries --tenant me --state failed', 'those that were not delivered']],
  'webhooks redeliver': [['runyard webhooks redeliver <id>', 'once more, now']],
  'packages list': [['runyard packages list', 'what is installed, its size, its last use, whose it is']],
  'packages show': [['runyard packages show <id>', 'with the log of its build']],
  'packages evict': [['runyard packages evict <id>', 'several ids are allowed']],
  'packages ban': [
    ['runyard packages ban pypi example --reason malware', 'every version'],
    ['runyard packages ban npm left-pad 1.3.0', 'one version'],
  ],
  'packages unban': [['runyard packages unban npm left-pad 1.3.0', 'as it was banned']],
  'packages bans': [['runyard packages bans', 'what nobody gets']],
  'abuse events': [['runyard abuse events --kind rate-limited --limit 5', 'the last five']],
  'abuse blocks': [['runyard abuse blocks', 'who, and until when']],
  'abuse block': [['runyard abuse block address:192.0.2.7 --for 12h --reason "floods us"', 'on every gateway at once']],
  'abuse unblock': [['runyard abuse unblock address:192.0.2.7', 'and forget its score']],
  'abuse allow': [['runyard abuse allow key:4f2a91b3c7d8', 'never block it']],
  'abuse disallow': [['runyard abuse disallow key:4f2a91b3c7d8', 'remove the exemption']],
  'abuse allowed': [['runyard abuse allowed', 'who is never blocked']],
}

/** Shows each command's examples in its help. */
export function addExamples(program: Command, paint: Paint): void {
  const visit = (command: Command, path: string) => {
    const examples = EXAMPLES[path]
    if (examples) command.addHelpText('after', `\n${paint('bold', 'Examples:')}\n${lines(examples, paint)}`)
    for (const one of command.commands) visit(one, `${path} ${one.name()}`.trim())
  }
  visit(program, '')
}

function lines(examples: [string, string][], paint: Paint): string {
  const width = Math.max(...examples.map(([command]) => command.length))
  return examples.map(([command, what]) => `  ${command.padEnd(width)}  ${paint('dim', `# ${what}`)}`).join('\n')
}
