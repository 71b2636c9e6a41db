package daemon

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
	"sync"
	"sync/atomic"
	"time"
)

// Campaign is what is submitted. Its name is its idempotency key too.
type Campaign struct {
	Name, Channel string
	Text          string    // one text message, in Liquid
	At            time.Time // when it is due; zero: at once
	Audience      func(w io.Writer) error
}

// Shown is a campaign as the daemon shows it.
type Shown struct {
	State      string     `json:"state"`
	Accepted   int        `json:"accepted"`
	Delivered  int        `json:"delivered"`
	StartedAt  *time.Time `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
}

// Took is the time from the start of a finished campaign to its end, to a millisecond.
func (s Shown) Took() time.Duration {
	if s.StartedAt == nil || s.FinishedAt == nil {
		return 0
	}
	return max(s.FinishedAt.Sub(*s.StartedAt), time.Millisecond)
}

// StateError reports a campaign that ended otherwise than delivered.
type StateError struct {
	Name string
	Shown
}

func (e *StateError) Error() string {
	return fmt.Sprintf("daemon: campaign %s ended %s with %d of %d delivered", e.Name, e.State, e.Delivered, e.Accepted)
}

// AddChannel adds a channel to the simulator, without limits.
func (w *World) AddChannel(ctx context.Context, name string) error {
	body, err := json.Marshal(map[string]any{
		"name": name, "provider": "line", "endpoint": w.simURL, "token_env": tokenVariable, "limits": map[string]int{"push": 0, "multicast": 0},
	})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.serveURL+"/v1/channels", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	return w.do(req, nil)
}

// Submit returns the campaign's id once it is accepted.
func (w *World) Submit(ctx context.Context, c Campaign) (string, error) {
	r, out := io.Pipe()
	defer func() { _ = r.Close() }() // ends the writer after an early refusal; a pipe closes without error
	form := multipart.NewWriter(out)
	go func() { out.CloseWithError(writeForm(form, c)) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.serveURL+"/v1/campaigns", r)
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Idempotency-Key", c.Name)
	var answer struct{ ID string }
	if err := w.do(req, &answer); err != nil {
		return "", fmt.Errorf("daemon: submit %s: %w", c.Name, err)
	}
	return answer.ID, nil
}

func writeForm(form *multipart.Writer, c Campaign) error {
	definition := map[string]any{
		"name": c.Name, "channel": c.Channel, "messages": []any{map[string]string{"type": "text", "text": c.Text}},
	}
	if !c.At.IsZero() {
		definition["schedule"] = map[string]any{"at": c.At.Format(time.RFC3339Nano)}
	}
	part, err := form.CreateFormField("campaign")
	if err != nil {
		return err
	}
	if err := json.NewEncoder(part).Encode(definition); err != nil {
		return err
	}
	head := textproto.MIMEHeader{}
	head.Set("Content-Disposition", `form-data; name="audience"; filename="audience.csv"`)
	head.Set("Content-Type", "text/csv")
	if part, err = form.CreatePart(head); err != nil {
		return err
	}
	return errors.Join(c.Audience(part), form.Close())
}

// finished looks every so often; a look costs the daemon one question.
const look = 20 * time.Millisecond

// Finish waits for the end of a campaign; one that wasn't delivered to everybody is a StateError.
func (w *World) Finish(ctx context.Context, id string) (Shown, error) {
	for {
		var s Shown
		if err := w.ask(ctx, w.serveURL+"/v1/campaigns/"+id, &s); err != nil {
			return s, err
		}
		switch s.State {
		case "finished", "cancelled", "expired":
			if s.State != "finished" || s.Delivered != s.Accepted {
				return s, &StateError{id, s}
			}
			return s, nil
		}
		if err := pause(ctx, w.serve, look); err != nil {
			return s, err
		}
	}
}

func (w *World) ask(ctx context.Context, url string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	return w.do(req, into)
}

// do sends a request and decodes the answer, where somebody wants it.
func (w *World) do(req *http.Request, into any) error {
	resp, err := w.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 2000)) // what can be had of the reason
		return fmt.Errorf("daemon: %s %s: %s: %s", req.Method, req.URL.Path, resp.Status, text)
	}
	if into == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// submitters is how many submissions are made at once; the daemon receives more than that.
const submitters = 4

// SubmitAll submits campaigns and returns their ids in the same order.
func (w *World) SubmitAll(ctx context.Context, all []Campaign) ([]string, error) {
	ids, errs := make([]string, len(all)), make([]error, submitters)
	var next atomic.Int64
	var running sync.WaitGroup
	for s := range submitters {
		running.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(all) && errs[s] == nil; i = int(next.Add(1)) - 1 {
				ids[i], errs[s] = w.Submit(ctx, all[i])
			}
		})
	}
	running.Wait()
	return ids, errors.Join(errs...)
}
