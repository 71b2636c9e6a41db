package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"

	"hayauma.example/engine"
)

// Config says where spans go, and whose they are. All are required.
type Config struct {
	Endpoint string // URL; without a path /v1/traces
	Node     string
	Version  string
	Log      *slog.Logger
}

// Tracing is what the daemon traces with; a nil one traces nothing.
type Tracing struct {
	provider *trace.TracerProvider
	tracer   api.Tracer
	queue    *queue
}

const exportFor = 10 * time.Second // one batch, with what is tried again

// Open begins. It doesn't wait for the receiver.
func Open(ctx context.Context, cfg Config) (*Tracing, error) {
	u, err := url.Parse(cfg.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("trace-endpoint: %w", err)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(u.String()), otlptracehttp.WithTimeout(exportFor),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: true, InitialInterval: 500 * time.Millisecond, MaxInterval: 5 * time.Second, MaxElapsedTime: exportFor}))
	if err != nil {
		return nil, fmt.Errorf("trace-endpoint: %w", err)
	}
	q := newQueue(exporter, cfg.Log)
	provider := trace.NewTracerProvider(
		trace.WithSpanProcessor(q),
		trace.WithSampler(trace.AlwaysSample()), // who begins a span has decided
		trace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "hayauma"), attribute.String("service.version", cfg.Version), attribute.String("service.instance.id", cfg.Node),
		)),
	)
	return &Tracing{provider: provider, tracer: provider.Tracer("hayauma.example"), queue: q}, nil
}

// Tracer is what actors trace with; nil: they don't.
func (t *Tracing) Tracer() engine.Tracer {
	if t == nil {
		return nil
	}
	return t
}

// Dropped counts the spans that no receiver has taken.
func (t *Tracing) Dropped() uint64 {
	if t == nil {
		return 0
	}
	return t.queue.dropped.Load()
}

// Close sends what waits, until ctx is over.
func (t *Tracing) Close(ctx context.Context) error { return t.provider.Shutdown(ctx) }

// Begin implements [engine.Tracer].
func (t *Tracing) Begin(s engine.Span) engine.OpenSpan {
	ctx, opts := context.Background(), make([]api.SpanStartOption, 0, 4)
	if s.Parent.Valid() {
		ctx = api.ContextWithRemoteSpanContext(ctx, contextOf(s.Parent))
	}
	if !s.Began.IsZero() {
		opts = append(opts, api.WithTimestamp(s.Began))
	}
	for _, l := range s.Links {
		opts = append(opts, api.WithLinks(api.Link{SpanContext: contextOf(l)}))
	}
	opts = append(opts, api.WithAttributes(attributes(s.Attrs)...))
	_, span := t.tracer.Start(ctx, s.Name, opts...)
	return open{span}
}

func contextOf(t engine.Trace) api.SpanContext {
	return api.NewSpanContext(api.SpanContextConfig{TraceID: t.ID, SpanID: t.Span, TraceFlags: api.TraceFlags(t.Flags), Remote: true})
}

type open struct{ span api.Span }

// Trace implements [engine.OpenSpan].
func (o open) Trace() engine.Trace {
	c := o.span.SpanContext()
	return engine.Trace{ID: c.TraceID(), Span: c.SpanID(), Flags: byte(c.TraceFlags())}
}

// End implements [engine.OpenSpan].
func (o open) End(failure string, attrs ...slog.Attr) {
	o.span.SetAttributes(attributes(attrs)...)
	if failure != "" {
		o.span.SetStatus(codes.Error, failure)
	}
	o.span.End()
}

func attributes(attrs []slog.Attr) []attribute.KeyValue {
	out := make([]attribute.KeyValue, 0, len(attrs))
	for _, a := range attrs {
		switch v := a.Value; v.Kind() {
		case slog.KindInt64:
			out = append(out, attribute.Int64(a.Key, v.Int64()))
		case slog.KindBool:
			out = append(out, attribute.Bool(a.Key, v.Bool()))
		default:
			out = append(out, attribute.String(a.Key, v.String()))
		}
	}
	return out
}
