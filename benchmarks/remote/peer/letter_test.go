package peer

import (
	"testing"

	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// The private types in which the systems wrap what they could not send have these fields.
type (
	likeHollywood  struct{ msg any }
	likeProtoactor struct{ message any }
)

func TestBodyOf(t *testing.T) {
	m := wrapperspb.Bytes([]byte("body"))
	var none *likeHollywood
	for _, c := range []struct {
		name   string
		letter any
		ok     bool
	}{
		{"the message", m, true},
		{"Hollywood's", &likeHollywood{m}, true},
		{"Proto.Actor's", &likeProtoactor{message: m}, true},
		{"another message", &likeHollywood{&emptypb.Empty{}}, false},
		{"no message", &likeProtoactor{}, false},
		{"a value", likeHollywood{m}, false},
		{"nil", nil, false},
		{"a nil letter", none, false},
		{"text", "stopped", false},
	} {
		body, ok := bodyOf(c.letter)
		if ok != c.ok || ok && string(body) != "body" {
			t.Errorf("%s: %q, %v", c.name, body, ok)
		}
	}
}
