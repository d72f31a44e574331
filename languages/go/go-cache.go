// What was compiled before, for the go command: a GOCACHEPROG that only reads.
//
//	runyard-go-cache FOLDER...
//
// Each folder is a GOCACHE as the go command keeps it; the first that has an action counts. It says that it can do nothing but "get" and
// "close", so that the go command keeps in its own folders what it compiles.
package main

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

type request struct {
	ID       int64
	Command  string
	ActionID []byte `json:",omitempty"`
}

type response struct {
	ID            int64
	KnownCommands []string `json:",omitempty"`
	Miss          bool     `json:",omitempty"`
	OutputID      []byte   `json:",omitempty"`
	Size          int64    `json:",omitempty"`
	DiskPath      string   `json:",omitempty"`
}

// find reads an entry: "v1", the action, the output, its size and a time.
func find(folder string, action []byte) (response, bool) {
	name := hex.EncodeToString(action)
	if len(name) < 2 {
		return response{}, false
	}
	entry, err := os.ReadFile(filepath.Join(folder, name[:2], name+"-a"))
	if err != nil {
		return response{}, false
	}
	words := strings.Fields(string(entry))
	if len(words) != 5 || words[0] != "v1" || words[1] != name || len(words[2]) < 2 {
		return response{}, false
	}
	output, err := hex.DecodeString(words[2])
	if err != nil {
		return response{}, false
	}
	place := filepath.Join(folder, words[2][:2], words[2]+"-d")
	size, err := strconv.ParseInt(words[3], 10, 64)
	if status, missing := os.Stat(place); err != nil || missing != nil || status.Size() != size {
		return response{}, false
	}
	return response{OutputID: output, Size: size, DiskPath: place}, true
}

func main() {
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	say := func(one response) {
		if err := out.Encode(one); err != nil {
			os.Exit(1)
		}
	}
	say(response{KnownCommands: []string{"get", "close"}})
	for {
		var asked request
		if err := in.Decode(&asked); err != nil {
			return
		}
		answer := response{Miss: true}
		if asked.Command == "close" {
			answer = response{}
		}
		for _, folder := range os.Args[1:] {
			if found, isThere := find(folder, asked.ActionID); asked.Command == "get" && isThere {
				answer = found
				break
			}
		}
		answer.ID = asked.ID
		say(answer)
		if asked.Command == "close" {
			return
		}
	}
}
