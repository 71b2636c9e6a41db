package message

import (
	"encoding/json"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"hayauma.example/actors"
)

// payload is what a message's reminder brings. It is on disk: names never change.
type payload struct {
	Messages json.RawMessage `msgpack:"m"`
	Expire   time.Duration   `msgpack:"e,omitempty"`
	Topic    string          `msgpack:"t,omitempty"`
	Zone     string          `msgpack:"z,omitempty"`
	Urgent   bool            `msgpack:"u,omitempty"`
}

func pack(m actors.NewMessage) ([]byte, error) {
	return msgpack.Marshal(payload{Messages: m.Messages, Expire: m.Expire, Topic: m.Topic, Zone: m.Zone, Urgent: m.Urgent})
}

func unpackPayload(data []byte) (p payload, err error) {
	return p, msgpack.Unmarshal(data, &p)
}
