//go:build chaos

package chaos

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// plan is what the environment asks for.
type plan struct {
	mu     sync.Mutex
	dice   *rand.Rand
	chance float64
	points string
}

var read = sync.OnceValue(func() *plan {
	seed, chance, _ := strings.Cut(os.Getenv("CHAOS"), ":")
	n, _ := strconv.ParseUint(seed, 10, 64)
	p, _ := strconv.ParseFloat(chance, 64)
	return &plan{dice: rand.New(rand.NewPCG(n, uint64(os.Getpid()))), chance: p, points: os.Getenv("CHAOS_POINTS")}
})

// Point may end the process, or hold the caller up.
func Point(name string) {
	p := read()
	if p.chance == 0 || p.points != "" && !strings.Contains(","+p.points+",", ","+name+",") {
		return
	}
	p.mu.Lock()
	hit, pause := p.dice.Float64() < p.chance, p.dice.Float64() < 0.2
	p.mu.Unlock()
	switch {
	case !hit:
	case pause:
		time.Sleep(300 * time.Millisecond)
	default:
		fmt.Fprintln(os.Stderr, "chaos: ended at "+name)
		os.Exit(137)
	}
}
