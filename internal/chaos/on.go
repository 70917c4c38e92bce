//go:build chaos

package chaos

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
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
	points []string
	about  string
	act    string
	times  int
}

var read = sync.OnceValue(func() *plan {
	seed, chance, _ := strings.Cut(os.Getenv("CHAOS"), ":")
	n, _ := strconv.ParseUint(seed, 10, 64)
	p, _ := strconv.ParseFloat(chance, 64)
	times, err := strconv.Atoi(os.Getenv("CHAOS_TIMES"))
	if err != nil {
		times = -1
	}
	return &plan{
		dice: rand.New(rand.NewPCG(n, uint64(os.Getpid()))), chance: p, times: times,
		points: strings.FieldsFunc(os.Getenv("CHAOS_POINTS"), func(r rune) bool { return r == ',' }),
		about:  os.Getenv("CHAOS_ABOUT"), act: os.Getenv("CHAOS_ACT"),
	}
})

// Point may end the process, or hold the caller up. About is what is worked on.
func Point(name string, about ...string) {
	p := read()
	if p.chance == 0 || len(p.points) > 0 && !slices.Contains(p.points, name) {
		return
	}
	if p.about != "" && !slices.ContainsFunc(about, func(s string) bool { return strings.Contains(s, p.about) }) {
		return
	}
	switch p.next() {
	case "":
	case "pause":
		time.Sleep(300 * time.Millisecond)
	case "panic":
		panic("chaos: at " + name)
	case "hang":
		fmt.Fprintln(os.Stderr, "chaos: hangs at "+name)
		select {}
	default:
		fmt.Fprintln(os.Stderr, "chaos: ended at "+name)
		os.Exit(137)
	}
}

// next is what is done at a point that counts, nothing most of the time.
func (p *plan) next() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	hit, pause := p.dice.Float64() < p.chance, p.dice.Float64() < 0.2
	if !hit || p.times == 0 {
		return ""
	}
	p.times--
	switch {
	case p.act != "":
		return p.act
	case pause && p.chance < 1:
		return "pause"
	}
	return "end"
}
