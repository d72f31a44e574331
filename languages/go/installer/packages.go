// Resolves, downloads and packs modules with the go command, in a cell that reaches nothing but a package index:
//
//	runyard-packages index                      prints the proxy that the go command uses unless it is told of another
//	runyard-packages resolve INDEX              wanted.txt -> lock.txt, which is printed too
//	runyard-packages install INDEX FOLDER       lock.txt -> FOLDER/go.mod, FOLDER/go.sum and FOLDER/modules
//	runyard-packages pack FOLDER MAX_FILES MAX_BYTES TIMEOUT_MS   compiles into FOLDER/cache, without a network, and packs
//
// Nothing of a module is run. The lock is a go.mod that names every module, and the go.sum with their hashes, which the go command checks
// against the database of checksums where the index has it. Only plain files are packed: a link, a device or a FIFO is an error. The stream of
// `pack` is "RYPACK1\n" and entries of: mode as 1 byte (1: executable), length of the path as 2 bytes, of the content as 8, both big endian,
// path, content; then an entry without path and content. Order and content depend on the modules alone, but for what is compiled: that is what
// half of the time for `pack` is enough for.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	modMark   = "-- go.mod --\n"
	sumMark   = "-- go.sum --\n"
	knownMark = "-- known go.sum --\n"
)

func fail(format string, values ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
	os.Exit(3)
}

func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func read(name string) string {
	content, err := os.ReadFile(name)
	must(err)
	return string(content)
}

func write(name, content string) { must(os.WriteFile(name, []byte(content), 0o644)) }

// run starts the go command, whose words go to standard error.
func run(folder string, words io.Writer, args ...string) error {
	command := exec.Command("go", args...)
	command.Dir, command.Stdout, command.Stderr = folder, words, words
	return command.Run()
}

func mustRun(folder string, args ...string) {
	if run(folder, os.Stderr, args...) != nil {
		os.Exit(1)
	}
}

// reach sets where modules come from. Hashes are compared with the database of checksums unless the index has none.
func reach(index string) {
	must(os.Setenv("GOPROXY", strings.TrimSuffix(index, "/")))
	database := "sum.golang.org"
	if name, _, _ := strings.Cut(os.Getenv("GOSUMDB"), "+"); name != "" {
		database = name
	}
	if _, isThere := get(index + "sumdb/" + database + "/supported"); !isThere {
		must(os.Setenv("GOSUMDB", "off"))
	}
}

func get(url string) (string, bool) {
	answer, err := http.Get(url)
	must(err)
	defer answer.Body.Close()
	content, err := io.ReadAll(io.LimitReader(answer.Body, 16<<20))
	must(err)
	return string(content), answer.StatusCode == http.StatusOK
}

// escape writes a path as proxies want it: without capitals.
func escape(text string) string {
	var escaped strings.Builder
	for _, letter := range text {
		if unicode.IsUpper(letter) {
			escaped.WriteByte('!')
		}
		escaped.WriteRune(unicode.ToLower(letter))
	}
	return escaped.String()
}

func numbers(version string) []int {
	var found []int
	for _, part := range strings.Split(strings.TrimPrefix(strings.TrimPrefix(version, "go"), "v"), ".") {
		number, err := strconv.Atoi(part)
		if err != nil {
			break
		}
		found = append(found, number)
	}
	return found
}

func isLess(a, b string) bool {
	one, other := numbers(a), numbers(b)
	for index := 0; index < len(one) && index < len(other); index++ {
		if one[index] != other[index] {
			return one[index] < other[index]
		}
	}
	return len(one) < len(other)
}

var goLine = regexp.MustCompile(`(?m)^go\s+(\S+)`)

// newest is the last release of the module, or of the one that has the package, which this version of Go can compile; "latest" when the go
// command must say it.
func newest(index, wanted string) string {
	for module := wanted; strings.Contains(module, "/"); module = path.Dir(module) {
		list, isThere := get(index + escape(module) + "/@v/list")
		var versions []string
		for _, version := range strings.Fields(list) {
			if !strings.ContainsAny(version, "-+") || strings.HasSuffix(version, "+incompatible") {
				versions = append(versions, version)
			}
		}
		if !isThere || len(versions) == 0 {
			continue
		}
		sort.SliceStable(versions, func(a, b int) bool { return isLess(versions[b], versions[a]) })
		for count, version := range versions {
			mod, isThere := get(index + escape(module) + "/@v/" + version + ".mod")
			if needs := goLine.FindStringSubmatch(mod); isThere && (needs == nil || !isLess(runtime.Version(), needs[1])) {
				// Of modules of before they had a go.mod, later ones are said to be so.
				if count == 0 && strings.HasSuffix(version, "+incompatible") {
					return "latest"
				}
				return version
			}
			if count > 50 {
				break
			}
		}
		break
	}
	return "latest"
}

func resolve(index string) {
	reach(index)
	wanted := read("wanted.txt")
	must(os.Mkdir("resolve", 0o755))
	var asked []string
	switch {
	case strings.HasPrefix(wanted, modMark):
		mod, sums, _ := strings.Cut(strings.TrimPrefix(wanted, modMark), knownMark)
		write("resolve/go.mod", mod)
		write("resolve/go.sum", sums)
	case strings.HasPrefix(wanted, "module "):
		write("resolve/go.mod", wanted)
	default:
		write("resolve/go.mod", "module job\n")
		asked = strings.Fields(wanted)
	}
	if !goLine.MatchString(read("resolve/go.mod")) {
		version := numbers(runtime.Version())
		mustRun("resolve", "mod", "edit", fmt.Sprintf("-go=%d.%d", version[0], version[1]))
	}
	for number, one := range asked {
		if module, version, _ := strings.Cut(one, "@"); version == "latest" {
			asked[number] = module + "@" + newest(index, module)
		}
	}
	if len(asked) > 0 {
		mustRun("resolve", append([]string{"get"}, asked...)...)
	} else {
		asked = required("resolve/go.mod", false)
	}
	// Their packages may need more than the one whose path is the module's; those that cannot be had, nobody can use.
	for _, one := range asked {
		mod, sums := read("resolve/go.mod"), readIfThere("resolve/go.sum")
		module, version, _ := strings.Cut(one, "@")
		if run("resolve", io.Discard, "get", module+"/...@"+version) != nil {
			write("resolve/go.mod", mod)
			write("resolve/go.sum", sums)
		}
	}
	mustRun("resolve", "mod", "download")
	lock := modMark + read("resolve/go.mod") + "\n" + sumMark + readIfThere("resolve/go.sum")
	write("lock.txt", lock)
	fmt.Print(lock)
}

func readIfThere(name string) string {
	content, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	return string(content)
}

// required are the modules that a go.mod names, with those that it names as "// indirect" or without.
func required(mod string, indirect bool) []string {
	output, err := exec.Command("go", "mod", "edit", "-json", mod).Output()
	must(err)
	var read struct {
		Require []struct {
			Path, Version string
			Indirect      bool
		}
	}
	must(json.Unmarshal(output, &read))
	var found []string
	for _, one := range read.Require {
		if indirect || !one.Indirect {
			found = append(found, one.Path+"@"+one.Version)
		}
	}
	return found
}

func install(index, folder string) {
	reach(index)
	mod, sums, isLock := strings.Cut(strings.TrimPrefix(read("lock.txt"), modMark), sumMark)
	if !isLock {
		fail("the lock has no go.sum")
	}
	must(os.MkdirAll(filepath.Join(folder, "modules"), 0o755))
	write(filepath.Join(folder, "go.mod"), mod)
	write(filepath.Join(folder, "go.sum"), sums)
	mustRun(folder, "mod", "download")
	if after := read(filepath.Join(folder, "go.sum")); sorted(after) != sorted(sums) {
		fail("the go.sum of the lock has not the hashes of all modules")
	}
	if read(filepath.Join(folder, "go.mod")) != mod {
		fail("the go.mod of the lock is not complete")
	}
}

func sorted(text string) string {
	lines := strings.Fields(strings.ReplaceAll(text, " ", "\x01"))
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

const (
	// stdCache has the standard library, compiled.
	stdCache = "/usr/local/lib/go-cache"
	newCache = "/tmp/compiled"
)

// compile keeps what the modules that the go.mod names are compiled to, as a GOCACHE of nothing else. A package that cannot be compiled is
// left to the job that imports it, as is what does not fit, and what the compiler does not reach in its time.
func compile(folder string, maxFiles, maxBytes int64, most time.Duration) {
	var patterns []string
	wanted := required(filepath.Join(folder, "go.mod"), false)
	if len(wanted) == 0 {
		// The go command notes what is asked for by name as indirect: nothing imports it yet.
		wanted = required(filepath.Join(folder, "go.mod"), true)
	}
	for _, one := range wanted {
		module, _, _ := strings.Cut(one, "@")
		patterns = append(patterns, module+"/...")
	}
	if len(patterns) == 0 {
		return
	}
	entries, err := filepath.Glob(stdCache + "/*/*")
	must(err)
	for _, entry := range entries {
		shown, _ := filepath.Rel(stdCache, entry)
		must(os.MkdirAll(filepath.Join(newCache, filepath.Dir(shown)), 0o755))
		must(os.Symlink(entry, filepath.Join(newCache, shown)))
	}
	// As jobs have it.
	for name, value := range map[string]string{
		"GOCACHE": newCache, "GOPROXY": "off", "GOFLAGS": "-modfile=/environment/go.mod", "GOMODCACHE": "/environment/modules", "GODEBUG": "goindex=0",
	} {
		must(os.Setenv(name, value))
	}
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	format := `{{if not (or .Error .DepsErrors (eq .Name "main"))}}{{.ImportPath}}{{end}}`
	list, _ := exec.CommandContext(ctx, "go", append([]string{"list", "-e", "-f", format}, patterns...)...).Output()
	if packages := strings.Fields(string(list)); len(packages) > 0 {
		_ = exec.CommandContext(ctx, "go", append([]string{"build", "-p", "2"}, packages...)...).Run()
	}
	keepCompiled(folder, maxFiles, maxBytes)
}

// keepCompiled moves each new action, with its output, where jobs look for it; all of them, or none where there is no room.
func keepCompiled(folder string, maxFiles, maxBytes int64) {
	actions, err := filepath.Glob(newCache + "/*/*-a")
	must(err)
	outputs := map[string]bool{}
	lines := map[string]string{}
	var bytes int64
	for _, action := range actions {
		status, err := os.Lstat(action)
		must(err)
		words := strings.Fields(read(action))
		if !status.Mode().IsRegular() || len(words) != 5 || words[0] != "v1" || len(words[2]) < 2 {
			continue
		}
		output := words[2][:2] + "/" + words[2] + "-d"
		content, err := os.Lstat(filepath.Join(newCache, output))
		if err != nil || !content.Mode().IsRegular() {
			continue
		}
		shown, _ := filepath.Rel(newCache, action)
		// Without the time, which is another each time.
		lines[shown] = fmt.Sprintf("%s %s %s %s 0\n", words[0], words[1], words[2], words[3])
		bytes += int64(len(lines[shown]))
		if !outputs[output] {
			bytes += content.Size()
		}
		outputs[output] = true
	}
	files := int64(len(lines) + len(outputs))
	must(filepath.WalkDir(folder, func(place string, entry fs.DirEntry, err error) error {
		must(err)
		shown, _ := filepath.Rel(folder, place)
		status, err := entry.Info()
		if err == nil && !entry.IsDir() && !isLeftOut(shown, false) {
			files, bytes = files+1, bytes+status.Size()
		}
		return nil
	}))
	if files > maxFiles || bytes > maxBytes {
		return
	}
	cache := filepath.Join(folder, "cache")
	for output := range outputs {
		must(os.MkdirAll(filepath.Join(cache, filepath.Dir(output)), 0o755))
		must(os.Rename(filepath.Join(newCache, output), filepath.Join(cache, output)))
	}
	for action, line := range lines {
		must(os.MkdirAll(filepath.Join(cache, filepath.Dir(action)), 0o755))
		write(filepath.Join(cache, action), line)
	}
}

// isLeftOut says what of the module cache compiling does not need.
func isLeftOut(shown string, isFolder bool) bool {
	name := path.Base(shown)
	if isFolder {
		return name == "testdata" || shown == "modules/cache/vcs" || shown == "modules/cache/download/sumdb"
	}
	if strings.HasPrefix(shown, "modules/cache/") {
		return shown == "modules/cache/lock" || strings.HasSuffix(name, ".zip") || strings.HasSuffix(name, ".lock")
	}
	return strings.HasSuffix(name, "_test.go")
}

// pack has the compiler end early enough that packing has as long as it.
func pack(folder string, maxFiles, maxBytes int64, timeout time.Duration) {
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	var files, bytes int64
	compile(folder, maxFiles, maxBytes, timeout/2)
	out.WriteString("RYPACK1\n")
	// In the order of names, folder by folder.
	must(filepath.WalkDir(folder, func(place string, entry fs.DirEntry, err error) error {
		must(err)
		shown, _ := filepath.Rel(folder, place)
		if shown == "." {
			return nil
		}
		if isLeftOut(shown, entry.IsDir()) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() {
			return nil
		}
		status, err := entry.Info()
		must(err)
		if !status.Mode().IsRegular() {
			fail("%s is no plain file; packages may hold plain files only", shown)
		}
		files++
		bytes += status.Size()
		if files > maxFiles {
			fail("too large: more than %d files", maxFiles)
		}
		if bytes > maxBytes {
			fail("too large: more than %d bytes", maxBytes)
		}
		content, err := os.ReadFile(place)
		must(err)
		head := make([]byte, 11)
		binary.BigEndian.PutUint16(head[1:], uint16(len(shown)))
		binary.BigEndian.PutUint64(head[3:], uint64(len(content)))
		out.Write(head)
		out.WriteString(shown)
		out.Write(content)
		return nil
	}))
	out.Write(make([]byte, 11))
	must(out.Flush())
}

func main() {
	args := os.Args[1:]
	switch {
	case len(args) == 1 && args[0] == "index":
		output, err := exec.Command("go", "env", "GOPROXY").Output()
		must(err)
		fmt.Println(strings.FieldsFunc(strings.TrimSpace(string(output)), func(letter rune) bool { return letter == ',' || letter == '|' })[0])
	case len(args) == 2 && args[0] == "resolve":
		resolve(args[1])
	case len(args) == 3 && args[0] == "install":
		install(args[1], args[2])
	case len(args) == 5 && args[0] == "pack":
		maxFiles, err := strconv.ParseInt(args[2], 10, 64)
		must(err)
		maxBytes, err := strconv.ParseInt(args[3], 10, 64)
		must(err)
		timeoutMs, err := strconv.ParseInt(args[4], 10, 64)
		must(err)
		pack(args[1], maxFiles, maxBytes, time.Duration(timeoutMs)*time.Millisecond)
	default:
		fail("runyard-packages: unknown arguments")
	}
}
