//go:build !chaos

package chaos

// Point does nothing.
func Point(string, ...string) {}
