package tracing_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"hayauma.example/cmd/hayauma/internal/tracing"
	"hayauma.example/cmd/hayauma/internal/tracing/otlptest"
	"hayauma.example/engine"
)

func begin(t *testing.T, endpoint string, log *bytes.Buffer) *tracing.Tracing {
	t.Helper()
	x, err := tracing.Open(t.Context(), tracing.Config{Endpoint: endpoint, Node: "n1", Version: "test", Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestSpansArriveAsTheyWere(t *testing.T) {
	r := otlptest.Receive(t)
	x := begin(t, r.URL, &bytes.Buffer{})
	parent := engine.ParseTrace("00-0102030405060708090a0b0c0d0e0f10-a1a2a3a4a5a6a7a8-00")
	began := time.Now().Add(-2 * time.Second)
	child := x.Begin(engine.Span{Name: "child", Parent: parent, Began: began, Attrs: []slog.Attr{slog.String("campaign", "c1")}})
	root := x.Begin(engine.Span{Name: "root", Links: []engine.Trace{child.Trace()}})
	root.End("", slog.Bool("late", true))
	child.End("it broke")
	if err := x.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	spans := r.Spans()
	if len(spans) != 2 || x.Dropped() != 0 {
		t.Fatalf("%d dropped, %+v", x.Dropped(), spans)
	}
	a, b := spans[1], spans[0]
	if a.Name != "child" || a.Trace != parent.TraceID() || a.Parent != "a1a2a3a4a5a6a7a8" || a.Attrs["campaign"] != "c1" || a.Failure != "it broke" ||
		a.Seconds < 2 || a.Node != "n1" || child.Trace().String() != "00-"+a.Trace+"-"+a.ID+"-01" {
		t.Errorf("%+v", a)
	}
	if b.Name != "root" || b.Parent != "" || b.Trace == a.Trace || len(b.Links) != 1 || b.Links[0] != (otlptest.Link{Trace: a.Trace, ID: a.ID}) {
		t.Errorf("%+v", b)
	}
}

// A receiver that doesn't answer holds nobody up: spans are dropped, counted, and it is logged once.
func TestNobodyWaitsForTheReceiver(t *testing.T) {
	r := otlptest.Receive(t)
	r.Answer(http.StatusBadRequest) // for good, so nothing is tried again
	var log bytes.Buffer
	x := begin(t, r.URL, &log)
	const spans = 10_000
	began := time.Now()
	for range spans {
		x.Begin(engine.Span{Name: "s"}).End("")
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("%d spans took %v", spans, took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := x.Close(ctx); err != nil {
		t.Error(err)
	}
	if x.Dropped() != spans {
		t.Errorf("%d of %d spans were counted as dropped", x.Dropped(), spans)
	}
	if n := strings.Count(log.String(), "spans of traces are dropped"); n != 1 {
		t.Errorf("it was logged %d times:\n%s", n, &log)
	}
}

// A stop cuts off what the receiver leaves unanswered.
func TestAStopDoesNotWaitForTheReceiver(t *testing.T) {
	r := otlptest.Receive(t)
	r.Answer(http.StatusServiceUnavailable) // tried again and again
	x := begin(t, r.URL, &bytes.Buffer{})
	x.Begin(engine.Span{Name: "s"}).End("")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	_ = x.Close(ctx) // that it was cut off
	if took := time.Since(began); took > 2*time.Second || x.Dropped() != 1 {
		t.Errorf("it took %v, %d dropped", took, x.Dropped())
	}
}

func TestNoTracing(t *testing.T) {
	var x *tracing.Tracing
	if x.Tracer() != nil || x.Dropped() != 0 {
		t.Error("a tracer that isn't there is one")
	}
}
