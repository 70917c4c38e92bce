package assistant

// week is a set of weekdays, Sunday the lowest bit.
type week uint8

const (
	everyDay week = 0x7f
	weekdays week = 0x3e // Monday to Friday
	weekend  week = 0x41
)

// weekOf reads the days that a text speaks of. "Monday to Friday" is five of them, also where the week turns over
// between the two.
func (x *lexicon) weekOf(words []word) week {
	var days week
	last, through := -1, false
	for _, w := range words {
		switch d := x.days[w.fold]; d {
		case "":
			last, through = -1, false // "Monday 9 to 6, Friday": the days are no range
		case "to":
			through = last >= 0
		case "every":
			days |= everyDay
		case "weekday":
			days |= weekdays
		case "weekend":
			days |= weekend
		case "today", "tomorrow":
		default:
			n := int(d[0] - '0')
			if through {
				for i := last; i != n; i = (i + 1) % 7 {
					days |= 1 << i
				}
			}
			days |= 1 << n
			last, through = n, false
		}
	}
	return days
}

// weekdayMask is the days that one word of a question means, 0 for a word that is no day.
func weekdayMask(day string) week {
	switch day {
	case "", "today", "tomorrow":
		return 0
	case "weekend":
		return weekend
	case "weekday":
		return weekdays
	}
	return 1 << (day[0] - '0')
}
