package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Bounds of one request.
const (
	postTimeout = 10 * time.Second
	testTimeout = 8 * time.Second // who asks for a test waits for 10 s
	maxAnswer   = 64 << 10        // bytes of an answer's body that are read, so that its connection can be used again
)

// The headers of a delivery, as in the Standard Webhooks convention.
const (
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

// secretPrefix begins a secret that is base64.
const secretPrefix = "whsec_"

var errSecret = errors.New("the signing secret begins with " + secretPrefix + ", but what follows is not base64: see to the variable that holds it")

// sign is the signature of a delivery.
func sign(secret, id string, at time.Time, body []byte) (string, error) {
	key := []byte(secret)
	if text, ok := strings.CutPrefix(secret, secretPrefix); ok {
		decoded, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(decoded) == 0 {
			return "", errSecret // nothing of the secret is shown
		}
		key = decoded
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// letter is one delivery, ready to be sent.
type letter struct {
	id, url, secret string
	body            []byte
}

// request makes the signed request.
func (l letter) request(ctx context.Context, now time.Time) (*http.Request, error) {
	signature, err := sign(l.secret, l.id, now, l.body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, bytes.NewReader(l.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "hayauma")
	req.Header.Set(headerID, l.id)
	req.Header.Set(headerTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(headerSignature, signature)
	return req, nil
}

// newClient follows no redirects: what is signed for one endpoint isn't sent to another.
func newClient(t http.RoundTripper) *http.Client {
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// newTransport is shared by the webhooks of a system; none waits for another's connections.
func newTransport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxResponseHeaderBytes = maxAnswer
	return t
}

// post sends a letter; status is 0 where there is no answer. An error is the endpoint's, unless it is one of ours (ownError).
func post(ctx context.Context, client *http.Client, l letter) (status int, err error) {
	req, err := l.request(ctx, time.Now())
	if err != nil {
		return 0, ownError{err}
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, plain(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer)) // the status has said all
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return resp.StatusCode, nil
	}
	return resp.StatusCode, fmt.Errorf("the endpoint answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
}

// plain is an error without the URL, whose query may hold what is nobody's business.
func plain(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("the endpoint gave no answer in time")
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// ownError is a failure that is not the endpoint's: nothing is given up for it.
type ownError struct{ error }

func (e ownError) Unwrap() error { return e.error }

// Pauses between tries.
const (
	leastBackoff = time.Second
	mostBackoff  = 8 * time.Minute // and a quarter of it as jitter: 10 min
)

// backoff is the pause after so many failures in a row, from 1; jitter is from 0 to 1.
func backoff(failures int, jitter float64) time.Duration {
	d := mostBackoff
	if failures < 10 {
		d = min(leastBackoff<<(failures-1), mostBackoff)
	}
	return d + time.Duration(float64(d/4)*jitter)
}
