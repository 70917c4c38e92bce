package whatsapp

import (
	"math/rand/v2"
	"time"
)

// backoff is how long to wait before try n+1 (n from 1): exponential, with full jitter over its upper half so that many
// who failed together do not come back together.
func backoff(unit time.Duration, n int, most time.Duration) time.Duration {
	d := most
	if n < 20 {
		d = min(unit<<(max(n, 1)-1), most)
	}
	return d/2 + rand.N(d/2+1)
}
