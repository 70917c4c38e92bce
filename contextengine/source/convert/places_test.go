package convert

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/flomastr/flomastr"
)

// counter has tenants ask for places, and tells who gets one.
type counter struct {
	*places
	t     *testing.T
	given chan flomastr.TenantID
}

func (c counter) ask(tenant flomastr.TenantID) {
	go func() {
		if c.take(c.t.Context(), tenant) == nil {
			c.given <- tenant
		}
	}()
	synctest.Wait()
}

// after one conversion has ended, these have got places.
func (c counter) after() (who []flomastr.TenantID) {
	c.give()
	return c.newcomers()
}

func (c counter) newcomers() (who []flomastr.TenantID) {
	synctest.Wait()
	for len(c.given) > 0 {
		who = append(who, <-c.given)
	}
	return who
}

func TestAFloodOfOneTenantDelaysAnotherByOneConversionAtMost(t *testing.T) {
	t.Parallel()
	a, b := flomastr.NewID[flomastr.TenantID](), flomastr.NewID[flomastr.TenantID]()
	for _, parallel := range []int{1, 2, 5} {
		synctest.Test(t, func(t *testing.T) {
			c := counter{newPlaces(parallel), t, make(chan flomastr.TenantID, 100)}
			for range 60 {
				c.ask(a)
			}
			if got := c.newcomers(); len(got) != parallel {
				t.Fatalf("%d places, %d given", parallel, len(got))
			}
			for range 3 { // b comes into the middle of the flood, and again
				for range 7 {
					if got := c.after(); !slices.Equal(got, []flomastr.TenantID{a}) {
						t.Fatalf("a alone has asked, and %v got a place", got)
					}
				}
				c.ask(b)
				if got := c.after(); !slices.Equal(got, []flomastr.TenantID{b}) {
					t.Fatalf("%d places: one conversion ended and not b got its place but %v", parallel, got)
				}
			}
		})
	}
}

func TestATenantGainsNothingByComingSeldom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b, x := flomastr.NewID[flomastr.TenantID](), flomastr.NewID[flomastr.TenantID](), flomastr.NewID[flomastr.TenantID]()
		c := counter{newPlaces(1), t, make(chan flomastr.TenantID, 100)}
		for range 30 {
			c.ask(a)
		}
		c.newcomers()
		served := map[flomastr.TenantID]int{}
		for range 8 { // each comes again once it was served, so that somebody new is always there
			for _, who := range []flomastr.TenantID{b, x} {
				c.ask(who)
				for _, got := range c.after() {
					served[got]++
				}
			}
		}
		if served[a] < 4 {
			t.Fatalf("a, who has waited all the time, was served %d times of 16", served[a])
		}
	})
}

func TestWhoGoesAwayLeavesNoPlaceBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := flomastr.NewID[flomastr.TenantID](), flomastr.NewID[flomastr.TenantID]()
		c := counter{newPlaces(1), t, make(chan flomastr.TenantID, 100)}
		c.ask(a)
		c.newcomers()
		leaving, leave := context.WithCancel(t.Context())
		left := make(chan error)
		go func() { left <- c.take(leaving, b) }()
		synctest.Wait()
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		c.ask(a)
		if got := c.after(); !slices.Equal(got, []flomastr.TenantID{a}) {
			t.Fatalf("the place of a caller who has gone went to %v", got)
		}
		if c.give(); c.free != 1 || len(c.waiting) != 0 {
			t.Fatalf("%d free, %d waiting", c.free, len(c.waiting))
		}
	})
}

func TestWhoGivesUpDoesNotHoldTheirTenantBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b, x := flomastr.NewID[flomastr.TenantID](), flomastr.NewID[flomastr.TenantID](), flomastr.NewID[flomastr.TenantID]()
		c := counter{newPlaces(1), t, make(chan flomastr.TenantID, 100)}
		c.ask(a)
		c.newcomers()
		leaving, leave := context.WithCancel(t.Context())
		left := make(chan error)
		for range 10 {
			go func() { left <- c.take(leaving, b) }()
		}
		synctest.Wait()
		leave()
		for range 10 {
			<-left
		}
		c.ask(b)
		c.ask(x)
		c.ask(x)
		if got := c.after(); !slices.Equal(got, []flomastr.TenantID{b}) {
			t.Fatalf("b, ten of whose callers have gone, waits while %v is served", got)
		}
		c.after()
		c.after()
		c.give()
	})
}
