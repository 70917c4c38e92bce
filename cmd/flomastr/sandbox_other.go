//go:build !linux

package main

// sandboxKind is empty where the system offers nothing that we know how to use.
func sandboxKind() string { return "" }
