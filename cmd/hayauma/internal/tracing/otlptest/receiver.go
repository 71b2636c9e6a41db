// Package otlptest is an OpenTelemetry receiver in the process of a test.
package otlptest

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	wire "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Span is one that was received; ids are hexadecimal digits.
type Span struct {
	Trace, ID, Parent string // Parent empty: a root
	Name              string
	Links             []Link
	Attrs             map[string]string
	Failure           string
	Seconds           float64
	Node              string // service.instance.id
}

// Link names another span.
type Link struct{ Trace, ID string }

// Receiver takes spans.
type Receiver struct {
	*httptest.Server
	mu     sync.Mutex
	spans  []Span // guarded by mu
	status int    // of answers, 0: 200; guarded by mu
}

// Receive starts a receiver that ends with the test.
func Receive(t *testing.T) *Receiver {
	t.Helper()
	r := &Receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.status != 0 {
			w.WriteHeader(r.status)
			return
		}
		body, err := io.ReadAll(req.Body)
		var m collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &m)
		}
		if err != nil || req.URL.Path != "/v1/traces" {
			t.Errorf("POST %s: %v", req.URL.Path, err)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.take(&m)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(r.Close)
	return r
}

// Answer has the receiver answer with a status and take nothing; 0: it takes spans.
func (r *Receiver) Answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

// Spans are those that have come.
func (r *Receiver) Spans() []Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.spans)
}

// Named are those of one name.
func (r *Receiver) Named(name string) []Span {
	return slices.DeleteFunc(r.Spans(), func(s Span) bool { return s.Name != name })
}

func (r *Receiver) take(m *collector.ExportTraceServiceRequest) {
	for _, resource := range m.ResourceSpans {
		node := ""
		for _, a := range resource.Resource.Attributes {
			if a.Key == "service.instance.id" {
				node = a.Value.GetStringValue()
			}
		}
		for _, scope := range resource.ScopeSpans {
			for _, s := range scope.Spans {
				r.spans = append(r.spans, spanOf(s, node))
			}
		}
	}
}

func spanOf(s *wire.Span, node string) Span {
	out := Span{
		Trace: hex.EncodeToString(s.TraceId), ID: hex.EncodeToString(s.SpanId), Parent: hex.EncodeToString(s.ParentSpanId), Name: s.Name,
		Attrs: map[string]string{}, Failure: s.Status.GetMessage(), Seconds: float64(s.EndTimeUnixNano-s.StartTimeUnixNano) / 1e9, Node: node,
	}
	for _, l := range s.Links {
		out.Links = append(out.Links, Link{hex.EncodeToString(l.TraceId), hex.EncodeToString(l.SpanId)})
	}
	for _, a := range s.Attributes {
		out.Attrs[a.Key] = a.Value.GetStringValue()
	}
	return out
}
