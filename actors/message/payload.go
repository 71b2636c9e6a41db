package message

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"hayauma.example/actors"
)

// payload is what a message's reminder carries. It is on disk: names never change.
type payload struct {
	Messages json.RawMessage `msgpack:"m"`
	Expire   time.Duration   `msgpack:"e,omitempty"`
	Topic    string          `msgpack:"t,omitempty"`
	Zone     string          `msgpack:"z,omitempty"`
	Urgent   bool            `msgpack:"u,omitempty"`
}

func payloadOf(m actors.NewMessage) *payload {
	return &payload{Messages: m.Messages, Expire: m.Expire, Topic: m.Topic, Zone: m.Zone, Urgent: m.Urgent}
}

func (p *payload) pack() []byte {
	data, err := msgpack.Marshal(p)
	if err != nil {
		panic(err) // bytes, texts and numbers
	}
	return data
}

func unpackPayload(data []byte) (*payload, error) {
	p := &payload{}
	if err := msgpack.Unmarshal(data, p); err != nil {
		return nil, fmt.Errorf("%w: %w", errContent, err)
	}
	return p, nil
}
