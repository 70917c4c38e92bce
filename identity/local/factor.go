package local

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

const (
	otpDigits        = 6
	otpPeriod        = 30
	recoveryCodes    = 10
	recoveryLength   = 16 // 80 bits
	otpFree, otpStop = 5, 100
)

// secondFactor asks for the code of an account that has a second factor.
func (p *Provider) secondFactor(ctx context.Context, id flomastr.AccountID, code string) error {
	factor, err := p.store.SecondFactor(ctx, id)
	if err != nil || !factor.Confirmed {
		return err
	}
	if code == "" {
		return identity.ErrOTPRequired
	}
	return p.counted(ctx, id, func() (bool, error) { return p.uses(ctx, id, factor, code) })
}

// counted counts a try of a code, before it is known whether it is right.
func (p *Provider) counted(ctx context.Context, id flomastr.AccountID, try func() (bool, error)) error {
	attempt := []identity.Attempt{{Subject: "otp:" + fingerprint(id.String()), Free: otpFree, Stop: otpStop}}
	wait, err := p.store.BeginAttempt(ctx, attempt)
	if err != nil {
		return err
	}
	if wait > 0 {
		return throttled(wait)
	}
	ok, err := try()
	if err != nil {
		return err
	}
	if !ok {
		return identity.ErrOTPWrong
	}
	return p.store.ForgiveAttempt(ctx, attempt, nil)
}

// uses takes a code of the authenticator, or a recovery code.
func (p *Provider) uses(ctx context.Context, id flomastr.AccountID, factor identity.SecondFactor, code string) (bool, error) {
	code = plainCode(code)
	if len(code) == recoveryLength {
		return p.store.UseRecoveryCode(ctx, id, sha256.Sum256([]byte(code)))
	}
	step, ok, err := p.stepOf(id, factor, code)
	if err != nil || !ok {
		return false, err
	}
	return p.store.UseStep(ctx, id, step)
}

// plainCode is a code as it was made, whatever a person put between its characters.
func plainCode(code string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(code))
}

// stepOf finds which 30 seconds a code is of: these, or those beside them, for clocks that differ.
func (p *Provider) stepOf(id flomastr.AccountID, factor identity.SecondFactor, code string) (step int64, ok bool, err error) {
	secret, err := p.seal.Open("", "second_factors", "sealed_secret/"+id.String(), factor.Sealed)
	if err != nil {
		return 0, false, fmt.Errorf("open second factor: %w", err)
	}
	if len(code) != otpDigits {
		return 0, false, nil
	}
	now := p.clock().Unix() / otpPeriod
	for step := now + 1; step >= now-1; step-- {
		good, err := hotp.ValidateCustom(code, uint64(step), string(secret), hotp.ValidateOpts{Digits: otpDigits, Algorithm: otp.AlgorithmSHA1})
		if err == nil && good {
			return step, true, nil
		}
	}
	return 0, false, nil
}

// SecondFactor tells whether the caller has one.
func (p *Provider) SecondFactor(ctx context.Context, caller identity.Caller) (identity.SecondFactor, error) {
	account, err := p.own(ctx, caller)
	if err != nil {
		return identity.SecondFactor{}, err
	}
	return p.store.SecondFactor(ctx, account.ID)
}

// StartSecondFactor makes a secret for the caller's authenticator. It counts once [Provider.ConfirmSecondFactor] was shown a
// code of it.
func (p *Provider) StartSecondFactor(ctx context.Context, caller identity.Caller, password string, from identity.Origin) (identity.FactorSetup, error) {
	account, err := p.own(ctx, caller)
	if err != nil {
		return identity.FactorSetup{}, err
	}
	if err := p.again(ctx, account, password, from); err != nil {
		return identity.FactorSetup{}, err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "FloMastr", AccountName: account.Email, Period: otpPeriod, Digits: otpDigits, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return identity.FactorSetup{}, fmt.Errorf("make second factor: %w", err)
	}
	sealed, err := p.seal.Seal("", "second_factors", "sealed_secret/"+account.ID.String(), []byte(key.Secret()))
	if err != nil {
		return identity.FactorSetup{}, fmt.Errorf("seal second factor: %w", err)
	}
	if err := p.store.StartSecondFactor(ctx, account.ID, sealed); err != nil {
		return identity.FactorSetup{}, err
	}
	return identity.FactorSetup{Secret: key.Secret(), URI: key.URL()}, nil
}

// ConfirmSecondFactor turns the second factor on with a code of it, ends the caller's other sessions and gives the recovery
// codes, which are shown this once.
func (p *Provider) ConfirmSecondFactor(ctx context.Context, caller identity.Caller, code string) ([]string, error) {
	account, err := p.own(ctx, caller)
	if err != nil {
		return nil, err
	}
	factor, err := p.store.SecondFactor(ctx, account.ID)
	if err != nil {
		return nil, err
	}
	if factor.Confirmed {
		return nil, identity.ErrFactorOn
	}
	if factor.Sealed == nil {
		return nil, identity.ErrFactorOff
	}
	codes, hashes := newRecoveryCodes()
	err = p.counted(ctx, account.ID, func() (bool, error) {
		step, ok, err := p.stepOf(account.ID, factor, plainCode(code))
		if err != nil || !ok {
			return false, err
		}
		return true, p.store.ConfirmSecondFactor(ctx, account.ID, step, hashes, caller.Session)
	})
	if err != nil {
		return nil, wrongHere(err)
	}
	return codes, nil
}

// NewRecoveryCodes replaces the caller's recovery codes.
func (p *Provider) NewRecoveryCodes(ctx context.Context, caller identity.Caller, password, code string, from identity.Origin) ([]string, error) {
	account, err := p.both(ctx, caller, password, code, from)
	if err != nil {
		return nil, err
	}
	codes, hashes := newRecoveryCodes()
	if err := p.store.ReplaceRecoveryCodes(ctx, account.ID, hashes); err != nil {
		return nil, err
	}
	return codes, nil
}

// RemoveSecondFactor turns the caller's second factor off and ends the other sessions.
func (p *Provider) RemoveSecondFactor(ctx context.Context, caller identity.Caller, password, code string, from identity.Origin) error {
	account, err := p.both(ctx, caller, password, code, from)
	if err != nil {
		return err
	}
	return p.store.RemoveSecondFactor(ctx, account.ID, caller.Session)
}

// both asks the caller for the password and for a code.
func (p *Provider) both(ctx context.Context, caller identity.Caller, password, code string, from identity.Origin) (identity.Account, error) {
	account, err := p.own(ctx, caller)
	if err != nil {
		return identity.Account{}, err
	}
	factor, err := p.store.SecondFactor(ctx, account.ID)
	if err == nil && !factor.Confirmed {
		err = identity.ErrFactorOff
	}
	if err != nil {
		return identity.Account{}, err
	}
	if err := p.again(ctx, account, password, from); err != nil {
		return identity.Account{}, err
	}
	err = p.counted(ctx, account.ID, func() (bool, error) { return p.uses(ctx, account.ID, factor, code) })
	return account, wrongHere(err)
}

// ErrOldCode says that the code was not right of somebody who is signed in: no reason to sign in again.
var ErrOldCode = flomastr.Errorf(flomastr.Forbidden, "otp_wrong", "The code is not right, or was used already. Wait for the next one.")

func wrongHere(err error) error {
	if flomastr.CodeOf(err) == identity.ErrOTPWrong.Code {
		return ErrOldCode
	}
	return err
}

func newRecoveryCodes() (codes []string, hashes [][sha256.Size]byte) {
	for range recoveryCodes {
		code := strings.ToLower(rand.Text()[:recoveryLength])
		hashes = append(hashes, sha256.Sum256([]byte(code)))
		codes = append(codes, code[:4]+"-"+code[4:8]+"-"+code[8:12]+"-"+code[12:])
	}
	return codes, hashes
}
