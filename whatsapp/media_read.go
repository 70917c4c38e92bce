package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/analysis"
	"github.com/flomastr/flomastr/llm"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// Reading says how far we are with the words in a file.
type Reading string

// The readings.
const (
	ReadingNone    Reading = "none" // nothing here reads such files
	ReadingPending Reading = "pending"
	ReadingDone    Reading = "done"
	ReadingFailed  Reading = "failed"
)

// DocumentReader gives the text of a document; an error of a lasting kind for one that cannot be read.
type DocumentReader interface {
	ReadDocument(ctx context.Context, tenant flomastr.TenantID, filename string, content []byte) (string, error)
}

const (
	maxReadText = 20_000   // characters of one file that an answer may know
	maxReadFile = 20 << 20 // bytes of a document that is read
	readTimeout = 90 * time.Second
)

// reads tells whether something here finds words in files of a kind.
func (e *Engine) reads(kind MediaKind) bool {
	switch kind {
	case MediaAudio, MediaVoice:
		return e.transcriber != nil
	case MediaDocument:
		return e.documents != nil
	default:
		return false
	}
}

// What no second try mends: a file that cannot be read, or that its reader refuses.
var (
	errUnreadable = errors.New("the file cannot be read")
	hopeless      = []flomastr.Kind{flomastr.Invalid, flomastr.TooLarge, flomastr.NotFound, flomastr.Unsupported}
)

// readMedia finds the words in a file that is kept and lets its turn go on. A passing failure is an error, to be tried again;
// what no try mends is kept as the reading's state.
func (e *Engine) readMedia(ctx context.Context, tenant flomastr.TenantID, a Attached) error {
	text, err := e.wordsIn(ctx, tenant, a)
	reading := ReadingDone
	if err != nil && !errors.Is(err, errUnreadable) && !slices.Contains(hopeless, flomastr.KindOf(err)) {
		return err
	}
	if err != nil || strings.TrimSpace(text) == "" {
		e.log.InfoContext(ctx, "a customer's file is not read", "tenant", tenant, "media", a.ID, "err", err)
		reading, text = ReadingFailed, ""
	}
	return e.saveReading(ctx, tenant, a.ID, reading, provider.Clean(text, maxReadText))
}

func (e *Engine) saveReading(ctx context.Context, tenant flomastr.TenantID, id flomastr.MediaID, reading Reading, text string) error {
	err := e.store.SaveReading(ctx, tenant, id, reading, text)
	if errors.Is(err, ErrMediaSettled) {
		return nil
	}
	if err == nil {
		e.wake(LaneTurn)
	}
	return err
}

func (e *Engine) wordsIn(ctx context.Context, tenant flomastr.TenantID, a Attached) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	body, err := e.blobs.Open(ctx, tenant, a.File.Key())
	if err != nil {
		return "", fmt.Errorf("open a file to read it: %w", err)
	}
	defer func() { _ = body.Close() }()
	if a.Kind != MediaDocument {
		return e.transcriber.Transcribe(ctx, llm.Recording{Name: "voice" + soundEnding(a.File.Type), Content: body})
	}
	if a.File.Size > maxReadFile {
		return "", fmt.Errorf("%d bytes are more than is read: %w", a.File.Size, errUnreadable)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return "", fmt.Errorf("read a document: %w", err)
	}
	return e.documents.ReadDocument(ctx, tenant, a.Filename, content)
}

// soundEnding is the ending by which services know a type of sound; what WhatsApp records is Opus in Ogg.
func soundEnding(kind string) string {
	for ending, types := range map[string][]string{
		".mp3": {"audio/mpeg"}, ".m4a": {"audio/mp4", "audio/x-m4a"}, ".mp4": {"video/mp4", "video/3gpp"}, ".webm": {"video/webm"}, ".wav": {"audio/wav"}, ".flac": {"audio/flac"},
	} {
		for _, t := range types {
			if strings.HasPrefix(kind, t) {
				return ending
			}
		}
	}
	return ".ogg"
}

// Said is what a message says in words: of a voice message what was written down of it.
func (m Message) Said() string {
	if m.Media != nil && m.Media.Kind.spoken() && m.Media.Text != "" {
		return m.Media.Text
	}
	return m.Text
}

func (k MediaKind) spoken() bool { return k == MediaAudio || k == MediaVoice }

// Hear puts the words of a file into a message of a turn: what is spoken is what the customer says; what a document holds
// goes beside it.
func Hear(m flomastr.TurnMessage, kind MediaKind, text string) flomastr.TurnMessage {
	switch {
	case text == "":
	case kind.spoken():
		m.Text = text
	default:
		m.Attachment = text
	}
	return m
}

// unheard tells whether a turn has a voice message that nobody here could listen to.
func unheard(messages []flomastr.TurnMessage) bool {
	for _, m := range messages {
		if MediaKind(m.Type).spoken() && strings.HasPrefix(m.Text, "[") {
			return true
		}
	}
	return false
}

// becauseUnheard is why a person takes over.
const becauseUnheard = "The customer sent a voice message; somebody has to listen to it."

// handOverUnheard tells the customer the truth about a voice message, after the answer to what could be read, if any, and
// leaves the conversation to a person.
func (e *Engine) handOverUnheard(turn flomastr.Turn, answer flomastr.Decision) flomastr.Decision {
	text := wordsFor(turn).unheard
	if answer.Text == "" {
		text = e.introduced(turn, text)
	} else {
		text = answer.Text + "\n\n" + text
	}
	answer.Action, answer.Text, answer.Reason = flomastr.ActionHandOver, text, becauseUnheard
	return answer
}

// askAboutDocument answers a document that came without a word: what is in it is no question.
func (e *Engine) askAboutDocument(turn flomastr.Turn) flomastr.Decision {
	return flomastr.Decision{
		Action: flomastr.ActionAsk, Text: e.introduced(turn, wordsFor(turn).document), Confidence: 1,
		Reason: "The customer sent a document and did not say what it is about.",
	}
}

// mediaWords are what we say about files, in one language.
type mediaWords struct{ unheard, document string }

var mediaLanguages = map[analysis.Language]mediaWords{
	analysis.English:    {"I cannot listen to voice messages. Somebody of our team will listen to it and get back to you.", "I have read the document. What would you like to know about it?"},
	analysis.Spanish:    {"No puedo escuchar mensajes de voz. Una persona de nuestro equipo lo escuchará y le responderá.", "He leído el documento. ¿Qué le gustaría saber?"},
	analysis.Portuguese: {"Não consigo ouvir mensagens de voz. Alguém da nossa equipa vai ouvi-la e responder-lhe.", "Li o documento. O que gostaria de saber?"},
	analysis.Arabic:     {"لا أستطيع الاستماع إلى الرسائل الصوتية. سيستمع إليها أحد أفراد فريقنا ويرد عليكم.", "قرأتُ المستند. ماذا تودّون أن تعرفوا عنه؟"},
	analysis.Hindi:      {"मैं वॉइस संदेश नहीं सुन सकता। हमारी टीम से कोई इसे सुनकर आपको उत्तर देगा।", "मैंने दस्तावेज़ पढ़ लिया है। आप इसके बारे में क्या जानना चाहेंगे?"},
	analysis.German:     {"Sprachnachrichten kann ich nicht anhören. Jemand aus unserem Team hört sie an und meldet sich bei Ihnen.", "Ich habe das Dokument gelesen. Was möchten Sie dazu wissen?"},
	analysis.French:     {"Je ne peux pas écouter les messages vocaux. Quelqu'un de notre équipe l'écoutera et vous répondra.", "J'ai lu le document. Que souhaitez-vous savoir à ce sujet ?"},
	analysis.Italian:    {"Non posso ascoltare i messaggi vocali. Qualcuno del nostro team lo ascolterà e le risponderà.", "Ho letto il documento. Che cosa desidera sapere?"},
	analysis.Dutch:      {"Ik kan geen spraakberichten beluisteren. Iemand van ons team beluistert het en antwoordt u.", "Ik heb het document gelezen. Wat wilt u erover weten?"},
}

var detector = analysis.NewDetector()

// wordsFor finds the customer's language: by what they say now, by what they said before, and by what was said to them.
func wordsFor(turn flomastr.Turn) mediaWords {
	var now, before, ours []string
	for _, m := range turn.Messages {
		if !strings.HasPrefix(m.Text, "[") {
			now = append(now, m.Text)
		}
		ours = append(ours, m.Attachment)
	}
	for _, m := range turn.History {
		switch {
		case strings.HasPrefix(m.Text, "["):
		case m.Speaker == flomastr.SpeakerContact:
			before = append(before, m.Text)
		default:
			ours = append(ours, m.Text)
		}
	}
	for _, texts := range [][]string{now, before, ours} {
		if words, ok := mediaLanguages[detector.Detect(strings.Join(texts, "\n"))]; ok {
			return words
		}
	}
	return mediaLanguages[analysis.English]
}
