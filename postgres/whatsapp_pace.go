package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
)

// TakePace implements whatsapp.PaceStore. What is given out is written down as the time until which the number is booked, so
// that a row without tokens and timers is enough. It is not worth waiting for the disk: whoever forgets it sends a quarter of a
// second's messages too many.
func (s *WhatsAppStore) TakePace(ctx context.Context, tenant flomastr.TenantID, channel flomastr.ChannelID, want int) (p whatsapp.Pace, err error) {
	err = s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		var batch pgx.Batch
		batch.Queue(`SET LOCAL synchronous_commit = off`)
		var wait *float64
		batch.Queue(`
			WITH number AS (
			  SELECT rate::float8 AS rate, least(greatest($3, ceil(rate / 16)), greatest(ceil(rate / 4), 1))::float8 AS n
			  FROM (SELECT messages_per_second, messages_per_second * CASE
			          WHEN outage_since IS NOT NULL THEN 0
			          ELSE coalesce(least(extract(epoch FROM now() - outage_over_at) / $4, 1), 1)
			        END AS ramped
			        FROM channels
			        WHERE tenant_id = $1 AND id = $2) c
			  CROSS JOIN LATERAL (SELECT greatest(ramped, least(messages_per_second, greatest(messages_per_second / 20, 1))) AS rate) r
			), booked AS (
			  INSERT INTO channel_pace AS p (tenant_id, channel_id, booked_until)
			  SELECT $1, $2, now() - interval '250 milliseconds' + make_interval(secs => n / rate)
			  FROM number
			  ON CONFLICT (tenant_id, channel_id) DO UPDATE
			  SET booked_until = greatest(p.booked_until, clock_timestamp() - interval '250 milliseconds')
			                     + (excluded.booked_until - (now() - interval '250 milliseconds'))
			  WHERE p.booked_until < clock_timestamp() + interval '2 seconds'
			  RETURNING booked_until
			)
			SELECT n::int, extract(epoch FROM booked_until - clock_timestamp())::float8 - n / rate
			FROM number
			LEFT JOIN booked ON true`, tenant, channel, want, whatsapp.RampUp.Seconds()).QueryRow(func(row pgx.Row) error {
			return row.Scan(&p.Messages, &wait)
		})
		if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
			return fmt.Errorf("take of a number's throughput: %w", err)
		}
		if wait == nil { // too much is given out already
			p = whatsapp.Pace{Wait: time.Second}
			return nil
		}
		p.Wait = max(0, time.Duration(*wait*float64(time.Second)))
		return nil
	})
	return p, err
}
