package main

import "fmt"

func main() {
	for i := 1; i <= 100000; i++ {
		fmt.Println(i)
	}
}
