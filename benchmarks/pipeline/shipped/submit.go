package shipped

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"time"

	"hayauma.example/benchmarks/pipeline"
)

// lead is how far ahead a campaign is scheduled: long enough to be accepted and planned before.
func lead(job pipeline.Job) time.Duration {
	return max(job.Lead, time.Second+time.Duration(job.Recipients)*15*time.Microsecond)
}

// LateError is an acceptance that took longer than the lead.
type LateError struct{ By time.Duration }

func (e *LateError) Error() string {
	return fmt.Sprintf("shipped: the campaign was accepted %v after its due time: this machine is too slow for the lead", e.By)
}

// Accept implements [pipeline.System].
func (s *system) Accept(ctx context.Context, job pipeline.Job) (time.Time, error) {
	s.job = job
	if err := s.addChannel(ctx); err != nil {
		return time.Time{}, err
	}
	s.due = time.Now().Add(lead(job)).Truncate(time.Millisecond)
	definition, err := s.definition()
	if err != nil {
		return time.Time{}, err
	}
	if s.campaign, err = s.submit(ctx, definition); err != nil {
		return time.Time{}, err
	}
	if late := time.Since(s.due); late > 0 {
		return time.Time{}, &LateError{late}
	}
	return s.due, nil
}

// limits are those of a channel; 0 is none.
type limits struct {
	Push      int `json:"push"`
	Multicast int `json:"multicast"`
}

func (s *system) addChannel(ctx context.Context) error {
	c := struct {
		Name     string  `json:"name"`
		Provider string  `json:"provider"`
		Endpoint string  `json:"endpoint"`
		TokenEnv string  `json:"token_env"`
		Limits   *limits `json:"limits,omitempty"` // absent: LINE's
	}{Name: channel, Provider: "line", Endpoint: s.job.Endpoint, TokenEnv: tokenEnv}
	if s.job.Rate == 0 {
		c.Limits = &limits{}
	}
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return s.call(ctx, http.MethodPost, "/v1/channels", "application/json", bytes.NewReader(body), nil)
}

// definition is the campaign file.
func (s *system) definition() ([]byte, error) {
	text := pipeline.PushText
	if s.job.Kind == pipeline.Multicast {
		text = pipeline.MulticastText
	}
	return json.Marshal(map[string]any{
		"name": "bench", "channel": channel,
		"messages": []any{map[string]string{"type": "text", "text": text}},
		"schedule": map[string]string{"at": s.due.Format(time.RFC3339Nano)},
	})
}

// submit sends the campaign with its audience and returns its id.
func (s *system) submit(ctx context.Context, definition []byte) (id string, err error) {
	audience, err := os.Open(s.job.Audience)
	if err != nil {
		return "", err
	}
	defer func() { _ = audience.Close() }() // it was only read
	r, w := io.Pipe()
	form := multipart.NewWriter(w)
	written := make(chan struct{})
	go func() {
		defer close(written)
		w.CloseWithError(writeForm(form, definition, audience))
	}()
	var answer struct {
		ID string `json:"id"`
	}
	err = s.call(ctx, http.MethodPost, "/v1/campaigns", form.FormDataContentType(), r, &answer)
	_ = r.Close() // ends the writer after an early refusal; a pipe closes without error
	<-written
	return answer.ID, err
}

func writeForm(form *multipart.Writer, definition []byte, audience io.Reader) error {
	part, err := form.CreatePart(partHeader("campaign", "application/json"))
	if err != nil {
		return err
	}
	if _, err := part.Write(definition); err != nil {
		return err
	}
	if part, err = form.CreatePart(partHeader("audience", "text/csv")); err != nil {
		return err
	}
	if _, err := io.Copy(part, audience); err != nil {
		return err
	}
	return form.Close()
}

func partHeader(name, contentType string) textproto.MIMEHeader {
	h := textproto.MIMEHeader{}
	h.Set("Content-Disposition", `form-data; name="`+name+`"; filename="`+name+`"`)
	h.Set("Content-Type", contentType)
	return h
}

// RefusedError is an answer of the daemon other than success.
type RefusedError struct {
	Path   string
	Status int
	Text   string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("shipped: %s: status %d: %s", e.Path, e.Status, e.Text)
}

// call makes one request and decodes its answer; into may be nil.
func (s *system) call(ctx context.Context, method, path, contentType string, body io.Reader, into any) (err error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+s.listen+path, body)
	if err != nil {
		return err
	}
	if body != nil {
		request.Header.Set("Content-Type", contentType)
		request.Header.Set("Idempotency-Key", "bench") // one campaign a daemon
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return fmt.Errorf("shipped: %w", err)
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	if answer.StatusCode >= 300 {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10)) // what is left of it
		return &RefusedError{path, answer.StatusCode, string(text)}
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(answer.Body).Decode(into)
}
