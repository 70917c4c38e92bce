package httpapi

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/task"
	"github.com/flomastr/flomastr/whatsapp"
)

// Tasks is what the door asks about what is put to people. What a resolution does is [WhatsApp]'s.
type Tasks interface {
	Tasks(ctx context.Context, tenant flomastr.TenantID, page task.Page) ([]task.Task, string, error)
	Task(ctx context.Context, tenant flomastr.TenantID, id flomastr.TaskID, reach task.Reach) (task.Task, error)
	Counts(ctx context.Context, tenant flomastr.TenantID, member string, reach task.Reach) (task.Counts, error)
	Create(ctx context.Context, tenant flomastr.TenantID, n task.NewTask) (task.Task, error)
	Assign(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.TaskID, member string) (task.Task, error)
}

type taskView struct {
	ID             flomastr.TaskID   `json:"task_id" format:"uuid"`
	TenantID       flomastr.TenantID `json:"tenant_id" format:"uuid"`
	Kind           string            `json:"kind" enum:"draft,hand_over,question" doc:"A draft to be let go, a conversation that somebody has to go on with, or what an outside system asks"`
	Title          string            `json:"title"`
	Description    string            `json:"description" doc:"Why it was opened"`
	Status         string            `json:"status" enum:"open,approved,rework_requested,rejected,answered,superseded,closed" doc:"answered: a person wrote by hand; superseded: a newer task asks about the same; closed: it needs nobody any more"`
	Payload        taskPayload       `json:"payload_components"`
	AssignedTo     string            `json:"assigned_to" doc:"A member, by the issuer's subject; empty: nobody"`
	ConversationID string            `json:"conversation_id,omitempty" format:"uuid"`
	Contact        string            `json:"contact,omitempty" doc:"The customer's name, or number"`
	ReworkOf       string            `json:"rework_of,omitempty" format:"uuid" doc:"The task whose draft was sent back"`
	DueAt          *time.Time        `json:"due_at,omitempty"`
	Overdue        bool              `json:"overdue"`
	CreatedBy      string            `json:"created_by"`
	CreatedAt      time.Time         `json:"created_at"`
	Resolution     *taskResolution   `json:"resolution,omitempty" doc:"Absent while it is open"`
}

type taskPayload struct {
	Version int          `json:"version" example:"1"`
	Blocks  []task.Block `json:"blocks"`
}

type taskResolution struct {
	By        string    `json:"by"`
	At        time.Time `json:"at"`
	Feedback  string    `json:"feedback,omitempty"`
	Reply     string    `json:"reply,omitempty" doc:"What was approved"`
	MessageID string    `json:"message_id,omitempty" format:"uuid" doc:"The message that it became"`
}

func taskOf(call Call, t task.Task) taskView {
	view := taskView{
		ID: t.ID, TenantID: call.Tenant.ID, Kind: string(t.Kind), Title: t.Title, Description: t.Description, Status: string(t.Status),
		Payload: taskPayload{task.PayloadVersion, t.Components()}, AssignedTo: t.AssignedTo, Contact: t.Contact, DueAt: given(t.DueAt),
		Overdue: t.Overdue, CreatedBy: string(t.CreatedBy), CreatedAt: t.CreatedAt,
	}
	if !t.Conversation.IsZero() {
		view.ConversationID = t.Conversation.String()
	}
	if !t.ReworkOf.IsZero() {
		view.ReworkOf = t.ReworkOf.String()
	}
	if r := t.Resolved; r != nil {
		view.Resolution = &taskResolution{By: string(r.By), At: r.At, Feedback: r.Feedback, Reply: r.Reply}
		if !r.Message.IsZero() {
			view.Resolution.MessageID = r.Message.String()
		}
	}
	return view
}

// taskReach is whose tasks the caller may see and resolve: those given to them, and those of conversations within their reach.
func (a *API) taskReach(ctx context.Context, call Call) (task.Reach, error) {
	reach, err := a.reach(ctx, call)
	return task.Reach(reach), err
}

type taskListInput struct {
	TenantID   string `query:"tenant_id" doc:"The tenant, by id or slug"`
	Status     string `query:"status" enum:"open,ended,approved,rework_requested,rejected,answered,superseded,closed" default:"open" doc:"Open ones come the oldest first, others the newest; ended is all but open"`
	AssignedTo string `query:"assigned_to" maxLength:"255" doc:"A member, by the issuer's subject, or me"`
	Limit      int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	PageCursor
}

type taskListOutput struct {
	Body struct {
		Tasks      []taskView `json:"tasks"`
		NextCursor string     `json:"next_cursor,omitempty"`
		OpenCount  int        `json:"open_count" doc:"How many are open for the caller to see, whatever the filter"`
		MineCount  int        `json:"mine_count" doc:"How many of these are given to the caller"`
	}
}

func (o *taskListOutput) next() *string { return &o.Body.NextCursor }

func (a *API) taskList(ctx context.Context, call Call, in *taskListInput) (*taskListOutput, error) {
	reach, err := a.taskReach(ctx, call)
	if err != nil {
		return nil, err
	}
	page := task.Page{Limit: in.Limit, Cursor: in.Cursor, Status: task.Status(in.Status), AssignedTo: in.AssignedTo, Reach: reach}
	if in.Status == "ended" {
		page.Status = ""
	}
	if in.AssignedTo == "me" {
		page.AssignedTo = call.Caller.Subject
	}
	list, next, err := a.deps.Tasks.Tasks(ctx, call.Tenant.ID, page)
	if err != nil {
		return nil, err
	}
	counts, err := a.deps.Tasks.Counts(ctx, call.Tenant.ID, call.Caller.Subject, reach)
	if err != nil {
		return nil, err
	}
	out := &taskListOutput{}
	out.Body.NextCursor, out.Body.Tasks, out.Body.OpenCount, out.Body.MineCount = next, make([]taskView, len(list)), counts.Open, counts.Mine
	for i, t := range list {
		out.Body.Tasks[i] = taskOf(call, t)
	}
	return out, nil
}

// TaskPath names a task.
type TaskPath struct {
	ID       string `path:"task_id" format:"uuid"`
	TenantID string `query:"tenant_id" doc:"The tenant, by id or slug"`
}

func (in TaskPath) id() (flomastr.TaskID, error) {
	id, err := flomastr.ParseID[flomastr.TaskID](in.ID)
	if err != nil {
		return id, task.ErrNotFound
	}
	return id, nil
}

type taskOutput struct{ Body taskView }

func (a *API) taskGet(ctx context.Context, call Call, in *TaskPath) (*taskOutput, error) {
	t, err := a.reachedTask(ctx, call, *in)
	if err != nil {
		return nil, err
	}
	return &taskOutput{taskOf(call, t)}, nil
}

// reachedTask reads a task that is within the caller's reach; another one does not exist for them.
func (a *API) reachedTask(ctx context.Context, call Call, in TaskPath) (task.Task, error) {
	id, err := in.id()
	if err != nil {
		return task.Task{}, err
	}
	reach, err := a.taskReach(ctx, call)
	if err != nil {
		return task.Task{}, err
	}
	return a.deps.Tasks.Task(ctx, call.Tenant.ID, id, reach)
}

type taskCreateInput struct {
	TenantID string `query:"tenant_id" doc:"The tenant, by id or slug"`
	Body     struct {
		TenantID       string         `json:"tenant_id,omitempty" doc:"Id or slug; needed only where nothing else names the tenant"`
		Title          string         `json:"title" minLength:"1" maxLength:"200"`
		Description    string         `json:"description,omitempty" maxLength:"8000"`
		Payload        newTaskPayload `json:"payload_components,omitzero"`
		ConversationID string         `json:"conversation_id,omitempty" format:"uuid" doc:"Where an approved draft is sent; without one nothing is sent"`
		AssignedTo     string         `json:"assigned_to,omitempty" maxLength:"255" doc:"A member, by the issuer's subject; the one with the fewest open tasks when empty"`
		DueAt          *time.Time     `json:"due_at,omitempty" doc:"The tenant's policy says when without"`
	}
}

func (in *taskCreateInput) namesTenant() string { return in.Body.TenantID }

type newTaskPayload struct {
	Version int        `json:"version,omitempty" enum:"1" default:"1"`
	Blocks  []newBlock `json:"blocks,omitempty" maxItems:"20"`
}

type newBlock struct {
	ID   string       `json:"id" minLength:"1" maxLength:"60"`
	Type string       `json:"type" enum:"text_content,image_preview,key_value_pairs,document_link,draft_reply"`
	Data newBlockData `json:"data"`
}

type newBlockData struct {
	Label string      `json:"label,omitempty" maxLength:"120"`
	Text  string      `json:"text,omitempty" maxLength:"8000" doc:"Of text_content, of a draft_reply, and an excerpt of a document_link"`
	Title string      `json:"title,omitempty" maxLength:"300" doc:"Of a document_link"`
	URL   string      `json:"url,omitempty" maxLength:"2000" doc:"Of an image_preview or a document_link: http or https"`
	Alt   string      `json:"alt,omitempty" maxLength:"300" doc:"Of an image_preview: what can be seen"`
	Pairs []task.Pair `json:"pairs,omitempty" maxItems:"40" doc:"Of key_value_pairs"`
}

// taskCreate puts a question to a person. A draft_reply is what is sent to the conversation when it is approved.
func (a *API) taskCreate(ctx context.Context, call Call, in *taskCreateInput) (*taskOutput, error) {
	n := task.NewTask{Title: in.Body.Title, Description: in.Body.Description, AssignedTo: in.Body.AssignedTo, By: call.Caller.Actor()}
	for _, b := range in.Body.Payload.Blocks {
		d := b.Data
		n.Blocks = append(n.Blocks, task.Block{ID: b.ID, Type: task.BlockType(b.Type), Data: task.Data{
			Label: d.Label, Text: d.Text, Title: d.Title, URL: d.URL, Alt: d.Alt, Pairs: d.Pairs,
		}})
	}
	if in.Body.DueAt != nil {
		n.DueAt = *in.Body.DueAt
	}
	if in.Body.ConversationID != "" {
		id, err := a.reached(ctx, call, ConversationPath{ID: in.Body.ConversationID})
		if err != nil {
			return nil, err
		}
		n.Conversation = id
	}
	t, err := a.deps.Tasks.Create(ctx, call.Tenant.ID, n)
	if err != nil {
		return nil, err
	}
	return &taskOutput{taskOf(call, t)}, nil
}

type taskAssignInput struct {
	TaskPath
	Body struct {
		UserID string `json:"user_id,omitempty" maxLength:"255" doc:"The member, by the issuer's subject; the caller when empty"`
	}
}

func (a *API) taskAssign(ctx context.Context, call Call, in *taskAssignInput) (*taskOutput, error) {
	t, err := a.reachedTask(ctx, call, in.TaskPath)
	if err != nil {
		return nil, err
	}
	member := in.Body.UserID
	if member == "" {
		member = call.Caller.Subject
	}
	if t, err = a.deps.Tasks.Assign(ctx, call.Tenant.ID, call.Caller.Actor(), t.ID, member); err != nil {
		return nil, err
	}
	return &taskOutput{taskOf(call, t)}, nil
}

type taskResolveInput struct {
	TaskPath
	Body struct {
		Action      string `json:"action" enum:"approved,rework_requested,rejected"`
		Feedback    string `json:"feedback,omitempty" maxLength:"2000" doc:"Needed for a rework: what the assistant is to change"`
		EditedReply string `json:"edited_reply,omitempty" maxLength:"4096" doc:"Sent in the place of the draft; needed where there is none"`
		Publish     bool   `json:"publish_as_knowledge,omitempty" doc:"What is approved becomes a knowledge card; for administrators"`
		Question    string `json:"question,omitempty" maxLength:"300" doc:"Of the card; the customer's words when empty"`
	}
}

type taskResolveOutput struct {
	Body struct {
		Success   bool            `json:"success"`
		Message   string          `json:"message"`
		TaskID    flomastr.TaskID `json:"task_id" format:"uuid"`
		NewStatus string          `json:"new_status" enum:"approved,rework_requested,rejected"`
	}
}

// taskResolve carries a decision out: what is approved is sent, once, in the commit that ends the task. Whoever comes second gets 409.
func (a *API) taskResolve(ctx context.Context, call Call, in *taskResolveInput) (*taskResolveOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	reach, err := a.taskReach(ctx, call)
	if err != nil {
		return nil, err
	}
	r := whatsapp.TaskResolution{
		Resolution: task.Resolution{Action: task.Status(in.Body.Action), Feedback: in.Body.Feedback, Reply: in.Body.EditedReply},
		ID:         id, By: call.author(), Speaker: flomastr.SpeakerMember, Reach: reach,
	}
	if !call.Caller.Person() {
		r.Speaker = flomastr.SpeakerExternal
	}
	if in.Body.Publish && r.Action == task.Approved {
		// Whoever may not publish a card elsewhere may not do so here. They learn it only of a task that they may see.
		if _, err := a.reachedTask(ctx, call, in.TaskPath); err != nil {
			return nil, err
		}
		if err := identity.May(call.Caller, call.Membership, identity.Admin); err != nil {
			return nil, err
		}
		r.Publish, r.Question = true, in.Body.Question
	}
	t, err := a.deps.WhatsApp.ResolveTask(ctx, call.Tenant.ID, r)
	if err != nil {
		return nil, err
	}
	out := &taskResolveOutput{}
	out.Body.Success, out.Body.TaskID, out.Body.NewStatus = true, t.ID, string(t.Status)
	out.Body.Message = map[task.Status]string{
		task.Approved: "It is approved.", task.ReworkRequested: "It goes back.", task.Rejected: "It is rejected; nothing is sent.",
	}[t.Status]
	switch {
	case t.Status == task.ReworkRequested && !t.Job.IsZero():
		out.Body.Message = "The assistant makes a new draft; it comes as a new task."
	case t.Resolved != nil && !t.Resolved.Message.IsZero() && r.Publish:
		out.Body.Message = "The reply is on its way to the customer, and becomes knowledge."
	case t.Resolved != nil && !t.Resolved.Message.IsZero():
		out.Body.Message = "The reply is on its way to the customer."
	}
	return out, nil
}
