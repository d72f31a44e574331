package main

import (
	"os"
	"os/signal"

	interp "github.com/cosmos72/gomacro/fast"
)

// endOnInterrupt has an interrupt end what the interpreter runs: the kernel knows none, and would itself be ended by it.
func endOnInterrupt(ir *interp.Interp) *interp.Interp {
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	go func() {
		for interrupt := range interrupts {
			ir.Interrupt(interrupt)
		}
	}()
	return ir
}
