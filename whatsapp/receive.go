package whatsapp

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// normalise makes of a batch's messages and reports what is to be stored. A message for another number than the channel's own is
// not ours, whoever delivered it.
func (e *Engine) normalise(ch Channel, batch provider.Batch) ([]Intake, []provider.Unusable) {
	unusable := batch.Unusable
	intake := make([]Intake, 0, len(batch.Messages)+len(batch.Reports))
	for _, in := range batch.Messages {
		reason := ""
		switch {
		case in.To != ch.Number:
			reason = "foreign_number"
		case in.From.Phone == ch.Number:
			reason = "echo" // our own number is nobody's customer, and never answered
		}
		if reason != "" {
			unusable = append(unusable, provider.Unusable{Reason: reason, Body: in.Raw})
			continue
		}
		intake = append(intake, Intake{Channel: ch.ID, Hand: ch.HandOf(in.Text), Inbound: e.arrival(in)})
	}
	for i := range batch.Reports {
		intake = append(intake, Intake{Channel: ch.ID, Report: &batch.Reports[i]})
	}
	return intake, unusable
}

func (e *Engine) arrival(in provider.Inbound) *Arrival {
	a := &Arrival{
		Inbound: in, Message: flomastr.NewID[flomastr.MessageID](), Direction: In,
		Burst: e.set.BurstWait, Wait: in.Type == "text" && !endsSentence(in.Text) || !in.Readable,
	}
	if in.Echo {
		a.Direction = Out
	}
	if file, ok := AttachedOf(a); ok && file.State == MediaPending && !in.History && e.reads(file.Kind) {
		a.Read = true
		if !in.Echo {
			a.Wait, a.Burst = true, max(a.Burst, e.set.MediaWait)
		}
	}
	own := in.Type == "text" && !in.Echo && !in.History && in.Target == ""
	a.Notice = own && e.noticer != nil && e.noticer.Notices(in.Text)
	if a.Wish, a.WishReply = wishOf(in); a.Wish != NoWish {
		a.WishReplyID, a.WishReplyUseful = flomastr.NewID[flomastr.MessageID](), e.set.AnswerUseful
	}
	return a
}

// endsSentence tells whether a text looks finished, in any script: whoever ended a sentence has probably said what they
// wanted to.
func endsSentence(text string) bool {
	text = strings.TrimRightFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(`"'’”»)]*_~`, r) || unicode.Is(unicode.Mn, r)
	})
	last, _ := utf8.DecodeLastRuneInString(text)
	return strings.ContainsRune(".!?…。！？؟۔।॥՞;⁉‼", last) || unicode.Is(unicode.So, last) // an emoji ends a message as well
}

// inboundNow fills in what the neutral form of an inbound message leaves open.
func inboundNow(in provider.Inbound, now time.Time) provider.Inbound {
	in.SentAt = provider.ClampTime(in.SentAt, now)
	in.Text = provider.Clean(in.Text, 65_536)
	in.ProfileName = provider.CleanName(in.ProfileName)
	return in
}
