package encoding

import (
	"bytes"
	"encoding/json"

	"google.golang.org/protobuf/proto"

	"hayauma.example/actors"
	"hayauma.example/actors/checker"
	"hayauma.example/benchmarks/encoding/wire"
	"hayauma.example/codec"
)

// form is one message in one format. It is used by one goroutine.
type form interface {
	// encode returns the message's bytes, which stay until the next call.
	encode() ([]byte, error)
	// decode returns a new message.
	decode(b []byte) (any, error)
	// plain turns what decode returned into the Go message that all formats share.
	plain(decoded any) any
}

// message is one compared message: what it is, and it in each format.
type message struct {
	name, title string
	content     any
	hayauma     func() form
	protobuf    func() form
	json        func() form
}

func messages() []message {
	report, settled := small(), outcomes()
	return []message{
		{
			name: "small", title: "A message of the size of a question or an answer", content: report,
			hayauma:  func() form { return newOurs(report) },
			protobuf: func() form { return newPB(reportToWire(report), wireToReport) },
			json:     func() form { return newJSON(report) },
		},
		{
			name: "outcomes", title: "A record of 500 outcomes", content: settled,
			hayauma:  func() form { return newOurs(settled) },
			protobuf: func() form { return newPB(settledToWire(settled), wireToSettled) },
			json:     func() form { return newJSON(settled) },
		},
	}
}

// ours is the shipped codec: the registry's bytes in a frame.
type ours struct {
	registry       *codec.Registry
	message        any
	payload, frame []byte
}

func newOurs(message any) *ours {
	r := codec.NewRegistry()
	checker.Register(r)
	codec.Register[actors.Report](r, "checker.report")
	return &ours{registry: r, message: message}
}

func (o *ours) encode() (_ []byte, err error) {
	if o.payload, err = o.registry.Append(o.payload[:0], o.message); err != nil {
		return nil, err
	}
	o.frame, err = codec.AppendFrame(o.frame[:0], o.payload)
	return o.frame, err
}

func (o *ours) decode(b []byte) (any, error) {
	payload, _, err := codec.CutFrame(b)
	if err != nil {
		return nil, err
	}
	message, _, err := o.registry.Decode(payload)
	return message, err
}

func (o *ours) plain(decoded any) any { return decoded }

// pb is protobuf with code that protoc generated, in the same frame.
type pb[M proto.Message] struct {
	message        M
	fromWire       func(M) any
	payload, frame []byte
}

func newPB[M proto.Message](message M, fromWire func(M) any) *pb[M] {
	return &pb[M]{message: message, fromWire: fromWire}
}

func (p *pb[M]) encode() (_ []byte, err error) {
	if p.payload, err = (proto.MarshalOptions{}).MarshalAppend(p.payload[:0], p.message); err != nil {
		return nil, err
	}
	p.frame, err = codec.AppendFrame(p.frame[:0], p.payload)
	return p.frame, err
}

func (p *pb[M]) decode(b []byte) (any, error) {
	payload, _, err := codec.CutFrame(b)
	if err != nil {
		return nil, err
	}
	m := p.message.ProtoReflect().New().Interface()
	return m, proto.Unmarshal(payload, m)
}

func (p *pb[M]) plain(decoded any) any {
	m, ok := decoded.(M)
	if !ok {
		return nil
	}
	return p.fromWire(m)
}

// js is encoding/json on the Go message as it is.
type js[T any] struct {
	message any
	out     bytes.Buffer
	encoder *json.Encoder
}

func newJSON[T any](message T) *js[T] {
	j := &js[T]{message: message}
	j.encoder = json.NewEncoder(&j.out)
	return j
}

func (j *js[T]) encode() ([]byte, error) {
	j.out.Reset()
	err := j.encoder.Encode(j.message)
	return j.out.Bytes(), err
}

func (j *js[T]) decode(b []byte) (any, error) {
	var m T
	err := json.Unmarshal(b, &m)
	return m, err
}

func (j *js[T]) plain(decoded any) any { return decoded }

func spanToWire(s actors.Span) *wire.Span { return &wire.Span{Lo: s.Lo, Hi: s.Hi} }

func wireToSpan(s *wire.Span) actors.Span { return actors.Span{Lo: s.GetLo(), Hi: s.GetHi()} }

func reportToWire(r actors.Report) *wire.Report {
	return &wire.Report{
		Run: r.Run, Window: r.Window, Path: spanToWire(r.Path), What: uint32(r.What), Doubt: r.Doubt,
		Poster: r.Poster, Reason: r.Reason, Request: r.Request, Tries: r.Tries,
	}
}

func wireToReport(w *wire.Report) any {
	return actors.Report{
		Run: w.GetRun(), Window: w.GetWindow(), Path: wireToSpan(w.GetPath()), What: actors.What(w.GetWhat()), Doubt: w.GetDoubt(),
		Poster: w.GetPoster(), Reason: w.GetReason(), Request: w.GetRequest(), Tries: w.GetTries(),
	}
}

func settledToWire(s checker.Settled) *wire.Settled {
	w := &wire.Settled{Entries: make([]*wire.Entry, len(s.Entries))}
	for i, e := range s.Entries {
		w.Entries[i] = &wire.Entry{
			Path: spanToWire(e.Path), Window: e.Window, Outcome: uint32(e.Outcome), Reason: e.Reason, Request: e.Request, Tries: e.Tries,
		}
	}
	return w
}

func wireToSettled(w *wire.Settled) any {
	s := checker.Settled{Entries: make([]checker.Entry, len(w.GetEntries()))}
	for i, e := range w.GetEntries() {
		s.Entries[i] = checker.Entry{
			Path: wireToSpan(e.GetPath()), Window: e.GetWindow(), Outcome: actors.Outcome(e.GetOutcome()), Reason: e.GetReason(),
			Request: e.GetRequest(), Tries: e.GetTries(),
		}
	}
	return s
}
