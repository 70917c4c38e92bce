package postgres

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/flomastr/flomastr"
)

// The roles of the hot database. The owner cannot log in; neither login is a member of another role.
const (
	ownerRole    = "flomastr_owner"
	appRole      = "flomastr_app"
	platformRole = "flomastr_platform"
)

// coldName is the name of a tenant's cold database and of the one role that may open it. The server derives it; it is
// never given from outside.
func coldName(tenant flomastr.TenantID) string {
	return fmt.Sprintf("flomastr_cold_%x", tenant[:])
}

// rolePassword derives a login's password from the master key, so that any number of servers agree on it and none
// has to store it.
func rolePassword(key []byte, role string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("flomastr database login\x00" + role))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// scramVerifier is what PostgreSQL stores for a password (RFC 5803). Handing over the verifier instead of the password
// keeps the password out of the server's log and of pg_stat_activity.
func scramVerifier(password string) (string, error) {
	const iterations = 4096 // PostgreSQL's own number
	salt := make([]byte, 16)
	_, _ = rand.Read(salt)
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		return "", err
	}
	sign := func(key []byte, message string) []byte {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(message))
		return mac.Sum(nil)
	}
	stored := sha256.Sum256(sign(salted, "Client Key"))
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", iterations, b64(salt), b64(stored[:]), b64(sign(salted, "Server Key"))), nil
}

// ensureRole makes a role if it is missing. Another server may make it at the same moment: that is success.
func ensureRole(ctx context.Context, admin *pgx.Conn, role, options string) error {
	name := pgx.Identifier{role}.Sanitize()
	_, err := admin.Exec(ctx, "CREATE ROLE "+name+" "+options)
	var pgErr *pgconn.PgError
	// 42710 duplicate_object; 23505 is what two at the same moment get.
	if errors.As(err, &pgErr) && (pgErr.Code == "42710" || pgErr.Code == "23505") {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create role %s: %w", role, err)
	}
	return nil
}

// ensureLogin makes a login whose password is the derived one. The password of an existing login is only replaced when
// it no longer opens the database (a changed master key): concurrent ALTERs of one role would fail.
func ensureLogin(ctx context.Context, admin *pgx.Conn, key []byte, role string, check *pgx.ConnConfig) error {
	if err := ensureRole(ctx, admin, role, "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOBYPASSRLS"); err != nil {
		return err
	}
	if check != nil {
		if conn, err := pgx.ConnectConfig(ctx, check); err == nil {
			return conn.Close(ctx)
		}
	}
	verifier, err := scramVerifier(rolePassword(key, role))
	if err != nil {
		return err
	}
	_, err = admin.Exec(ctx, "ALTER ROLE "+pgx.Identifier{role}.Sanitize()+" PASSWORD '"+verifier+"'")
	if err != nil {
		return fmt.Errorf("set the password of role %s: %w", role, err)
	}
	return nil
}
