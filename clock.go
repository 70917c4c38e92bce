package flomastr

import "time"

// Clock tells the time. Code takes it as an argument instead of calling time.Now, so that tests can set it and a fault
// test can move it. Leases and order between processes are decided by the database's clock, never by this one.
type Clock func() time.Time

// SystemClock is the machine's own clock, in UTC.
func SystemClock() time.Time { return time.Now().UTC() }
