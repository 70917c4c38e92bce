package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/flomastr/flomastr/identity"
)

// Preferences is where people's preferences are kept.
type Preferences interface {
	Preferences(ctx context.Context, owner identity.PreferencesOf) (identity.Preferences, error)
	ChangePreferences(ctx context.Context, owner identity.PreferencesOf, change func(identity.Preferences) error) (identity.Preferences, error)
}

func owner(call Call) identity.PreferencesOf {
	return identity.PreferencesOf{Tenant: call.Tenant.ID, Issuer: call.Caller.Issuer, Subject: call.Caller.Subject}
}

type preferencesOutput struct {
	Body struct {
		Preferences map[string]any `json:"preferences"`
	}
}

func preferencesOut(p identity.Preferences) (*preferencesOutput, error) {
	out := &preferencesOutput{}
	out.Body.Preferences = map[string]any{}
	for key, value := range p {
		var v any
		if err := json.Unmarshal(value, &v); err != nil {
			return nil, fmt.Errorf("read preference: %w", err)
		}
		out.Body.Preferences[key] = v
	}
	return out, nil
}

func (a *API) preferencesGet(ctx context.Context, call Call, _ *struct{}) (*preferencesOutput, error) {
	found, err := a.deps.Preferences.Preferences(ctx, owner(call))
	if err != nil {
		return nil, err
	}
	return preferencesOut(found)
}

type preferencesInput struct {
	Body struct {
		Preferences map[string]any `json:"preferences" doc:"All of them; what is left out is gone. At most 100, of 8 KiB each and 64 KiB together"`
	}
}

func (a *API) preferencesPut(ctx context.Context, call Call, in *preferencesInput) (*preferencesOutput, error) {
	wanted := identity.Preferences{}
	for key, value := range in.Body.Preferences {
		raw, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("write preference: %w", err)
		}
		wanted[key] = raw
	}
	kept, err := a.deps.Preferences.ChangePreferences(ctx, owner(call), func(p identity.Preferences) error {
		clear(p)
		maps.Copy(p, wanted)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return preferencesOut(kept)
}

func (a *API) preferencesDelete(ctx context.Context, call Call, _ *struct{}) (*struct{}, error) {
	_, err := a.deps.Preferences.ChangePreferences(ctx, owner(call), func(p identity.Preferences) error {
		clear(p)
		return nil
	})
	return nil, err
}

type settingPath struct {
	Key string `path:"key" maxLength:"64"`
}

type settingOutput struct {
	Body struct {
		Key   string `json:"key"`
		Value any    `json:"value"`
	}
}

func (a *API) settingGet(ctx context.Context, call Call, in *settingPath) (*settingOutput, error) {
	found, err := a.deps.Preferences.Preferences(ctx, owner(call))
	if err != nil {
		return nil, err
	}
	value, ok := found[in.Key]
	if !ok {
		return nil, identity.ErrNoPreference
	}
	out := &settingOutput{}
	out.Body.Key = in.Key
	if err := json.Unmarshal(value, &out.Body.Value); err != nil {
		return nil, fmt.Errorf("read preference: %w", err)
	}
	return out, nil
}

type settingInput struct {
	Key  string `path:"key" maxLength:"64" doc:"1 to 64 characters of a–z, 0–9, _, . and -"`
	Body struct {
		Value any `json:"value" doc:"Any JSON value of at most 8 KiB"`
	}
}

func (a *API) settingPut(ctx context.Context, call Call, in *settingInput) (*settingOutput, error) {
	raw, err := json.Marshal(in.Body.Value)
	if err != nil {
		return nil, fmt.Errorf("write preference: %w", err)
	}
	_, err = a.deps.Preferences.ChangePreferences(ctx, owner(call), func(p identity.Preferences) error {
		p[in.Key] = raw
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := &settingOutput{}
	out.Body.Key, out.Body.Value = in.Key, in.Body.Value
	return out, nil
}

func (a *API) settingDelete(ctx context.Context, call Call, in *settingPath) (*struct{}, error) {
	_, err := a.deps.Preferences.ChangePreferences(ctx, owner(call), func(p identity.Preferences) error {
		delete(p, in.Key)
		return nil
	})
	return nil, err
}
