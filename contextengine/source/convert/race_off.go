//go:build !race

package convert

// raceFactor is for builds with the race detector.
const raceFactor = 1
