//go:build unix

package embedded

import (
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// ownerOf gives the name of the user whom a file belongs to, empty when there is no such file or user.
func ownerOf(name string) string {
	info, err := os.Stat(name)
	if err != nil {
		return ""
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	u, err := user.LookupId(strconv.FormatUint(uint64(st.Uid), 10))
	if err != nil {
		return ""
	}
	return u.Username
}
