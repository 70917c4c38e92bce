//go:build !linux

package convert

// misbehave is for the fences that only Linux has.
func misbehave(string) {}

const misbehaveEnv = "FLOMASTR_TEST_MISBEHAVE"
