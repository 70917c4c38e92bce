package infobip

// templateContent reads the content of one message of a bulk of templates.
func templateContent(o *object) (name, language, text string) {
	name = o.text("templateName", required, size(1, 512), matches(templateName, "must contain only lowercase letters, digits and underscores"))
	language = o.text("language", required, notBlank)
	data := o.object("templateData", required)
	if data == nil {
		return name, language, ""
	}
	defer data.done()
	var words []string
	if body := data.object("body", required); body != nil {
		words = placeholders(body)
		body.done()
	}
	templateHeader(data.object("header", optional))
	templateButtons(data, "buttons")
	for _, card := range data.carousel() {
		templateHeader(card.object("header", required))
		if body := card.object("body", required); body != nil {
			placeholders(body)
			body.done()
		}
		if n := len(card.value.members["buttons"].items); n < 1 || n > 2 {
			card.wrong("buttons", "size must be between 1 and 2")
		}
		templateButtons(card, "buttons")
		card.done()
	}
	data.anything("limitedTimeOffer", "orderStatus")
	return name, language, joined(words...)
}

// placeholders reads body.placeholders: an array that must be there, even when empty, of positional strings.
func placeholders(o *object) []string {
	var words []string
	for i, item := range o.items("placeholders", required, 0, 1000) {
		path := o.item("placeholders", i)
		if item.shape != shapeString {
			o.found.add(path, "must be a string and not null")
			continue
		}
		if finding := placeholder(item.text); finding != "" {
			o.found.add(path, finding)
		}
		words = append(words, item.text)
	}
	return words
}

func (o *object) carousel() []*object {
	carousel := o.object("carousel", optional)
	if carousel == nil {
		return nil
	}
	defer carousel.done()
	return carousel.objects("cards", required, 1, 10)
}

func templateHeader(o *object) {
	if o == nil {
		return
	}
	defer o.done()
	switch o.text("type", required, oneOf("TEXT", "IMAGE", "VIDEO", "GIF", "DOCUMENT", "LOCATION")) {
	case "TEXT":
		o.text("placeholder", required, placeholder)
	case "IMAGE", "VIDEO", "GIF":
		mediaURL(o)
	case "DOCUMENT":
		mediaURL(o)
		o.text("filename", required, size(1, 240))
	case "LOCATION":
		o.number("latitude", required, -90, 90)
		o.number("longitude", required, -180, 180)
	default:
		o.anything("placeholder", "mediaUrl", "filename", "latitude", "longitude")
	}
}

// maxTemplateButtons is WhatsApp's own limit on a template's buttons.
const maxTemplateButtons = 10

func templateButtons(o *object, name string) {
	for _, button := range o.objects(name, optional, 0, maxTemplateButtons) {
		switch button.text("type", required, oneOf("QUICK_REPLY", "URL", "COPY_CODE", "FLOW", "CATALOG", "MULTI_PRODUCT", "ORDER_DETAILS", "VOICE_CALL")) {
		case "QUICK_REPLY":
			button.text("parameter", required, size(1, 128))
			button.done()
		case "URL":
			button.text("parameter", required, size(1, 2048))
			button.done()
		case "COPY_CODE":
			button.text("parameter", required, size(1, 15))
			button.done()
		default:
			// The contract's commerce and flow buttons have deep insides that we neither send nor judge.
		}
	}
}
