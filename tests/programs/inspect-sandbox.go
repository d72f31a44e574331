package main

import (
	"fmt"
	"os"
	"sort"
)

// What a program finds around itself, as in the probes of the other languages.
func main() {
	fmt.Println("Hello, world!")
	for _, path := range []string{"/job", "/tmp", "/var/tmp", "/dev/shm", "/run", "/dev/mqueue", "/dev/pts", "/proc"} {
		entries, _ := os.ReadDir(path)
		for _, entry := range entries {
			name := entry.Name()
			if path != "/proc" || name[0] >= '0' && name[0] <= '9' && name != fmt.Sprint(os.Getpid()) {
				fmt.Println(path, name, entry.Type())
			}
		}
	}
	for _, name := range []string{"sysvipc/shm", "sysvipc/sem", "sysvipc/msg", "net/unix", "net/tcp", "net/udp", "locks"} {
		content, _ := os.ReadFile("/proc/" + name)
		fmt.Print(string(content))
	}
	environment := os.Environ()
	sort.Strings(environment)
	host, _ := os.Hostname()
	fmt.Println(environment, host, os.Getuid(), os.Getgid())
}
