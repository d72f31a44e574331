package main

import "fmt"

func add(first, last int, parts chan<- int) {
	total := 0
	for n := first; n <= last; n++ {
		total += n
	}
	parts <- total
}

func main() {
	parts := make(chan int)
	go add(1, 50, parts)
	go add(51, 100, parts)
	fmt.Println(<-parts + <-parts)
}
