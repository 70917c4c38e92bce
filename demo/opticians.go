package demo

import "time"

// opticians is the main business of the demo: four branches in the Emirates, customers in five languages.
func opticians() Tenant {
	return Tenant{
		Slug:        "demo",
		Name:        "Sidra Opticians",
		About:       "Family-run opticians with four branches in Dubai, Sharjah and Abu Dhabi.",
		TimeZone:    "Asia/Dubai",
		Locale:      "en",
		BrandColour: "#0f766e",
		Owner:       Person{"Layla Haddad", "layla@sidraopticians.example", "owner"},
		Members: []Person{
			{"Yusuf Al Marri", "yusuf@sidraopticians.example", "admin"},
			{"Grace Villanueva", "grace@sidraopticians.example", "member"},
		},
		Pages: pages("demo", []Page{
			{Title: "About Sidra Opticians", Filename: "about.md", Intent: "company", Tags: []string{"company"}},
			{Title: "Opening hours", Filename: "opening-hours.md", Intent: "hours", Tags: []string{"branches", "hours"}},
			{Title: "Our branches at a glance", Filename: "branches.md", Intent: "location", Tags: []string{"branches"}},
			{Title: "Jumeirah branch", Filename: "branch-jumeirah.html", Intent: "location", Tags: []string{"branches", "dubai"}},
			{Title: "Al Barsha branch", Filename: "branch-al-barsha.html", Intent: "location", Tags: []string{"branches", "dubai"}},
			{Title: "Muwaileh branch", Filename: "branch-muwaileh.html", Intent: "location", Tags: []string{"branches", "sharjah"}},
			{Title: "Al Reem branch", Filename: "branch-al-reem.html", Intent: "location", Tags: []string{"branches", "abu-dhabi"}},
			{Title: "Price list 2026", Filename: "price-list.pdf", Intent: "prices", Tags: []string{"prices"}},
			{Title: "Eye tests for adults", Filename: "eye-test.md", Intent: "services", Tags: []string{"eye-test"}},
			{Title: "Eye test for the driving licence", Filename: "driving-licence-test.txt", Intent: "services", Tags: []string{"eye-test"}},
			{Title: "Eye care for children", Filename: "childrens-eye-care.md", Intent: "services", Tags: []string{"children"}},
			{Title: "Myopia control for children", Filename: "myopia-control.html", Intent: "services", Tags: []string{"children", "clinic"}},
			{Title: "Contact lens fitting", Filename: "contact-lens-fitting.md", Intent: "services", Tags: []string{"contact-lenses"}},
			{Title: "Contact lens prices", Filename: "contact-lens-prices.md", Intent: "prices", Tags: []string{"contact-lenses", "prices"}},
			{Title: "Frames", Filename: "frames.md", Intent: "products", Tags: []string{"glasses"}},
			{Title: "Sunglasses", Filename: "sunglasses.md", Intent: "products", Tags: []string{"glasses"}},
			{Title: "The Sidra lens guide", Filename: "lens-guide.pdf", Intent: "products", Tags: []string{"glasses", "lenses"}},
			{Title: "Progressive lenses", Filename: "progressive-lenses.md", Intent: "products", Tags: []string{"glasses", "lenses"}},
			{Title: "Sports and safety eyewear", Filename: "sports-and-safety.txt", Intent: "products", Tags: []string{"glasses"}},
			{Title: "Accessories", Filename: "accessories.txt", Intent: "products", Tags: []string{"accessories"}},
			{Title: "Delivery", Filename: "delivery.md", Intent: "delivery", Tags: []string{"orders"}},
			{Title: "How long orders take", Filename: "order-times.md", Intent: "orders", Tags: []string{"orders"}},
			{Title: "Returns and exchanges", Filename: "returns-and-exchanges.md", Intent: "returns", Tags: []string{"policies"}},
			{Title: "Warranty", Filename: "warranty.docx", Intent: "warranty", Tags: []string{"policies"}},
			{Title: "Repairs", Filename: "repairs.md", Intent: "repairs", Tags: []string{"workshop", "prices"}},
			{Title: "Booking an appointment", Filename: "booking.md", Intent: "booking", Tags: []string{"appointments"}},
			{Title: "Payment", Filename: "payment.md", Intent: "payment", Tags: []string{"policies"}},
			{Title: "Insurance", Filename: "insurance.md", Intent: "insurance", Tags: []string{"policies"}},
			{Title: "Current promotions", Filename: "promotions.md", Intent: "promotions", Tags: []string{"offers"}},
			{Title: "Sidra Circle, our loyalty programme", Filename: "loyalty.md", Intent: "promotions", Tags: []string{"offers"}},
			{Title: "Gift cards", Filename: "gift-cards.txt", Intent: "products", Tags: []string{"offers"}},
			{Title: "Home visits", Filename: "home-visits.md", Intent: "services", Tags: []string{"eye-test"}},
			{Title: "Corporate eye care", Filename: "corporate-eye-care.docx", Intent: "corporate", Tags: []string{"companies"}},
			{Title: "Our team", Filename: "staff.md", Intent: "staff", Tags: []string{"company"}},
			{Title: "Dry eye clinic", Filename: "dry-eye-clinic.html", Intent: "services", Tags: []string{"clinic"}},
			{Title: "Reading your prescription", Filename: "prescriptions.md", Intent: "advice", Tags: []string{"glasses"}},
			{Title: "Looking after your glasses and lenses", Filename: "lens-care.txt", Intent: "advice", Tags: []string{"glasses", "contact-lenses"}},
			{Title: "Privacy", Filename: "privacy.md", Intent: "privacy", Tags: []string{"policies"}},
			{Title: "If something went wrong", Filename: "complaints.md", Intent: "complaints", Tags: []string{"policies"}},
			{Title: "Frequently asked questions", Filename: "faq.md", Intent: "faq", Tags: []string{"faq"}},
			{Title: "أسئلة شائعة بالعربية", Filename: "faq-arabic.md", Intent: "faq", Tags: []string{"faq", "arabic"}},
			{Title: "Preguntas frecuentes en español", Filename: "preguntas-frecuentes.md", Intent: "faq", Tags: []string{"faq", "spanish"}},
		}),
		Conversations: []Conversation{
			{ContactName: "Mariam Al Suwaidi", Phone: "+971501550117", Messages: []Message{
				{FromContact: true, Before: 50 * time.Hour, Text: "Hello! How much is an eye test for my son? He is 7"},
				{
					Before: 50*time.Hour - 3*time.Second, Source: "Eye care for children",
					Text: "Hi Mariam, I'm the automated assistant of Sidra Opticians.\n\nA child's eye test costs AED 90 and takes 40 minutes; up to the age of 16 the price is the same.\n\n_Source: Eye care for children_",
				},
				{FromContact: true, Before: 50*time.Hour - 2*time.Minute, Text: "and where do you test children?"},
				{
					Before: 50*time.Hour - 2*time.Minute - 2*time.Second, Source: "Eye care for children",
					Text: "Dr. Rajesh Menon leads the children's centre in Al Barsha. Children are also tested in Muwaileh every afternoon and in Al Reem on Saturday mornings.\n\n_Source: Eye care for children_",
				},
				{FromContact: true, Before: 49 * time.Hour, Text: "Perfect, thank you 🌷"},
				{Before: 49*time.Hour - 2*time.Second, Text: "You're welcome! Let me know if there is anything else."},
			}},
			{ContactName: "Diego Fernández", Phone: "+971551550164", Messages: []Message{
				{FromContact: true, Before: 5 * time.Hour, Text: "Hi, my titanium frame broke at the bridge. Can you fix it?"},
				{
					Before: 5*time.Hour - 4*time.Second, Source: "Repairs",
					Text: "Hi Diego, I'm the automated assistant of Sidra Opticians.\n\nLaser welding titanium – Price: AED 160, Time: 4 working days\n\n_Source: Repairs_",
				},
				{FromContact: true, Before: 5*time.Hour - 3*time.Minute, Text: "Do you also repair hearing aids?"},
				{
					Before: 5*time.Hour - 3*time.Minute - 2*time.Second, Refused: true,
					Text: "I couldn't find an answer to that in our information, and I don't want to guess. Would you like me to ask a colleague? Just reply \"human\" and a person will take over.",
				},
			}},
		},
	}
}
