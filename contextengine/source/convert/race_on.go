//go:build race

package convert

// raceFactor makes room for the race detector, whose shadow of the memory counts as the worker's own.
const raceFactor = 4
