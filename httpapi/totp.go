package httpapi

import (
	"context"
)

type totpOutput struct {
	Body struct {
		Enabled   bool `json:"enabled"`
		CodesLeft int  `json:"recovery_codes_left"`
	}
}

func (a *API) totpGet(ctx context.Context, call Call, _ *struct{}) (*totpOutput, error) {
	factor, err := a.deps.Accounts.SecondFactor(ctx, call.Caller)
	if err != nil {
		return nil, err
	}
	out := &totpOutput{}
	out.Body.Enabled, out.Body.CodesLeft = factor.Confirmed, factor.CodesLeft
	return out, nil
}

type totpStartInput struct {
	Body struct {
		Password string `json:"password" minLength:"1" maxLength:"512"`
	}
}

type totpStartOutput struct {
	Body struct {
		Secret string `json:"secret" doc:"To type into an authenticator; it is shown this once"`
		URI    string `json:"uri" doc:"The same, to show as a QR code"`
	}
}

func (a *API) totpStart(ctx context.Context, call Call, in *totpStartInput) (*totpStartOutput, error) {
	r, err := a.sameOrigin(ctx)
	if err != nil {
		return nil, err
	}
	setup, err := a.deps.Accounts.StartSecondFactor(ctx, call.Caller, in.Body.Password, originOf(r, call))
	if err != nil {
		return nil, err
	}
	out := &totpStartOutput{}
	out.Body.Secret, out.Body.URI = setup.Secret, setup.URI
	return out, nil
}

type totpConfirmInput struct {
	Body struct {
		OTP string `json:"otp" minLength:"1" maxLength:"32" doc:"A code of the authenticator"`
	}
}

type recoveryCodesOutput struct {
	Body struct {
		RecoveryCodes []string `json:"recovery_codes" doc:"Each stands in for a code once; they are shown this once"`
	}
}

func (a *API) totpConfirm(ctx context.Context, call Call, in *totpConfirmInput) (*recoveryCodesOutput, error) {
	codes, err := a.deps.Accounts.ConfirmSecondFactor(ctx, call.Caller, in.Body.OTP)
	return a.recoveryCodes(codes, err)
}

func (a *API) recoveryCodes(codes []string, err error) (*recoveryCodesOutput, error) {
	if err != nil {
		return nil, err
	}
	a.deps.People.Forget()
	out := &recoveryCodesOutput{}
	out.Body.RecoveryCodes = codes
	return out, nil
}

type bothFactorsInput struct {
	Body struct {
		Password string `json:"password" minLength:"1" maxLength:"512"`
		OTP      string `json:"otp" minLength:"1" maxLength:"32" doc:"A code of the authenticator, or a recovery code"`
	}
}

func (a *API) totpCodes(ctx context.Context, call Call, in *bothFactorsInput) (*recoveryCodesOutput, error) {
	r, err := a.sameOrigin(ctx)
	if err != nil {
		return nil, err
	}
	codes, err := a.deps.Accounts.NewRecoveryCodes(ctx, call.Caller, in.Body.Password, in.Body.OTP, originOf(r, call))
	return a.recoveryCodes(codes, err)
}

func (a *API) totpRemove(ctx context.Context, call Call, in *bothFactorsInput) (*struct{}, error) {
	r, err := a.sameOrigin(ctx)
	if err != nil {
		return nil, err
	}
	if err := a.deps.Accounts.RemoveSecondFactor(ctx, call.Caller, in.Body.Password, in.Body.OTP, originOf(r, call)); err != nil {
		return nil, err
	}
	a.deps.People.Forget()
	return nil, nil //nolint:nilnil // 204: there is nothing to answer
}
