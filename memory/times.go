package memory

import (
	"strconv"
	"strings"
	"time"
)

// calendar knows how people name times, in the languages that [calendarWords] lists.
type calendar struct {
	months   map[string]time.Month
	temporal map[string]bool // words that say when: "yesterday", "week", a month, a weekday
	backward map[string]int  // days back: "yesterday"
	units    map[string]int  // days in a "week"
	last     map[string]bool // "last week", "la semana pasada"
	before   map[string]bool // what stands before the name of a month that is a word as well ("in may")
}

// calendarWords are folded. Months come in their order.
var calendarWords = struct {
	months, today, yesterday, day, week, month, year, last, before, other []string
}{
	months: []string{
		"january february march april may june july august september october november december",
		"jan feb mar apr may jun jul aug sep oct nov dec",
		"enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
		"janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
		"januar februar marz april mai juni juli august september oktober november dezember",
		"janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro",
		"gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
		"يناير فبراير مارس ابريل مايو يونيو يوليو اغسطس سبتمبر اكتوبر نوفمبر ديسمبر",
	},
	today:     []string{"today", "tonight", "hoy", "aujourdhui", "heute", "hoje", "oggi", "اليوم"},
	yesterday: []string{"yesterday", "ayer", "hier", "gestern", "ontem", "ieri", "امس"},
	day:       []string{"day", "days", "dia", "dias", "jour", "jours", "tag", "tage", "tagen", "giorno", "giorni"},
	week:      []string{"week", "weeks", "semana", "semanas", "semaine", "semaines", "woche", "wochen", "settimana", "settimane", "الاسبوع"},
	month:     []string{"month", "months", "mes", "meses", "mois", "monat", "monate", "monaten", "mese", "mesi", "الشهر"},
	year:      []string{"year", "years", "ano", "anos", "an", "annee", "jahr", "jahre", "jahren", "anno", "anni", "السنه"},
	last:      []string{"last", "past", "ago", "pasado", "pasada", "hace", "dernier", "derniere", "letzte", "letzten", "letztes", "passado", "passada", "scorso", "scorsa", "الماضي"},
	before:    []string{"in", "on", "of", "since", "last", "this", "early", "late", "mid", "during", "until", "by"},
	other: []string{
		"tomorrow next weekend morning evening night noon soon recently monday tuesday wednesday thursday friday saturday sunday",
		"manana lunes martes miercoles jueves viernes sabado domingo", "demain lundi mardi mercredi jeudi vendredi samedi dimanche",
		"morgen montag dienstag mittwoch donnerstag freitag samstag sonntag", "amanha domani",
	},
}

func newCalendar() *calendar {
	c := &calendar{months: map[string]time.Month{}, temporal: map[string]bool{}, backward: map[string]int{}, units: map[string]int{}, last: map[string]bool{}, before: map[string]bool{}}
	for _, list := range calendarWords.months {
		for i, name := range strings.Fields(list) {
			c.months[name] = time.Month(i + 1)
			if name != "may" && name != "mar" { // words as well
				c.temporal[name] = true
			}
		}
	}
	days := func(n int, words []string) {
		for _, w := range words {
			c.units[w], c.temporal[w] = n, true
		}
	}
	days(1, calendarWords.day)
	days(7, calendarWords.week)
	days(30, calendarWords.month)
	days(365, calendarWords.year)
	delete(c.temporal, "an")
	for back, words := range [][]string{calendarWords.today, calendarWords.yesterday} {
		for _, w := range words {
			c.backward[w], c.temporal[w] = back, true
		}
	}
	for _, w := range calendarWords.last {
		c.last[w], c.temporal[w] = true, true
	}
	for _, list := range calendarWords.other {
		for w := range strings.FieldsSeq(list) {
			c.temporal[w] = true
		}
	}
	for _, w := range calendarWords.before {
		c.before[w] = true
	}
	return c
}

// timely tells how much a text says of when something was, between 0 and 1.
func (c *calendar) timely(words []string) float64 {
	n := 0
	for _, w := range words {
		if c.temporal[w] || year(w) > 0 {
			n++
		}
	}
	return float64(min(n, 2)) / 2
}

// span is a time from (inclusive) to (exclusive); the zero value is none.
type span struct{ from, to time.Time }

func (s span) known() bool { return !s.from.IsZero() }

// distance is how many days lie between a time and the span. What is told is told afterwards, so the days before count more.
func (s span) distance(at time.Time) float64 {
	const earlier = 3
	switch {
	case at.Before(s.from):
		return earlier * s.from.Sub(at).Hours() / 24
	case at.Before(s.to):
		return 0
	}
	return at.Sub(s.to).Hours() / 24
}

// named finds the time that a question names, reckoned from the moment at which it is asked.
func (c *calendar) named(words []string, now time.Time) span {
	if s := c.dated(words, now); s.known() {
		return s
	}
	today := now.Truncate(24 * time.Hour)
	for i, w := range words {
		if back, ok := c.backward[w]; ok {
			from := today.AddDate(0, 0, -back)
			return span{from, from.AddDate(0, 0, 1)}
		}
		if !c.last[w] {
			continue
		}
		unit, times := 0, 1
		for _, near := range words[max(0, i-2):min(len(words), i+3)] { // "last week", "three weeks ago", "hace 3 semanas"
			if n, ok := c.units[near]; ok {
				unit = n
			}
			if n := dayNumber(near); n > 0 {
				times = n
			}
		}
		if unit > 0 {
			return span{today.AddDate(0, 0, -unit*(times+1)), today.AddDate(0, 0, 1-unit*(times-1))}
		}
	}
	return span{}
}

// dated finds a year, a month or a day of a month.
func (c *calendar) dated(words []string, now time.Time) span {
	var month time.Month
	inYear, day := 0, 0
	for i, w := range words {
		if y := year(w); y > 0 {
			inYear = y
			continue
		}
		m, ok := c.months[w]
		if !ok {
			continue
		}
		before, after := "", ""
		if i > 0 {
			before = words[i-1]
		}
		if i+1 < len(words) {
			after = words[i+1]
		}
		if !c.temporal[w] && !c.before[before] && dayNumber(before) == 0 && dayNumber(after) == 0 && year(after) == 0 {
			continue // "may I …?"
		}
		month = m
		if day = dayNumber(before); day == 0 {
			day = dayNumber(after)
		}
	}
	if month == 0 && inYear == 0 {
		return span{}
	}
	if month == 0 {
		from := time.Date(inYear, 1, 1, 0, 0, 0, 0, time.UTC)
		return span{from, from.AddDate(1, 0, 0)}
	}
	if inYear == 0 { // the last such month
		if inYear = now.Year(); month > now.Month() {
			inYear--
		}
	}
	if day > 0 {
		from := time.Date(inYear, month, day, 0, 0, 0, 0, time.UTC)
		return span{from, from.AddDate(0, 0, 1)}
	}
	from := time.Date(inYear, month, 1, 0, 0, 0, 0, time.UTC)
	return span{from, from.AddDate(0, 1, 0)}
}

// year reads a number that can only be a year of our time.
func year(word string) int {
	n, err := strconv.Atoi(word)
	if err != nil || n < 1950 || n > 2099 {
		return 0
	}
	return n
}

// dayNumber reads "3" and "3rd".
func dayNumber(word string) int {
	for _, end := range []string{"st", "nd", "rd", "th", "."} {
		word = strings.TrimSuffix(word, end)
	}
	n, err := strconv.Atoi(word)
	if err != nil || n < 1 || n > 31 {
		return 0
	}
	return n
}
