package whatsapp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	jpegs "image/jpeg"
	pngs "image/png"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/blob"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
	"github.com/flomastr/flomastr/whatsapp/provider/infobip"
	"github.com/flomastr/flomastr/whatsapp/provider/meta"
)

// picture is a JPEG as a camera makes it.
func picture() []byte {
	var out bytes.Buffer
	if err := jpegs.Encode(&out, image.NewRGBA(image.Rect(0, 0, 40, 30)), nil); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// deep is a PNG with 16 bits for each colour.
func deep() []byte {
	img := image.NewNRGBA64(image.Rect(0, 0, 4, 4))
	img.Set(1, 1, color.NRGBA64{1, 2, 3, 0x8000})
	var out bytes.Buffer
	if err := pngs.Encode(&out, img); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// webp is the header of a WebP of 512 by 512 points that moves or does not, padded to a size.
func webp(side, size int, moves bool) []byte {
	flags := byte(0x10)
	if moves {
		flags |= 0x02
	}
	n := side - 1
	out := append([]byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00"), flags, 0, 0, 0, byte(n), byte(n>>8), byte(n>>16), byte(n), byte(n>>8), byte(n>>16))
	out = append(out, make([]byte, max(0, size-len(out)))...)
	total := uint32(len(out) - 8)
	copy(out[4:], []byte{byte(total), byte(total >> 8), byte(total >> 16), byte(total >> 24)})
	return out
}

// outbound is an engine that keeps files and sends them, with what its provider was told.
type outbound struct {
	*bundle
	blobs *blob.Bucket
	now   atomic.Int64 // ahead of the real time
	told  struct {
		sync.Mutex
		bodies []map[string]any
	}
}

func (o *outbound) clock() time.Time { return time.Now().Add(time.Duration(o.now.Load())) }

func withOutbound(t *testing.T, filesURL string, scanner whatsapp.Scanner) *outbound {
	t.Helper()
	o := &outbound{bundle: setup(t, options{})}
	var err error
	o.blobs, err = blob.OpenFolder(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = o.blobs.Close() })
	inner := o.ledger.server.Config.Handler
	o.ledger.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(raw))
		var body map[string]any
		if json.Unmarshal(raw, &body) == nil {
			body["path"] = r.URL.Path
			o.told.Lock()
			o.told.bodies = append(o.told.bodies, body)
			o.told.Unlock()
		}
		inner.ServeHTTP(w, r)
	})
	set := quick()
	set.FilesURL = filesURL
	o.engine = whatsapp.New(whatsapp.Deps{
		Store: o.store, Answerer: o.answerer, Sealer: plain{}, Settings: set, Blobs: o.blobs, Scanner: scanner, Log: slog.New(slog.DiscardHandler), Clock: o.clock,
		Providers: []provider.Provider{infobip.New(infobip.Config{HTTP: o.ledger.server.Client(), StandIn: o.ledger.server.URL, Timeout: 2 * time.Second})},
	})
	return o
}

// heard opens the window of the only customer.
func (o *outbound) heard() flomastr.ConversationID {
	o.t.Helper()
	o.says("385911111111", "hello")
	return o.only().ID
}

func (o *outbound) upload(content []byte, name string) whatsapp.Attached {
	o.t.Helper()
	up, err := o.engine.TakeUpload(o.t.Context(), o.tenant, "", name, bytes.NewReader(content))
	require.NoError(o.t, err)
	defer func() { _ = up.Close() }()
	a, err := o.engine.KeepUpload(o.t.Context(), o.tenant, "user:ana", up)
	require.NoError(o.t, err)
	return a
}

// calls are what the provider was told under a path.
func (o *outbound) calls(path string) (list []map[string]any) {
	o.told.Lock()
	defer o.told.Unlock()
	for _, body := range o.told.bodies {
		if strings.HasSuffix(body["path"].(string), path) {
			list = append(list, body)
		}
	}
	return list
}

var ana = whatsapp.Author{ID: "ana", Actor: "user:ana"}

func TestAnUploadIsWhatItsBytesAreOrIsRefused(t *testing.T) {
	t.Parallel()
	big := func(head []byte, size int) []byte { return append(bytes.Clone(head), make([]byte, size)...) }
	vorbis := append([]byte("OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x1e\x01vorbis"), bytes.Repeat([]byte{3}, 200)...)
	o := withOutbound(t, "", nil)
	for name, c := range map[string]struct {
		as      whatsapp.MediaKind
		content []byte
		kind    whatsapp.MediaKind
		code    string
	}{
		"a picture":                          {"", picture(), whatsapp.MediaImage, ""},
		"a picture as a document":            {whatsapp.MediaDocument, picture(), whatsapp.MediaDocument, ""},
		"a picture as a film":                {whatsapp.MediaVideo, picture(), "", "media_kind"},
		"a picture that is too large":        {"", big(picture(), 6<<20), "", "media_too_large"},
		"a large picture as a document":      {whatsapp.MediaDocument, big(picture(), 6<<20), whatsapp.MediaDocument, ""},
		"a picture that is cut off":          {"", picture()[:30], "", "media_damaged"},
		"a picture that phones do not show":  {"", deep(), "", "media_picture"},
		"the same as a document":             {whatsapp.MediaDocument, deep(), whatsapp.MediaDocument, ""},
		"a document":                         {"", pdf, whatsapp.MediaDocument, ""},
		"words":                              {"", []byte("Some words.\n"), whatsapp.MediaDocument, ""},
		"a voice note":                       {whatsapp.MediaVoice, ogg, whatsapp.MediaVoice, ""},
		"sound":                              {"", ogg, whatsapp.MediaAudio, ""},
		"sound in a codec that nobody plays": {"", vorbis, "", "media_voice"},
		"a sticker":                          {"", webp(512, 2000, false), whatsapp.MediaSticker, ""},
		"a sticker of another size":          {"", webp(300, 2000, false), "", "media_sticker"},
		"a sticker that is heavy":            {"", webp(512, 150<<10, false), "", "media_sticker"},
		"a heavy sticker that moves":         {"", webp(512, 150<<10, true), whatsapp.MediaSticker, ""},
		"a sticker that is too heavy":        {"", webp(512, 501<<10, true), "", "media_too_large"},
		"a page":                             {"", page, "", "media_type"},
		"a page as a document":               {whatsapp.MediaDocument, page, "", "media_type"},
		"a program":                          {"", append([]byte("MZ\x90\x00"), make([]byte, 200)...), "", "media_type"},
		"nothing":                            {"", nil, "", "media_empty"},
	} {
		up, err := o.engine.TakeUpload(t.Context(), o.tenant, c.as, "../a\nname.bin", bytes.NewReader(c.content))
		require.Equal(t, c.code, codeOf(err), name)
		if err != nil {
			continue
		}
		a, err := o.engine.KeepUpload(t.Context(), o.tenant, "user:ana", up)
		require.NoError(t, err, name)
		require.NoError(t, up.Close())
		require.Equal(t, c.kind, a.Kind, name)
		require.Equal(t, whatsapp.MediaStored, a.State, name)
		_, body, err := o.engine.OpenMedia(t.Context(), o.tenant, a.ID)
		require.NoError(t, err, name)
		got, err := io.ReadAll(body)
		require.NoError(t, errors.Join(err, body.Close()))
		require.Equal(t, c.content, got, name)
		_, _, err = o.engine.OpenMedia(t.Context(), tenantRow(t, o.db), a.ID)
		require.ErrorIs(t, err, whatsapp.ErrMediaNotFound, "another tenant's")
	}
}

func codeOf(err error) string {
	if err == nil {
		return ""
	}
	return flomastr.CodeOf(err)
}

func TestAnUploadThatIsInfectedIsNotKept(t *testing.T) {
	t.Parallel()
	for want, scanner := range map[string]verdict{"media_infected": {found: "Eicar"}, "media_unscanned": {err: errors.New("away")}} {
		o := withOutbound(t, "", scanner)
		up, err := o.engine.TakeUpload(t.Context(), o.tenant, "", "a.pdf", bytes.NewReader(pdf))
		require.NoError(t, err)
		_, err = o.engine.KeepUpload(t.Context(), o.tenant, "user:ana", up)
		require.Equal(t, want, codeOf(err))
		require.NoError(t, up.Close())
		require.Zero(t, o.count(`SELECT count(*) FROM media`))
		n, err := o.blobs.CountTenant(t.Context(), o.tenant)
		require.NoError(t, err)
		require.Zero(t, n)
	}
}

func TestAFileIsSentUnderAnAddressThatServesItAloneAndEnds(t *testing.T) {
	t.Parallel()
	o := withOutbound(t, "https://engine.example/", nil)
	conversation := o.heard()
	content := picture()
	upload := o.upload(content, "beach.jpg")
	o.work()
	m, err := o.engine.Reply(t.Context(), o.tenant, conversation, ana, whatsapp.Content{Media: &whatsapp.Media{File: upload.ID, Caption: "Our beach"}})
	require.NoError(t, err)
	require.Equal(t, "image", m.Type)
	require.Equal(t, "Our beach", m.Text)
	o.eventually("it is sent", func() bool { return len(o.calls("/message/image")) == 1 })
	told := o.calls("/message/image")[0]["content"].(map[string]any)
	require.Equal(t, "Our beach", told["caption"])
	token, ours := strings.CutPrefix(told["mediaUrl"].(string), "https://engine.example/files/")
	require.True(t, ours, told)

	open := func(token string) (whatsapp.Attached, []byte, error) {
		a, body, err := o.engine.OpenLinked(t.Context(), token)
		if err != nil {
			return a, nil, err
		}
		defer func() { _ = body.Close() }()
		got, err := io.ReadAll(body)
		return a, got, err
	}
	linked, got, err := open(token)
	require.NoError(t, err)
	require.Equal(t, content, got)
	require.Equal(t, "image/jpeg", linked.SentType())
	require.NotEqual(t, upload.ID, linked.ID, "the message has a file of its own")
	for i := range token {
		other := []byte(token)
		if other[i] == 'A' {
			other[i] = 'B'
		} else {
			other[i] = 'A'
		}
		_, _, err := open(string(other))
		require.ErrorIs(t, err, whatsapp.ErrLinkGone, "character %d changed", i)
	}
	for _, odd := range []string{"", "x", token + "A", token[:len(token)-1], token + "\n", strings.Repeat("A", 96)} {
		_, _, err := open(odd)
		require.ErrorIs(t, err, whatsapp.ErrLinkGone)
	}

	// The thread shows it like a file that came.
	thread := o.thread()
	sent := thread[len(thread)-1]
	require.NotNil(t, sent.Media)
	require.Equal(t, whatsapp.MediaStored, sent.Media.State)
	require.Equal(t, linked.ID, sent.Media.ID)

	// The upload goes after a day; what was sent stays as long as its message.
	_, err = o.store.ExpireMedia(t.Context(), o.tenant, time.Now().Add(-time.Hour), 10)
	require.NoError(t, err)
	_, err = o.store.Attached(t.Context(), o.tenant, upload.ID)
	require.NoError(t, err, "a fresh upload waits to be sent")
	require.NoError(t, o.db.InTenant(t.Context(), o.tenant, execFn(t.Context(), `UPDATE media SET created_at = now() - interval '25 hours'`)))
	_, err = o.store.ExpireMedia(t.Context(), o.tenant, time.Now().Add(-time.Hour), 10)
	require.NoError(t, err)
	_, err = o.store.Attached(t.Context(), o.tenant, upload.ID)
	require.ErrorIs(t, err, whatsapp.ErrMediaNotFound)
	_, got, err = open(token)
	require.NoError(t, err)
	require.Equal(t, content, got)

	o.now.Store(int64(whatsapp.LinkUseful - time.Minute))
	_, _, err = open(token)
	require.NoError(t, err)
	o.now.Store(int64(whatsapp.LinkUseful + time.Minute))
	_, _, err = open(token)
	require.ErrorIs(t, err, whatsapp.ErrLinkGone, "it has ended")
	o.now.Store(0)
	_, err = o.store.ExpireMedia(t.Context(), o.tenant, time.Now().Add(time.Hour), 10)
	require.NoError(t, err)
	_, _, err = open(token)
	require.ErrorIs(t, err, whatsapp.ErrLinkGone, "its message's time is over")
}

func TestOneUploadIsSentManyTimesAndByAnOutsideWorker(t *testing.T) {
	t.Parallel()
	o := withOutbound(t, "https://engine.example", nil)
	_, err := o.engine.UpdateChannel(t.Context(), o.tenant, o.channel.ID, whatsapp.ChannelDraft{Worker: new(whatsapp.WorkerN8N)})
	require.NoError(t, err)
	conversation := o.heard()
	upload := o.upload(pdf, "bill.pdf")
	job, err := o.engine.NextJob(t.Context(), o.tenant, "", 20*time.Second)
	require.NoError(t, err)
	_, err = o.engine.CompleteJob(t.Context(), o.tenant, job.Job.ID, job.Job.Token, whatsapp.Completion{Reply: &whatsapp.Content{Media: &whatsapp.Media{File: upload.ID}}})
	require.NoError(t, err)
	o.work()
	o.eventually("the worker's is sent", func() bool { return len(o.calls("/message/document")) == 1 })
	_, err = o.engine.Reply(t.Context(), o.tenant, conversation, ana, whatsapp.Content{Media: &whatsapp.Media{File: upload.ID, Filename: "Again.pdf"}})
	require.NoError(t, err)
	o.eventually("both are sent", func() bool { return len(o.calls("/message/document")) == 2 })
	var names, addresses []string
	for _, call := range o.calls("/message/document") {
		content := call["content"].(map[string]any)
		names, addresses = append(names, content["filename"].(string)), append(addresses, content["mediaUrl"].(string))
	}
	require.Equal(t, []string{"bill.pdf", "Again.pdf"}, names)
	require.NotEqual(t, addresses[0], addresses[1], "each message's own address")
	require.Equal(t, 3, o.count(`SELECT count(*) FROM media`))
	require.Equal(t, 1, o.count(`SELECT count(*) FROM media_files`))
}

func TestWhatCannotGoIsRefusedBeforeItIsQueued(t *testing.T) {
	t.Parallel()
	o := withOutbound(t, "https://engine.example", nil)
	conversation := o.heard()
	sound, words := o.upload(ogg, "a.ogg"), o.upload([]byte("Some words.\n"), "a.txt")
	file := func(id flomastr.MediaID, kind, caption string) whatsapp.Content {
		return whatsapp.Content{Media: &whatsapp.Media{File: id, Kind: kind, Caption: caption}}
	}
	tap := func(i whatsapp.Interactive) whatsapp.Content { return whatsapp.Content{Interactive: &i} }
	long := strings.Repeat("x", 30)
	for name, c := range map[string]struct {
		content whatsapp.Content
		code    string
	}{
		"a caption under sound":      {file(sound.ID, "", "listen"), "message_not_sendable"},
		"words as a picture":         {file(words.ID, "image", ""), "media_kind"},
		"a file of nobody":           {file(flomastr.NewID[flomastr.MediaID](), "", ""), "media_not_found"},
		"a file without an address":  {whatsapp.Content{Media: &whatsapp.Media{Kind: "image"}}, "message_not_sendable"},
		"a reaction at Infobip":      {whatsapp.Content{Reaction: &whatsapp.Reaction{Target: "wamid.1", Emoji: "👍"}}, "message_not_sendable"},
		"a long title":               {tap(whatsapp.Interactive{Body: "Which?", Buttons: []whatsapp.Choice{{ID: "a", Title: long}}}), "message_not_sendable"},
		"the same title twice":       {tap(whatsapp.Interactive{Body: "Which?", Buttons: []whatsapp.Choice{{ID: "a", Title: "A"}, {ID: "b", Title: "A"}}}), "message_not_sendable"},
		"a link and buttons":         {tap(whatsapp.Interactive{Body: "Which?", Link: &whatsapp.Link{Label: "A", URL: "https://x.example"}, Buttons: []whatsapp.Choice{{ID: "a", Title: "A"}}}), "message_not_sendable"},
		"four buttons by a picture":  {tap(whatsapp.Interactive{Body: "Which?", HeaderMedia: &whatsapp.Media{Kind: "image", URL: "https://x.example/a.jpg"}, Buttons: []whatsapp.Choice{{ID: "a", Title: "A"}, {ID: "b", Title: "B"}, {ID: "c", Title: "C"}, {ID: "d", Title: "D"}}}), "message_not_sendable"},
		"a place beyond the pole":    {whatsapp.Content{Location: &whatsapp.Location{Latitude: 91}}, "message_not_sendable"},
		"a card of nobody":           {whatsapp.Content{Contacts: []whatsapp.ContactCard{{Name: "Ana"}}}, "message_not_sendable"},
		"a quote of nothing we know": {whatsapp.Content{Text: "x", ReplyTo: flomastr.NewID[flomastr.MessageID]().String()}, "message_not_quotable"},
	} {
		_, err := o.engine.Reply(t.Context(), o.tenant, conversation, ana, c.content)
		require.Equal(t, c.code, codeOf(err), "%s: %v", name, err)
	}
	require.Zero(t, o.count(`SELECT count(*) FROM outbox`))

	inside := withOutbound(t, "", nil)
	talk := inside.heard()
	_, err := inside.engine.Reply(t.Context(), inside.tenant, talk, ana, file(inside.upload(pdf, "a.pdf").ID, "", ""))
	require.ErrorIs(t, err, whatsapp.ErrNoPublicURL)
}

func TestEveryKindOfMessageIsQueuedShownAndSent(t *testing.T) {
	t.Parallel()
	o := withOutbound(t, "https://engine.example", nil)
	conversation := o.heard()
	theirs := o.thread()[0]
	four := []whatsapp.Choice{{ID: "1", Title: "One"}, {ID: "2", Title: "Two"}, {ID: "3", Title: "Three"}, {ID: "4", Title: "Four"}}
	o.work()
	for _, c := range []struct {
		content         whatsapp.Content
		typ, text, path string
	}{
		{whatsapp.Content{Text: "As you asked", ReplyTo: theirs.ID.String()}, "text", "As you asked", "/message/text"},
		{whatsapp.Content{Interactive: &whatsapp.Interactive{Body: "Pick", Buttons: four[:2]}}, "interactive", "Pick\n\n1. One\n2. Two", "/message/interactive/buttons"},
		{whatsapp.Content{Interactive: &whatsapp.Interactive{Body: "Pick", Buttons: four}}, "interactive", "Pick\n\n1. One\n2. Two\n3. Three\n4. Four", "/message/interactive/list"},
		{whatsapp.Content{Interactive: &whatsapp.Interactive{Body: "Book", Link: &whatsapp.Link{Label: "Open", URL: "https://x.example"}}}, "interactive", "Book\n\nOpen: https://x.example", "/message/interactive/url-button"},
		{whatsapp.Content{Interactive: &whatsapp.Interactive{Body: "Where are you?", AskLocation: true}}, "interactive", "Where are you?", "/message/interactive/location-request"},
		{whatsapp.Content{Location: &whatsapp.Location{Latitude: 44.9, Longitude: 13.8, Name: "Office"}}, "location", "[location 44.9, 13.8 Office]", "/message/location"},
		{whatsapp.Content{Contacts: []whatsapp.ContactCard{{FirstName: "Ana", Name: "Ana B", Phones: []string{"+385911"}}}}, "contacts", "[contact: Ana B +385911]", "/message/contact"},
		{whatsapp.Content{Media: &whatsapp.Media{Kind: "image", URL: "https://cdn.example/a.jpg"}}, "image", "[image]", "/message/image"},
	} {
		m, err := o.engine.Reply(t.Context(), o.tenant, conversation, ana, c.content)
		require.NoError(t, err, c.path)
		require.Equal(t, []string{c.typ, c.text}, []string{m.Type, m.Text})
		if i := c.content.Interactive; i != nil {
			require.Equal(t, i.Body, m.Details.Sent.Interactive.Body, "it is shown as what it is")
		}
		o.eventually(c.path, func() bool { return len(o.calls(c.path)) == 1 })
	}
	quoting := o.calls("/message/text")[0]
	require.Equal(t, map[string]any{"replyToMessageId": theirs.ProviderID}, quoting["context"], "our id stands for the provider's")
}

// keeping is a store that tells when a lane is renewed.
type keeping struct {
	whatsapp.Store
	renewed chan struct{}
}

func (k keeping) RenewLane(ctx context.Context, lane whatsapp.Lane, lease time.Duration) error {
	select {
	case k.renewed <- struct{}{}:
	default:
	}
	return k.Store.RenewLane(ctx, lane, lease)
}

func TestAFileIsHandedToMetaBeforeItsMessageHoweverLongThatTakes(t *testing.T) {
	t.Parallel()
	o := withOutbound(t, "", nil)
	renewed := make(chan struct{}, 1)
	var uploads, messages atomic.Int32
	var form struct {
		sync.Mutex
		product, kind, name string
		content             []byte
		length              int64
		sent                map[string]any
	}
	content := picture()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/555/media") {
			messages.Add(1)
			form.Lock()
			_ = json.NewDecoder(r.Body).Decode(&form.sent)
			form.Unlock()
			_, _ = fmt.Fprint(w, `{"messages":[{"id":"wamid.1"}]}`)
			return
		}
		if uploads.Add(1) == 1 { // a passing fault: nothing was delivered, so it is tried again
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		<-renewed // as long as the lane is held, however slow this is
		form.Lock()
		defer form.Unlock()
		form.length = r.ContentLength
		parts, _ := r.MultipartReader()
		for part, err := parts.NextPart(); err == nil; part, err = parts.NextPart() {
			read(part, &form.product, &form.kind, &form.name, &form.content)
		}
		_, _ = fmt.Fprint(w, `{"id":"1013859600285441"}`)
	}))
	t.Cleanup(server.Close)
	set := quick()
	set.SendLease = 6 * time.Second
	e := whatsapp.New(whatsapp.Deps{
		Store: keeping{o.store, renewed}, Answerer: o.answerer, Sealer: plain{}, Settings: set, Blobs: o.blobs, Log: slog.New(slog.DiscardHandler),
		Providers: []provider.Provider{meta.New(meta.Config{HTTP: server.Client(), StandIn: server.URL})},
	})
	o.engine = e
	ch := metaChannel(t, e, o.tenant, "97140000001", "555", "shared")
	require.NoError(t, deliverMeta(e, ch.ID, "shared", metaEntry("555", metaText("385911111111", "wamid.in", "hello"))))
	conversation := o.only().ID
	upload := o.upload(content, `my "beach".jpg`)
	o.work(e)
	m, err := e.Reply(t.Context(), o.tenant, conversation, ana, whatsapp.Content{Media: &whatsapp.Media{File: upload.ID, Caption: "c"}})
	require.NoError(t, err)
	o.eventually("it is accepted", func() bool {
		now, err := e.Message(t.Context(), o.tenant, m.ID)
		return err == nil && now.State == provider.StateAccepted
	})
	require.EqualValues(t, 2, uploads.Load())
	require.EqualValues(t, 1, messages.Load())
	form.Lock()
	defer form.Unlock()
	require.Equal(t, []string{"whatsapp", "image/jpeg"}, []string{form.product, form.kind})
	require.Equal(t, content, form.content)
	require.Positive(t, form.length, "Meta takes no form of unknown length")
	require.Equal(t, map[string]any{"id": "1013859600285441", "caption": "c"}, form.sent["image"])
}

// read takes one part of an upload's form.
func read(part *multipart.Part, product, kind, name *string, content *[]byte) {
	raw, _ := io.ReadAll(part)
	switch part.FormName() {
	case "messaging_product":
		*product = string(raw)
	case "type":
		*kind = string(raw)
	case "file":
		*name, *content = part.FileName(), raw
	}
}
