package infobip_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// long is a text of n characters, each of several bytes and two UTF-16 units, so that counting anything else fails.
func long(n int) string { return strings.Repeat("𝄞", n) }

func digits(n int) string { return strings.Repeat("1", n) }

func links(n int) string { return "https://a.b/" + strings.Repeat("a", n-len("https://a.b/")) }

// single is a body of one recipient with content and other members.
func single(content string, members ...string) string {
	body := fmt.Sprintf(`{"from":%q,"to":%q,"content":%s`, shop, ana, content)
	for _, member := range members {
		body += "," + member
	}
	return body + "}"
}

// template is a bulk of one message with template data.
func template(data string, members ...string) string {
	return `{"messages":[` + single(`{"templateName":"welcome","language":"en","templateData":`+data+`}`, members...) + `]}`
}

func buttons(list ...string) string {
	return single(`{"body":{"text":"Pick"},"action":{"buttons":[` + strings.Join(list, ",") + `]}}`)
}

func button(id, title string) string {
	return fmt.Sprintf(`{"type":"REPLY","id":%q,"title":%q}`, id, title)
}

func list(sections ...string) string {
	return single(`{"body":{"text":"Pick"},"action":{"title":"Menu","sections":[` + strings.Join(sections, ",") + `]}}`)
}

func section(title string, rows int, from int) string {
	var all []string
	for i := range rows {
		all = append(all, fmt.Sprintf(`{"id":"r%d","title":"Row"}`, from+i))
	}
	return fmt.Sprintf(`{"title":%q,"rows":[%s]}`, title, strings.Join(all, ","))
}

func row(id, title, description string) string {
	return list(fmt.Sprintf(`{"rows":[{"id":%q,"title":%q,"description":%q}]}`, id, title, description))
}

func interactive(extra string) string {
	return single(`{"body":{"text":"Pick"},` + extra + `"action":{"buttons":[` + button("y", "Yes") + `]}}`)
}

func contact(extra string) string {
	return single(`{"contacts":[{"name":{"firstName":"A","formattedName":"A B"}` + extra + `}]}`)
}

func flow(action string) string {
	return single(`{"body":{"text":"Book"},"action":{"flowId":"1","flowToken":"t","callToActionButton":"Open",` + action + `}}`)
}

// TestEveryDocumentedLimitHoldsJustUnderAndJustOver names, for each request, the path that is found wrong; none when the
// request is good.
func TestEveryDocumentedLimitHoldsJustUnderAndJustOver(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	for _, c := range []struct{ name, endpoint, body, wrong string }{
		{"text of 4096", "text", single(`{"text":"` + long(4096) + `"}`), ""},
		{"text of 4097", "text", single(`{"text":"` + long(4097) + `"}`), "content.text"},
		{"text empty", "text", single(`{"text":""}`), "content.text"},
		{"text blank", "text", single(`{"text":" \n\t"}`), "content.text"},
		{"text null", "text", single(`{"text":null}`), "content.text"},
		{"text missing", "text", single(`{}`), "content.text"},
		{"text a number", "text", single(`{"text":1}`), "content.text"},
		{"text in other letters", "text", single(`{"Text":"Hello"}`), "content.text"},
		{"content missing", "text", fmt.Sprintf(`{"from":%q,"to":%q}`, shop, ana), "content"},
		{"content an array", "text", single(`[]`), "content"},
		{"preview with a link", "text", single(`{"text":"see https://a.b","previewUrl":true}`), ""},
		{"preview without link", "text", single(`{"text":"see a.b","previewUrl":true}`), "content.previewUrl"},
		{"no preview without link", "text", single(`{"text":"see a.b","previewUrl":false}`), ""},
		{"preview without protocol", "text", single(`{"text":"https://a.b","previewUrl":true}`, `"urlOptions":{"removeProtocol":true}`), "content.previewUrl"},
		{"unknown member of content", "text", single(`{"text":"a","colour":"red"}`), "content.colour"},

		{"from missing", "text", `{"to":"1","content":{"text":"a"}}`, "from"},
		{"from of 25", "text", `{"from":"` + digits(25) + `","to":"1","content":{"text":"a"}}`, "from"},
		{"from with a plus", "text", `{"from":"+44","to":"1","content":{"text":"a"}}`, "from"},
		{"to missing", "text", `{"from":"` + shop + `","content":{"text":"a"}}`, "to"},
		{"to with a plus", "text", `{"from":"` + shop + `","to":"+385","content":{"text":"a"}}`, "to"},
		{"to of 150", "text", `{"from":"` + shop + `","to":"` + digits(150) + `","content":{"text":"a"}}`, ""},
		{"to of 151", "text", `{"from":"` + shop + `","to":"` + digits(151) + `","content":{"text":"a"}}`, "to"},
		{"to a user id", "text", `{"from":"` + shop + `","to":"BR.1a2B3c","content":{"text":"a"}}`, ""},
		{"to a parent user id", "text", `{"from":"` + shop + `","to":"BR.ENT.1a2B3c","content":{"text":"a"}}`, ""},
		{"to a user id of 128", "text", `{"from":"` + shop + `","to":"BR.` + strings.Repeat("a", 128) + `","content":{"text":"a"}}`, ""},
		{"to a user id of 129", "text", `{"from":"` + shop + `","to":"BR.` + strings.Repeat("a", 129) + `","content":{"text":"a"}}`, "to"},
		{"to a user id with a slash", "text", `{"from":"` + shop + `","to":"BR.a/b","content":{"text":"a"}}`, "to"},
		{"messageId of 200", "text", single(`{"text":"a"}`, `"messageId":"`+long(200)+`"`), ""},
		{"messageId of 201", "text", single(`{"text":"a"}`, `"messageId":"`+long(201)+`"`), "messageId"},
		{"callbackData of 4000", "text", single(`{"text":"a"}`, `"callbackData":"`+long(4000)+`"`), ""},
		{"callbackData of 4001", "text", single(`{"text":"a"}`, `"callbackData":"`+long(4001)+`"`), "callbackData"},
		{"notifyUrl of 2048", "text", single(`{"text":"a"}`, `"notifyUrl":"`+links(2048)+`"`), ""},
		{"notifyUrl of 2049", "text", single(`{"text":"a"}`, `"notifyUrl":"`+links(2049)+`"`), "notifyUrl"},
		{"notifyUrl no URL", "text", single(`{"text":"a"}`, `"notifyUrl":"here"`), "notifyUrl"},
		{"entityId of 255", "text", single(`{"text":"a"}`, `"entityId":"`+long(255)+`"`), ""},
		{"entityId of 256", "text", single(`{"text":"a"}`, `"entityId":"`+long(256)+`"`), "entityId"},
		{"applicationId of 256", "text", single(`{"text":"a"}`, `"applicationId":"`+long(256)+`"`), "applicationId"},
		{"context with its id", "text", single(`{"text":"a"}`, `"context":{"replyToMessageId":"w"}`), ""},
		{"context without its id", "text", single(`{"text":"a"}`, `"context":{}`), "context.replyToMessageId"},
		{"smsFailover outside templates", "text", single(`{"text":"a"}`, `"smsFailover":{"from":"a","text":"b"}`), "smsFailover"},
		{"unknown member", "text", single(`{"text":"a"}`, `"priority":1`), "priority"},
		{"all of urlOptions", "text", single(`{"text":"a"}`, `"urlOptions":{"shortenUrl":false,"trackClicks":false,"trackingUrl":"https://a.b","removeProtocol":false,"customDomain":"c"}`), ""},
		{"shortenUrl a string", "text", single(`{"text":"a"}`, `"urlOptions":{"shortenUrl":"false"}`), "urlOptions.shortenUrl"},
		{"unknown member of urlOptions", "text", single(`{"text":"a"}`, `"urlOptions":{"shorten":false}`), "urlOptions.shorten"},
		{"urlOptions on audio", "audio", single(`{"mediaUrl":"https://a.b"}`, `"urlOptions":{}`), "urlOptions"},
		{"urlOptions on a sticker", "sticker", single(`{"mediaUrl":"https://a.b"}`, `"urlOptions":{}`), "urlOptions"},
		{"urlOptions on a location", "location", single(`{"latitude":1,"longitude":1}`, `"urlOptions":{}`), "urlOptions"},
		{"urlOptions on a contact", "contact", strings.TrimSuffix(contact(""), "}") + `,"urlOptions":{}}`, "urlOptions"},

		{"mediaUrl of 2048", "image", single(`{"mediaUrl":"` + links(2048) + `"}`), ""},
		{"mediaUrl of 2049", "image", single(`{"mediaUrl":"` + links(2049) + `"}`), "content.mediaUrl"},
		{"mediaUrl by ftp", "video", single(`{"mediaUrl":"ftp://a.b"}`), "content.mediaUrl"},
		{"mediaUrl missing", "image", single(`{"caption":"c"}`), "content.mediaUrl"},
		{"caption of 3000", "video", single(`{"mediaUrl":"https://a.b","caption":"` + long(3000) + `"}`), ""},
		{"caption of 3001", "video", single(`{"mediaUrl":"https://a.b","caption":"` + long(3001) + `"}`), "content.caption"},
		{"filename of 240", "document", single(`{"mediaUrl":"https://a.b","filename":"` + long(240) + `"}`), ""},
		{"filename of 241", "document", single(`{"mediaUrl":"https://a.b","filename":"` + long(241) + `"}`), "content.filename"},
		{"filename of an image", "image", single(`{"mediaUrl":"https://a.b","filename":"a"}`), "content.filename"},
		{"voice", "audio", single(`{"mediaUrl":"https://a.b","voice":true}`), ""},
		{"caption of audio", "audio", single(`{"mediaUrl":"https://a.b","caption":"c"}`), "content.caption"},
		{"caption of a sticker", "sticker", single(`{"mediaUrl":"https://a.b","caption":"c"}`), "content.caption"},

		{"location at the edges", "location", single(`{"latitude":-90,"longitude":180,"name":"` + long(1000) + `","address":"` + long(1000) + `"}`), ""},
		{"location in the sea", "location", single(`{"latitude":0,"longitude":0}`), ""},
		{"latitude over", "location", single(`{"latitude":90.001,"longitude":0}`), "content.latitude"},
		{"latitude under", "location", single(`{"latitude":-90.001,"longitude":0}`), "content.latitude"},
		{"longitude over", "location", single(`{"latitude":0,"longitude":180.001}`), "content.longitude"},
		{"longitude missing", "location", single(`{"latitude":0}`), "content.longitude"},
		{"latitude a string", "location", single(`{"latitude":"0","longitude":0}`), "content.latitude"},
		{"location name of 1001", "location", single(`{"latitude":0,"longitude":0,"name":"` + long(1001) + `"}`), "content.name"},
		{"location address of 1001", "location", single(`{"latitude":0,"longitude":0,"address":"` + long(1001) + `"}`), "content.address"},

		{"contact", "contact", contact(`,"birthday":"1990-02-28","phones":[{"phone":"1","type":"IPHONE","waId":"1"}],"emails":[{"email":"a@b.c","type":"WORK"}]`), ""},
		{"no contacts", "contact", single(`{"contacts":[]}`), "content.contacts"},
		{"contact without first name", "contact", single(`{"contacts":[{"name":{"formattedName":"A"}}]}`), "content.contacts[0].name.firstName"},
		{"contact without formatted name", "contact", single(`{"contacts":[{"name":{"firstName":"A"}}]}`), "content.contacts[0].name.formattedName"},
		{"contact born on no day", "contact", contact(`,"birthday":"1990-02-30"`), "content.contacts[0].birthday"},
		{"contact phone type", "contact", contact(`,"phones":[{"phone":"1","type":"FAX"}]`), "content.contacts[0].phones[0].type"},
		{"contact mail type", "contact", contact(`,"emails":[{"email":"a","type":"CELL"}]`), "content.contacts[0].emails[0].type"},

		{"body of 1024", "interactive/buttons", single(`{"body":{"text":"` + long(1024) + `"},"action":{"buttons":[` + button("y", "Yes") + `]}}`), ""},
		{"body of 1025", "interactive/buttons", single(`{"body":{"text":"` + long(1025) + `"},"action":{"buttons":[` + button("y", "Yes") + `]}}`), "content.body.text"},
		{"body missing", "interactive/buttons", single(`{"action":{"buttons":[` + button("y", "Yes") + `]}}`), "content.body"},
		{"footer of 60", "interactive/buttons", interactive(`"footer":{"text":"` + long(60) + `"},`), ""},
		{"footer of 61", "interactive/buttons", interactive(`"footer":{"text":"` + long(61) + `"},`), "content.footer.text"},
		{"footer empty", "interactive/buttons", interactive(`"footer":{"text":""},`), "content.footer.text"},
		{"header of 60", "interactive/buttons", interactive(`"header":{"type":"TEXT","text":"` + long(60) + `"},`), ""},
		{"header of 61", "interactive/buttons", interactive(`"header":{"type":"TEXT","text":"` + long(61) + `"},`), "content.header.text"},
		{"header image", "interactive/buttons", interactive(`"header":{"type":"IMAGE","mediaUrl":"https://a.b"},`), ""},
		{"header image without URL", "interactive/buttons", interactive(`"header":{"type":"IMAGE"},`), "content.header.mediaUrl"},
		{"header document of 241", "interactive/buttons", interactive(`"header":{"type":"DOCUMENT","mediaUrl":"https://a.b","filename":"` + long(241) + `"},`), "content.header.filename"},
		{"header of no type", "interactive/buttons", interactive(`"header":{"type":"GIF"},`), "content.header.type"},
		{"three buttons", "interactive/buttons", buttons(button("a", "A"), button("b", "B"), button("c", "C")), ""},
		{"four buttons", "interactive/buttons", buttons(button("a", "A"), button("b", "B"), button("c", "C"), button("d", "D")), "content.action.buttons"},
		{"no buttons", "interactive/buttons", buttons(), "content.action.buttons"},
		{"button id of 256", "interactive/buttons", buttons(button(long(256), "A")), ""},
		{"button id of 257", "interactive/buttons", buttons(button(long(257), "A")), "content.action.buttons[0].id"},
		{"button id with an edge space", "interactive/buttons", buttons(button("a ", "A")), "content.action.buttons[0].id"},
		{"button title of 20", "interactive/buttons", buttons(button("a", strings.Repeat("é", 20))), ""},
		{"button title of 21", "interactive/buttons", buttons(button("a", strings.Repeat("é", 21))), "content.action.buttons[0].title"},
		{"button titles alike", "interactive/buttons", buttons(button("a", "A"), button("b", "A")), "content.action.buttons[1].title"},
		{"button title with an emoji", "interactive/buttons", buttons(button("a", "Yes 👍")), "content.action.buttons[0].title"},
		{"button title with a sign", "interactive/buttons", buttons(button("a", "© 20 °C")), ""},
		{"button title in bold", "interactive/buttons", buttons(button("a", "*Yes*")), "content.action.buttons[0].title"},
		{"button title with one star", "interactive/buttons", buttons(button("a", "5 * 2")), ""},
		{"button of no type", "interactive/buttons", buttons(`{"type":"URL","id":"a","title":"A"}`), "content.action.buttons[0].type"},

		{"list title of 21", "interactive/list", single(`{"body":{"text":"a"},"action":{"title":"` + long(21) + `","sections":[` + section("", 1, 0) + `]}}`), "content.action.title"},
		{"list of ten rows in one", "interactive/list", list(section("", 10, 0)), ""},
		{"list of eleven rows in one", "interactive/list", list(section("", 11, 0)), "content.action.sections"},
		{"list of ten rows in two", "interactive/list", list(section("A", 5, 0), section("B", 5, 5)), ""},
		{"list of eleven rows in two", "interactive/list", list(section("A", 5, 0), section("B", 6, 5)), "content.action.sections"},
		{"list without sections", "interactive/list", list(), "content.action.sections"},
		{"list without rows", "interactive/list", list(`{"rows":[]}`), "content.action.sections[0].rows"},
		{"sections without a title", "interactive/list", list(section("A", 1, 0), section("", 1, 1)), "content.action.sections[1].title"},
		{"section title of 24", "interactive/list", list(section(long(24), 1, 0)), ""},
		{"section title of 25", "interactive/list", list(section(long(25), 1, 0)), "content.action.sections[0].title"},
		{"row ids alike", "interactive/list", list(section("A", 1, 0), section("B", 1, 0)), "content.action.sections[1].rows[0].id"},
		{"row at its limits", "interactive/list", row(long(200), long(24), long(72)), ""},
		{"row id of 201", "interactive/list", row(long(201), "a", ""), "content.action.sections[0].rows[0].id"},
		{"row title of 25", "interactive/list", row("a", long(25), ""), "content.action.sections[0].rows[0].title"},
		{"row description of 73", "interactive/list", row("a", "a", long(73)), "content.action.sections[0].rows[0].description"},
		{"list header image", "interactive/list", single(`{"body":{"text":"a"},"header":{"type":"IMAGE","mediaUrl":"https://a.b"},"action":{"title":"M","sections":[` + section("", 1, 0) + `]}}`), "content.header.type"},

		{"url button", "interactive/url-button", single(`{"body":{"text":"a"},"action":{"displayText":"` + long(20) + `","url":"` + links(2048) + `"}}`), ""},
		{"url button text of 21", "interactive/url-button", single(`{"body":{"text":"a"},"action":{"displayText":"` + long(21) + `","url":"https://a.b"}}`), "content.action.displayText"},
		{"url button link of 2049", "interactive/url-button", single(`{"body":{"text":"a"},"action":{"displayText":"a","url":"` + links(2049) + `"}}`), "content.action.url"},
		{"location request", "interactive/location-request", single(`{"body":{"text":"Where?"}}`), ""},
		{"flow to a screen", "interactive/flow", flow(`"flowAction":"NAVIGATE","flowActionPayload":{"screen":"S"}`), ""},
		{"flow to no screen", "interactive/flow", flow(`"flowAction":"NAVIGATE"`), "content.action.flowActionPayload"},
		{"flow with empty data", "interactive/flow", flow(`"flowAction":"NAVIGATE","flowActionPayload":{"screen":"S","data":{}}`), "content.action.flowActionPayload.data"},
		{"flow exchange", "interactive/flow", flow(`"flowAction":"DATA_EXCHANGE","mode":"DRAFT"`), ""},
		{"flow exchange with payload", "interactive/flow", flow(`"flowAction":"DATA_EXCHANGE","flowActionPayload":{"screen":"S"}`), "content.action.flowActionPayload"},

		{"template", "template", template(`{"body":{"placeholders":["Ana","    four"]}}`), ""},
		{"template without values", "template", template(`{"body":{"placeholders":[]}}`), ""},
		{"template without placeholders", "template", template(`{"body":{}}`), "messages[0].content.templateData.body.placeholders"},
		{"template without body", "template", template(`{}`), "messages[0].content.templateData.body"},
		{"template value null", "template", template(`{"body":{"placeholders":[null]}}`), "messages[0].content.templateData.body.placeholders[0]"},
		{"template value with a newline", "template", template(`{"body":{"placeholders":["a","b\nc"]}}`), "messages[0].content.templateData.body.placeholders[1]"},
		{"template value with a tab", "template", template(`{"body":{"placeholders":["b\tc"]}}`), "messages[0].content.templateData.body.placeholders[0]"},
		{"template value with five spaces", "template", template(`{"body":{"placeholders":["b     c"]}}`), "messages[0].content.templateData.body.placeholders[0]"},
		{"template header", "template", template(`{"body":{"placeholders":[]},"header":{"type":"GIF","mediaUrl":"https://a.b"}}`), ""},
		{"template document header", "template", template(`{"body":{"placeholders":[]},"header":{"type":"DOCUMENT","mediaUrl":"https://a.b"}}`), "messages[0].content.templateData.header.filename"},
		{"template quick reply of 128", "template", template(`{"body":{"placeholders":[]},"buttons":[{"type":"QUICK_REPLY","parameter":"` + long(128) + `"}]}`), ""},
		{"template quick reply of 129", "template", template(`{"body":{"placeholders":[]},"buttons":[{"type":"QUICK_REPLY","parameter":"` + long(129) + `"}]}`), "messages[0].content.templateData.buttons[0].parameter"},
		{"template code of 16", "template", template(`{"body":{"placeholders":[]},"buttons":[{"type":"COPY_CODE","parameter":"` + long(16) + `"}]}`), "messages[0].content.templateData.buttons[0].parameter"},
		{"template card without buttons", "template", template(`{"body":{"placeholders":[]},"carousel":{"cards":[{"header":{"type":"IMAGE","mediaUrl":"https://a.b"},"body":{"placeholders":[]}}]}}`), "messages[0].content.templateData.carousel.cards[0].buttons"},
		{"template name in capitals", "template", `{"messages":[` + single(`{"templateName":"Welcome","language":"en","templateData":{"body":{"placeholders":[]}}}`) + `]}`, "messages[0].content.templateName"},
		{"template name of 513", "template", `{"messages":[` + single(`{"templateName":"`+strings.Repeat("a", 513)+`","language":"en","templateData":{"body":{"placeholders":[]}}}`) + `]}`, "messages[0].content.templateName"},
		{"template failover text of 4097", "template", template(`{"body":{"placeholders":[]}}`, `"smsFailover":{"from":"a","text":"`+long(4097)+`"}`), "messages[0].smsFailover.text"},
		{"template not as bulk", "template", single(`{"templateName":"welcome","language":"en","templateData":{"body":{"placeholders":[]}}}`), "messages"},
		{"bulk of none", "template", `{"messages":[]}`, "messages"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := b.call("POST", "/whatsapp/1/message/"+c.endpoint, c.body)
			if c.wrong == "" {
				require.Equal(t, 200, a.status, string(a.body))
				return
			}
			require.Equal(t, 400, a.status, string(a.body))
			id, wrong := a.refusal(t)
			require.Equal(t, "BAD_REQUEST", id)
			require.Contains(t, wrong, c.wrong)
			require.Empty(t, without(wrong, c.wrong), "nothing else is wrong with it")
		})
	}
}

// without is what is wrong beside one path, unknown members aside where the whole shape is another one.
func without(wrong map[string][]string, path string) map[string][]string {
	rest := map[string][]string{}
	for p, findings := range wrong {
		if p != path && (path != "messages" || findings[0] != "unknown member") && (path != "content.text" || findings[0] != "unknown member") {
			rest[p] = findings
		}
	}
	return rest
}

func TestABodyThatIsNoDocumentIsRefusedWhole(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	good := single(`{"text":"a"}`)
	for name, body := range map[string]string{
		"empty": "", "cut": good[:len(good)-3], "followed": good + "{}", "twice": strings.Replace(good, `"to"`, `"to":"1","to"`, 1), "a list": "[" + good,
		"not UTF-8": strings.Replace(good, `"a"`, "\"\xff\"", 1), "deep": strings.Repeat("[", 5000), "not JSON": "from=1&to=2",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := b.call("POST", "/whatsapp/1/message/text", body)
			require.Equal(t, 400, a.status, string(a.body))
			id, _ := a.refusal(t)
			require.Equal(t, "BAD_REQUEST", id)
		})
	}
	require.Equal(t, 400, b.call("POST", "/whatsapp/1/message/text", single(`{"text":"`+strings.Repeat("a", 5<<20)+`"}`)).status)
	require.Empty(t, b.sent(ana), "nothing refused is in the ledger")
}

func TestHeadersAreHeldToTheContract(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	for _, c := range []struct {
		name    string
		headers []string
		status  int
		id      string
	}{
		{"as documented", nil, 200, ""},
		{"charset", []string{"Content-Type", "application/json; charset=UTF-8"}, 200, ""},
		{"several accepted", []string{"Accept", "text/plain, application/json;q=0.5"}, 200, ""},
		{"no credentials", []string{"Authorization", ""}, 401, "UNAUTHORIZED"},
		{"another key", []string{"Authorization", "App nobody"}, 401, "UNAUTHORIZED"},
		{"no key", []string{"Authorization", "App "}, 401, "UNAUTHORIZED"},
		{"key without scheme", []string{"Authorization", key}, 401, "UNAUTHORIZED"},
		{"scheme in small letters", []string{"Authorization", "app " + key}, 401, "UNAUTHORIZED"},
		{"bearer", []string{"Authorization", "Bearer " + key}, 401, "UNAUTHORIZED"},
		{"key of another account", []string{"Authorization", "App key-of-another"}, 404, "NOT_FOUND"},
		{"no content type", []string{"Content-Type", ""}, 400, "BAD_REQUEST"},
		{"form", []string{"Content-Type", "application/x-www-form-urlencoded"}, 400, "BAD_REQUEST"},
		{"other charset", []string{"Content-Type", "application/json; charset=latin1"}, 400, "BAD_REQUEST"},
		{"nothing accepted", []string{"Accept", ""}, 400, "BAD_REQUEST"},
		{"XML accepted", []string{"Accept", "application/xml"}, 400, "BAD_REQUEST"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := b.call("POST", "/whatsapp/1/message/text", textBody(ana, "m"), c.headers...)
			require.Equal(t, c.status, a.status, string(a.body))
			if c.id != "" {
				id, _ := a.refusal(t)
				require.Equal(t, c.id, id)
			}
		})
	}
}

func TestAnUnknownSenderOrPathIsNotFound(t *testing.T) {
	t.Parallel()
	b := setup(t, instant(), nil)
	a := b.call("POST", "/whatsapp/1/message/text", strings.Replace(textBody(ana, "m"), shop, "440000", 1))
	require.Equal(t, 404, a.status)
	for _, path := range []string{"/whatsapp/1/message/reaction", "/whatsapp/1/message/", "/sms/2/text/advanced"} {
		a := b.call("POST", path, `{}`)
		require.Equal(t, 404, a.status, path)
		id, _ := a.refusal(t)
		require.Equal(t, "NOT_FOUND", id)
	}
}
