package memory

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheTimeThatAQuestionNames(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 18, 15, 0, 0, 0, time.UTC) // a Wednesday
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	for text, want := range map[string]span{
		"what did i order":                     {},
		"may i ask something":                  {},
		"what happened in may":                 {day(2025, 5, 1), day(2025, 6, 1)},
		"what happened in february":            {day(2026, 2, 1), day(2026, 3, 1)},
		"what happened in may 2024":            {day(2024, 5, 1), day(2024, 6, 1)},
		"who was it on may 3 2023":             {day(2023, 5, 3), day(2023, 5, 4)},
		"who was it on the 3rd may":            {day(2025, 5, 3), day(2025, 5, 4)},
		"que paso en enero":                    {day(2026, 1, 1), day(2026, 2, 1)},
		"what did we say in 2024":              {day(2024, 1, 1), day(2025, 1, 1)},
		"what did you say yesterday":           {day(2026, 3, 17), day(2026, 3, 18)},
		"what did you say last week":           {day(2026, 3, 4), day(2026, 3, 19)},
		"what did you say 3 weeks ago":         {day(2026, 2, 18), day(2026, 3, 5)},
		"was habe ich letzten monat bestellt":  {day(2026, 1, 17), day(2026, 3, 19)},
		"my table for 4 people on the terrace": {},
	} {
		require.Equal(t, want, newCalendar().named(strings.Fields(text), now), text)
	}
}
