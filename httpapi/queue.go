package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
)

// maxQueueWait is how long an outside worker's question for work may stay open.
const maxQueueWait = 30

type nextJobInput struct {
	TenantID string  `query:"tenant_id" doc:"The tenant, by id or slug; a tenant's own token needs none"`
	JobType  string  `query:"job_type" enum:"conversation,data_lookup" doc:"Any, when absent"`
	Wait     float64 `query:"wait" minimum:"0" maximum:"30" doc:"Seconds to wait for a job to come"`
}

// jobPayload is what a worker needs to answer a turn.
type jobPayload struct {
	From           string                  `json:"from" doc:"E.164; empty for a contact who hides the number"`
	Message        string                  `json:"message" doc:"The turn's messages, one a line"`
	TenantID       flomastr.TenantID       `json:"tenant_id" format:"uuid"`
	ContactName    string                  `json:"contact_name"`
	Timestamp      time.Time               `json:"timestamp"`
	JobType        string                  `json:"job_type" enum:"conversation,data_lookup"`
	QueryType      string                  `json:"query_type,omitempty"`
	Parameters     map[string]string       `json:"parameters,omitempty"`
	ChannelID      flomastr.ChannelID      `json:"channel_id" format:"uuid"`
	ConversationID flomastr.ConversationID `json:"conversation_id" format:"uuid"`
	Contact        contact                 `json:"contact"`
	Messages       []jobMessage            `json:"messages"`
}

type jobMessage struct {
	ID                flomastr.MessageID `json:"id" format:"uuid"`
	ProviderMessageID string             `json:"provider_message_id"`
	TS                time.Time          `json:"ts"`
	Type              string             `json:"type"`
	Text              string             `json:"text"`
	Media             []jobMedia         `json:"media"`
}

type jobMedia struct {
	Type string `json:"type"`
	URL  string `json:"url,omitempty" doc:"At the provider; fetched with the channel's credentials only"`
	File *media `json:"file,omitempty" doc:"What we have of it"`
}

type nextJobOutput struct {
	Body struct {
		JobID               *flomastr.JobID `json:"job_id,omitempty" format:"uuid"`
		Status              string          `json:"status" enum:"processing,no_jobs"`
		Payload             *jobPayload     `json:"payload,omitempty"`
		LeaseToken          string          `json:"lease_token,omitempty" doc:"Needed to finish the job"`
		Term                int64           `json:"term,omitempty" doc:"Rises with each lease of the conversation"`
		CreatedAt           *time.Time      `json:"created_at,omitempty"`
		ProcessingStartedAt *time.Time      `json:"processing_started_at,omitempty"`
		LeaseExpiresAt      *time.Time      `json:"lease_expires_at,omitempty"`
		Attempt             int             `json:"attempt,omitempty"`
		QueueSize           *int            `json:"queue_size,omitempty" doc:"Only with no_jobs: jobs that are not due yet"`
		NextPollRecommended *float64        `json:"next_poll_recommended,omitempty" doc:"Only with no_jobs: seconds"`
	}
}

// queueNext claims one job of the tenant that is due and that the channel's worker or its rules leave to an outside worker.
func (a *API) queueNext(ctx context.Context, call Call, in *nextJobInput) (*nextJobOutput, error) {
	wait := time.Duration(min(in.Wait, maxQueueWait) * float64(time.Second))
	claimed, err := a.deps.WhatsApp.NextJob(ctx, call.Tenant.ID, in.JobType, wait)
	out := &nextJobOutput{}
	if errors.Is(err, whatsapp.ErrNoJob) {
		size, err := a.deps.WhatsApp.QueueSizeOf(ctx, call.Tenant.ID)
		if err != nil {
			return nil, err
		}
		out.Body.Status, out.Body.QueueSize, out.Body.NextPollRecommended = "no_jobs", &size, new(1.0)
		if size > 0 {
			out.Body.NextPollRecommended = new(0.2)
		}
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	job := claimed.Job
	out.Body.JobID, out.Body.Status, out.Body.Payload = &job.ID, "processing", payloadOf(call, claimed)
	out.Body.LeaseToken, out.Body.Term, out.Body.Attempt = job.Token, job.Term, job.Attempts
	out.Body.CreatedAt, out.Body.ProcessingStartedAt, out.Body.LeaseExpiresAt = &job.CreatedAt, &job.StartedAt, &job.LeaseUntil
	return out, nil
}

func payloadOf(call Call, c whatsapp.Claimed) *jobPayload {
	p := &jobPayload{
		From: c.Contact.Phone, TenantID: call.Tenant.ID, ContactName: c.Contact.Name, JobType: c.Job.Type,
		ChannelID: c.Job.Channel, ConversationID: c.Job.Conversation, Contact: contactOf(c.Contact), Messages: []jobMessage{},
	}
	for i, m := range c.Messages {
		line := jobMessage{ID: m.ID, ProviderMessageID: m.ProviderID, TS: m.At, Type: m.Type, Text: m.Said(), Media: []jobMedia{}}
		if m.MediaURL != "" || m.Media != nil {
			line.Media = append(line.Media, jobMedia{Type: m.Type, URL: m.MediaURL, File: mediaOf(m.Media)})
		}
		p.Messages = append(p.Messages, line)
		if i > 0 {
			p.Message += "\n"
		}
		p.Message += m.Said()
		p.Timestamp = m.At
	}
	return p
}

// JobPath names a job. It is exported because the frame reads the fields of exported embedded structs alone.
type JobPath struct {
	JobID    string `path:"job_id" format:"uuid"`
	TenantID string `query:"tenant_id" doc:"The tenant, by id or slug; a tenant's own token needs none"`
}

func (in JobPath) id() (flomastr.JobID, error) {
	id, err := flomastr.ParseID[flomastr.JobID](in.JobID)
	if err != nil {
		return id, whatsapp.ErrJobNotFound
	}
	return id, nil
}

type jobOutput struct {
	Body struct {
		JobID                flomastr.JobID  `json:"job_id" format:"uuid"`
		Status               string          `json:"status" enum:"queued,processing,completed,failed,expired"`
		CreatedAt            time.Time       `json:"created_at"`
		ProcessingStartedAt  *time.Time      `json:"processing_started_at,omitempty"`
		CompletedAt          *time.Time      `json:"completed_at,omitempty"`
		ProcessingDurationMS *int64          `json:"processing_duration_ms,omitempty"`
		LeaseExpiresAt       *time.Time      `json:"lease_expires_at,omitempty"`
		Result               json.RawMessage `json:"result,omitempty" doc:"What was decided"`
		Error                string          `json:"error,omitempty"`
		Worker               string          `json:"worker" enum:"assistant,n8n,both" doc:"Whose it is"`
		FellBack             bool            `json:"fell_back,omitempty" doc:"No outside worker came for it in time, and the assistant took it"`
	}
}

func jobOut(job whatsapp.Job) *jobOutput {
	out := &jobOutput{}
	out.Body.JobID, out.Body.Status, out.Body.CreatedAt = job.ID, job.State, job.CreatedAt
	out.Body.Result, out.Body.Error = job.Result, job.Error
	out.Body.Worker, out.Body.FellBack = job.Hand, job.Missed
	if !job.StartedAt.IsZero() {
		out.Body.ProcessingStartedAt = &job.StartedAt
	}
	if !job.CompletedAt.IsZero() {
		out.Body.CompletedAt = &job.CompletedAt
		if !job.StartedAt.IsZero() {
			out.Body.ProcessingDurationMS = new(job.CompletedAt.Sub(job.StartedAt).Milliseconds())
		}
	}
	if job.State == whatsapp.JobProcessing && !job.LeaseUntil.IsZero() {
		out.Body.LeaseExpiresAt = &job.LeaseUntil
	}
	return out
}

func (a *API) queueJob(ctx context.Context, call Call, in *JobPath) (*jobOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	job, err := a.deps.WhatsApp.Job(ctx, call.Tenant.ID, id)
	if err != nil {
		return nil, err
	}
	return jobOut(job), nil
}

type completeInput struct {
	JobPath
	Body struct {
		LeaseToken string      `json:"lease_token" maxLength:"100"`
		Result     *completion `json:"result,omitempty" doc:"Empty means silence"`
	}
}

type completion struct {
	Reply    *Outgoing `json:"reply,omitempty" doc:"Exactly one of text, template, media, interactive, location, contacts and reaction"`
	Handover *struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	} `json:"handover,omitempty" doc:"Leaves the conversation to a person"`
}

func (a *API) queueComplete(ctx context.Context, call Call, in *completeInput) (*jobOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	var done whatsapp.Completion
	if r := in.Body.Result; r != nil {
		if r.Reply != nil {
			message, err := r.Reply.message()
			if err != nil {
				return nil, err
			}
			done.Reply = &message
		}
		if r.Handover != nil {
			done.HandOver = r.Handover.Reason
		}
	}
	job, err := a.deps.WhatsApp.CompleteJob(ctx, call.Tenant.ID, id, in.Body.LeaseToken, done)
	if err != nil {
		return nil, err
	}
	return jobOut(job), nil
}

type failInput struct {
	JobPath
	Body struct {
		LeaseToken string `json:"lease_token" maxLength:"100"`
		Error      string `json:"error" maxLength:"4000"`
		Retry      bool   `json:"retry" default:"false"`
	}
}

func (a *API) queueFail(ctx context.Context, call Call, in *failInput) (*jobOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	job, err := a.deps.WhatsApp.FailJob(ctx, call.Tenant.ID, id, in.Body.LeaseToken, in.Body.Error, in.Body.Retry)
	if err != nil {
		return nil, err
	}
	return jobOut(job), nil
}

type extendInput struct {
	JobPath
	Body struct {
		LeaseToken string `json:"lease_token" maxLength:"100"`
		Seconds    int    `json:"seconds" minimum:"1" maximum:"300"`
	}
}

func (a *API) queueExtend(ctx context.Context, call Call, in *extendInput) (*jobOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	job, err := a.deps.WhatsApp.ExtendJob(ctx, call.Tenant.ID, id, in.Body.LeaseToken, time.Duration(in.Body.Seconds)*time.Second)
	if err != nil {
		return nil, err
	}
	return jobOut(job), nil
}
