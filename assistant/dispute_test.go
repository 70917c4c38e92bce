package assistant

import (
	"slices"
	"strings"
	"testing"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/analysis"
)

func TestNumeralsAreComparedAsPeopleReadThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                                  nil,
		"within 30 days":                    {"30"},
		"AED 1,200 or 1200":                 {"1200"},
		"1.200 EUR":                         {"1200"},
		"12.50 and 12,50":                   {"12.50"},
		"£95.00":                            {"95"},
		"9:00–18:00, that is 9 am to 6 pm.": {"18", "9"},
		"9:30pm and 09:30 a.m.":             {"21:30", "9:30"},
		"12 pm":                             {"12"},
		"٣٠ يوم":                            {"30"},
		"३० दिन":                            {"30"},
		"0 or 00":                           {"0"},
	} {
		if got := numerals(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestSourcesThatContradictEachOtherAreBothShown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		first, second string
		asked         string
		disputed      bool
		wants         []string
	}{
		{
			"a period", "Goods can be returned within 30 days of purchase.", "Goods can be returned within 14 days of purchase.",
			"Within how many days can goods be returned?", true,
			[]string{"30 days", "14 days", "something else"},
		},
		{
			"a row of two price lists", "| Service | Price |\n| --- | --- |\n| Chain replacement | AED 95 |\n| Brake pads | AED 180 |",
			"| Service | Price |\n| --- | --- |\n| Chain replacement | AED 110 |\n| Wheel alignment | AED 180 |",
			"How much is a chain replacement?", true,
			[]string{"95", "110", "something else"},
		},
		{
			"the same in other figures", "The shop opens at 9 am and closes at 6 pm.", "The shop opens at 9:00 and closes at 18:00.",
			"When does the shop open?", false,
			[]string{"9"},
		},
		{
			"one says more", "A refund takes 5 days.", "A refund takes 5 days, and 10 days for a card.",
			"How long does a refund take?", false,
			[]string{"5 days"},
		},
		{
			"another subject", "Delivery to Spain takes 3 days.", "Delivery to Portugal takes 5 days.",
			"How long does delivery to Spain take?", false,
			[]string{"3 days"},
		},
		{
			"another branch, which the question names", "# Marina branch\n\nThe branch opens at 9:00 on weekdays.", "# Downtown branch\n\nThe branch opens at 11:00 on weekdays.",
			"When does the Marina branch open?", false,
			[]string{"9:00"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newShelf(analysis.English)
			s.add("Leaflet", c.first)
			s.add("Web site", c.second)
			s.add("Team", "# Team\n\nThe workshop is led by Omar Haddad, who has repaired bicycles since 1998.")
			s.add("Payment", "# Payment\n\nWe accept cards, cash and bank transfer.")
			d := newTalk(t, s).say(c.asked)
			if d.Action != flomastr.ActionAnswer || len(d.Disputes) > 0 != c.disputed {
				t.Fatalf("%s %v %q (%s)", d.Action, d.Disputes, d.Text, d.Reason)
			}
			for _, want := range c.wants {
				if !strings.Contains(d.Text, want) {
					t.Errorf("%q misses %q", d.Text, want)
				}
			}
			if strings.Contains(d.Text, "something else") != c.disputed || strings.Contains(d.Reason, "different things") != c.disputed {
				t.Errorf("%q (%s)", d.Text, d.Reason)
			}
			for _, x := range d.Disputes {
				if x[0] == x[1] || d.Evidence[x[0]].Item == d.Evidence[x[1]].Item {
					t.Errorf("a source contradicts itself: %v", d.Evidence)
				}
			}
		})
	}
}

func TestAGivenContextThatContradictsItselfSaysSo(t *testing.T) {
	t.Parallel()
	a := New(Deps{})
	got := a.GenerateFrom("Within how many days can goods be returned?", []Piece{
		{Title: "Leaflet", Text: "Goods can be returned within 30 days of purchase."},
		{Title: "Web site", Text: "Goods can be returned within 14 days of purchase."},
	})
	if !got.Answered || len(got.Disputes) != 1 || len(got.Citations) != 2 || got.Disputes[0] != [2]int{0, 1} {
		t.Fatalf("%+v", got)
	}
}
