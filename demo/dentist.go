package demo

import "time"

// dentist is the second business: another trade, country and currency, so that whatever leaks between tenants shows.
func dentist() Tenant {
	return Tenant{
		Slug:        "harbour-dental",
		Name:        "Harbour Dental Clinic",
		About:       "A dental practice with six chairs in Sliema, Malta.",
		TimeZone:    "Europe/Malta",
		Locale:      "en",
		BrandColour: "#1d4ed8",
		Owner:       Person{"Miriam Vella", "miriam@harbourdental.example", "owner"},
		Members:     []Person{{"Rosa Zammit", "rosa@harbourdental.example", "member"}},
		Pages: pages("harbour-dental", []Page{
			{Title: "About Harbour Dental Clinic", Filename: "about.md", Intent: "company", Tags: []string{"company"}},
			{Title: "Opening hours", Filename: "opening-hours.md", Intent: "hours", Tags: []string{"hours"}},
			{Title: "Treatments and fees", Filename: "treatments-and-fees.md", Intent: "prices", Tags: []string{"prices"}},
			{Title: "Appointments and cancellations", Filename: "appointments.html", Intent: "booking", Tags: []string{"appointments"}},
			{Title: "Payment and insurance", Filename: "payment-and-insurance.md", Intent: "payment", Tags: []string{"policies"}},
			{Title: "The team", Filename: "team.md", Intent: "staff", Tags: []string{"company"}},
			{Title: "After your treatment", Filename: "after-treatment.txt", Intent: "advice", Tags: []string{"advice"}},
			{Title: "Children", Filename: "children.md", Intent: "services", Tags: []string{"children"}},
		}),
		Conversations: []Conversation{
			{ContactName: "Paul Attard", Phone: "+35699550121", Messages: []Message{
				{FromContact: true, Before: 26 * time.Hour, Text: "what is the fee for a scale and polish?"},
				{
					Before: 26*time.Hour - 3*time.Second, Source: "Treatments and fees",
					Text: "Hi Paul, I'm the automated assistant of Harbour Dental Clinic.\n\nScale and polish (hygienist) – Fee: EUR 60, Time: 40 minutes\n\n_Source: Treatments and fees_",
				},
			}},
		},
	}
}
