package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
)

type eventNoun struct{}

// EventID orders the events of one transaction.
type EventID = flomastr.ID[eventNoun]

// appendEvent tells the tenant's live pages that something happened, in the transaction in which it did. The data
// holds ids and what a list shows, never a secret.
func appendEvent(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID, eventType string, data any) error {
	body, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode event %s: %w", eventType, err)
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO events (tenant_id, id, type, data)
		VALUES ($1, $2, $3, $4)`,
		tenant, flomastr.NewID[EventID](), eventType, body)
	if err != nil {
		return fmt.Errorf("append event %s: %w", eventType, err)
	}
	return nil
}
