package app_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/tracing/otlptest"
	"hayauma.example/engine/enginetest"
)

const clientSpan = "00-0102030405060708090a0b0c0d0e0f10-a1a2a3a4a5a6a7a8-01"

// submitBelow submits a campaign of n recipients as a part of the client's span, and returns the traceparent of the answer. more is the end of
// its definition.
func submitBelow(t *testing.T, url string, n int, text, more string) (id, traceparent string) {
	t.Helper()
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	add := func(name, kind, content string) {
		w, err := parts.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + name + `"`}, "Content-Type": {kind}})
		if err == nil {
			_, err = w.Write([]byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	add("campaign", "application/json", `{"name":"n","channel":"shop","messages":[{"type":"text","text":"`+text+`"}]`+more+`}`)
	var rows strings.Builder
	rows.WriteString("user_id,name\n")
	for i := range n {
		fmt.Fprintf(&rows, "U%032x,friend %d\n", i, i)
	}
	add("audience", "text/csv", rows.String())
	parts.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/campaigns", &body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", parts.FormDataContentType())
	req.Header.Set("Idempotency-Key", text)
	req.Header.Set("Traceparent", clientSpan)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		t.Fatal(resp.Status)
	}
	return strings.TrimPrefix(resp.Header.Get("Location"), "/v1/campaigns/"), resp.Header.Get("Traceparent")
}

// A campaign's acceptance is a part of the client's trace; its chunks are traces of their own, linked to it, with calls and appends below,
// and checks linked to them. No recipient has a span.
func TestTracesOfACampaign(t *testing.T) {
	receiver := otlptest.Receive(t)
	_, endpoint := simulator(t, "")
	cfg := memory()
	cfg.Trace = receiver.URL
	var log enginetest.Log
	a, c := start(t, cfg, log.Logger())
	addChannel(t, c, endpoint)
	const pushes, multicasts = 1200, 700 // chunks of up to 500: 3 and 2
	push, answered := submitBelow(t, a.URL(), pushes, "hi {{ name }}", "")
	multi, _ := submitBelow(t, a.URL(), multicasts, "hi all", "")
	for _, id := range []string{push, multi} {
		follow(t, c, id, noState)
	}
	why, err := c.Why(t.Context(), push, fmt.Sprintf("U%032x", 7))
	if err != nil || why.TraceID != clientSpan[3:35] {
		t.Errorf("why names the trace %q, %v", why.TraceID, err)
	}
	stop(t, a)

	accepted := map[string]otlptest.Span{}
	for _, s := range receiver.Named("accept campaign") {
		accepted[s.Attrs["campaign"]] = s
		if s.Trace != clientSpan[3:35] || s.Parent != clientSpan[36:52] || s.Failure != "" {
			t.Errorf("%+v", s)
		}
	}
	if s := accepted[push]; len(accepted) != 2 || answered != "00-"+s.Trace+"-"+s.ID+"-01" {
		t.Errorf("accepted %+v, answered %s", accepted, answered)
	}
	chunks := map[otlptest.Link]string{} // → mode
	traces := map[string]bool{}
	for _, s := range receiver.Named("chunk") {
		of := accepted[s.Attrs["campaign"]]
		if s.Parent != "" || s.Failure != "" || len(s.Links) != 1 || s.Links[0] != (otlptest.Link{Trace: of.Trace, ID: of.ID}) {
			t.Errorf("%+v, its campaign %+v", s, of)
		}
		chunks[otlptest.Link{Trace: s.Trace, ID: s.ID}], traces[s.Trace] = s.Attrs["mode"], true
	}
	if len(chunks) != 5 || len(traces) != 5 {
		t.Errorf("%d chunks in %d traces", len(chunks), len(traces))
	}
	for _, name := range []string{"provider call", "journal append"} {
		seen := map[otlptest.Link]int{}
		for _, s := range receiver.Named(name) {
			seen[otlptest.Link{Trace: s.Trace, ID: s.Parent}]++
			if mode := chunks[otlptest.Link{Trace: s.Trace, ID: s.Parent}]; name == "provider call" && (mode == "" || s.Attrs["endpoint"] != mode) {
				t.Errorf("%s of a chunk that goes by %q: %+v", name, mode, s)
			}
		}
		for chunk, mode := range chunks {
			if seen[chunk] == 0 || name == "provider call" && seen[chunk] > 1 {
				t.Errorf("a chunk that goes by %s has %d of %q", mode, seen[chunk], name)
			}
		}
	}
	checked := map[otlptest.Link]bool{}
	for _, s := range receiver.Named("check") {
		if s.Parent != "" {
			t.Errorf("%+v", s)
		}
		for _, l := range s.Links {
			checked[l] = true
		}
	}
	if len(checked) != len(chunks) {
		t.Errorf("checks are linked to %d of %d chunks", len(checked), len(chunks))
	}
	if n := len(receiver.Spans()); n > 50 {
		t.Errorf("%d spans for %d recipients", n, pushes+multicasts)
	}
	expectTraced(t, log.String(), accepted[push], "campaign accepted", "campaign ended", "campaign planned")
}

// expectTraced fails where a line about a campaign doesn't name its trace, and where there are others about it than these.
func expectTraced(t *testing.T, log string, accepted otlptest.Span, messages ...string) {
	t.Helper()
	var said []string
	for line := range strings.Lines(log) {
		if !strings.Contains(line, "campaign="+accepted.Attrs["campaign"]) {
			continue
		}
		_, rest, _ := strings.Cut(line, `msg="`)
		message, _, _ := strings.Cut(rest, `"`)
		said = append(said, message)
		if strings.Count(line, "trace_id=") != 1 || !strings.Contains(line, "trace_id="+clientSpan[3:35]+" span_id="+accepted.ID+" ") {
			t.Errorf("not the campaign's trace: %s", line)
		}
	}
	slices.Sort(said)
	if !slices.Equal(said, messages) {
		t.Errorf("said of the campaign %q, want %q", said, messages)
	}
}

// What an operator has done to a campaign, and what that comes to, is logged with the campaign's trace too.
func TestOrdersAreLoggedWithTheCampaignsTrace(t *testing.T) {
	receiver := otlptest.Receive(t)
	_, endpoint := simulator(t, "")
	cfg := memory()
	cfg.Trace = receiver.URL
	var log enginetest.Log
	a, c := start(t, cfg, log.Logger())
	addChannel(t, c, endpoint)
	at := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	id, _ := submitBelow(t, a.URL(), 3, "hi", `,"schedule":{"at":"`+at+`"}`)
	for _, order := range []string{"pause", "cancel"} {
		if _, err := c.Order(t.Context(), id, order); err != nil {
			t.Error(err)
		}
	}
	follow(t, c, id, noState)
	stop(t, a)
	expectTraced(t, log.String(), receiver.Named("accept campaign")[0], "campaign accepted", "campaign ended", "campaign planned",
		"order carried out", "order carried out")
}

// Where nothing is traced a campaign has no trace, whatever the client says.
func TestNoTraces(t *testing.T) {
	_, endpoint := simulator(t, "")
	a, c := start(t, memory(), slog.New(slog.DiscardHandler))
	defer stop(t, a)
	addChannel(t, c, endpoint)
	id, answered := submitBelow(t, a.URL(), 3, "hi", "")
	follow(t, c, id, noState)
	if why, err := c.Why(t.Context(), id, fmt.Sprintf("U%032x", 1)); err != nil || why.TraceID != "" || answered != "" {
		t.Errorf("trace %q, answered %q, %v", why.TraceID, answered, err)
	}
}

func noState(api.Campaign) {}
