package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/secret"
)

type secretsCommand struct {
	Rotate secretsRotate `cmd:"" help:"Wrap every data key with the first master key, and seal anew what other keys have sealed. Servers go on meanwhile."`
	Status secretsStatus `cmd:"" help:"Say which keys are in use, and how many values each has sealed."`
}

type secretsRotate struct {
	Config
	Tenant   string `placeholder:"SLUG" help:"Only this tenant's; otherwise every tenant's and the platform's."`
	DataKeys bool   `name:"data-keys" help:"Make a new data key for each first."`
}

// Run rotates. Called again it goes on where an earlier call stopped.
func (c *secretsRotate) Run(ctx context.Context, s *surroundings, src *sources) error {
	return onDatabase(ctx, c.Config, s, src, func(base *foundation, db *postgres.DB) error {
		owners, err := tenantsAndPlatform(ctx, db, c.Tenant)
		if err != nil {
			return err
		}
		store := postgres.NewKeyStore(db)
		vault := secret.NewVault(base.Keys, store)
		var failed error
		for _, owner := range owners {
			done, err := rotate(ctx, store, vault, base.Keys, owner, c.DataKeys)
			if err != nil {
				// One value that does not open must not keep the others sealed with an old key.
				failed = errors.Join(failed, fmt.Errorf("%s: %w", owner.Slug, err))
				continue
			}
			fmt.Fprintf(s.stdout, "%s: %d keys wrapped again, %d values sealed again, %d unused keys destroyed\n", owner.Slug, done.wrapped, done.sealed, done.dropped)
		}
		return failed
	})
}

type rotated struct {
	wrapped, sealed int
	dropped         int64
}

func rotate(ctx context.Context, store *postgres.KeyStore, vault *secret.Vault, master *secret.Keyring, owner chosenTenant, dataKeys bool) (done rotated, err error) {
	if done.wrapped, err = store.Rewrap(ctx, owner.ID, master); err != nil {
		return done, err
	}
	if dataKeys {
		made, err := vault.Make(owner.keyOwner())
		if err != nil {
			return done, err
		}
		if err := store.Replace(ctx, owner.ID, made); err != nil {
			return done, err
		}
	}
	if done.sealed, err = store.Reseal(ctx, owner.ID, vault); err != nil {
		return done, err
	}
	done.dropped, err = store.DropUnused(ctx, owner.ID)
	return done, err
}

// keyOwner is the tenant as a seal names it.
func (c chosenTenant) keyOwner() string {
	if c.ID.IsZero() {
		return ""
	}
	return c.ID.String()
}

type secretsStatus struct {
	Config
	Tenant string `placeholder:"SLUG" help:"Only this tenant's keys."`
}

// Run lists the keys.
func (c *secretsStatus) Run(ctx context.Context, s *surroundings, src *sources) error {
	return onDatabase(ctx, c.Config, s, src, func(base *foundation, db *postgres.DB) error {
		owners, err := tenantsAndPlatform(ctx, db, c.Tenant)
		if err != nil {
			return err
		}
		for _, owner := range owners {
			keys, err := postgres.NewKeyStore(db).Status(ctx, owner.ID, base.Keys)
			if err != nil {
				return err
			}
			for _, key := range keys {
				fmt.Fprintf(s.stdout, "%s: %s, %d values\n", owner.Slug, keyState(key), key.Values)
			}
		}
		return nil
	})
}

func keyState(key postgres.KeyStatus) string {
	if key.ID.IsZero() {
		return "sealed by a master key itself (rotate seals them anew)"
	}
	state, wrapped := "in use", "the first master key"
	if key.Retired {
		state = "retired"
	}
	if !key.Current {
		wrapped = "ANOTHER master key (rotate before that one is removed)"
	}
	return fmt.Sprintf("key %s, %s, wrapped by %s", key.ID, state, wrapped)
}
