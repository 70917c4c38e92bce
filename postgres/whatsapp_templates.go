package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// templateJoinSQL finds what is known of the template that outbox row o sends, and templateSQL reads what decides whether it
// may go: empty words where nothing is known.
const (
	templateJoinSQL = `LEFT JOIN whatsapp_templates w ON w.tenant_id = o.tenant_id AND w.channel_id = o.channel_id
		  AND w.name = o.content->'template'->>'name' AND w.language = o.content->'template'->>'language'`
	templateSQL = `coalesce(w.status, ''), coalesce(w.category, '')`
)

// templateContent is what a template says, as it is kept.
type templateContent struct {
	Header   *provider.TemplateHeader  `json:"header,omitempty"`
	Body     string                    `json:"body"`
	Footer   string                    `json:"footer,omitempty"`
	Buttons  []provider.TemplateChoice `json:"buttons,omitempty"`
	Examples []string                  `json:"examples,omitempty"`
	Names    *provider.ValueNames      `json:"names,omitempty"`
}

func contentOfTemplate(t provider.TemplateState) ([]byte, error) {
	content, err := json.Marshal(templateContent{t.Header, t.Body, t.Footer, t.Buttons, t.Examples, t.Names})
	if err != nil {
		return nil, fmt.Errorf("encode template: %w", err)
	}
	return content, nil
}

const templateColumnsSQL = `id, channel_id, name, language, provider_id, category, status, quality, reason, content, created_at, changed_at`

func scanTemplate(row pgx.CollectableRow) (t whatsapp.KnownTemplate, err error) {
	var raw []byte
	if err = row.Scan(&t.TemplateID, &t.Channel, &t.Name, &t.Language, &t.ID, &t.Category, &t.Status, &t.Quality, &t.Reason, &raw, &t.CreatedAt, &t.ChangedAt); err != nil {
		return t, err
	}
	var c templateContent
	if err = json.Unmarshal(raw, &c); err != nil {
		return t, fmt.Errorf("decode template: %w", err)
	}
	t.Header, t.Body, t.Footer, t.Buttons, t.Examples, t.Names = c.Header, c.Body, c.Footer, c.Buttons, c.Examples, c.Names
	t.CreatedAt, t.ChangedAt = t.CreatedAt.UTC(), t.ChangedAt.UTC()
	return t, nil
}

func oneTemplate(rows pgx.Rows, err error) (whatsapp.KnownTemplate, error) {
	if err != nil {
		return whatsapp.KnownTemplate{}, err
	}
	t, err := pgx.CollectExactlyOneRow(rows, scanTemplate)
	if errors.Is(err, pgx.ErrNoRows) {
		err = whatsapp.ErrTemplateNotFound
	}
	return t, err
}

// Templates implements whatsapp.TemplateStore. The place in the list is the id of the last template shown.
func (s *WhatsAppStore) Templates(ctx context.Context, tenant flomastr.TenantID, page whatsapp.TemplatePage) (list []whatsapp.KnownTemplate, next string, err error) {
	var after *flomastr.TemplateID
	if page.Cursor != "" {
		id, err := flomastr.ParseID[flomastr.TemplateID](page.Cursor)
		if err != nil {
			return nil, "", ErrBadCursor.Because(err)
		}
		after = &id
	}
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT `+templateColumnsSQL+`
			FROM whatsapp_templates
			WHERE tenant_id = $1 AND ($2::uuid IS NULL OR channel_id = $2) AND ($3 = '' OR status = $3)
			  AND ($4 = '' OR name LIKE '%' || $4 || '%')
			  AND ($5::uuid IS NULL OR (name, language, id) > (SELECT name, language, id FROM whatsapp_templates WHERE tenant_id = $1 AND id = $5))
			ORDER BY name, language, id
			LIMIT $6 + 1`, tenant, page.Channel, page.Status, escapeLike(page.Search), after, page.Limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, scanTemplate)
		return err
	})
	if err == nil && len(list) > page.Limit {
		list = list[:page.Limit]
		next = list[len(list)-1].TemplateID.String()
	}
	return list, next, err
}

// Template implements whatsapp.TemplateStore.
func (s *WhatsAppStore) Template(ctx context.Context, tenant flomastr.TenantID, id flomastr.TemplateID) (t whatsapp.KnownTemplate, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		t, err = oneTemplate(tx.Query(ctx, `SELECT `+templateColumnsSQL+` FROM whatsapp_templates WHERE tenant_id = $1 AND id = $2`, tenant, id))
		return err
	})
	return t, err
}

// FindTemplate implements whatsapp.TemplateStore.
func (s *WhatsAppStore) FindTemplate(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID, key whatsapp.TemplateKey) (t whatsapp.KnownTemplate, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		t, err = oneTemplate(tx.Query(ctx, `
			SELECT `+templateColumnsSQL+`
			FROM whatsapp_templates
			WHERE tenant_id = $1 AND channel_id = $2 AND name = $3 AND language = $4`, tenant, channel, key.Name, key.Language))
		return err
	})
	return t, err
}

// SaveDraft implements whatsapp.TemplateStore.
func (s *WhatsAppStore) SaveDraft(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, t whatsapp.KnownTemplate) (saved whatsapp.KnownTemplate, err error) {
	content, err := contentOfTemplate(t.TemplateState)
	if err != nil {
		return saved, err
	}
	err = s.retried(ctx, tenant, func(tx pgx.Tx) error {
		saved, err = oneTemplate(tx.Query(ctx, `
			INSERT INTO whatsapp_templates (tenant_id, id, channel_id, name, language, category, status, content)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			RETURNING `+templateColumnsSQL, tenant, t.TemplateID, t.Channel, t.Name, t.Language, t.Category, t.Status, content))
		if err != nil {
			return err
		}
		return auditTemplate(ctx, tx, tenant, by, "template.created", saved)
	})
	if violates(err, "whatsapp_templates_name_key") {
		err = whatsapp.ErrTemplateTaken
	}
	return saved, err
}

// namedSQL is what goes with template $2 of channel $3 and name $4, when that is no draft.
func namedSQL() string {
	return `(id = $2 OR status <> 'draft' AND name = $4 AND channel_id IN ` + siblingsSQL("$3") + `)`
}

// NamedTemplates implements whatsapp.TemplateStore.
func (s *WhatsAppStore) NamedTemplates(ctx context.Context, tenant flomastr.TenantID, t whatsapp.KnownTemplate) (list []whatsapp.KnownTemplate, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+templateColumnsSQL+` FROM whatsapp_templates WHERE tenant_id = $1 AND `+namedSQL()+` ORDER BY id`,
			tenant, t.TemplateID, t.Channel, t.Name)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, scanTemplate)
		return err
	})
	return list, err
}

// BeginSubmitting implements whatsapp.TemplateStore.
func (s *WhatsAppStore) BeginSubmitting(ctx context.Context, tenant flomastr.TenantID, id flomastr.TemplateID, within time.Duration) (t whatsapp.KnownTemplate, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		t, err = oneTemplate(tx.Query(ctx, `
			UPDATE whatsapp_templates
			SET submitting_until = now() + make_interval(secs => $3)
			WHERE tenant_id = $1 AND id = $2 AND status = 'draft' AND submitting_until <= now()
			RETURNING `+templateColumnsSQL, tenant, id, within.Seconds()))
		if !errors.Is(err, whatsapp.ErrTemplateNotFound) {
			return err
		}
		var status string
		err := tx.QueryRow(ctx, `SELECT status FROM whatsapp_templates WHERE tenant_id = $1 AND id = $2`, tenant, id).Scan(&status)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return whatsapp.ErrTemplateNotFound
		case err != nil:
			return err
		case status != whatsapp.StatusDraft:
			return whatsapp.ErrNotDraft
		default:
			return whatsapp.ErrSubmitting
		}
	})
	return t, err
}

// EndSubmitting implements whatsapp.TemplateStore.
func (s *WhatsAppStore) EndSubmitting(ctx context.Context, tenant flomastr.TenantID, id flomastr.TemplateID) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE whatsapp_templates SET submitting_until = '-infinity' WHERE tenant_id = $1 AND id = $2`, tenant, id)
		return err
	})
}

// SaveSubmitted implements whatsapp.TemplateStore. Whoever read the list meanwhile may have found it there already.
func (s *WhatsAppStore) SaveSubmitted(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, t whatsapp.KnownTemplate) (saved whatsapp.KnownTemplate, err error) {
	err = s.retried(ctx, tenant, func(tx pgx.Tx) error {
		saved, err = oneTemplate(tx.Query(ctx, `
			UPDATE whatsapp_templates
			SET provider_id = $3, category = CASE WHEN status = 'draft' THEN $4 ELSE category END,
			    status = CASE WHEN status = 'draft' THEN $5 ELSE status END, reason = $6, changed_at = now()
			WHERE tenant_id = $1 AND id = $2
			RETURNING `+templateColumnsSQL, tenant, t.TemplateID, t.ID, t.Category, t.Status, t.Reason))
		if err != nil {
			return err
		}
		return auditTemplate(ctx, tx, tenant, by, "template.submitted", saved)
	})
	return saved, err
}

// DropTemplate implements whatsapp.TemplateStore.
func (s *WhatsAppStore) DropTemplate(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, t whatsapp.KnownTemplate) error {
	return s.retried(ctx, tenant, func(tx pgx.Tx) error {
		gone, args := `id = $2`, []any{tenant, t.TemplateID}
		if t.Status != whatsapp.StatusDraft {
			gone, args = namedSQL(), append(args, t.Channel, t.Name)
		}
		if _, err := tx.Exec(ctx, `DELETE FROM whatsapp_templates WHERE tenant_id = $1 AND `+gone, args...); err != nil {
			return fmt.Errorf("delete template: %w", err)
		}
		return auditTemplate(ctx, tx, tenant, by, "template.deleted", t)
	})
}

// siblingsSQL is the channels of tenant $1 whose templates are the same: they belong to an account, where one is named.
func siblingsSQL(channel string) string {
	return `(SELECT s.id
		FROM channels s
		JOIN channels self ON self.tenant_id = s.tenant_id AND self.id = ` + channel + `
		WHERE s.tenant_id = $1 AND (s.id = self.id OR s.provider = self.provider AND s.account_id = self.account_id AND s.account_id <> ''))`
}

func auditTemplate(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, by flomastr.Actor, action string, t whatsapp.KnownTemplate) error {
	return appendAudit(ctx, tx, audit.Record{
		Tenant: tenant, Actor: by, Action: action, Object: templateObject(t.TemplateState),
		Detail: map[string]string{"channel": t.Channel.String(), "category": t.Category, "status": t.Status},
	})
}

// templateObject names a template in alerts and in the audit log.
func templateObject(t provider.TemplateState) string { return "template " + t.Name + " " + t.Language }

// DueTemplates implements whatsapp.TemplateStore, over all tenants.
func (s *WhatsAppStore) DueTemplates(ctx context.Context, limit int) (due []whatsapp.DueTemplates, err error) {
	err = s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT c.tenant_id, c.id
			FROM channels c
			JOIN tenants n ON n.id = c.tenant_id AND n.status = 'active'
			WHERE c.templates_due_at <= now()
			ORDER BY c.templates_due_at
			LIMIT $1`, limit)
		if err != nil {
			return err
		}
		due, err = pgx.CollectRows(rows, pgx.RowToStructByPos[whatsapp.DueTemplates])
		return err
	})
	return due, err
}

// BeginReading implements whatsapp.TemplateStore. The next reading is in an hour, a little later for some than for others.
func (s *WhatsAppStore) BeginReading(ctx context.Context, due whatsapp.DueTemplates, within time.Duration) (began time.Time, err error) {
	err = s.db.InTenant(ctx, due.Tenant, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			UPDATE channels
			SET templates_began_at = now(), templates_due_at = now() + interval '1 hour' * (1 + random() / 5)
			WHERE tenant_id = $1 AND id = $2 AND coalesce(templates_began_at < now() - make_interval(secs => $3), true)
			RETURNING now()`, due.Tenant, due.Channel, within.Seconds()).Scan(&began)
		if errors.Is(err, pgx.ErrNoRows) {
			return whatsapp.ErrReadLately
		}
		return err
	})
	return began, err
}

// SaveTemplates implements whatsapp.TemplateStore.
func (s *WhatsAppStore) SaveTemplates(ctx context.Context, due whatsapp.DueTemplates, began time.Time, list []provider.TemplateState) error {
	return s.retried(ctx, due.Tenant, func(tx pgx.Tx) error {
		before, err := templateStates(ctx, tx, due)
		if err != nil {
			return err
		}
		// A provider may list two of one name: one that can be sent must not be hidden by one that cannot.
		slices.SortStableFunc(list, func(a, b provider.TemplateState) int { return cmp.Compare(rank(a), rank(b)) })
		seen := map[whatsapp.TemplateKey]bool{}
		for _, t := range list {
			key := whatsapp.TemplateKey{Name: t.Name, Language: t.Language}
			if t.Name == "" || t.Language == "" || len(t.Name) > 512 || len(t.Language) > 20 || seen[key] {
				continue // it could not be named by a send
			}
			seen[key] = true
			saved, err := saveTemplate(ctx, tx, due, began, t)
			if err != nil {
				return err
			}
			if !saved {
				continue
			}
			if err := alertTemplate(ctx, tx, due.Tenant, before[key], t); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `
			DELETE FROM whatsapp_templates
			WHERE tenant_id = $1 AND channel_id = $2 AND status <> 'draft' AND changed_at < $3`, due.Tenant, due.Channel, began); err != nil {
			return fmt.Errorf("forget templates: %w", err)
		}
		_, err = tx.Exec(ctx, `
			UPDATE channels
			SET templates_read_at = now(), templates_error = ''
			WHERE tenant_id = $1 AND id = $2`, due.Tenant, due.Channel)
		return err
	})
}

func rank(t provider.TemplateState) int {
	if t.Sendable() {
		return 0
	}
	return 1
}

// templateStates locks what is known of a channel's templates.
func templateStates(ctx context.Context, tx pgx.Tx, due whatsapp.DueTemplates) (map[whatsapp.TemplateKey]provider.TemplateState, error) {
	rows, err := tx.Query(ctx, `
		SELECT name, language, status, category
		FROM whatsapp_templates
		WHERE tenant_id = $1 AND channel_id = $2
		ORDER BY id
		FOR UPDATE`, due.Tenant, due.Channel)
	if err != nil {
		return nil, fmt.Errorf("read templates: %w", err)
	}
	known := map[whatsapp.TemplateKey]provider.TemplateState{}
	var t provider.TemplateState
	_, err = pgx.ForEachRow(rows, []any{&t.Name, &t.Language, &t.Status, &t.Category}, func() error {
		known[whatsapp.TemplateKey{Name: t.Name, Language: t.Language}] = t
		return nil
	})
	return known, err
}

// saveTemplate keeps what a list says, unless something newer was heard meanwhile.
func saveTemplate(ctx context.Context, tx pgx.Tx, due whatsapp.DueTemplates, began time.Time, t provider.TemplateState) (saved bool, err error) {
	content, err := contentOfTemplate(t)
	if err != nil {
		return false, err
	}
	tag, err := tx.Exec(ctx, `
		INSERT INTO whatsapp_templates AS w (tenant_id, id, channel_id, name, language, provider_id, category, status, quality, reason, content, changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (tenant_id, channel_id, name, language) DO UPDATE
		SET provider_id = excluded.provider_id, category = excluded.category, status = excluded.status, quality = excluded.quality,
		    reason = excluded.reason, content = excluded.content, changed_at = excluded.changed_at
		WHERE w.changed_at <= excluded.changed_at`,
		due.Tenant, flomastr.NewID[flomastr.TemplateID](), due.Channel, t.Name, t.Language, t.ID, t.Category, t.Status, t.Quality, t.Reason, content, began)
	if err != nil {
		return false, fmt.Errorf("save template: %w", err)
	}
	return tag.RowsAffected() > 0, nil
}

// alertTemplate tells people of a template that may not be sent any more, and that it may again, where no webhook did.
func alertTemplate(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, before, now provider.TemplateState) error {
	switch {
	case before.Sendable() && !now.Sendable():
		return raiseAlert(ctx, tx, tenant, whatsapp.Alert{
			Kind: whatsapp.AlertTemplate, Severity: provider.Warning, Object: templateObject(now),
			Detail: "The template " + now.Name + " is " + now.Status + " and is not sent any more.",
		})
	case !before.Sendable() && now.Sendable():
		return clearAlert(ctx, tx, tenant, whatsapp.AlertTemplate, templateObject(now))
	}
	return nil
}

// templateNews takes in what a webhook says of a template. What was told later counts, whichever comes first; news of one that
// we do not know has the list read.
func templateNews(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, channel flomastr.ChannelID, event *provider.Event) error {
	t := event.Template
	tag, err := tx.Exec(ctx, `
		UPDATE whatsapp_templates
		SET status = CASE WHEN $6 = '' THEN status ELSE $6 END, reason = CASE WHEN $6 = '' THEN reason ELSE $7 END,
		    category = CASE WHEN $8 = '' THEN category ELSE $8 END, quality = CASE WHEN $9 = '' THEN quality ELSE $9 END,
		    changed_at = now(), told_at = greatest(told_at, $10)
		WHERE tenant_id = $1 AND channel_id IN `+siblingsSQL("$2")+`
		  AND ($3 <> '' AND provider_id = $3 OR name = $4 AND language = $5) AND told_at <= $10`,
		tenant, channel, t.ID, t.Name, t.Language, t.Status, t.Reason, t.Category, t.Quality, event.At)
	if err != nil {
		return fmt.Errorf("take in a template's news: %w", err)
	}
	if tag.RowsAffected() > 0 {
		return nil
	}
	_, err = tx.Exec(ctx, `
		UPDATE channels
		SET templates_due_at = now()
		WHERE tenant_id = $1 AND id IN `+siblingsSQL("$2"), tenant, channel)
	return err
}

// readTemplatesSoon has the templates of a conversation's channel read: the provider says that one is not what we took it for.
func readTemplatesSoon(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, conversation flomastr.ConversationID) error {
	_, err := tx.Exec(ctx, `
		UPDATE channels
		SET templates_due_at = now()
		WHERE tenant_id = $1 AND id = (SELECT channel_id FROM conversations WHERE tenant_id = $1 AND id = $2)`, tenant, conversation)
	if err != nil {
		return fmt.Errorf("have templates read: %w", err)
	}
	return nil
}

// NoteUnread implements whatsapp.TemplateStore.
func (s *WhatsAppStore) NoteUnread(ctx context.Context, due whatsapp.DueTemplates, because string, again time.Duration) error {
	return s.db.InTenant(ctx, due.Tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			UPDATE channels
			SET templates_error = $3, templates_due_at = now() + make_interval(secs => $4)
			WHERE tenant_id = $1 AND id = $2`, due.Tenant, due.Channel, because, again.Seconds())
		return err
	})
}

// Reading implements whatsapp.TemplateStore.
func (s *WhatsAppStore) Reading(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID) (r whatsapp.TemplateReading, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		var at *time.Time
		err := tx.QueryRow(ctx, `
			SELECT templates_read_at, templates_error
			FROM channels
			WHERE tenant_id = $1 AND id = $2`, tenant, channel).Scan(&at, &r.Error)
		r.ReadAt = orZero(at)
		if errors.Is(err, pgx.ErrNoRows) {
			return whatsapp.ErrChannelNotFound
		}
		return err
	})
	return r, err
}

// TemplateChannels implements whatsapp.TemplateStore.
func (s *WhatsAppStore) TemplateChannels(ctx context.Context, tenant flomastr.TenantID) (list []whatsapp.TemplateChannel, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT id, provider, name, number, templates_read_at, templates_error
			FROM channels
			WHERE tenant_id = $1
			ORDER BY created_at, id`, tenant)
		if err != nil {
			return err
		}
		var c whatsapp.TemplateChannel
		var at *time.Time
		_, err = pgx.ForEachRow(rows, []any{&c.Channel, &c.Provider, &c.Name, &c.Number, &at, &c.Error}, func() error {
			c.ReadAt = orZero(at)
			list = append(list, c)
			return nil
		})
		return err
	})
	return list, err
}
