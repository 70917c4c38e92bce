package assistant

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSentencesEndWhereTheyEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want []string
	}{
		{"A service costs 4821.50 dirhams. It takes four days.", []string{"A service costs 4821.50 dirhams.", "It takes four days."}},
		{"Ask Dr. Haddad or Mr. J. Smith. They know.", []string{"Ask Dr. Haddad or Mr. J. Smith.", "They know."}},
		{"Write to a.b@bar.example or see www.bar.example/x.y. Thanks!", []string{"Write to a.b@bar.example or see www.bar.example/x.y.", "Thanks!"}},
		{"We sell bolts, e.g. M6, approx. 2 cm. Also nuts.", []string{"We sell bolts, e.g. M6, approx. 2 cm.", "Also nuts."}},
		{"Open at 9 a.m. and closed at 5 p.m. on Fridays.", []string{"Open at 9 a.m. and closed at 5 p.m. on Fridays."}},
		{"See No. 5 and p. 12. Then go.", []string{"See No. 5 and p. 12.", "Then go."}},
		{"هل تفتحون الجمعة؟ نعم، من الساعة 14:00. أهلا بكم!", []string{"هل تفتحون الجمعة؟", "نعم، من الساعة 14:00.", "أهلا بكم!"}},
		{"हम सोमवार को खुले हैं। रविवार को बंद।", []string{"हम सोमवार को खुले हैं।", "रविवार को बंद।"}},
		{"¿Abren los domingos? No. Cerramos.", []string{"¿Abren los domingos?", "No.", "Cerramos."}},
		{"Monday 9-18\nSunday closed", []string{"Monday 9-18", "Sunday closed"}},
		{"This is a line that was wrapped by an editor at about eighty characters and\ngoes on here. Next.", []string{"This is a line that was wrapped by an editor at about eighty characters and\ngoes on here.", "Next."}},
		{"He said \"no.\" She left (at once). Really?! Yes…", []string{"He said \"no.\"", "She left (at once).", "Really?!", "Yes…"}},
		{"  \n ", nil},
	} {
		var got []string
		for _, s := range sentences(c.text) {
			got = append(got, s.of(c.text))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q:\n got %q\nwant %q", c.text, got, c.want)
		}
	}
}

func TestUnitsKeepTheShapeOfAPassage(t *testing.T) {
	t.Parallel()
	text := "Intro line. Second.\n\n## Fees\n\nWe take:\n\n- cash\n- card,\n  also foreign\n\n| Item | Price |\n|---|---:|\n| Oil | AED 12 |\n| Gas \\| air | AED 9 |\n\n**Q: Is it far?**\n\nNo, *not* far."
	var got []string
	for _, u := range units(text) {
		got = append(got, u.text)
	}
	want := []string{"Intro line.", "Second.", "We take:", "cash", "card, also foreign", "Oil: AED 12", "Gas | air: AED 9", "Is it far?", "No, not far."}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	for _, u := range units(text) {
		if u.text == "cash" && (u.lead == nil || u.lead.of(text) != "We take:") {
			t.Error("the list has lost its lead-in")
		}
		if u.text == "No, not far." && !slices.ContainsFunc(u.headings, func(h string) bool { return strings.Contains(h, "Is it far") }) {
			t.Errorf("the answer has lost its question: %q", u.headings)
		}
	}
}

func TestMarkupAndTricksAreNotShown(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"**Bold** and *thin* `code`":                      "Bold and thin code",
		"[Book here](https://bar.example/b) now":          "Book here (https://bar.example/b) now",
		"[home](/) and [mail](mailto:a@bar.example)":      "home and mail",
		"![logo](https://evil.example/x.png?d=1) Welcome": "logo Welcome",
		"a\u202Eb\u200Bc\x07d":                            "abcd",
		"<script>alert(1)</script> hi <b>you</b>":         "alert(1) hi you",
		"price\\_list 3 * 4 = 12 and snake_case_name":     "price_list 3 * 4 = 12 and snake_case_name",
		"line\nbreak": "line break",
	} {
		if got := plain(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// FuzzSentences holds that spans are in order, never overlap, lose nothing but white space and never split a character.
func FuzzSentences(f *testing.F) {
	for _, seed := range []string{"A. B! C?", "4821.50 dirhams. Dr. X", "؟ ، ।", "a\n\n\nb", "...", "\xff\xfe. x", "1. 2. 3.", "(\"'”’)."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		last := 0
		for _, s := range sentences(text) {
			if s.start < last || s.end <= s.start || s.end > len(text) {
				t.Fatalf("span %v after %d of %d", s, last, len(text))
			}
			if strings.TrimSpace(text[last:s.start]) != "" {
				t.Fatalf("lost %q", text[last:s.start])
			}
			if utf8.ValidString(text) && !utf8.ValidString(s.of(text)) {
				t.Fatalf("split a character: %q", s.of(text))
			}
			last = s.end
		}
		if strings.TrimSpace(text[last:]) != "" {
			t.Fatalf("lost %q", text[last:])
		}
	})
}

// FuzzUnits holds that every unit lies in the passage and that cutting ends.
func FuzzUnits(f *testing.F) {
	for _, seed := range []string{"| a | b |\n|---|---|\n| 1 | 2 |", "- a\n- b\n\n- c", "# x\n\ny:\n1. z", "|", "||\n||", "Q: a?\nA: b", "> quote. two.", "- "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, u := range units(text) {
			if u.at.start < 0 || u.at.end > len(text) || u.at.start >= u.at.end {
				t.Fatalf("unit at %v of %d", u.at, len(text))
			}
			if u.lead != nil && (u.lead.start < 0 || u.lead.end > len(text) || u.lead.start > u.lead.end) {
				t.Fatalf("lead at %v of %d", *u.lead, len(text))
			}
		}
	})
}
