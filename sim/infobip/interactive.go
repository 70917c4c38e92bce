package infobip

// interactive reads what all interactive messages share: header, body and footer; header types beyond TEXT by the kind.
func interactive(o *object, headers ...string) string {
	body := bodyText(o, 1024)
	if footer := o.object("footer", optional); footer != nil {
		footer.text("text", required, size(1, 60), notBlank)
		footer.done()
	}
	if header := o.object("header", optional); header != nil {
		interactiveHeader(header, headers)
		header.done()
	}
	return body
}

func bodyText(o *object, limit int) string {
	body := o.object("body", required)
	if body == nil {
		return ""
	}
	defer body.done()
	return body.text("text", required, size(1, limit), notBlank)
}

func interactiveHeader(o *object, types []string) {
	switch o.text("type", required, oneOf(types...)) {
	case "TEXT":
		o.text("text", required, size(1, 60), notBlank)
	case "IMAGE", "VIDEO":
		mediaURL(o)
	case "DOCUMENT":
		mediaURL(o)
		o.text("filename", optional, size(0, 240))
	default:
		o.anything("text", "mediaUrl", "filename")
	}
}

func buttonsContent(o *object) string {
	text := interactive(o, "TEXT", "IMAGE", "VIDEO", "DOCUMENT")
	action := o.object("action", required)
	if action == nil {
		return text
	}
	titles, ids := map[string]bool{}, map[string]bool{}
	for _, button := range action.objects("buttons", required, 1, 3) {
		button.text("type", required, oneOf("REPLY"))
		button.text("id", required, size(1, 256), noEdgeSpaces, unique(ids))
		button.text("title", required, size(1, 20), notBlank, plainTitle, unique(titles))
		button.done()
	}
	action.done()
	return text
}

// unique refuses a text that it has seen before.
func unique(seen map[string]bool) rule {
	return func(text string) string {
		if seen[text] {
			return "must be unique"
		}
		seen[text] = true
		return ""
	}
}

func listContent(o *object) string {
	text := interactive(o, "TEXT")
	action := o.object("action", required)
	if action == nil {
		return text
	}
	action.text("title", required, size(1, 20), notBlank)
	sections := action.objects("sections", required, 1, 10)
	rows, ids := 0, map[string]bool{}
	for _, section := range sections {
		title := section.text("title", need(len(sections) > 1), size(0, 24))
		if len(sections) > 1 && title == "" && section.value.members["title"].shape == shapeString {
			section.wrong("title", "must not be blank")
		}
		// Ten is the limit over all sections; one section alone may break it, too, and should hear the same words.
		for _, row := range section.objects("rows", required, 1, 1000) {
			rows++
			row.text("id", required, size(1, 200), unique(ids))
			row.text("title", required, size(1, 24), notBlank)
			row.text("description", optional, size(0, 72))
			row.done()
		}
		section.done()
	}
	if rows > 10 {
		action.wrong("sections", "total number of rows must be at most 10")
	}
	action.done()
	return text
}

func urlButtonContent(o *object) string {
	text := interactive(o, "TEXT", "IMAGE", "VIDEO", "DOCUMENT")
	if action := o.object("action", required); action != nil {
		action.text("displayText", required, size(1, 20), notBlank)
		action.text("url", required, size(1, 2048), webAddress)
		action.done()
	}
	return text
}

func locationRequestContent(o *object) string { return bodyText(o, 1024) }

func flowContent(o *object) string {
	text := interactive(o, "TEXT")
	action := o.object("action", required)
	if action == nil {
		return text
	}
	defer action.done()
	action.text("flowId", required, notBlank)
	action.text("flowToken", required, notBlank)
	action.text("callToActionButton", required, size(1, 20), notBlank)
	action.text("mode", optional, oneOf("PUBLISHED", "DRAFT"))
	action.number("flowMessageVersion", optional, 1, 1000)
	does := action.text("flowAction", required, oneOf("NAVIGATE", "DATA_EXCHANGE"))
	payload := action.object("flowActionPayload", need(does == "NAVIGATE"))
	if payload == nil {
		return text
	}
	if does == "DATA_EXCHANGE" {
		action.wrong("flowActionPayload", "must be omitted for DATA_EXCHANGE")
	}
	payload.text("screen", required, notBlank)
	if data, ok := payload.take("data", optional, shapeObject, "an object"); ok && len(data.members) == 0 {
		payload.wrong("data", "must not be empty")
	}
	payload.done()
	return text
}
