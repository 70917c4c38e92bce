package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/memory"
	"github.com/flomastr/flomastr/memory/conversations"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

type evalMemory struct {
	Config
	File string `arg:"" type:"existingfile" help:"A file with a conversation on each line: speakers, sessions with their turns, questions with their evidence."`
	JSON bool   `name:"json" help:"Print the scores as JSON."`
}

// Run stores each conversation as messages of a contact of a scratch tenant, asks its questions of the memory, scores which
// messages are recalled, and removes what it made, also when it is interrupted.
func (c *evalMemory) Run(ctx context.Context, s *surroundings, src *sources) (err error) {
	cfg, log, err := settle(c.Config, s, src)
	if err != nil {
		return err
	}
	set, err := conversations.Read(c.File)
	if err != nil {
		return err
	}
	base, err := layFoundation(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, base.Close()) }()
	lab, err := openScratch(ctx, base, cfg, contextengine.Deps{}, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lab.Close()) }()
	report, err := lab.recallAll(ctx, set)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.stdout, report)
	}
	_, err = fmt.Fprintf(s.stdout, "%d conversations, %d questions: recall@5 %.4f, @10 %.4f, @20 %.4f\n",
		report.Conversations, report.Questions, report.At5, report.At10, report.At20)
	return err
}

func (l *scratch) recallAll(ctx context.Context, set []conversations.Conversation) (report conversations.Report, err error) {
	store := postgres.NewWhatsAppStore(l.db)
	channel := whatsapp.Channel{
		Tenant: l.tenant, ID: flomastr.NewID[flomastr.ChannelID](), Provider: "infobip", Name: "Scratch", Number: "440000000000",
		Worker: whatsapp.WorkerAssistant, Status: whatsapp.ChannelActive, Limits: whatsapp.DefaultLimits,
	}
	if err := store.CreateChannel(ctx, l.tenant, flomastr.ActorSystem, channel); err != nil {
		return report, err
	}
	remembered := memory.New(memory.Deps{Store: postgres.NewMemoryStore(l.db)})
	for i, c := range set {
		contact, turns, err := replay(ctx, store, channel, c, fmt.Sprintf("4400%08d", i+1))
		if err != nil {
			return report, fmt.Errorf("replay conversation %s: %w", c.ID, err)
		}
		report.Conversations++
		for _, q := range c.Questions {
			got, err := remembered.Recall(ctx, l.tenant, memory.Query{
				Contact: contact, Text: q.Text, Business: c.Speakers[1], At: c.Turns[len(c.Turns)-1].At.Add(time.Hour),
				Limit: conversations.Depth, Tokens: 1 << 20, // it is the ranking that is measured
			})
			if err != nil {
				return report, fmt.Errorf("ask about conversation %s: %w", c.ID, err)
			}
			ids := make([]string, len(got.Messages))
			for k, m := range got.Messages {
				ids[k] = turns[m.Message]
			}
			report.Add(q, ids)
		}
	}
	return report, nil
}

// replayBatch is how many messages are stored in one commit.
const replayBatch = 100

// replay stores a conversation as one with a contact: the first speaker is the customer, the second writes for the business.
// Nothing of it is answered.
func replay(ctx context.Context, store *postgres.WhatsAppStore, channel whatsapp.Channel, c conversations.Conversation, phone string) (contact flomastr.ContactID, turns map[flomastr.MessageID]string, err error) {
	turns = map[flomastr.MessageID]string{}
	var batch []whatsapp.Intake
	for i, t := range c.Turns {
		direction := whatsapp.In
		if t.Speaker == 1 {
			direction = whatsapp.Out
		}
		id := flomastr.NewID[flomastr.MessageID]()
		turns[id] = t.ID
		batch = append(batch, whatsapp.Intake{Channel: channel.ID, Inbound: &whatsapp.Arrival{
			Message: id, Direction: direction,
			Inbound: provider.Inbound{
				ProviderID: phone + "-" + strconv.Itoa(i), From: provider.Address{Phone: phone}, To: channel.Number, Type: "text", Text: t.Text,
				Readable: true, Silent: true, ProfileName: c.Speakers[0], SentAt: t.At,
			},
		}})
		if len(batch) < replayBatch && i+1 < len(c.Turns) {
			continue
		}
		stored, err := store.SaveIntake(ctx, channel.Tenant, batch)
		if err != nil {
			return contact, nil, err
		}
		contact, batch = stored[0].Contact, nil
	}
	return contact, turns, nil
}
