package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
)

// Audience is a list of recipients to send, as bytes of a known form.
type Audience struct {
	Data io.Reader
	Type string // text/csv or application/x-ndjson
	Gzip bool   // Data is compressed
}

// OpenAudience opens a file; its name says what it holds: .csv or .ndjson, with .gz behind it or not.
func OpenAudience(path string) (Audience, io.Closer, error) {
	name, gzip := strings.CutSuffix(strings.ToLower(path), ".gz")
	a := Audience{Gzip: gzip}
	switch {
	case strings.HasSuffix(name, ".csv"):
		a.Type = "text/csv"
	case strings.HasSuffix(name, ".ndjson"), strings.HasSuffix(name, ".jsonl"):
		a.Type = "application/x-ndjson"
	default:
		return a, nil, fmt.Errorf("audience %s: its name must end in .csv or .ndjson, with .gz behind it where it is compressed", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return a, nil, fmt.Errorf("audience: %w", err)
	}
	a.Data = f
	return a, f, nil
}

// How long a submission is tried where the daemon has no place for it, when the audience can be read again.
const (
	submitTries = 10
	longestWait = time.Minute
)

// Submit sends a campaign and its audience and returns the campaign's id. definition is JSON, see [Definition]. The same key and
// content again return the same id. A daemon that asks for patience is given it, when a.Data is an [io.Seeker].
func (c *Client) Submit(ctx context.Context, key string, definition []byte, a Audience) (string, error) {
	var s api.Submitted
	header := http.Header{"Idempotency-Key": {key}}
	err := (&submission{client: c, path: "/v1/campaigns", header: header, definition: definition, audience: a}).send(ctx, &s)
	if err == nil && s.ID == "" {
		err = Unreachable{Server: c.base, Err: errors.New("unreadable answer to the submission: it has no id")}
	}
	return s.ID, err
}

// Explain tells what a campaign with this audience would become; nothing is kept of it. sample is how many rendered messages are shown. A
// daemon that asks for patience is given it as by [Client.Submit].
func (c *Client) Explain(ctx context.Context, definition []byte, a Audience, sample int) (x api.Explanation, err error) {
	path := "/v1/campaigns/explain?sample=" + strconv.Itoa(sample)
	return x, (&submission{client: c, path: path, header: http.Header{}, definition: definition, audience: a}).send(ctx, &x)
}

// send tries until the daemon has a place.
func (sub *submission) send(ctx context.Context, answer any) error {
	rewind := rewinder(sub.audience.Data)
	for try := 1; ; try++ {
		wait, err := sub.try(ctx, answer)
		if err == nil || wait < 0 || rewind == nil || try == submitTries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		sub.writer.Wait() // it reads what is rewound
		if err := rewind(); err != nil {
			return fmt.Errorf("audience: %w", err)
		}
	}
}

// rewinder is nil where data can be read only once.
func rewinder(data io.Reader) func() error {
	seeker, ok := data.(io.Seeker)
	if !ok {
		return nil
	}
	start, err := seeker.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil // a pipe
	}
	return func() error {
		_, err := seeker.Seek(start, io.SeekStart)
		return err
	}
}

// submission is what is sent, and who writes it: a writer may outlive its request, for as long as the audience lets it wait.
type submission struct {
	client     *Client
	path       string
	header     http.Header // besides the content type
	definition []byte
	audience   Audience
	writer     sync.WaitGroup
}

// try sends once and reads the answer. wait is what the daemon asks for before the next try; below 0: it asks for none.
func (sub *submission) try(ctx context.Context, answer any) (wait time.Duration, err error) {
	c := sub.client
	r, w := io.Pipe()
	form := multipart.NewWriter(w)
	sub.writer.Go(func() { w.CloseWithError(writeForm(form, sub.definition, sub.audience)) })
	defer func() { _ = r.Close() }() // ends the writer, also after an early refusal; a pipe closes without error

	sub.header.Set("Content-Type", form.FormDataContentType())
	resp, err := c.do(ctx, request{http.MethodPost, sub.path, r, sub.header})
	if err != nil {
		return -1, err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return retryAfter(resp), c.problem(resp)
	}
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		return -1, Unreachable{Server: c.base, Err: fmt.Errorf("unreadable answer to the submission: %w", err)}
	}
	return -1, nil
}

// retryAfter is below 0 where the answer is no plea for patience.
func retryAfter(resp *http.Response) time.Duration {
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	busy := resp.StatusCode == http.StatusServiceUnavailable || resp.StatusCode == http.StatusTooManyRequests
	if !busy || err != nil || seconds < 0 {
		return -1
	}
	return min(time.Duration(seconds)*time.Second, longestWait)
}

func writeForm(form *multipart.Writer, definition []byte, a Audience) error {
	part, err := form.CreatePart(partHeader("campaign", "application/json", false))
	if err != nil {
		return err
	}
	if _, err := part.Write(definition); err != nil {
		return err
	}
	if part, err = form.CreatePart(partHeader("audience", a.Type, a.Gzip)); err != nil {
		return err
	}
	if _, err := io.Copy(part, a.Data); err != nil {
		return err
	}
	return form.Close()
}

func partHeader(name, contentType string, gzip bool) textproto.MIMEHeader {
	h := textproto.MIMEHeader{}
	h.Set("Content-Disposition", `form-data; name="`+name+`"; filename="`+name+`"`)
	h.Set("Content-Type", contentType)
	if gzip {
		h.Set("Content-Encoding", "gzip")
	}
	return h
}
