package engine

import (
	"encoding/hex"
	"testing"

	"hayauma.example/codec"
)

type wireWord struct{ N int }

// Golden packets: a message without a trace is what it always was, and a trace stands behind the message, where members that know nothing of
// traces skip it.
func TestPacketsOfTracedMessages(t *testing.T) {
	const (
		plain = "010000046b696e6402696400" + "00" + "a4776f726481a14e07"
		trace = "0102030405060708090a0b0c0d0e0f10" + "a1a2a3a4a5a6a7a8" + "01"
	)
	r := codec.NewRegistry()
	codec.Register[wireWord](r, "word")
	raw, err := hex.DecodeString(trace)
	if err != nil {
		t.Fatal(err)
	}
	tr := TraceFrom(raw)
	for want, carried := range map[string]*Trace{plain: nil, plain + trace: &tr} {
		o := &outgoing{header: header{op: opTell}, to: "kind", toID: "id", registry: r, msg: wireWord{7}, body: true, trace: carried}
		packet, err := o.AppendPacket(nil)
		if err != nil || hex.EncodeToString(packet) != want {
			t.Errorf("packet %x, %v, want %s", packet, err, want)
		}
		h, body, err := cutHeader(packet)
		if err != nil || h.op != opTell {
			t.Fatalf("header %+v, %v", h, err)
		}
		msg, behind, err := r.Decode(body) // an old member looks no further
		if err != nil || msg != (wireWord{7}) {
			t.Fatalf("message %v, %v", msg, err)
		}
		e := envelope{msg: withTrace(msg, behind)}
		_, has := e.msg.(*traced)
		if e.bare() != (wireWord{7}) || has != (carried != nil) || has && e.msg.(*traced).trace != tr {
			t.Errorf("read as %+v", e.msg)
		}
	}
	if e := (envelope{msg: withTrace(1, []byte("something of a later version"))}); e.msg != 1 {
		t.Error("what follows a message and is no trace is skipped")
	}
}
