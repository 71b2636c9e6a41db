package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"testing"
	"time"
)

// TestKillDuringUpload kills the daemon while a client is in the middle of its audience: before anything is stored, and after parts
// of it are. Nothing of it may be seen then, and the same request again is a whole campaign.
func TestKillDuringUpload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.open()
	m := w.personalised("upload", 30_000)
	audience, err := os.ReadFile(m.audience)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []float64{0, 0.5, 0.95} {
		w.cutOff(m, audience, int(part*float64(len(audience))))
		w.serve("")
		if r := w.cli("campaign", "list", "--json"); r.code != 0 || r.stdout != "" {
			t.Fatalf("after a kill during the upload: campaign list prints %+v", r)
		}
	}
	w.mustSubmit(m)
	if s := w.finish(m); s.Delivered != 30_000 || s.State != "finished" {
		t.Fatalf("%+v", s)
	} else if err := w.judge(m, s); err != nil {
		t.Fatal(err)
	}
	w.mustSubmit(m) // the same id, without a second campaign
	w.daemon.kill()
	w.serve("")
	w.mustSubmit(m)
	if _, err := w.received(); err != nil {
		t.Fatal(err)
	}
}

// cutOff begins a submission, kills the daemon when it has taken the first bytes of the audience, and waits for the client's error.
func (w *world) cutOff(m *mailing, audience []byte, first int) {
	w.t.Helper()
	r, pipe := io.Pipe()
	defer pipe.Close()
	form := multipart.NewWriter(pipe)
	request, err := http.NewRequest(http.MethodPost, w.daemon.url+"/v1/campaigns", r)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("Idempotency-Key", m.key)
	answered := make(chan error, 1)
	go func() {
		resp, err := http.DefaultClient.Do(request)
		if err == nil {
			resp.Body.Close()
		}
		answered <- err
	}()
	file, err := os.ReadFile(m.campaign)
	if err != nil {
		w.t.Fatal(err)
	}
	send(w.t, form, "campaign", "application/json", file)
	send(w.t, form, "audience", "text/csv", audience[:first]) // returns when the connection has taken it
	w.daemon.kill()
	pipe.CloseWithError(io.ErrUnexpectedEOF) // or the client would wait for the rest of the file
	select {
	case err := <-answered:
		if err == nil {
			w.t.Fatal("half an audience was answered")
		}
	case <-time.After(deathFor):
		w.t.Fatal("the client was not told of the daemon's end")
	}
}

func send(t testing.TB, form *multipart.Writer, name, contentType string, data []byte) {
	t.Helper()
	part, err := form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="` + name + `"; filename="` + name + `"`}, "Content-Type": {contentType},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(data); err != nil {
		t.Fatal(err)
	}
}

// post submits over HTTP, for what the command line would not send; the answer's body is read.
func (w *world) post(key string, definition, audience []byte) (status int, text string) {
	w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	send(w.t, form, "campaign", "application/json", definition)
	send(w.t, form, "audience", "text/csv", audience)
	form.Close()
	request, err := http.NewRequest(http.MethodPost, w.daemon.url+"/v1/campaigns", &body)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("Idempotency-Key", key)
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	var problem struct{ Detail, ID string }
	if err := json.Unmarshal(raw, &problem); err != nil {
		w.t.Fatalf("%s: %q", resp.Status, raw)
	}
	return resp.StatusCode, problem.Detail + problem.ID
}
