package main

import (
	"fmt"
	"os"
)

func main() {
	text, err := os.ReadFile("beside.txt")
	if err != nil {
		panic(err)
	}
	fmt.Print(string(text))
}
